"""The gateway over real sockets, with two independent WebSocket clients."""

import io
import json
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import crc32c
import pytest
import websocket
from google.protobuf import proto

from tpb.account.secret import SigningSecret
from tpb.gateway.admission import Allowance
from tpb.gateway.auth import LEEWAY_S, Authenticator
from tpb.gateway.protocol import MAX_FRAME_BYTES, CloseCode, check_of
from tpb.gateway.reading import read_batches
from tpb.gateway.server import (
    MARKET_PATH,
    WS_PATH,
    GatewayOptions,
    GatewayServer,
    ListenProblem,
    is_loopback,
)
from tpb.gateway.tls import LOCAL_NAMES
from tpb.gateway.upgrade import SUBPROTOCOL
from tpb.testing.gateway import GatewayFixture, GatewayPair, Gateways
from tpb.wire.tpb.stream_control_pb2 import StreamControl
from tpb.wire.trading.market_data_pb2 import DataQualityMetrics

if TYPE_CHECKING:
    from tests.python.gateway.conftest import Connect

Frame = Callable[..., bytes]


def stored(gateway: GatewayFixture, **which: str) -> list[int]:
    return [batch.batch_sequence for batch in gateway.batches(**which)]


# ---- The plain way ----------------------------------------------------------------------------


def test_batches_are_stored_and_acknowledged(
    gateway: GatewayFixture, connect: "Connect", frame: Frame
) -> None:
    client = connect(gateway)
    assert client.socket.getsubprotocol() == SUBPROTOCOL
    first = client.ack()
    assert (first.batch_sequence, first.epoch, list(first.crc32c)) == (0, 1, [])
    client.send(*range(1, 201))
    assert client.acks_up_to(200) == [crc32c.crc32c(frame(n)) for n in range(1, 201)]
    # Acknowledged means in the file already.
    assert stored(gateway) == list(range(1, 201))
    assert gateway.ticks().sequence_number.tolist() == list(range(1, 1001))
    assert all(batch.payload == frame(batch.batch_sequence) for batch in gateway.batches())


async def test_the_same_with_another_client_library(gateway: GatewayFixture, frame: Frame) -> None:
    headers = {
        "Authorization": f"Bearer {gateway.token()}",
        "x-user-id": "demo",
        "x-session-id": "s1",
    }
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(gateway.endpoint, headers=headers, protocols=[SUBPROTOCOL]) as client,
    ):
        assert StreamControl.FromString(await client.receive_bytes()).ack.batch_sequence == 0
        for sequence in range(1, 21):
            await client.send_bytes(frame(sequence))
        acknowledged = 0
        while acknowledged < 20:
            acknowledged = StreamControl.FromString(await client.receive_bytes()).ack.batch_sequence
    assert stored(gateway) == list(range(1, 21))


@pytest.mark.parametrize("end", ["close", "shutdown", "cut", "stop"])
def test_tls(
    gateway_tls: GatewayFixture, connect: "Connect", caplog: pytest.LogCaptureFixture, end: str
) -> None:
    assert gateway_tls.endpoint.startswith("wss://")
    client = connect(gateway_tls)
    client.ack()
    client.send(1)
    client.acks_up_to(1)
    assert gateway_tls.health()["batches"] == 1
    match end:
        case "close":
            client.close()
        case "shutdown":
            client.socket.shutdown()
        case "cut":
            assert gateway_tls.cut_connections() == 1
    gateway_tls.stop()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_tls_is_not_spoken_with_strangers(gateway_tls: GatewayFixture) -> None:
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        websocket.create_connection(gateway_tls.endpoint, timeout=20)


# ---- Resuming ---------------------------------------------------------------------------------


def test_reconnect_resumes_and_repeats_are_dropped(
    gateway: GatewayFixture, connect: "Connect"
) -> None:
    first = connect(gateway)
    first.ack()
    first.send(1, 2, 3)
    first.acks_up_to(3)
    first.close()
    second = connect(gateway)
    assert second.ack().batch_sequence == 3
    second.send(2, 3, 4)
    second.acks_up_to(4)
    assert stored(gateway) == [1, 2, 3, 4]
    assert gateway.health()["repeats"] == 2


