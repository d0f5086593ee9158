"""Real ticks through the library, on every path, into the gateway's database."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tpb.cli.main import app
from tpb.feed.destination import Destination
from tpb.feed.paths import PathName, open_sender
from tpb.feed.problem import FeedError
from tpb.feed.replay import Replay
from tpb.feed.sender import Sender, SessionOptions
from tpb.feed.simulator import Simulator
from tpb.testing.gateway import GatewayFixture
from tpb.testing.scripted import ScriptedServer, answers, best_effort

pytestmark = pytest.mark.timeout(180)

TICKS = 9500
paths = pytest.mark.parametrize("path", ["native", "dll"])


@pytest.fixture(autouse=True)
def _dll_where_it_is_asked_for(request: pytest.FixtureRequest) -> None:
    parameters = getattr(getattr(request.node, "callspec", None), "params", {})
    if parameters.get("path") == "dll":
        request.getfixturevalue("windows_build")


def replayed(file: Path, result: Path, *options: str) -> dict[str, Any]:
    ended = CliRunner().invoke(app, ["replay", str(file), "--json", str(result), *options])
    assert ended.exit_code == 0, ended.output
    document: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return document


def assert_all_stored(document: dict[str, Any]) -> None:
    for key in ("ticks_in", "ticks_accepted", "ticks_acknowledged", "ticks_stored"):
        assert document[key] == TICKS, key
    assert (document["lost"], document["duplicates"], document["altered"]) == (0, 0, 0)
    assert 0 < document["latency_us"]["p50"] <= document["latency_us"]["max"]
    assert 60 < document["bytes_per_tick"] < 80


@paths
@pytest.mark.parametrize("tls", [False, True])
def test_9500_real_ticks(real_ticks: Path, tmp_path: Path, path: str, tls: bool) -> None:
    options = ["--path", path, *(["--tls"] if tls else [])]
    document = replayed(real_ticks, tmp_path / "result.json", *options)
    assert document["path"] == path
    assert document["endpoint"].startswith("wss://" if tls else "ws://")
    assert_all_stored(document)


@paths
@pytest.mark.slow
def test_9500_real_ticks_with_20_cut_connections(
    real_ticks: Path, tmp_path: Path, path: str
) -> None:
    document = replayed(
        real_ticks, tmp_path / "result.json", "--path", path, "--cut", "20", "--tls"
    )
    assert document["connections_cut"] == 20
    assert document["reconnects"] >= 20
    assert_all_stored(document)


@paths
def test_a_full_outbox_gives_back_and_loses_nothing(path: str, gateway: GatewayFixture) -> None:
    source = Simulator(ticks=20_000, start_msc=1_700_000_000_000, ticks_per_s=1000)
    options = SessionOptions(batch_ticks=5, flush_ms=100, outbox_bytes=65536)
    to = Destination(gateway.endpoint, gateway.token(), store=gateway.store_path)
    gateway.stop()
    with open_sender(PathName(path), to, options) as sender:
        serving = threading.Thread(target=start_when_full, args=(gateway, sender))
        serving.start()
        summary = Replay(source, to, sender).run()
        serving.join()
    assert summary.ok
    assert summary.receipt.ticks_refused > 0


def start_when_full(gateway: GatewayFixture, sender: Sender) -> None:
    """Serves as soon as the outbox has refused ticks, which without a gateway it must."""
    deadline = time.monotonic() + 60
    while sender.receipt().ticks_refused == 0 and time.monotonic() < deadline:
        time.sleep(0.005)
    gateway.start()


@paths
def test_a_gateway_that_does_not_acknowledge(path: str, gateway: GatewayFixture) -> None:
    source = Simulator(ticks=500, start_msc=1_700_000_000_000, ticks_per_s=1000)
    with ScriptedServer(best_effort()) as server:
        to = Destination(server.endpoint, gateway.token())
        with open_sender(PathName(path), to) as sender:
            summary = Replay(source, to, sender).run()
    document = summary.document()
    assert document["best_effort"] is True
    assert document["ticks_acknowledged"] == 0
    assert document["ticks_stored"] is None
    assert summary.receipt.ticks_sent == 500
    assert summary.ok


@paths
def test_refused_credentials_end_the_replay(path: str, gateway: GatewayFixture) -> None:
    source = Simulator(ticks=500, start_msc=1_700_000_000_000, ticks_per_s=1000)
    token = gateway.token()
    with ScriptedServer(answers(401)) as server:
        to = Destination(server.endpoint, token)
        with open_sender(PathName(path), to) as sender, pytest.raises(FeedError) as caught:
            Replay(source, to, sender).run()
    assert "401" in str(caught.value)
    assert token not in str(caught.value)
