"""The server that misbehaves does so, seen by a plain client."""

import socket
import ssl
import struct
from pathlib import Path

import crc32c
import pytest
import websocket

from tpb.gateway.protocol import check_of
from tpb.gateway.tls import ensure_certificates
from tpb.gateway.upgrade import SUBPROTOCOL
from tpb.testing.scripted import (
    ScriptedServer,
    acknowledges,
    acknowledges_out_of_range,
    answers,
    answers_garbage,
    best_effort,
    closes_with,
    damages_check,
    hangs_up,
    never_answers,
    sends_garbage,
    sends_garbage_messages,
    stalls_after_upgrade,
    stands_beyond,
    tells_store_restored,
    trickles,
    without_check,
)
from tpb.wire.tpb.stream_control_pb2 import Ack, StreamControl
from tpb.wire.trading.market_data_pb2 import MarketDataStream


def connect(
    server: ScriptedServer, *, timeout: float = 20, ca_file: Path | None = None
) -> websocket.WebSocket:
    return websocket.create_connection(
        server.endpoint,
        timeout=timeout,
        # Offered in a header of our own: the library fails where an offer it knows of is not taken.
        header=["x-session-id: s1", f"Sec-WebSocket-Protocol: {SUBPROTOCOL}"],
        sslopt={"ca_certs": str(ca_file)} if ca_file else None,
    )


def resume_point(client: websocket.WebSocket) -> int:
    opcode, payload = client.recv_data()
    assert opcode == websocket.ABNF.OPCODE_BINARY
    return StreamControl.FromString(payload).ack.batch_sequence


def test_never_answers() -> None:
    with ScriptedServer(never_answers()) as server:
        with pytest.raises(websocket.WebSocketTimeoutException):
            connect(server, timeout=0.2)
        server.wait_for_connections(1, 20)


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_answers(status: int) -> None:
    with ScriptedServer(answers(status, {"Retry-After": "7"})) as server:
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            connect(server)
        assert refused.value.status_code == status
        assert refused.value.resp_headers is not None
        assert refused.value.resp_headers["retry-after"] == "7"
        assert server.requests[0].target == "/ws/mt5"
        assert server.requests[0].headers["x-session-id"] == "s1"


def test_closes() -> None:
    with ScriptedServer(closes_with(1008, "no")) as server:
        client = connect(server)
        opcode, payload = client.recv_data(control_frame=True)
        assert opcode == websocket.ABNF.OPCODE_CLOSE
        assert payload == struct.pack(">H", 1008) + b"no"
        client.shutdown()


def test_garbage() -> None:
    with ScriptedServer(sends_garbage()) as server:
        client = connect(server)
        with pytest.raises(websocket.WebSocketException):
            client.recv_data()
        client.shutdown()


def test_garbage_messages() -> None:
    with ScriptedServer(sends_garbage_messages(2)) as server:
        client = connect(server)
        assert [client.recv_data()[1] for _ in range(2)] == [b"\xff" * 32] * 2
        client.close()


def test_answers_garbage() -> None:
    with (
        ScriptedServer(answers_garbage()) as server,
        pytest.raises((websocket.WebSocketException, IndexError, ValueError)),
    ):
        connect(server)


def test_stalls() -> None:
    with ScriptedServer(stalls_after_upgrade()) as server:
        client = connect(server)
        client.settimeout(0.2)
        client.ping()
        with pytest.raises(websocket.WebSocketTimeoutException):
            client.recv_data(control_frame=True)
        client.shutdown()


def test_trickles() -> None:
    with ScriptedServer(trickles(pause_s=0.001)) as server:
        client = connect(server)
        assert resume_point(client) == 0
        client.close()


def test_best_effort() -> None:
    with ScriptedServer(best_effort()) as server:
        client = connect(server)
        assert "sec-websocket-protocol" not in (client.getheaders() or {})
        client.send_binary(b"one")
        client.send_binary(b"x" * 70_000)
        client.ping("p")
        assert client.recv_data(control_frame=True) == (websocket.ABNF.OPCODE_PONG, b"p")
        assert server.frames == [b"one", b"x" * 70_000]
        client.close()


