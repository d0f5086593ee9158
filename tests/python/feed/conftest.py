"""Tick files in the making, and a sender that needs no native library."""

import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest
import websocket

from tpb import TICK_DTYPE
from tpb.feed.chunks import Chunk, Ticks
from tpb.feed.destination import Destination
from tpb.feed.receipt import CONNECTED, Receipt
from tpb.wire.tpb.stream_control_pb2 import StreamControl
from tpb.wire.trading.market_data_pb2 import MarketDataStream


@pytest.fixture
def tick_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes lines to a file: `tick_file("a", "b", name="eurusd.csv", encoding="utf-8")`."""

    def write(*lines: str, name: str = "eurusd.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes("".join(f"{line}\n" for line in lines).encode(encoding))
        return path

    return write


class WebSocketSender:
    """A sender of the wire contract in Python, against which the replay is tested.

    Batches are kept until they are acknowledged and sent again after a reconnect.
    """

    path = "websocket-client"

    def __init__(self, to: Destination, *, batch_ticks: int = 50) -> None:
        self._to = to
        self._batch_ticks = batch_ticks
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._outbox: dict[int, tuple[bytes, int]] = {}
        self._numbers: dict[str, int] = {}
        self._batches = 0
        self._socket: websocket.WebSocket | None = None
        self._over = threading.Event()
        self._receipt = Receipt(state=CONNECTED, state_name="connected", session_id="test")
        self._thread = threading.Thread(target=self._stay_connected)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._end()

    def send(self, chunk: Chunk) -> None:
        for start in range(0, len(chunk.ticks), self._batch_ticks):
            ticks = chunk.ticks[start : start + self._batch_ticks]
            with self._lock:
                self._batches += 1
                payload = self._encoded(chunk.symbol, ticks)
                self._outbox[self._batches] = (payload, len(ticks))
                self._count(ticks_accepted=len(ticks))
                if self._socket:
                    self._put(self._socket, payload, len(ticks))

    def receipt(self) -> Receipt:
        return self._receipt

    def finish(self) -> Receipt:
        with self._changed:
            assert self._changed.wait_for(lambda: not self._outbox, 60)
        self._end()
        return self._receipt

    def _end(self) -> None:
        with self._lock:
            self._over.set()
            if self._socket:
                self._socket.abort()
        self._thread.join()

    def _encoded(self, symbol: str, ticks: Ticks) -> bytes:
        batch = MarketDataStream(batch_sequence=self._batches, tenant_id="demo", source="MT5")
        for tick in ticks:
            self._numbers[symbol] = self._numbers.get(symbol, 0) + 1
            values = dict(zip(TICK_DTYPE.names or (), tick.item(), strict=True))
            batch.ticks.add(
                symbol=symbol,
                sequence_number=self._numbers[symbol],
                spread=values["ask"] - values["bid"],
                **values,
            )
        return batch.SerializeToString()

    def _count(self, **more: int) -> None:
        now = {name: getattr(self._receipt, name) + by for name, by in more.items()}
        self._receipt = replace(self._receipt, **now)

    def _put(self, socket: websocket.WebSocket, payload: bytes, ticks: int) -> None:
        with suppress(OSError, websocket.WebSocketException):
            socket.send_binary(payload)
            self._count(ticks_sent=ticks, bytes_sent=len(payload))

    def _stay_connected(self) -> None:
        connected_before = False
        while not self._over.is_set():
            with suppress(OSError, websocket.WebSocketException), closing(self._connected()) as one:
                self._acknowledge(one.recv())
                with self._lock:
                    if self._over.is_set():
                        return
                    self._socket = one
                    self._count(reconnects=int(connected_before))
                    connected_before = True
                    for payload, ticks in self._outbox.values():
                        self._put(one, payload, ticks)
                while True:
                    self._acknowledge(one.recv())
            with self._lock:
                self._socket = None

    def _connected(self) -> websocket.WebSocket:
        return websocket.create_connection(
            self._to.endpoint,
            timeout=30,
            header=[
                f"Authorization: Bearer {self._to.token}",
                "x-user-id: demo",
                "x-session-id: test",
            ],
            subprotocols=["tpb.ack.v1"],
            sslopt={"ca_certs": str(self._to.ca_file)} if self._to.ca_file else None,
        )

    def _acknowledge(self, frame: str | bytes) -> None:
        if not frame:
            raise websocket.WebSocketConnectionClosedException("closed")
        assert isinstance(frame, bytes)
        newest = StreamControl.FromString(frame).ack.batch_sequence
        with self._changed:
            for sequence in [each for each in self._outbox if each <= newest]:
                self._count(ticks_acknowledged=self._outbox.pop(sequence)[1])
            self._changed.notify_all()


@pytest.fixture
def web_socket_sender() -> type[WebSocketSender]:
    return WebSocketSender
