"""/api/v1/pairs, and what is told of pairs on the WebSockets, over real sockets."""

import json
import math
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import jwt
import numpy as np
import pytest
import websocket

from tpb.gateway.market import pairs_api
from tpb.gateway.market.pairs_api import MAX_NAMED, read_primary
from tpb.gateway.market.protocol import SUBPROTOCOL as MARKET_SUBPROTOCOL
from tpb.gateway.market.user_service import UserServiceProblem
from tpb.gateway.runner import RunningGateway, running_gateway
from tpb.gateway.upgrade import SUBPROTOCOL, Refused
from tpb.wire.tpb.market_stream_pb2 import MarketFrame
from tpb.wire.tpb.stream_control_pb2 import ConfigChanged, Pair, PairSelection, StreamControl
from tpb.wire.trading.market_data_pb2 import MarketDataStream, SubscriptionTier


class Answer(NamedTuple):
    status: int
    document: dict[str, Any]


def ask(
    gateway: RunningGateway,
    method: str = "GET",
    body: object = None,
    *,
    user: str = "ann",
    tier: str = "pro",
    token: str | None = None,
) -> Answer:
    request = urllib.request.Request(
        gateway.health_url.replace("/healthz", pairs_api.PATH),
        method=method,
        data=body if isinstance(body, bytes) or body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token or gateway.token(user, 'acme', tier=tier)}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return Answer(answer.status, json.load(answer))
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer(refused.code, json.load(refused))


def named(gateway: RunningGateway, *primary: str, **whom: str) -> Answer:
    return ask(gateway, "PUT", {"primary": list(primary)}, **whom)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[RunningGateway]:
    with running_gateway(store=tmp_path / "ticks.db") as gateway:
        yield gateway


def test_naming_and_asking(gateway: RunningGateway) -> None:
    before = ask(gateway)
    assert before.status == 200
    assert (before.document["version"], before.document["pairs"]) == (0, [])
    put = named(gateway, "EURUSD", "US500")
    assert put.status == 200
    assert put.document == ask(gateway).document
    document = put.document
    assert (document["tenant"], document["user"], document["tier"]) == ("acme", "ann", "pro")
    assert (document["max_primary"], document["max_symbols"]) == (5, 10)
    assert (document["version"], document["named"]) == (1, ["EURUSD", "US500"])
    assert document["pairs"][0] == {
        "symbol": "EURUSD",
        "role": "primary",
        "correlates_with": None,
        "correlation": None,
        "weight": 1.0,
        "priority": 1,
        "reason": "you named it",
    }
    assert document["pairs"][1]["correlates_with"] == "EURUSD"
    ((symbol, reason),) = (left.values() for left in document["left_out"])
    assert symbol == "US500"
    assert "enterprise" in reason
    assert named(gateway).document["named"] == []


def test_a_gateways_next_life_knows_them(tmp_path: Path) -> None:
    with running_gateway(store=tmp_path / "ticks.db") as gateway:
        put = named(gateway, "GBPUSD")
        gateway.stop()
        gateway.start()
        assert ask(gateway).document == put.document
        assert ask(gateway, user="bob").document["named"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 10_000,
        b"\xff",
        [],
        {},
        {"primary": "EURUSD"},
        {"primary": [1]},
        {"primary": [""]},
        {"primary": [" EURUSD"]},
        {"primary": ["EUR\nUSD"]},
        {"primary": ["E" * 65]},
        {"primary": ["EURUSD"] * (MAX_NAMED + 1)},
    ],
    ids=repr,
)
def test_a_body_that_names_nothing(body: object) -> None:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(Refused) as refused:
        read_primary(data)
    assert refused.value.status == 400


def test_refusals(gateway: RunningGateway) -> None:
    assert ask(gateway, "PUT", {"first": []}).status == 400
    assert ask(gateway, "PUT", b" " * 40_000).status == 413
    refused = ask(gateway, token="nonsense")
    assert refused.status == 401
    assert not refused.document["success"]
    assert ask(gateway).document["version"] == 0


def test_too_many_changes(gateway: RunningGateway) -> None:
    taken = 0
    while (status := named(gateway, f"EURUSD.{taken}").status) == 200:
        taken += 1  # some more are regained meanwhile
    assert status == 429
    assert taken >= 20
    assert named(gateway, "EURUSD", user="bob").status == 200
    assert ask(gateway).status == 200


# ---- On the WebSockets ------------------------------------------------------------------------


class Hearer:
    """A connection that is told of pairs."""

    def __init__(self, gateway: RunningGateway, endpoint: str, subprotocol: str) -> None:
        self._framed = subprotocol == MARKET_SUBPROTOCOL
        self._socket = websocket.create_connection(
            endpoint,
            timeout=20,
            header=[
                f"Authorization: Bearer {gateway.token('ann', 'acme', tier='pro')}",
                "x-user-id: ann",
                "x-session-id: s1",
            ],
            subprotocols=[subprotocol],
        )

    def next(self) -> PairSelection | ConfigChanged:
        while True:
            payload = self._socket.recv()
            assert isinstance(payload, bytes)
            control = (
                MarketFrame.FromString(payload).control
                if self._framed
                else StreamControl.FromString(payload)
            )
            match control.WhichOneof("kind"):
                case "pairs":
                    return control.pairs
                case "config_changed":
                    return control.config_changed

    def close(self) -> None:
        self._socket.shutdown()


