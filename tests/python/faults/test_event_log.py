"""Fail-overs as the sender's event log tells them."""

import json
from pathlib import Path
from typing import Any

from tpb.faults.event_log import EventLog, FailOver


def append(path: Path, *events: dict[str, Any]) -> None:
    with path.open("a") as file:
        for event in events:
            file.write(json.dumps({"value": 0, "endpoint": 0, **event}) + "\n")


def test_a_failover_is_a_loss_restored_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    assert log.fail_overs() == []
    append(path, {"kind": "connected"}, {"kind": "lost"}, {"kind": "failing_over", "endpoint": 1})
    assert log.fail_overs() == []
    append(path, {"kind": "restored", "endpoint": 1, "value": 12})
    assert log.fail_overs() == [FailOver(1, 12)]
    append(path, {"kind": "returning"}, {"kind": "restored", "endpoint": 0, "value": 30})
    assert log.fail_overs() == []


def test_a_reconnect_is_no_failover(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    append(path, {"kind": "lost"}, {"kind": "restored", "value": 12})
    assert EventLog(path).fail_overs() == []


def test_a_loss_ends_with_its_life(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    append(path, {"kind": "lost"}, {"kind": "connected", "endpoint": 1})
    append(path, {"kind": "restored", "endpoint": 1, "value": 12})
    assert EventLog(path).fail_overs() == []


def test_where_it_streams_is_told_from_some_event_on(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    append(path, {"kind": "connected"}, {"kind": "lost"}, {"kind": "restored", "endpoint": 1})
    log.read()
    assert log.streams(0, 0)
    assert log.streams(1, 1)
    assert not log.streams(0, 1)


def test_half_a_line_is_read_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    append(path, {"kind": "damaged", "value": 4})
    with path.open("a") as file:
        file.write('{"kind": "damaged", ')
    log.read()
    assert log.count("damaged") == 1
    with path.open("a") as file:
        file.write('"value": 3, "endpoint": 0}\n')
    log.read()
    assert log.count("damaged") == 2
    assert log.total("damaged") == 7