def test_acknowledges_out_of_range() -> None:
    with ScriptedServer(acknowledges_out_of_range(99)) as server:
        client = connect(server)
        assert (client.getheaders() or {})["sec-websocket-protocol"] == SUBPROTOCOL
        assert [resume_point(client), resume_point(client)] == [0, 99]
        client.close()


def test_hangs_up() -> None:
    with ScriptedServer(hangs_up()) as server, pytest.raises(ConnectionResetError):
        connect(server)


def test_one_behaviour_a_connection_and_the_last_for_the_rest() -> None:
    with ScriptedServer(answers(503), best_effort()) as server:
        with pytest.raises(websocket.WebSocketBadStatusException):
            connect(server)
        for _ in range(2):
            connect(server).close()
        server.wait_for_requests(3, 20)


def test_tls(tmp_path: Path) -> None:
    certificates = ensure_certificates(tmp_path)
    with ScriptedServer(best_effort(), tls=certificates.server_context()) as server:
        assert server.endpoint.startswith("wss://")
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(server)
        client = connect(server, ca_file=certificates.ca_file)
        client.send_binary(b"one")
        server.wait_for_frames(1, 20)
        client.close()


def test_end_of_the_block_ends_every_connection() -> None:
    with ScriptedServer(stalls_after_upgrade()) as server:
        client = connect(server)
        assert client.sock is not None
        address = client.sock.getpeername()
    assert client.sock.recv(1) == b""
    client.shutdown()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=20)


# ---- Acknowledgements, right and wrong --------------------------------------------------------


def batch(sequence: int) -> bytes:
    return MarketDataStream(batch_sequence=sequence, tenant_id="demo").SerializeToString()


def next_control(client: websocket.WebSocket) -> StreamControl:
    return StreamControl.FromString(client.recv_data()[1])


def has_right_check(ack: Ack) -> bool:
    return ack.check == check_of(
        ack.batch_sequence, ack.epoch, list(ack.crc32c), list(ack.stored_crc32c)
    )


def test_acknowledges() -> None:
    with ScriptedServer(acknowledges(4, epoch=3, stored=[8, 9])) as server:
        client = connect(server)
        first = next_control(client).ack
        assert (first.batch_sequence, first.epoch, list(first.stored_crc32c)) == (4, 3, [8, 9])
        assert has_right_check(first)
        for sequence in (5, 6):
            client.send_binary(batch(sequence))
            ack = next_control(client).ack
            assert (ack.batch_sequence, ack.epoch) == (sequence, 3)
            assert list(ack.crc32c) == [crc32c.crc32c(batch(sequence))]
            assert has_right_check(ack)
        client.close()


def test_one_wrong_checksum_and_one_damaged_check() -> None:
    with ScriptedServer(acknowledges(wrong_checksum_of=2, damaged_check_of=3)) as server:
        client = connect(server)
        next_control(client)
        found = []
        for sequence in (1, 2, 3, 4):
            client.send_binary(batch(sequence))
            ack = next_control(client).ack
            right = list(ack.crc32c) == [crc32c.crc32c(batch(sequence))]
            found.append((right, has_right_check(ack)))
        assert found == [(True, True), (False, True), (True, False), (True, True)]
        client.close()


def test_resume_points_that_are_not_to_be_believed() -> None:
    with ScriptedServer(
        damages_check(), without_check(), stands_beyond(77), tells_store_restored(5, epoch=9)
    ) as server:
        found = []
        for _ in range(4):
            client = connect(server)
            found.append(next_control(client))
            if found[-1].WhichOneof("kind") == "notice":
                found.append(next_control(client))
            client.close()
    damaged, without, beyond, notice, restored = found
    assert damaged.ack.HasField("check")
    assert not has_right_check(damaged.ack)
    assert not without.ack.HasField("check")
    assert (beyond.ack.batch_sequence, has_right_check(beyond.ack)) == (77, True)
    assert notice.notice.code == "store_restored"
    assert (restored.ack.batch_sequence, restored.ack.epoch) == (5, 9)
