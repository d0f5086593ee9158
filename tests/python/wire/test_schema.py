"""The wire contract as a table: what gateways have been told, the .proto files must keep saying.

Numbers below 100 of the messages of `common.v1` and `trading.v1` are the schema registry's. A line
here changes only when a field is added; none is ever renumbered, renamed or retyped.
"""

from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    FieldDescriptor,
    FileDescriptor,
)
from google.protobuf.message import Message

from tpb.wire.common import base_pb2, user_context_pb2
from tpb.wire.indicators import technical_analysis_pb2
from tpb.wire.tpb import market_stream_pb2, stream_control_pb2
from tpb.wire.trading import market_data_pb2, orders_pb2

MESSAGES = {
    "common.v1.Timestamp": "1 seconds int64, 2 nanos int32",
    "common.v1.Money": "1 currency_code string, 2 units int64, 3 nanos int32",
    "common.v1.UserContext": "1 user_id string, 2 tenant_id string, 3 session_id string, "
    "4 roles repeated string, 5 permissions map<string,string>",
    "common.v1.BaseMessage": "1 tenant_id string, 2 timestamp common.v1.Timestamp, "
    "3 correlation_id string, 4 source_service string, 5 message_version string",
    "common.v1.Response": "1 success bool, 2 message string, 3 errors repeated string, "
    "4 timestamp common.v1.Timestamp, 5 metadata map<string,string>",
    "common.v1.HealthCheck": "1 service_name string, 2 status string, "
    "3 checked_at common.v1.Timestamp, 4 details map<string,string>",
    "trading.v1.TickData": "1 symbol string, 2 bid double, 3 ask double, 4 last double, "
    "5 volume int64, 6 time int64, 7 time_msc int64, 8 flags int32, 9 volume_real double, "
    "10 tenant_id string, 11 sequence_number int64, 12 source string, 13 spread double",
    "trading.v1.OHLCVBar": "1 symbol string, 2 time int64, 3 open double, 4 high double, "
    "5 low double, 6 close double, 7 tick_volume int64, 8 spread int32, 9 real_volume int64, "
    "10 timeframe string, 11 tenant_id string, 12 tick_count int64",
    "trading.v1.PriceLevel": "1 price double, 2 volume double, 3 order_count int32",
    "trading.v1.MarketDepth": "1 symbol string, 2 time int64, 3 time_msc int64, "
    "4 bids repeated trading.v1.PriceLevel, 5 asks repeated trading.v1.PriceLevel, "
    "6 tenant_id string, 7 sequence_number int64",
    "trading.v1.MarketDataStream": "1 ticks repeated trading.v1.TickData, "
    "2 bars repeated trading.v1.OHLCVBar, 3 depth trading.v1.MarketDepth, 4 source string, "
    "5 batch_sequence int64, 6 batch_time int64, 7 batch_time_msc int64, "
    "8 tenant_id string, 100 frame_crc32c fixed32",
    "trading.v1.MarketSession": "1 market string, 2 session_name string, "
    "3 session_start common.v1.Timestamp, 4 session_end common.v1.Timestamp, 5 is_active bool, "
    "6 timezone string",
    "trading.v1.DataQualityMetrics": "1 symbol string, 2 tenant_id string, "
    "3 period_start common.v1.Timestamp, 4 period_end common.v1.Timestamp, 5 total_ticks int64, "
    "6 missing_ticks int64, 7 duplicate_ticks int64, 8 out_of_sequence_ticks int64, "
    "9 data_completeness double, 10 average_latency_ms double, 11 max_latency_ms double",
    "trading.v1.ClientMarketData": "1 symbol string, 2 bid double, 3 ask double, "
    "4 timestamp int64, 5 user_tier trading.v1.SubscriptionTier, "
    "6 indicators trading.v1.TechnicalIndicators, 7 session trading.v1.MarketSession, "
    "100 tick_time_msc int64, 101 source_age_ms int64, 102 number int64, 103 timeframe string, "
    "104 bar_time int64, 105 shared bool",
    "trading.v1.TechnicalIndicators": "1 sma_20 double, 2 sma_50 double, 3 ema_12 double, "
    "4 ema_26 double, 5 macd_line double, 6 macd_signal double, 7 rsi double, "
    "8 bollinger_upper double, 9 bollinger_middle double, 10 bollinger_lower double",
    "trading.v1.SubscriptionRequest": "1 symbol string, 2 data_type string, "
    "100 action trading.v1.SubscriptionAction, 101 timeframe string, 102 history int32",
    "trading.v1.OrderRequest": "1 symbol string, 2 order_type trading.v1.OrderType, "
    "3 volume double, 4 user_id string",
    "tpb.v1.StreamControl": "1 ack tpb.v1.Ack, 2 throttle tpb.v1.Throttle, "
    "3 config_changed tpb.v1.ConfigChanged, 4 notice tpb.v1.Notice, "
    "5 pairs tpb.v1.PairSelection",
    "tpb.v1.Ack": "1 batch_sequence int64, 2 crc32c repeated fixed32, 3 epoch int64, "
    "4 stored_crc32c repeated fixed32, 5 check fixed32",
    "tpb.v1.Throttle": "1 max_batches_per_s int32, 2 for_ms int64",
    "tpb.v1.ConfigChanged": "1 version int64, 2 sections repeated string",
    "tpb.v1.Notice": "1 code string, 2 text string, 3 severity tpb.v1.Notice.Severity",
    "tpb.v1.PairSelection": "1 version int64, 2 tier trading.v1.SubscriptionTier, "
    "3 pairs repeated tpb.v1.Pair",
    "tpb.v1.Pair": "1 symbol string, 2 role tpb.v1.Pair.Role, 3 correlates_with string, "
    "4 correlation double, 5 weight double, 6 priority int32",
    "tpb.v1.MarketFrame": "1 data trading.v1.ClientMarketData, 2 bar trading.v1.OHLCVBar, "
    "3 result tpb.v1.SubscriptionResult, 4 control tpb.v1.StreamControl",
    "tpb.v1.SubscriptionResult": "1 symbol string, 2 data_type string, 3 timeframe string, "
    "4 outcome tpb.v1.SubscriptionResult.Outcome, 5 text string, "
    "6 tier trading.v1.SubscriptionTier, 7 limit int32, 8 retry_after_ms int64",
}

