"""Loopback, clock and secrets, as the doctor sees them."""

import os
import socket
from pathlib import Path

import pytest

from tpb.doctor.finding import State
from tpb.doctor.machine import clock, loopback, secrets

NOW = 1_800_000_000.0


def test_a_port_of_this_machine_can_be_opened() -> None:
    (found,) = loopback()
    assert found.state is State.OK


def test_a_network_that_is_shut_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket, "create_server", refuse)
    (found,) = loopback()
    assert found.state is State.WRONG
    assert found.cure


def test_a_clock_before_the_programs_own_time_is_wrong() -> None:
    (late,) = clock(NOW, built=NOW - 1e7)
    (early,) = clock(NOW, built=NOW + 1e7)
    assert (late.state, early.state) == (State.OK, State.WRONG)
    assert early.cure


@pytest.mark.skipif(os.name != "posix", reason="modes as POSIX has them")
def test_a_secret_that_others_may_read_is_wrong(tmp_path: Path) -> None:
    safe, shared, missing = (tmp_path / name for name in ("safe", "shared", "missing"))
    for file, mode in ((safe, 0o600), (shared, 0o640)):
        file.write_text("hush", encoding="ascii")
        file.chmod(mode)
    findings = list(secrets([safe, shared, missing]))
    assert [each.state for each in findings] == [State.OK, State.WRONG, State.OK]
    assert findings[1].cure == f"chmod 600 {shared}"
    assert not any("hush" in each.detail for each in findings)
