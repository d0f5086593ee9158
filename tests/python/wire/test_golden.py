"""The vectors of tests/golden/, which the C++ library is tested against as well."""

import json
from pathlib import Path
from typing import Any

import crc32c
import pytest

from tpb.wire.tpb.market_stream_pb2 import MarketFrame
from tpb.wire.tpb.stream_control_pb2 import StreamControl
from tpb.wire.trading.market_data_pb2 import (
    ClientMarketData,
    MarketDataStream,
    SubscriptionRequest,
)

GOLDEN = Path(__file__).parents[2] / "golden"

Vector = dict[str, Any]


def load(name: str) -> list[Any]:
    vectors: list[Vector] = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    return [pytest.param(vector, id=vector["name"]) for vector in vectors]


def as_signed(value: int, bits: int) -> int:
    """MQL5's unsigned volume and flags travel in signed fields, bit for bit."""
    return value - (1 << bits) if value >> (bits - 1) else value


def stream_of(vector: Vector) -> MarketDataStream:
    stream = MarketDataStream(
        source="MT5",
        batch_sequence=vector["batch_sequence"],
        batch_time=vector["batch_unix_ms"] // 1000,
        batch_time_msc=vector["batch_unix_ms"],
        tenant_id=vector["tenant_id"],
    )
    for fields in vector["ticks"]:
        tick = stream.ticks.add(**fields | {"volume": 0, "flags": 0})
        tick.volume = as_signed(fields.get("volume", 0), 64)
        tick.flags = as_signed(fields.get("flags", 0), 32)
        tick.spread = tick.ask - tick.bid
        if vector["stamp"] == "tick":
            tick.tenant_id = vector["tenant_id"]
            tick.source = "MT5"
    if "frame_crc32c" in vector:
        stream.frame_crc32c = vector["frame_crc32c"]
    return stream


@pytest.mark.parametrize("vector", load("batches.json"))
def test_batches_are_written_as_committed(vector: Vector) -> None:
    assert stream_of(vector).SerializeToString().hex() == vector["frame"]


@pytest.mark.parametrize("vector", load("batches.json"))
def test_batches_are_read_as_committed(vector: Vector) -> None:
    frame = bytes.fromhex(vector["frame"])
    assert MarketDataStream.FromString(frame) == stream_of(vector)
    assert crc32c.crc32c(frame) == vector["crc32c"]


def test_a_sealed_frame_ends_with_the_checksum_of_what_stands_before_it() -> None:
    sealed = [each.values[0] for each in load("batches.json") if "frame_crc32c" in each.values[0]]
    assert sealed
    for vector in sealed:
        frame = bytes.fromhex(vector["frame"])
        assert crc32c.crc32c(frame[:-6]) == vector["frame_crc32c"]


@pytest.mark.parametrize("vector", load("controls.json"))
def test_controls_are_read_as_committed(vector: Vector) -> None:
    control = StreamControl.FromString(bytes.fromhex(vector["frame"]))
    kind = control.WhichOneof("kind")
    assert [kind] == (list(vector["control"]) or [None])
    if kind:
        expected = StreamControl(**vector["control"])
        assert control == expected
        assert expected.SerializeToString().hex() == vector["frame"]


def with_nan(fields: Any) -> Any:
    """JSON has no NaN: it is written as text."""
    if isinstance(fields, dict):
        return {key: with_nan(value) for key, value in fields.items()}
    return float("nan") if fields == "NaN" else fields


@pytest.mark.parametrize("vector", load("market.json"))
def test_market_frames_are_written_and_read_as_committed(vector: Vector) -> None:
    says = with_nan(vector["says"])
    frame = bytes.fromhex(vector["frame"])
    if vector["kind"] == "request":
        assert SubscriptionRequest(**says).SerializeToString() == frame
        assert SubscriptionRequest.FromString(frame) == SubscriptionRequest(**says)
        return
    expected = MarketFrame(**{vector["kind"]: says})
    assert expected.SerializeToString() == frame
    read = MarketFrame.FromString(frame)
    assert read.WhichOneof("kind") == vector["kind"]
    assert read.SerializeToString() == frame  # NaN is equal to nothing
    if "bare" in vector:
        assert ClientMarketData(**says).SerializeToString().hex() == vector["bare"]
