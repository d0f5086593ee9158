"""Many runs, several at a time, and the figures over all of them."""

import asyncio
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tpb.faults import shim
from tpb.faults.run import Result, Tools, play
from tpb.faults.sanitizer import Instrumented, Sanitizer, instrumented
from tpb.faults.schedule import draw
from tpb.faults.zygote import GATEWAY, SENDER, Zygote
from tpb.native import build, checkout

DEFAULT_DLL_SHARE = 0.02


@dataclass(frozen=True)
class Order:
    """Which runs are to be played."""

    seed: int
    runs: tuple[int, ...]
    jobs: int = 2
    dll_share: float = DEFAULT_DLL_SHARE
    sanitizer: Sanitizer | None = None  # over the senders; the DLL knows none

    def replay(self, run: int) -> str:
        """The command that plays one of them again."""
        options = "" if self.dll_share == DEFAULT_DLL_SHARE else f" --dll-share {self.dll_share:g}"
        if self.sanitizer:
            options = f" --sanitize {self.sanitizer}"
        return f"./dev faults --seed {self.seed} --run {run}{options}"


@dataclass
class Summary:
    order: Order
    runs: int = 0
    ticks: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    altered: int = 0
    destroyed_reported: int = 0
    dropped_reported: int = 0
    lives: int = 0
    through_dll: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    reported: Counter[str] = field(default_factory=Counter)
    failover_ms: list[int] = field(default_factory=list)
    failed: list[Result] = field(default_factory=list)
    elapsed_s: float = 0.0

    @property
    def passed(self) -> bool:
        return not self.failed

    def add(self, result: Result) -> None:
        self.runs += 1
        self.ticks += result.ticks
        self.lost += result.lost
        self.duplicated += result.duplicated
        self.reordered += result.reordered
        self.altered += result.altered
        self.destroyed_reported += result.destroyed_reported
        self.dropped_reported += result.dropped_reported
        self.lives += result.lives
        self.through_dll += result.schedule.through_dll
        self.faults.update(result.faults)
        self.reported.update(result.reported)
        self.failover_ms += result.failover_ms
        if not result.passed:
            self.failed.append(result)

    def document(self) -> dict[str, Any]:
        return {
            "seed": self.order.seed,
            "runs": self.runs,
            "failed_runs": len(self.failed),
            "through_dll": self.through_dll,
            "sanitizer": self.order.sanitizer,
            "ticks": self.ticks,
            "lost": self.lost,
            "duplicated": self.duplicated,
            "reordered": self.reordered,
            "altered": self.altered,
            "destroyed_reported": self.destroyed_reported,
            "dropped_reported": self.dropped_reported,
            "sender_lives": self.lives,
            "faults": dict(sorted(self.faults.items())),
            "reported": dict(sorted(self.reported.items())),
            "failover_ms": {
                "count": len(self.failover_ms),
                "p50": percentile(self.failover_ms, 50),
                "p99": percentile(self.failover_ms, 99),
                "max": max(self.failover_ms, default=None),
            },
            "failed": [
                {
                    "seed": self.order.seed,
                    "run": result.schedule.run,
                    "replay": self.order.replay(result.schedule.run),
                    "diagnosis": result.diagnosis,
                    "schedule": result.schedule.document(),
                }
                for result in self.failed
            ],
            "elapsed_s": round(self.elapsed_s, 1),
        }


def percentile(values: list[int], percent: int) -> int | None:
    """The smallest value that so many percent do not exceed; None without values."""
    ordered = sorted(values)
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else None


def played(
    order: Order, dll_build: Path | None = None, sender_role: str = SENDER
) -> Iterator[Result]:
    """The results, as they come. Closing it ends what still runs.

    dll_build: the folder of the DLL and its host; default: the tree's.
    sender_role: the module that plays the senders.
    """
    library = shim.built(checkout.root() / "cpp/faults/shim.c", checkout.root() / "build/faults")
    pool = ProcessPoolExecutor(
        order.jobs,
        mp_context=get_context("spawn"),
        initializer=_prepare,
        initargs=(
            sender_role,
            library,
            _watched_by(order.sanitizer),
            dll_build or checkout.root() / "build/windows-x64",
        ),
    )
    try:
        waiting: list[Future[Result]] = [
            pool.submit(_play, order.seed, run, order.dll_share) for run in order.runs
        ]
        for done in as_completed(waiting):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _watched_by(sanitizer: Sanitizer | None) -> Instrumented | None:
    if sanitizer is None:
        return None
    return instrumented(sanitizer, build.module(checkout.root() / "build" / sanitizer.target))


# ---- In a process of the pool --------------------------------------------------------------------

_tools: Tools | None = None


def _prepare(
    sender_role: str, library: Path, watched: Instrumented | None, dll_build: Path
) -> None:
    global _tools
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the harness, which then ends us
    _tools = Tools(Zygote(sender_role, library, watched), Zygote(GATEWAY), dll_build)


def _play(seed: int, run: int, dll_share: float) -> Result:
    assert _tools
    return asyncio.run(play(draw(seed, run, dll_share), _tools))
