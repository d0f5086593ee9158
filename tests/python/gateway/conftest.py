"""A client of a few lines, over a real socket, for tests of the gateway."""

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import pytest
import websocket

from tpb.gateway.runner import RunningGateway
from tpb.gateway.upgrade import SUBPROTOCOL
from tpb.wire.tpb.stream_control_pb2 import Ack, StreamControl
from tpb.wire.trading.market_data_pb2 import MarketDataStream


def make_frame(sequence: int, *, tenant: str = "demo", ticks: int = 5) -> bytes:
    stream = MarketDataStream(
        batch_sequence=sequence, tenant_id=tenant, source="MT5", batch_time_msc=1_700_000_000_000
    )
    for index in range(ticks):
        number = (sequence - 1) * ticks + index + 1
        stream.ticks.add(
            symbol="EURUSD",
            bid=1.1 + number / 1e5,
            ask=1.1001 + number / 1e5,
            time=1_700_000_000 + number,
            time_msc=(1_700_000_000 + number) * 1000,
            flags=6,
            tenant_id=tenant,
            sequence_number=number,
            source="MT5",
            spread=0.0001,
        )
    return stream.SerializeToString()


class Client:
    """One connection of a session."""

    def __init__(
        self,
        gateway: RunningGateway,
        *,
        session: str = "s1",
        user: str = "demo",
        tenant: str = "demo",
        headers: Sequence[str] = (),
        acknowledges: bool = True,
        token: str | None = None,
    ) -> None:
        self.tenant = tenant
        self.socket = websocket.create_connection(
            gateway.endpoint,
            timeout=20,
            header=[
                f"Authorization: Bearer {token or gateway.token(user, tenant)}",
                f"x-user-id: {user}",
                f"x-session-id: {session}",
                *headers,
            ],
            subprotocols=[SUBPROTOCOL] if acknowledges else None,
            sslopt={"ca_certs": str(gateway.ca_file)} if gateway.ca_file else None,
        )

    def send(self, *sequences: int) -> None:
        for sequence in sequences:
            self.socket.send_binary(make_frame(sequence, tenant=self.tenant))

    def ack(self) -> Ack:
        """The next acknowledgement; which pairs are chosen may be told before it, no more."""
        while True:
            opcode, payload = self.socket.recv_data()
            assert opcode == websocket.ABNF.OPCODE_BINARY, (opcode, payload)
            control = StreamControl.FromString(payload)
            kind = control.WhichOneof("kind")
            if kind not in ("pairs", "config_changed"):
                break
        assert kind == "ack"
        return control.ack

    def acks_up_to(self, sequence: int) -> list[int]:
        """Reads acknowledgements up to this one; their checksums in order."""
        checksums: list[int] = []
        while True:
            ack = self.ack()
            checksums += ack.crc32c
            assert ack.batch_sequence <= sequence
            if ack.batch_sequence == sequence:
                return checksums

    def close_code(self) -> int:
        """Reads to the closing frame and returns its code."""
        while True:
            opcode, payload = self.socket.recv_data(control_frame=True)
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                (code,) = struct.unpack(">H", payload[:2])
                return int(code)

    def close(self) -> None:
        self.socket.close()


class Connect(Protocol):
    def __call__(
        self,
        gateway: RunningGateway,
        *,
        session: str = "s1",
        user: str = "demo",
        tenant: str = "demo",
        headers: Sequence[str] = (),
        acknowledges: bool = True,
        token: str | None = None,
    ) -> Client: ...


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connects a client that is closed when the test ends."""
    clients: list[Client] = []

    def open_client(gateway: RunningGateway, **options: object) -> Client:
        client = Client(gateway, **options)  # type: ignore[arg-type]
        clients.append(client)
        return client

    yield open_client
    for client in clients:
        client.socket.shutdown()


@pytest.fixture
def frame() -> Callable[..., bytes]:
    """make_frame(sequence, tenant=, ticks=): a batch as it travels."""
    return make_frame
