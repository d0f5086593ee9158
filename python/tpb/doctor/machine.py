"""The machine: its loopback network, its clock, and who may read our secrets."""

import os
import socket
import stat
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from tpb.doctor.finding import Finding, State

_DAY_S = 86_400


def loopback() -> Iterable[Finding]:
    """A gateway for a demo or a test needs a free port of this machine, and to be reached there."""
    purpose = "tpb demo, tpb replay, the tests"
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(5)
            with socket.create_connection(server.getsockname(), timeout=5) as client:
                accepted, _ = server.accept()
                with accepted:
                    accepted.sendall(b"!")
                    heard = client.recv(1)
    except OSError as problem:
        yield Finding(
            "loopback port",
            State.WRONG,
            f"{problem}",
            purpose,
            "Let programs open ports on 127.0.0.1: look at the firewall or the sandbox.",
        )
        return
    yield Finding("loopback port", State.OK if heard else State.WRONG, "127.0.0.1", purpose)


def clock(now: float | None = None, *, built: float | None = None) -> Iterable[Finding]:
    """Tokens and certificates are judged by the clock; a dead battery shows as a date long past."""
    now = time.time() if now is None else now
    built = Path(__file__).stat().st_mtime if built is None else built
    shown = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    purpose = "tokens and certificates"
    if now < built - _DAY_S:
        yield Finding(
            "clock",
            State.WRONG,
            f"{shown}: before this program was installed",
            purpose,
            "Set the clock: `timedatectl set-ntp true`.",
        )
    else:
        yield Finding("clock", State.OK, shown, purpose)


def secrets(files: Iterable[Path]) -> Iterator[Finding]:
    """Files that hold keys: for their owner alone. One that is not there yet is no fault."""
    purpose = "tokens and TLS keys that nobody else reads"
    for file in files:
        name = f"secret {file.name}"
        try:
            status = file.stat()
        except FileNotFoundError:
            yield Finding(name, State.OK, f"{file}: not made yet", purpose)
            continue
        except OSError as problem:
            yield Finding(name, State.WRONG, f"{file}: {problem}", purpose, f"chmod 600 {file}")
            continue
        mode = stat.S_IMODE(status.st_mode)
        open_to_others = os.name == "posix" and mode & 0o077
        yield Finding(
            name,
            State.WRONG if open_to_others else State.OK,
            f"{file}, mode {mode:04o}",
            purpose,
            f"chmod 600 {file}" if open_to_others else "",
        )
