"""`tpb status`."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

import tpb
from tpb.cli.main import app
from tpb.testing.gateway import GatewayFixture
from tpb.testing.ticks import made_up


def test_nothing_to_show() -> None:
    ended = CliRunner().invoke(app, ["status", "--json"])
    assert ended.exit_code == 3
    assert json.loads(ended.stdout) == {"sessions": []}


def test_a_session_under_way_is_told_as_it_is(gateway: GatewayFixture) -> None:
    with tpb.Session(gateway.endpoint, gateway.token(), journal="auto") as session:
        session.send("EURUSD", made_up(100))
        assert session.drain(30)
        document = told_by_status(lambda known: known["ticks_acknowledged"] == 100)
    assert document["lives"]
    assert document["state_name"] == "connected"
    assert document["endpoint_url"] == gateway.endpoint
    assert document["session_id"] == session.status().session_id
    assert gateway.token() not in json.dumps(document)


def test_a_halted_session_is_a_failure(tmp_path: Path, gateway: GatewayFixture) -> None:
    foreign = gateway.token(user="ann")[:-4] + "AAAA"  # another signature
    with tpb.Session(gateway.endpoint, foreign, journal=tmp_path / "journal"):
        arguments = ["status", "--json", "--journal", str(tmp_path / "journal")]
        deadline = time.monotonic() + 30
        while (ended := CliRunner().invoke(app, arguments)).exit_code != 1:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    (session,) = json.loads(ended.stdout)["sessions"]
    assert session["state_name"] == "halted"


def told_by_status(is_right: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What `tpb status --json` says of the only session, once it says the right thing."""
    deadline = time.monotonic() + 30
    while True:
        ended = CliRunner().invoke(app, ["status", "--json"])
        known: list[dict[str, Any]] = json.loads(ended.stdout)["sessions"]
        if len(known) == 1 and is_right(known[0]):
            return known[0]
        assert time.monotonic() < deadline, known
        time.sleep(0.05)