@pytest.mark.parametrize("subprotocol", [SUBPROTOCOL, MARKET_SUBPROTOCOL])
def test_connections_are_told(gateway: RunningGateway, subprotocol: str) -> None:
    endpoint = gateway.endpoint if subprotocol == SUBPROTOCOL else gateway.market_endpoint
    named(gateway, "EURUSD")
    with closing(Hearer(gateway, endpoint, subprotocol)) as hearer:
        selection = hearer.next()
        assert isinstance(selection, PairSelection)
        assert (selection.version, selection.pairs[0].symbol) == (1, "EURUSD")
        assert selection.tier == SubscriptionTier.SUBSCRIPTION_TIER_PRO
        named(gateway, "USDJPY")
        change, selection = hearer.next(), hearer.next()
        assert change == ConfigChanged(version=2, sections=["pairs"])
        assert isinstance(selection, PairSelection)
        assert (selection.version, selection.pairs[0].symbol) == (2, "USDJPY")


def test_old_clients_hear_nothing_new(gateway: RunningGateway, connect: Callable[..., Any]) -> None:
    named(gateway, "EURUSD", user="demo")
    client = connect(gateway, tenant="acme", user="demo", acknowledges=False)
    named(gateway, "USDJPY", user="demo")
    gateway.stop()
    opcode, _ = client.socket.recv_data(control_frame=True)
    assert opcode == websocket.ABNF.OPCODE_CLOSE


def test_what_a_terminal_streams_is_chosen_and_measured(
    gateway: RunningGateway, connect: Callable[..., Any]
) -> None:
    random = np.random.default_rng(1)
    eurusd = np.cumsum(random.normal(0, 1e-4, 90))
    nzdusd = -0.9 * eurusd + np.cumsum(random.normal(0, 2e-5, 90))
    client = connect(gateway, tenant="acme", user="ann", session="terminal")
    for minute, logs in enumerate(zip(eurusd, nzdusd, strict=True), 1):
        client.socket.send_binary(frame_of_minute(minute, EURUSD=logs[0], NZDUSD=logs[1]))
    client.acks_up_to(90)
    client.close()
    with closing(Hearer(gateway, gateway.endpoint, SUBPROTOCOL)) as hearer:
        selection = hearer.next()
        while isinstance(selection, ConfigChanged):
            selection = hearer.next()
    assert [pair.symbol for pair in selection.pairs[:2]] == ["EURUSD", "NZDUSD"]
    assert {pair.role for pair in selection.pairs[:2]} == {Pair.ROLE_PRIMARY}
    # Each is a primary one, so the other is none of its partners; one named alone has it.
    document = named(gateway, "EURUSD").document
    assert document["pairs"][1]["symbol"] == "NZDUSD"
    returns = np.corrcoef(np.diff(eurusd)[:88], np.diff(nzdusd)[:88])
    assert document["pairs"][1]["correlation"] == pytest.approx(returns[0, 1], abs=1e-3)
    assert "moves against EURUSD" in document["pairs"][1]["reason"]


def frame_of_minute(minute: int, **logs: float) -> bytes:
    stream = MarketDataStream(batch_sequence=minute, tenant_id="acme", source="MT5")
    time_s = 1_700_438_400 + 60 * minute
    for symbol, log in logs.items():
        bid = math.exp(log)
        stream.ticks.add(
            symbol=symbol,
            bid=bid,
            ask=bid + 1e-5,
            time=time_s,
            time_msc=time_s * 1000,
            sequence_number=minute,
        )
    return stream.SerializeToString()


# ---- With a user service ----------------------------------------------------------------------


class UserConfig(BaseHTTPRequestHandler):
    """Every user is an enterprise; bob's configuration is not to be had."""

    def do_GET(self) -> None:
        claims = jwt.decode(
            self.headers["Authorization"].removeprefix("Bearer "),
            options={"verify_signature": False},
        )
        self.send_response(404 if claims["sub"] == "bob" else 200)
        self.end_headers()
        self.wfile.write(b'{"tier": "enterprise"}')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        pass


@pytest.fixture
def user_service() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), UserConfig) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("process", [False, True])
def test_the_tier_of_a_user_service(user_service: str, tmp_path: Path, process: bool) -> None:
    with running_gateway(
        store=tmp_path / "ticks.db", user_service=user_service, process=process
    ) as gateway:
        put = named(gateway, "US500", tier="free")
        assert (put.document["tier"], put.document["left_out"]) == ("enterprise", [])
        with closing(Hearer(gateway, gateway.endpoint, SUBPROTOCOL)) as hearer:
            selection = hearer.next()
            assert isinstance(selection, PairSelection)
            assert selection.tier == SubscriptionTier.SUBSCRIPTION_TIER_ENTERPRISE
        assert gateway.health()["user_service_failures"] == 0
        assert ask(gateway, user="bob", tier="free").document["tier"] == "free"
        assert gateway.health()["user_service_failures"] == 1


def test_a_user_service_beyond_this_machine_needs_tls(tmp_path: Path) -> None:
    with (
        pytest.raises(UserServiceProblem, match="without TLS"),
        running_gateway(store=tmp_path / "ticks.db", user_service="http://users.example.com"),
    ):
        pass