ENUMS = {
    "trading.v1.SubscriptionTier": "0 SUBSCRIPTION_TIER_UNSPECIFIED, 1 SUBSCRIPTION_TIER_FREE, "
    "2 SUBSCRIPTION_TIER_PRO, 3 SUBSCRIPTION_TIER_ENTERPRISE",
    "trading.v1.SubscriptionAction": "0 SUBSCRIPTION_ACTION_SUBSCRIBE, "
    "1 SUBSCRIPTION_ACTION_UNSUBSCRIBE",
    "trading.v1.OrderType": "0 ORDER_TYPE_UNSPECIFIED, 1 ORDER_TYPE_MARKET, 2 ORDER_TYPE_LIMIT, "
    "3 ORDER_TYPE_STOP, 4 ORDER_TYPE_STOP_LIMIT",
    "trading.v1.OrderSide": "0 ORDER_SIDE_UNSPECIFIED, 1 ORDER_SIDE_BUY, 2 ORDER_SIDE_SELL",
    "trading.v1.OrderStatus": "0 ORDER_STATUS_UNSPECIFIED, 1 ORDER_STATUS_PENDING, "
    "2 ORDER_STATUS_PARTIALLY_FILLED, 3 ORDER_STATUS_FILLED, 4 ORDER_STATUS_CANCELLED, "
    "5 ORDER_STATUS_REJECTED, 6 ORDER_STATUS_EXPIRED",
    "tpb.v1.Notice.Severity": "0 SEVERITY_UNSPECIFIED, 1 SEVERITY_INFO, 2 SEVERITY_WARNING, "
    "3 SEVERITY_ERROR",
    "tpb.v1.Pair.Role": "0 ROLE_UNSPECIFIED, 1 ROLE_PRIMARY, 2 ROLE_CORRELATION, 3 ROLE_CONTEXT",
    "tpb.v1.SubscriptionResult.Outcome": "0 OUTCOME_UNSPECIFIED, 1 OUTCOME_SUBSCRIBED, "
    "2 OUTCOME_UNSUBSCRIBED, 3 OUTCOME_OVER_TIER, 4 OUTCOME_OVER_RATE, 5 OUTCOME_INVALID",
}

# The import paths are the registry's too: its folder can stand in for proto/.
FILES: dict[str, FileDescriptor] = {
    "common/base.proto": base_pb2.DESCRIPTOR,
    "common/user_context.proto": user_context_pb2.DESCRIPTOR,
    "indicators/technical_analysis.proto": technical_analysis_pb2.DESCRIPTOR,
    "tpb/market_stream.proto": market_stream_pb2.DESCRIPTOR,
    "tpb/stream_control.proto": stream_control_pb2.DESCRIPTOR,
    "trading/market_data.proto": market_data_pb2.DESCRIPTOR,
    "trading/orders.proto": orders_pb2.DESCRIPTOR,
}

SCALARS = {
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_DOUBLE: "double",
    FieldDescriptor.TYPE_FIXED32: "fixed32",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_STRING: "string",
}


def messages() -> Iterator[Descriptor]:
    for file in FILES.values():
        yield from file.message_types_by_name.values()


def enums() -> Iterator[EnumDescriptor]:
    for file in FILES.values():
        yield from file.enum_types_by_name.values()
    for message in messages():
        yield from message.enum_types_by_name.values()


def type_of(field: FieldDescriptor) -> str:
    message = field.message_type
    if message and message.GetOptions().map_entry:
        key, value = (type_of(entry) for entry in message.fields)
        return f"map<{key},{value}>"
    if message:
        name = message.full_name
    elif field.enum_type:
        name = field.enum_type.full_name
    else:
        name = SCALARS[field.type]
    return f"repeated {name}" if field.is_repeated else name


@pytest.mark.parametrize("path", FILES)
def test_files_stand_where_the_registry_has_them(path: str) -> None:
    assert FILES[path].name == path


def test_every_message_has_exactly_these_fields() -> None:
    found = {
        message.full_name: ", ".join(f"{f.number} {f.name} {type_of(f)}" for f in message.fields)
        for message in messages()
    }
    assert found == MESSAGES


def test_every_enum_has_exactly_these_values() -> None:
    found = {
        enum.full_name: ", ".join(f"{value.number} {value.name}" for value in enum.values)
        for enum in enums()
    }
    assert found == ENUMS


@pytest.mark.parametrize(
    "message,kinds",
    [
        (
            stream_control_pb2.StreamControl,
            ["ack", "throttle", "config_changed", "notice", "pairs"],
        ),
        (market_stream_pb2.MarketFrame, ["data", "bar", "result", "control"]),
    ],
)
def test_one_kind_at_a_time(message: type[Message], kinds: list[str]) -> None:
    (kind,) = message.DESCRIPTOR.oneofs
    assert [field.name for field in kind.fields] == kinds


def test_user_context_is_found_under_both_paths() -> None:
    assert [file.name for file in user_context_pb2.DESCRIPTOR.public_dependencies] == [
        "common/base.proto"
    ]
