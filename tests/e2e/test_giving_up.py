"""outbox_full=drop_oldest: every gateway knows what was dropped as given up, and nothing else."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import tpb
from tpb.testing.gateway import GatewayFixture, GatewayPair
from tpb.testing.ticks import made_up

_BATCH = 5
_SMALL = 65536
_FILLING = 8000  # ticks that the smallest outbox of either kind does not hold

Wait = Callable[..., Any]


def settings(gateway: GatewayFixture, journal: Path | None) -> dict[str, Any]:
    limits: dict[str, Any] = {"outbox_bytes": _SMALL}
    if journal is not None:
        limits = {"outbox_bytes": 4 * _SMALL, "journal_segment_bytes": _SMALL, "journal": journal}
    return {
        "endpoint": gateway.endpoint,
        "token": gateway.token(),
        "outbox_full": "drop_oldest",
        "batch_ticks": _BATCH,
        "backoff_min_ms": 10,
        "backoff_max_ms": 100,
        **limits,
    }


def gaps(gateway: GatewayFixture) -> dict[str, set[int]]:
    """The batches that are missing, by reason."""
    found: dict[str, set[int]] = {}
    with closing(sqlite3.connect(gateway.store_path)) as database:
        rows = database.execute(
            "SELECT expected, received, reason FROM gaps UNION ALL"
            " SELECT first, last + 1, 'handed_over' FROM handovers"
        )
        for first, beyond, reason in rows:
            found.setdefault(reason, set()).update(range(first, beyond))
    return found


def batches(gateway: GatewayFixture) -> set[int]:
    return {batch.batch_sequence for batch in gateway.batches()}


def overfill(session: tpb.Session, gateway: GatewayFixture, wait_until: Wait) -> None:
    """Sends more than the outbox holds while there is no gateway."""
    gateway.stop()
    wait_until(session.status, lambda status: status.state_name != "connected")
    before = session.status().ticks_dropped
    for begin in range(0, _FILLING, 100):
        session.send("EURUSD", made_up(_FILLING)[begin : begin + 100])
    assert session.status().ticks_dropped > before


@pytest.mark.parametrize("durable", [False, True], ids=["memory", "journal"])
def test_what_is_dropped_in_an_outage(
    gateway: GatewayFixture, tmp_path: Path, wait_until: Wait, durable: bool
) -> None:
    where = settings(gateway, tmp_path / "journal" if durable else None)
    with tpb.Session(**where) as session:
        session.send("EURUSD", made_up(100))
        assert session.drain(30)
        overfill(session, gateway, wait_until)
        gateway.start()
        assert session.drain(30)
        status = session.status()
    missing = set(range(1, status.batches_closed + 1)) - batches(gateway)
    assert len(missing) * _BATCH == status.ticks_dropped
    assert gaps(gateway) == {"given_up": missing}


def test_it_is_known_to_the_next_life(
    gateway: GatewayFixture, tmp_path: Path, wait_until: Wait
) -> None:
    where = settings(gateway, tmp_path / "journal")
    with tpb.Session(**where) as session:
        session.send("EURUSD", made_up(100))
        assert session.drain(30)
        overfill(session, gateway, wait_until)
        dropped = session.status().ticks_dropped
        session.close(0.0)
    gateway.start()
    with tpb.Session(**where) as session:
        assert session.drain(30)
        closed = session.status().batches_closed
    missing = set(range(1, closed + 1)) - batches(gateway)
    assert len(missing) * _BATCH == dropped
    assert gaps(gateway) == {"given_up": missing}


def test_the_backup_learns_of_all_of_it(gateway_pair: GatewayPair, wait_until: Wait) -> None:
    """Of two outages, and apart from what the primary has."""
    primary, backup = gateway_pair
    with tpb.Session(
        **settings(primary, None), backup_endpoint=backup.endpoint, return_after_ms=3_600_000
    ) as session:
        backup.stop()
        for _ in range(2):
            overfill(session, primary, wait_until)
            primary.start()
            assert session.drain(30)
        name = session.status().session_id
        primary.stop()
        backup.start()
        wait_until(session.status, lambda s: s.endpoint == 1 and s.state_name == "connected")
        session.send("EURUSD", made_up(100))
        assert session.drain(30)
        closed = session.status().batches_closed
    stored = {batch.batch_sequence for batch in primary.batches(session=name)}
    missing = set(range(1, closed + 1)) - stored - batches(backup)
    assert gaps(primary) == {"given_up": missing}
    assert gaps(backup) == {"given_up": missing, "handed_over": stored}