def test_gap_closes_with_4001_and_is_recorded(gateway: GatewayFixture, connect: "Connect") -> None:
    client = connect(gateway)
    client.ack()
    client.send(1, 4)
    assert client.close_code() == CloseCode.GAP
    resumed = connect(gateway)
    assert resumed.ack().batch_sequence == 1
    resumed.send(2, 3, 4)
    resumed.acks_up_to(4)
    assert stored(gateway) == [1, 2, 3, 4]
    (report,) = gateway.health(gateway.token())["tenant_sessions"]
    assert (report["session"], report["gaps"], report["acknowledged"]) == ("s1", 1, 4)


def test_newer_connection_takes_the_session_over(
    gateway: GatewayFixture, connect: "Connect"
) -> None:
    older = connect(gateway)
    older.ack()
    older.send(*range(1, 101))
    newer = connect(gateway)
    resume = newer.ack().batch_sequence
    assert older.close_code() == CloseCode.TAKEN_OVER
    newer.send(*range(resume + 1, 103))
    newer.acks_up_to(102)
    assert stored(gateway) == list(range(1, 103))


def test_session_of_another_user_cannot_be_taken(
    gateway: GatewayFixture, connect: "Connect"
) -> None:
    owner = connect(gateway, user="ann")
    owner.ack()
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        connect(gateway, user="bob")
    assert refused.value.status_code == 403
    owner.send(1)
    owner.acks_up_to(1)
    owner.close()
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        connect(gateway, user="bob")
    assert refused.value.status_code == 403


def test_hand_over(gateway: GatewayFixture, connect: "Connect") -> None:
    client = connect(gateway, headers=["x-first-batch: 51"])
    assert client.ack().batch_sequence == 50
    client.send(51)
    client.acks_up_to(51)
    health = gateway.health()
    assert (health["handed_over"], health["gaps"], health["batches"]) == (50, 0, 1)


def test_connection_cut_twenty_times(gateway: GatewayFixture, connect: "Connect") -> None:
    last = 0
    for _ in range(20):
        client = connect(gateway)
        resume = client.ack().batch_sequence
        assert resume >= last
        client.send(*range(resume + 1, resume + 51))
        last = client.ack().batch_sequence
        assert gateway.cut_connections() == 1
        with pytest.raises((ConnectionResetError, websocket.WebSocketException)):
            client.close_code()
    final = connect(gateway)
    resume = final.ack().batch_sequence
    assert resume >= last >= 20
    assert stored(gateway) == list(range(1, resume + 1))


def test_restart_of_the_gateway(gateway: GatewayFixture, connect: "Connect") -> None:
    client = connect(gateway)
    client.ack()
    client.send(1, 2)
    client.acks_up_to(2)
    endpoint = gateway.endpoint
    gateway.restart()
    assert client.close_code() == CloseCode.GOING_AWAY
    assert gateway.endpoint == endpoint
    again = connect(gateway)
    resume = again.ack()
    assert (resume.batch_sequence, resume.epoch) == (2, 1)


def test_stop_acknowledges_all_it_took(gateway: GatewayFixture, connect: "Connect") -> None:
    client = connect(gateway)
    client.ack()
    client.send(*range(1, 301))
    gateway.stop()
    acknowledged = 0
    while True:
        opcode, payload = client.socket.recv_data(control_frame=True)
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            break
        acknowledged = StreamControl.FromString(payload).ack.batch_sequence
    assert int.from_bytes(payload[:2]) == CloseCode.GOING_AWAY
    assert stored(gateway) == list(range(1, acknowledged + 1))


# ---- Tenants ----------------------------------------------------------------------------------


