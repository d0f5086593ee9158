"""A terminal that streams and a reader of market data, over real sockets."""

import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Protocol

import pytest
import websocket

from tpb.gateway.market.protocol import SUBPROTOCOL
from tpb.gateway.runner import RunningGateway
from tpb.gateway.upgrade import SUBPROTOCOL as ACK_SUBPROTOCOL
from tpb.wire.tpb.market_stream_pb2 import MarketFrame, SubscriptionResult
from tpb.wire.tpb.stream_control_pb2 import StreamControl
from tpb.wire.trading.market_data_pb2 import (
    ClientMarketData,
    MarketDataStream,
    OHLCVBar,
    SubscriptionAction,
    SubscriptionRequest,
)

START_MSC = 1_700_438_400_000  # a full day by the trade server's clock
UNSUBSCRIBE = SubscriptionAction.SUBSCRIPTION_ACTION_UNSUBSCRIBE


class Terminal:
    """Streams ticks up in one session."""

    def __init__(
        self,
        gateway: RunningGateway,
        *,
        tenant: str = "demo",
        user: str = "feeder",
        session: str = "up",
    ) -> None:
        self.tenant = tenant
        self.socket = websocket.create_connection(
            gateway.endpoint,
            timeout=20,
            header=headers(gateway, user, tenant, session),
            subprotocols=[ACK_SUBPROTOCOL],
            **trust(gateway),
        )
        self._batch = self._acknowledged()
        self._numbers: dict[str, int] = {}

    def stream(
        self,
        symbol: str,
        bids: Sequence[float],
        *,
        times_msc: Sequence[int] | None = None,
        first_number: int | None = None,
    ) -> None:
        """In batches of at most 500 ticks; returns when the gateway has them."""
        number = first_number or self._numbers.get(symbol, 0) + 1
        for start in range(0, len(bids), 500):
            stream = MarketDataStream(batch_sequence=self._batch + 1, tenant_id=self.tenant)
            for index in range(start, min(start + 500, len(bids))):
                stream.ticks.add(
                    symbol=symbol,
                    bid=bids[index],
                    ask=bids[index] + 0.0002,
                    time_msc=START_MSC + number * 1000 if times_msc is None else times_msc[index],
                    sequence_number=number,
                )
                number += 1
            self._batch += 1
            self.socket.send_binary(stream.SerializeToString())
        self._numbers[symbol] = number - 1
        while self._acknowledged() < self._batch:
            pass

    def close(self) -> None:
        """Returns when the gateway knows."""
        self.socket.close(timeout=10)

    def _acknowledged(self) -> int:
        while True:
            _, payload = self.socket.recv_data()
            control = StreamControl.FromString(payload)
            if control.HasField("ack"):
                return control.ack.batch_sequence


class Reader:
    """One connection to /ws/market-data."""

    def __init__(
        self,
        gateway: RunningGateway,
        *,
        tenant: str = "demo",
        user: str = "reader",
        tier: str = "pro",
        framed: bool = True,
        token: str | None = None,
        **options: Any,
    ) -> None:
        self.framed = framed
        self.socket = websocket.create_connection(
            gateway.market_endpoint,
            timeout=20,
            header=headers(gateway, user, tenant, "down", tier, token),
            subprotocols=[SUBPROTOCOL] if framed else None,
            **trust(gateway),
            **options,
        )

    def ask(self, symbol: str, data_type: str = "", timeframe: str = "", **more: Any) -> None:
        request = SubscriptionRequest(
            symbol=symbol, data_type=data_type, timeframe=timeframe, **more
        )
        self.socket.send_binary(request.SerializeToString())

    def subscribe(
        self, symbol: str, data_type: str = "", timeframe: str = "", **more: Any
    ) -> SubscriptionResult:
        """Asks, and reads up to the answer."""
        self.ask(symbol, data_type, timeframe, **more)
        return self.result()

    def frame(self) -> MarketFrame:
        """The next one, of whatever kind."""
        assert self.framed
        return MarketFrame.FromString(self.binary())

    def data(self) -> ClientMarketData:
        """The next market data; pairs, which may be told at any time, are passed over."""
        if not self.framed:
            return ClientMarketData.FromString(self.binary())
        return self._next("data").data

    def bar(self) -> OHLCVBar:
        return self._next("bar").bar

    def result(self) -> SubscriptionResult:
        return self._next("result").result

    def number(self, number: int) -> ClientMarketData:
        """Reads on to the symbol's tick of this number, which must be among those that come."""
        while (data := self.data()).number < number:
            pass
        assert data.number == number
        return data

    def text(self) -> str:
        opcode, payload = self.socket.recv_data()
        assert opcode == websocket.ABNF.OPCODE_TEXT, payload
        return bytes(payload).decode()

    def binary(self) -> bytes:
        opcode, payload = self.socket.recv_data()
        assert opcode == websocket.ABNF.OPCODE_BINARY, payload
        return bytes(payload)

    def closed_with(self) -> tuple[int, str]:
        """Reads to the closing frame: its code and reason."""
        while True:
            opcode, payload = self.socket.recv_data(control_frame=True)
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                (code,) = struct.unpack(">H", payload[:2])
                return int(code), payload[2:].decode()

    def close(self) -> None:
        self.socket.close(timeout=10)

    def _next(self, kind: str) -> MarketFrame:
        while True:
            frame = self.frame()
            found = frame.WhichOneof("kind")
            if found == kind:
                return frame
            assert found == "control", frame


def headers(
    gateway: RunningGateway,
    user: str,
    tenant: str,
    session: str,
    tier: str = "pro",
    token: str | None = None,
) -> list[str]:
    return [
        f"Authorization: Bearer {token or gateway.token(user, tenant, tier)}",
        f"x-user-id: {user}",
        f"x-session-id: {session}",
    ]


def trust(gateway: RunningGateway) -> dict[str, Any]:
    return {"sslopt": {"ca_certs": str(gateway.ca_file)} if gateway.ca_file else None}


class NewTerminal(Protocol):
    def __call__(
        self,
        gateway: RunningGateway,
        *,
        tenant: str = "demo",
        user: str = "feeder",
        session: str = "up",
    ) -> Terminal: ...


class NewReader(Protocol):
    def __call__(
        self,
        gateway: RunningGateway,
        *,
        tenant: str = "demo",
        user: str = "reader",
        tier: str = "pro",
        framed: bool = True,
        token: str | None = None,
        **options: Any,
    ) -> Reader: ...


@pytest.fixture
def terminal() -> Iterator[NewTerminal]:
    """Connects a terminal that is gone when the test ends."""
    with ExitStack() as stack:

        def connect(gateway: RunningGateway, **options: Any) -> Terminal:
            new = Terminal(gateway, **options)
            stack.callback(new.socket.shutdown)
            return new

        yield connect


@pytest.fixture
def reader() -> Iterator[NewReader]:
    """Connects a reader that is gone when the test ends."""
    with ExitStack() as stack:

        def connect(gateway: RunningGateway, **options: Any) -> Reader:
            new = Reader(gateway, **options)
            stack.callback(new.socket.shutdown)
            return new

        yield connect
