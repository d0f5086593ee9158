"""An outage: what a journal takes while there is no gateway, and how fast it drains afterwards."""

import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tpb
from tpb.feed.problem import FeedError
from tpb.gateway.runner import GatewayProcess

SYMBOLS = 100
LIVE_TICKS_PER_S = 500  # 100 symbols, 5 ticks a second each
DAY_TICKS = 24 * 3600 * LIVE_TICKS_PER_S
_CALL_TICKS = 5
_PATIENCE_S = 60.0
_START_MSC = 1_700_000_000_000


@dataclass(frozen=True)
class Outage:
    """Times of calls are those of the sender, in nanoseconds."""

    ticks: int
    journal_bytes: int
    fill_ticks_per_s: float
    drain_ticks_per_s: float
    drain_times_live_rate: float
    live_calls_while_draining: int
    live_call_p50_ns: int
    live_call_p99_ns: int
    stored: int

    def document(self) -> dict[str, Any]:
        return asdict(self)


def measure(ticks: int, progress: Callable[[str, float], None]) -> Outage:
    """Accepts so many ticks without a gateway, then starts one and waits until it has them all.

    Raises FeedError where it does not get them.
    """
    with tempfile.TemporaryDirectory(prefix="tpb-outage-") as name:
        folder = Path(name)
        gateway = GatewayProcess(
            folder / "ticks.db",
            secret_file=folder / "jwt-secret",
            tls_dir=None,
            host="127.0.0.1",
            port=0,
        )
        gateway.start()
        endpoint, token = gateway.endpoint, gateway.token()
        gateway.stop()
        with tpb.Session(
            endpoint, token, journal=folder / "journal", backoff_max_ms=100, backoff_min_ms=10
        ) as session:
            filling = _fill(session, ticks, progress)
            journal_bytes = session.status().journal_bytes
            gateway.start()
            try:
                draining, calls = _drain(session, ticks, progress)
            finally:
                gateway.stop()
            accepted = session.status().ticks_accepted
        stored = _stored(gateway.store_path)
    if stored != accepted:
        raise FeedError(
            f"{accepted:,} ticks were accepted and {stored:,} stored.",
            "The outbox did not drain whole.",
            "Please report it, with this command.",
        )
    rate = ticks / draining
    return Outage(
        ticks=ticks,
        journal_bytes=journal_bytes,
        fill_ticks_per_s=round(ticks / filling, 1),
        drain_ticks_per_s=round(rate, 1),
        drain_times_live_rate=round(rate / LIVE_TICKS_PER_S, 1),
        live_calls_while_draining=len(calls),
        live_call_p50_ns=int(np.percentile(calls, 50)),
        live_call_p99_ns=int(np.percentile(calls, 99)),
        stored=stored,
    )


def _call(number: int) -> tuple[str, NDArray[np.void]]:
    """The ticks of one call: those of a second of one symbol."""
    ticks = np.zeros(_CALL_TICKS, dtype=tpb.TICK_DTYPE)
    second, symbol = divmod(number, SYMBOLS)
    ticks["time_msc"] = _START_MSC + 1000 * second + np.arange(0, 1000, 1000 // _CALL_TICKS)
    ticks["time"] = ticks["time_msc"] // 1000
    ticks["bid"] = 1.1 + 1e-5 * (number % 997)
    ticks["ask"] = ticks["bid"] + 1e-4
    ticks["flags"] = 6
    return f"SYMBOL{symbol:02}", ticks


def _fill(session: tpb.Session, ticks: int, progress: Callable[[str, float], None]) -> float:
    calls = ticks // _CALL_TICKS
    begin = time.monotonic()
    for number in range(calls):
        session.send(*_call(number))
        if number % 4096 == 0:
            progress("Outage", number / calls)
    return time.monotonic() - begin


def _drain(
    session: tpb.Session, ticks: int, progress: Callable[[str, float], None]
) -> tuple[float, list[int]]:
    """Live ticks go on meanwhile, at their rate."""
    status = session.status()
    while status.state_name != "connected":
        time.sleep(0.001)
        status = session.status()
    begin = moved = time.monotonic()
    number, calls, newest = ticks // _CALL_TICKS, list[int](), -1
    while (acknowledged := session.status().ticks_acknowledged) < ticks:
        now = time.monotonic()
        if acknowledged != newest:
            newest, moved = acknowledged, now
        if now - moved > _PATIENCE_S:
            raise FeedError(
                "Draining stands still.",
                session.last_error or "Nothing was acknowledged for a minute.",
                "Look at the gateway's log.",
            )
        call = _call(number)
        before = time.perf_counter_ns()
        session.send(*call)
        calls.append(time.perf_counter_ns() - before)
        number += 1
        progress("Draining", acknowledged / ticks)
        time.sleep(_CALL_TICKS / LIVE_TICKS_PER_S)
    elapsed = time.monotonic() - begin
    session.drain(_PATIENCE_S)
    return elapsed, calls


def _stored(store: Path) -> int:
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as database:
        (ticks,) = database.execute("SELECT total(ticks) FROM batches").fetchone()
    return int(ticks)