def test_two_tenants_with_the_same_session_id(gateway: GatewayFixture, connect: "Connect") -> None:
    acme, brix = (connect(gateway, tenant=tenant) for tenant in ("acme", "brix"))
    for client, count in ((acme, 2), (brix, 3)):
        assert client.ack().batch_sequence == 0
        client.send(*range(1, count + 1))
        client.acks_up_to(count)
    assert stored(gateway, tenant="acme") == [1, 2]
    assert stored(gateway, tenant="brix") == [1, 2, 3]


def test_health_tells_a_tenant_of_its_own_sessions_only(
    gateway: GatewayFixture, connect: "Connect"
) -> None:
    for tenant in ("acme", "brix"):
        client = connect(gateway, session=f"{tenant}-session", tenant=tenant)
        client.ack()
        client.send(1)
        client.acks_up_to(1)
    assert "session" not in str(gateway.health()).replace("'sessions'", "")
    report = gateway.health(gateway.token(tenant="acme"))
    assert report["tenant"] == "acme"
    assert [known["session"] for known in report["tenant_sessions"]] == ["acme-session"]


def test_batch_of_another_tenant_closes_with_4008(
    gateway: GatewayFixture, connect: "Connect", frame: Frame
) -> None:
    client = connect(gateway, tenant="acme")
    client.ack()
    client.socket.send_binary(frame(1, tenant="brix"))
    assert client.close_code() == CloseCode.POLICY
    assert stored(gateway) == []


# ---- What breaks the contract -----------------------------------------------------------------


@pytest.mark.parametrize(
    "payload, codes",
    [
        (b"\xff" * 40, {4008}),
        (b"", {4008}),
        (b"\0" * (MAX_FRAME_BYTES + 1), {4008, 1009}),
    ],
    ids=["garbage", "empty", "1 MiB + 1"],
)
def test_frame_against_the_contract(
    gateway: GatewayFixture, connect: "Connect", payload: bytes, codes: set[int]
) -> None:
    client = connect(gateway)
    client.ack()
    client.socket.send_binary(payload)
    assert client.close_code() in codes
    assert stored(gateway) == []


def test_frame_far_too_long_is_not_even_read(gateway: GatewayFixture, connect: "Connect") -> None:
    client = connect(gateway)
    client.ack()
    try:
        client.socket.send_binary(b"\0" * (16 * MAX_FRAME_BYTES))
        assert client.close_code() == 1009
    except (ConnectionError, websocket.WebSocketConnectionClosedException):
        pass  # closed while the frame was still on its way
    assert gateway.health()["batches"] == 0
    again = connect(gateway)
    again.ack()
    again.send(1)
    again.acks_up_to(1)


def test_text_frame(gateway: GatewayFixture, connect: "Connect") -> None:
    client = connect(gateway)
    client.ack()
    client.socket.send("hello")
    assert client.close_code() == CloseCode.POLICY


def test_best_effort_without_the_subprotocol(gateway: GatewayFixture, connect: "Connect") -> None:
    client = connect(gateway, acknowledges=False)
    assert client.socket.getsubprotocol() is None
    client.send(1, 2, 5, 5)
    client.socket.ping("are you there")
    # The only frame that comes is the pong: no resume point, no acknowledgement.
    assert client.socket.recv_data(control_frame=True) == (
        websocket.ABNF.OPCODE_PONG,
        b"are you there",
    )
    client.close()
    gateway.stop()
    assert stored(gateway) == [1, 2, 5]


def upgrade(gateway: GatewayFixture, *headers: str) -> int:
    """The status of an upgrade with these headers."""
    try:
        connection = websocket.create_connection(gateway.endpoint, timeout=20, header=headers)
    except websocket.WebSocketBadStatusException as refused:
        return int(refused.status_code)
    connection.shutdown()
    return 101


