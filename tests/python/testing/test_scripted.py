"""The server that misbehaves does so, seen by a plain client."""

import socket
import ssl
import struct
from pathlib import Path

import pytest
import websocket

from tpb.gateway.tls import ensure_certificates
from tpb.gateway.upgrade import SUBPROTOCOL
from tpb.testing.scripted import (
    ScriptedServer,
    acknowledges_out_of_range,
    answers,
    answers_garbage,
    best_effort,
    closes_with,
    hangs_up,
    never_answers,
    sends_garbage,
    sends_garbage_messages,
    stalls_after_upgrade,
    trickles,
)
from tpb.wire.tpb.stream_control_pb2 import StreamControl


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
