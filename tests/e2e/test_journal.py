"""The journal across processes: killed senders, killed gateways, the backup, old copies."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tpb
from tpb.gateway.reading import read_batches, read_ticks
from tpb.testing.gateway import GatewayFixture, gateway_in
from tpb.testing.ticks import made_up

pytestmark = pytest.mark.timeout(120)

QUICK: dict[str, Any] = {"backoff_min_ms": 10, "backoff_max_ms": 100}

# Sends ticks one by one and tells each; killed at some moment.
SENDER = """
import json, sys, tpb
from tpb.testing.ticks import made_up
settings = json.loads(sys.stdin.readline())
ticks = made_up(settings.pop("ticks"))
session = tpb.Session(**settings)
cursor = session.cursor("EURUSD")
start = 0 if cursor is None else int((ticks["time_msc"] <= cursor.time_msc).sum())
for i in range(start, len(ticks)):
    session.send("EURUSD", ticks[i : i + 1])
    print(i + 1, flush=True)
"""


def start_sender(**settings: Any) -> "subprocess.Popen[str]":
    sender = subprocess.Popen(
        [sys.executable, "-c", SENDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert sender.stdin is not None
    sender.stdin.write(json.dumps(settings) + "\n")
    sender.stdin.flush()
    return sender


def killed_after(sender: "subprocess.Popen[str]", ticks: int) -> int:
    """Kills it once it has told of so many ticks; returns how many it told of."""
    assert sender.stdout is not None
    told = 0
    for line in sender.stdout:
        told = int(line)
        if told >= ticks:
            break
    sender.send_signal(signal.SIGKILL)
    told = max([told, *map(int, sender.stdout.read().split())])
    sender.communicate()
    return told


@pytest.fixture
def backup(tmp_path: Path) -> Iterator[GatewayFixture]:
    with gateway_in(tmp_path / "backup", tls=False) as running:
        yield running


def test_a_killed_sender_loses_nothing_it_accepted(gateway: GatewayFixture, tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "endpoint": gateway.endpoint,
        "token": gateway.token(),
        "ticks": 100_000,  # more than it sends before it is seen to be due for its end
        **QUICK,
    }
    settings["journal"] = str(tmp_path / "journal")
    told = 0
    for _ in range(4):
        due = told + 1137
        told = killed_after(start_sender(**settings), due)
        assert told >= due
    del settings["ticks"]
    with tpb.Session(**settings) as session:
        cursor = session.cursor("EURUSD")
        assert session.drain(30)
    stored = gateway.ticks().ticks
    assert len(stored) >= told
    assert stored.tobytes() == made_up(100_000)[: len(stored)].tobytes()
    assert cursor is not None
    assert cursor.time_msc == stored["time_msc"][-1]


def test_the_backup_takes_over_and_the_primary_is_returned_to(
    gateway: GatewayFixture, backup: GatewayFixture, wait_until: Callable[..., Any]
) -> None:
    shutil.copy(gateway.secret_file, backup.secret_file)
    backup.restart()
    ticks = made_up(3000)
    with tpb.Session(
        gateway.endpoint,
        gateway.token(),
        backup_endpoint=backup.endpoint,
        return_after_ms=300,
        **QUICK,
    ) as session:
        session.send("EURUSD", ticks[:1000])
        assert session.drain(30)
        gateway.stop()
        session.send("EURUSD", ticks[1000:2000])
        wait_until(session.status, lambda status: status.endpoint == 1)
        assert session.drain(30)
        gateway.start()
        wait_until(session.status, lambda s: s.endpoint == 0 and s.state_name == "connected")
        session.send("EURUSD", ticks[2000:])
        assert session.drain(30)
        # A gateway that knows what the user streams also tells which pairs it chose.
        kinds = [event.kind for event in session.events() if event.kind != "pairs"]
        assert session.status().failovers == 2
    assert kinds[:5] == ["connected", "lost", "buffering", "failing_over", "restored"]
    assert kinds[-2:] == ["returning", "restored"]
    payloads = {
        batch.batch_sequence: batch.payload
        for store in (gateway.store_path, backup.store_path)
        for batch in read_batches(store)
    }
    assert sorted(payloads) == list(range(1, len(payloads) + 1))
    assert sum(len(tick) > 0 for tick in payloads.values()) == 600


def test_an_old_copy_of_a_journal_goes_on_as_a_new_session(
    gateway: GatewayFixture, tmp_path: Path
) -> None:
    ticks = made_up(900)
    journal, copy = tmp_path / "journal", tmp_path / "copy"
    where: dict[str, Any] = {"endpoint": gateway.endpoint, "token": gateway.token(), **QUICK}
    with tpb.Session(**where, journal=journal) as session:
        session.send("EURUSD", ticks[:300])
        assert session.drain(30)
        first = session.status().session_id
    shutil.copytree(journal, copy)
    with tpb.Session(**where, journal=journal) as session:
        session.send("EURUSD", ticks[300:600])
        assert session.drain(30)
    with tpb.Session(**where, journal=copy) as session:
        cursor = session.cursor("EURUSD")
        assert cursor is not None
        assert cursor.time_msc == ticks["time_msc"][299]
        session.send("EURUSD", ticks[300:])  # as a source does that goes by the cursor
        assert session.drain(30)
        assert session.status().session_id != first
        assert "forked" in [event.kind for event in session.events()]
    again = gateway.batches()
    assert {batch.session for batch in again} == {first, session.status().session_id}


@pytest.mark.parametrize("left_bytes", [110, 245])  # without a checkpoint, and without any tick
def test_what_is_sent_again_after_the_only_segment_was_destroyed_comes_once(
    gateway: GatewayFixture, tmp_path: Path, left_bytes: int
) -> None:
    ticks = made_up(600)
    where: dict[str, Any] = {"endpoint": gateway.endpoint, "token": gateway.token(), **QUICK}
    where["journal"] = tmp_path / "journal"
    with tpb.Session(**where) as session:
        session.send("EURUSD", ticks[:300])
        assert session.drain(30)
        first = session.status().session_id
    (segment,) = where["journal"].glob("*.seg")
    segment.write_bytes(segment.read_bytes()[:left_bytes])
    with tpb.Session(**where) as session:
        assert session.cursor("EURUSD") is None
        session.send("EURUSD", ticks)  # from the beginning of what the source has
        assert session.drain(30)
        assert "damaged" in [event.kind for event in session.events()]
        assert session.status().session_id != first
    found = list(read_ticks(gateway.store_path))
    assert sum(map(len, found)) == len(ticks)
    assert sum(each.copies for each in found) == 300


def test_a_journal_of_another_session_is_in_use(gateway: GatewayFixture, tmp_path: Path) -> None:
    where: dict[str, Any] = {
        "endpoint": gateway.endpoint,
        "token": gateway.token(),
        "journal": tmp_path / "j",
    }
    with tpb.Session(**where), pytest.raises(tpb.InUse, match="j"):
        tpb.Session(**where)
    with tpb.Session(**where) as again:
        assert np.isscalar(again.status().ticks_accepted)