def test_refused_upgrades(gateway: GatewayFixture) -> None:
    token = f"Authorization: Bearer {gateway.token('ann', 'acme')}"
    user, session = "x-user-id: ann", "x-session-id: s1"
    expired = f"Authorization: Bearer {gateway.token('ann', 'acme', ttl_s=-60)}"
    assert upgrade(gateway, token, user, session) == 101
    assert upgrade(gateway, user, session) == 401
    assert upgrade(gateway, "Authorization: Bearer nonsense", user, session) == 401
    assert upgrade(gateway, expired, user, session) == 401
    assert upgrade(gateway, token, "x-user-id: bob", session) == 403
    assert upgrade(gateway, token, session) == 400
    assert upgrade(gateway, token, user) == 400
    assert upgrade(gateway, token, user, session, "x-first-batch: many") == 400
    assert gateway.health()["connections_refused"] == 7


def test_token_of_a_megabyte(gateway: GatewayFixture) -> None:
    host, port = gateway.endpoint.removeprefix("ws://").removesuffix("/ws/mt5").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        head = b"GET /ws/mt5 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
        try:
            client.sendall(head + b"A" * 1_000_000 + b"\r\n\r\n")
            answer = client.recv(4096)
        except ConnectionError:
            answer = b""
    assert answer == b"" or answer.split()[1] in (b"400", b"401", b"431")
    assert gateway.health()["status"] == "healthy"


async def test_plain_http(gateway: GatewayFixture) -> None:
    headers = {
        "Authorization": f"Bearer {gateway.token()}",
        "x-user-id": "demo",
        "x-session-id": "s1",
    }
    url = gateway.endpoint.replace("ws://", "http://")
    async with aiohttp.ClientSession() as session:
        async with session.get(url, headers=headers) as answer:
            assert answer.status == 426
        async with session.get(url) as answer:
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        async with session.get(gateway.health_url, headers={"Authorization": "Bearer x"}) as answer:
            assert answer.status == 401
        async with session.get(gateway.health_url.replace("healthz", "else")) as answer:
            assert answer.status == 404


def test_no_token_in_the_log(
    gateway: GatewayFixture, connect: "Connect", caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        client = connect(gateway)
        client.ack()
        client.send(1, 3)
        client.close_code()
        upgrade(gateway, f"Authorization: Bearer {gateway.token()}", "x-user-id: bob")
    gateway.stop()
    assert any("gap" in message for message in caplog.messages)
    assert any("refused" in message for message in caplog.messages)
    assert "eyJ" not in caplog.text


# ---- A store that cannot commit ---------------------------------------------------------------


def test_full_disk_closes_with_a_code_to_retry(
    gateway: GatewayFixture, connect: "Connect", frame: Frame
) -> None:
    client = connect(gateway)
    client.ack()
    client.send(1)
    client.acks_up_to(1)
    database = gateway._server._store._database
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages + 1}")
    client.socket.send_binary(frame(2, ticks=3000))
    assert client.close_code() == CloseCode.TRY_AGAIN_LATER
    health = gateway.health()
    assert (health["status"], health["failed_commits"]) == ("degraded", 1)
    database.execute(f"PRAGMA max_page_count = {pages + 10_000}")
    again = connect(gateway)
    assert again.ack().batch_sequence == 1
    again.send(2, 3)
    again.acks_up_to(3)
    assert stored(gateway) == [1, 2, 3]
    assert gateway.health()["status"] == "healthy"


# ---- Listening --------------------------------------------------------------------------------


def options(tmp_path: Path, **changes: Any) -> GatewayOptions:
    authenticator = Authenticator(SigningSecret(b"s" * 32))
    return GatewayOptions(tmp_path / "ticks.db", authenticator, **changes)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "gateway.example"])
def test_plaintext_beyond_this_machine_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(ListenProblem, match="--tls"):
        GatewayServer(options(tmp_path, host=host))
    GatewayServer(options(tmp_path, host=host, allow_plaintext=True))
    GatewayServer(options(tmp_path, host=host, tls_dir=tmp_path / "tls"))


