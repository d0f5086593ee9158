"""`tpb gateway --feed`, as a process: market data for every tenant, without MT5."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import websocket
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tpb.account.secret import read_or_make_secret
from tpb.account.token import make_token
from tpb.gateway.market.protocol import SUBPROTOCOL
from tpb.wire.tpb.market_stream_pb2 import MarketFrame, SubscriptionResult
from tpb.wire.trading.market_data_pb2 import ClientMarketData, SubscriptionRequest

pytestmark = pytest.mark.timeout(90)

Environment = dict[str, str]
# A bid that the made-up market has not, at a moment of 2020.
LINES = "20200101 170000065,1.345670,1.345780,0\n20200101 170000465,1.345680,1.345790,0\n"


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return {
        **os.environ,
        "HOME": str(tmp_path / "home"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "LOCALAPPDATA": str(tmp_path / "data"),
    }


class Serving:
    """`tpb gateway --json` with a feed, until the test ends."""

    def __init__(self, environment: Environment, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tpb", "gateway", "--json", "--port", "0", *map(str, arguments)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())

    def end(self) -> str:
        """As Ctrl-C does; what it said to people."""
        self.process.send_signal(signal.SIGINT)
        _, told = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, told
        assert "Traceback" not in told
        return told


Serve = Callable[..., Serving]


@pytest.fixture
def serve(environment: Environment) -> Iterator[Serve]:
    started: list[Serving] = []

    def start(*arguments: object) -> Serving:
        started.append(Serving(environment, *arguments))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
            each.process.communicate()


def prices(gateway: Serving, symbol: str) -> Iterator[ClientMarketData]:
    """What a user of some tenant gets of a symbol, with indicators over ticks."""
    secret = read_or_make_secret(Path(gateway.ready["secret_file"]))
    token = make_token(secret, user="ann", tenant="acme", tier="enterprise")
    client = websocket.create_connection(
        gateway.ready["market_endpoint"],
        timeout=30,
        header=[f"Authorization: Bearer {token}", "x-user-id: ann", "x-session-id: s1"],
        subprotocols=[SUBPROTOCOL],
        sslopt={"ca_certs": gateway.ready["ca_file"]} if gateway.ready["ca_file"] else None,
    )
    with closing(client):
        client.send_binary(SubscriptionRequest(symbol=symbol).SerializeToString())
        while True:
            frame = client.recv()
            assert isinstance(frame, bytes)
            message = MarketFrame.FromString(frame)
            match message.WhichOneof("kind"):
                case "data":
                    yield message.data
                case "result":
                    assert message.result.outcome == SubscriptionResult.OUTCOME_SUBSCRIBED


def now_msc() -> int:
    return time.time_ns() // 1_000_000


@pytest.mark.parametrize("tls", [False, True])
def test_made_up_prices_come_to_every_tenant(serve: Serve, tmp_path: Path, tls: bool) -> None:
    gateway = serve("--feed", "simulator", *(["--tls"] if tls else []))
    for data in prices(gateway, "EURUSD"):
        assert data.shared
        assert data.ask > data.bid > 0
        assert data.tick_time_msc <= now_msc()
        # An hour of it came at once; now it is live, and the indicators have their values.
        if data.tick_time_msc > now_msc() - 5_000:
            break
    assert data.indicators.rsi == data.indicators.rsi  # no NaN
    gateway.end()
    assert gateway.ready["store"] == str(tmp_path / "data" / "tpb" / "feed.db")
    with closing(sqlite3.connect(gateway.ready["store"])) as store:
        assert store.execute("SELECT DISTINCT tenant FROM sessions").fetchall() == [("feed",)]


def test_a_files_ticks_come_as_if_they_were_now_over_and_over(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "eurusd.csv"
    file.write_text(LINES)
    store = tmp_path / "own.db"
    gateway = serve("--feed", file, "--feed-history", 0, "--feed-speed", 4, "--store", store)
    came = prices(gateway, "EURUSD")
    seen = [next(came) for _ in range(4)]
    assert {data.bid for data in seen} == {1.34567, 1.34568}
    assert all(abs(data.tick_time_msc - now_msc()) < 60_000 for data in seen)
    assert [data.number for data in seen] == list(range(seen[0].number, seen[0].number + 4))
    gateway.end()
    assert store.exists()


def test_a_symbol_that_the_file_does_not_tell_is_named(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "ticks.csv"
    file.write_text(LINES)
    gateway = serve("--feed", file, "--feed-symbol", "DE40")
    assert next(prices(gateway, "DE40")).symbol == "DE40"
    gateway.end()


def run(environment: Environment, *arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tpb", "gateway", "--port", "0", *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "name, text, code, told",
    [
        ("none.csv", None, 2, "none.csv"),
        ("ticks.csv", LINES, 2, "symbol"),
        ("eurusd.csv", "what?\n", 2, "histdata"),
        ("eurusd.csv", LINES + "rubbish\n", 1, "line 3"),
    ],
)
def test_a_file_that_cannot_be_played_ends_the_gateway(
    environment: Environment, tmp_path: Path, name: str, text: str | None, code: int, told: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    ended = run(environment, "--feed", tmp_path / name)
    assert ended.returncode == code, ended.stderr
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_gateway_that_can_sign_no_token_has_no_feed(
    environment: Environment, tmp_path: Path
) -> None:
    key = tmp_path / "public.pem"
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    key.write_bytes(made.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    ended = run(environment, "--feed", "simulator", "--jwt-public-key", key)
    assert ended.returncode == 2
    assert "--jwt-secret-file" in ended.stderr