@pytest.mark.parametrize("host", [*LOCAL_NAMES, "127.8.8.8"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


async def test_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ListenProblem, match=str(port)):
            await GatewayServer(options(tmp_path, port=port)).start()
    # The store was given back.
    async with GatewayServer(options(tmp_path)):
        pass


@pytest.mark.parametrize("path", [WS_PATH, MARKET_PATH])
async def test_too_many_connections(tmp_path: Path, path: str) -> None:
    from tpb.account.token import make_token

    secret = SigningSecret(b"s" * 32)
    async with (
        GatewayServer(options(tmp_path, max_streams=1, max_readers=1)) as server,
        aiohttp.ClientSession() as session,
    ):
        headers = {
            "Authorization": f"Bearer {make_token(secret, user='ann', tenant='acme')}",
            "x-user-id": "ann",
        }
        address = server.endpoint.replace(WS_PATH, path)
        other = server.endpoint.replace(WS_PATH, MARKET_PATH if path == WS_PATH else WS_PATH)
        first = {**headers, "x-session-id": "s1"}
        second = {**headers, "x-session-id": "s2"}
        async with session.ws_connect(address, headers=first):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(address, headers=second)
            assert refused.value.status == 503
            assert refused.value.headers is not None
            assert int(refused.value.headers["Retry-After"]) > 0
            async with session.ws_connect(other, headers=second):
                pass  # the others' room is their own


# ---- What a client may say of itself ----------------------------------------------------------


def test_the_first_ack_tells_what_is_stored(
    gateway: GatewayFixture, connect: "Connect", frame: Frame
) -> None:
    client = connect(gateway)
    first = client.ack()
    assert first.check == check_of(0, 1, [], [])
    client.send(1, 2, 3)
    client.acks_up_to(3)
    client.close()
    again = connect(gateway, headers=["x-first-batch: 2"]).ack()
    stored = [crc32c.crc32c(frame(n)) for n in (2, 3)]
    assert (again.batch_sequence, list(again.stored_crc32c)) == (3, stored)
    assert again.check == check_of(3, 1, [], stored)


def test_a_batch_stored_wrongly_is_corrected(
    gateway: GatewayFixture, connect: "Connect", frame: Frame
) -> None:
    client = connect(gateway)
    client.ack()
    client.socket.send_binary(frame(1, ticks=4))
    client.acks_up_to(1)
    client.close()
    client = connect(gateway, headers=["x-first-batch: 1", "x-resend-from: 1"])
    assert client.ack().batch_sequence == 0
    client.send(1, 2)
    assert client.acks_up_to(2) == [crc32c.crc32c(frame(n)) for n in (1, 2)]
    assert [batch.payload for batch in gateway.batches()] == [frame(1), frame(2)]
    health = gateway.health(gateway.token())
    assert (health["corrections"], health["ticks"]) == (1, 10)
    assert events_in(health)["correction"] == 1


def test_a_restored_store_says_so(gateway: GatewayFixture, connect: "Connect") -> None:
    client = connect(gateway, headers=["x-first-batch: 4", "x-acknowledged: 5"])
    opcode, payload = client.socket.recv_data()
    assert opcode == websocket.ABNF.OPCODE_BINARY
    notice = StreamControl.FromString(payload).notice
    assert (notice.code, notice.severity) == ("store_restored", notice.SEVERITY_WARNING)
    assert "batch 1" in notice.text
    assert "up to 5" in notice.text
    ack = client.ack()
    assert (ack.batch_sequence, ack.epoch) == (3, 2)
    told = events_in(gateway.health(gateway.token()))
    assert (told["store_restored"], told["lost"]) == (5, 3)


def test_an_older_connection_does_not_take_over(
    gateway: GatewayFixture, connect: "Connect"
) -> None:
    life = "x-life: 0a1b"
    newer = connect(gateway, headers=[life, "x-connection: 2"])
    newer.ack()
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        connect(gateway, headers=[life, "x-connection: 1"])
    assert refused.value.status_code == 409
    newer.send(1)
    newer.acks_up_to(1)
    newer.close()
    gateway.restart()
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        connect(gateway, headers=[life, "x-connection: 1"])
    assert refused.value.status_code == 409
    connect(gateway, headers=[life, "x-connection: 3"]).ack()


def test_a_fork(gateway: GatewayFixture, connect: "Connect") -> None:
    old = connect(gateway, session="old")
    old.ack()
    old.send(1, 2, 3)
    old.acks_up_to(3)
    new = connect(gateway, session="new", headers=["x-first-batch: 3", "x-continues: old"])
    assert new.ack().batch_sequence == 2
    new.send(3, 4)
    new.acks_up_to(4)
    assert stored(gateway, session="new") == [3, 4]
    assert gateway.ticks(session="new").sequence_number.tolist() == [16, 17, 18, 19, 20]
    assert gateway.ticks(session="new").copies == 5
    health = gateway.health(gateway.token())
    assert (health["handed_over"], events_in(health)["fork"]) == (0, 2)


def test_failover_between_two_gateways(
    gateway_pair: GatewayPair, connect: "Connect", frame: Frame
) -> None:
    primary, backup = gateway_pair
    client = connect(primary)
    client.ack()
    client.send(1, 2, 3)
    client.acks_up_to(3)
    primary.stop()
    client = connect(backup, headers=["x-first-batch: 3"])
    assert client.ack().batch_sequence == 2
    client.send(3, 4)
    client.acks_up_to(4)
    primary.start()
    client = connect(primary, headers=["x-first-batch: 5", "x-acknowledged: 3"])
    ack = client.ack()
    assert (ack.batch_sequence, ack.epoch) == (4, 1)
    client.send(5)
    client.acks_up_to(5)
    assert primary.health()["handed_over"] == 1
    both = list(read_batches([primary.store_path, backup.store_path]))
    assert [batch.payload for batch in both] == [frame(n) for n in range(1, 6)]


# ---- A token's end ----------------------------------------------------------------------------


def test_connection_ends_with_its_token(gateway: GatewayFixture, connect: "Connect") -> None:
    # Taken for the leeway of clocks; then it is over.
    client = connect(gateway, token=gateway.token(ttl_s=1 - LEEWAY_S))
    client.ack()
    client.send(1)
    told = []
    acknowledged = 0
    while True:
        opcode, payload = client.socket.recv_data(control_frame=True)
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            break
        control = StreamControl.FromString(payload)
        if control.WhichOneof("kind") == "notice":
            told.append(control.notice.code)
        else:
            acknowledged = control.ack.batch_sequence
    assert payload == (4008).to_bytes(2) + b"token expired"
    assert (told, acknowledged) == (["token_expires"], 1)
    assert upgrade(gateway, f"Authorization: Bearer {gateway.token(ttl_s=-LEEWAY_S - 1)}") == 401


def test_a_token_that_lasts_is_no_matter(gateway: GatewayFixture, connect: "Connect") -> None:
    client = connect(gateway, token=gateway.token(ttl_s=3600))
    client.ack()
    client.send(1)
    assert client.ack().batch_sequence == 1


# ---- Refused attempts -------------------------------------------------------------------------


async def test_refused_attempts_are_limited(tmp_path: Path) -> None:
    from tpb.account.token import make_token

    secret = SigningSecret(b"s" * 32)
    good = {
        "Authorization": f"Bearer {make_token(secret, user='ann', tenant='acme')}",
        "x-user-id": "ann",
        "x-session-id": "s1",
    }
    bad = {**good, "Authorization": "Bearer nonsense"}
    limits = options(tmp_path, refusals=Allowance(burst=3, per_s=0.01))
    async with GatewayServer(limits) as server, aiohttp.ClientSession() as session:
        url = server.endpoint.replace("ws://", "http://")

        async def ask(headers: dict[str, str]) -> int:
            async with session.get(url, headers=headers) as answer:
                if answer.status == 429:
                    assert int(answer.headers["Retry-After"]) > 0
                return answer.status

        # Asking without a token is how clients see that the gateway is there.
        assert [await ask({}) for _ in range(10)] == [401] * 10
        async with session.ws_connect(server.endpoint, headers=good) as client:
            assert [await ask(bad) for _ in range(4)] == [401, 401, 401, 429]
            assert await ask(good) == 429
            assert not client.closed
        async with session.get(server.health_url) as answer:
            assert answer.status == 200


# ---- Quality and events -----------------------------------------------------------------------


async def test_quality(gateway: GatewayFixture, connect: "Connect") -> None:
    for tenant, skipped in (("acme", 5), ("brix", 0)):
        client = connect(gateway, tenant=tenant, acknowledges=False)
        client.send(1, 3 if skipped else 2)
        client.send(1)
        client.socket.ping()
        client.socket.recv_data(control_frame=True)
    (found,) = gateway.quality(gateway.token(tenant="acme"))
    assert (found["symbol"], found["total_ticks"]) == ("EURUSD", 10)
    assert (found["missing_ticks"], found["duplicate_ticks"]) == (5, 5)
    (other,) = gateway.quality(gateway.token(tenant="brix"))
    assert (other["total_ticks"], other["missing_ticks"]) == (10, 0)

    url = gateway.health_url.replace("/healthz", "/api/v1/quality")
    headers = {"Authorization": f"Bearer {gateway.token(tenant='acme')}"}
    async with aiohttp.ClientSession() as session:
        wanted = {**headers, "Accept": "application/x-protobuf"}
        async with session.get(url, headers=wanted) as answer:
            assert answer.content_type == "application/x-protobuf"
            body = io.BytesIO(await answer.read())
        metrics = proto.parse_length_prefixed(DataQualityMetrics, body)
        assert metrics is not None
        assert (metrics.tenant_id, metrics.total_ticks, metrics.missing_ticks) == ("acme", 10, 5)
        assert proto.parse_length_prefixed(DataQualityMetrics, body) is None
        async with session.get(url) as answer:
            assert answer.status == 401
        async with session.get(url, headers=headers, params={"since_ms": "x"}) as answer:
            assert answer.status == 400
        async with session.get(url, headers=headers, params={"symbol": "none"}) as answer:
            assert (await answer.json())["periods"] == []


def events_in(health: dict[str, Any]) -> dict[str, int]:
    """The newest of each kind."""
    return {event["kind"]: event["value"] for event in reversed(health["tenant_events"])}


def test_events(new_gateway: Gateways, connect: "Connect") -> None:
    gateway = new_gateway("watched", events=True)
    client = connect(gateway)
    client.ack()
    client.send(1, 2)
    client.acks_up_to(2)
    client.send(1, 2)
    client.socket.ping()
    client.socket.recv_data(control_frame=True)
    newer = connect(gateway)
    newer.ack()
    assert client.close_code() == CloseCode.TAKEN_OVER
    newer.send(4)
    assert newer.close_code() == CloseCode.GAP
    connect(gateway, tenant="brix").ack()
    handed = connect(gateway, headers=["x-first-batch: 9", "x-given-up: 4-5"])
    handed.ack()
    gateway.stop()
    lines = (gateway.store_path.parent / "events.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    of_demo = [(event["kind"], event["value"]) for event in told if event["tenant"] == "demo"]
    assert sorted(of_demo) == sorted(
        [
            ("connected", 0),
            ("repeats", 2),
            ("taken_over", 0),
            ("disconnected", 4003),
            ("connected", 2),
            ("gap", 1),
            ("disconnected", 4001),
            ("given_up", 2),
            ("handover", 1),
            ("handover", 3),
            ("connected", 8),
            ("disconnected", 1001),
        ]
    )
    gateway.start()
    report = gateway.health(gateway.token())
    kept = [(event["kind"], event["value"]) for event in report["tenant_events"]]
    assert kept[::-1] == of_demo
    assert "tenant_events" not in gateway.health()
