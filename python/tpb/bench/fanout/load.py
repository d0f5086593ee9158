"""What the load is, the gateway it is put on, and what both cost meanwhile."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tpb.bench.fanout import processes
from tpb.bench.fanout.swarm import Swarm
from tpb.gateway.runner import GatewayProcess

TENANT = "bench"
# Beyond this the load itself may be what is slow.
SATURATED = 0.9
# Told what is being done, and how much of it is.
Progress = Callable[[str, float], None]
_TOLD_EVERY_S = 0.2


@dataclass(frozen=True)
class Load:
    clients: int
    symbols: int
    ticks_per_s: float  # of each symbol
    seconds: float
    flush_ms: int


@dataclass(frozen=True)
class Cost:
    """Of some seconds. A processor used all the time is 1."""

    seconds: float
    gateway_cpu: float | None
    load_cpu: float
    load_busy: float  # how much of the time the load did not wait for anything

    @property
    def saturated(self) -> bool:
        return self.load_busy > SATURATED


class Meter:
    """Runs from when it is made."""

    def __init__(self, gateway: GatewayProcess, swarm: Swarm) -> None:
        self._gateway = gateway
        self._swarm = swarm
        self._begun = self._now()
        self.begun_s = time.monotonic()

    def read(self) -> Cost:
        gateway, load, waited_s, clock = self._begun
        gateway_now, load_now, waited_now_s, now = self._now()
        seconds = now - clock
        used = None if gateway is None or gateway_now is None else gateway_now - gateway
        return Cost(
            seconds=seconds,
            gateway_cpu=None if used is None else used / seconds,
            load_cpu=(load_now - load) / seconds,
            load_busy=1.0 - (waited_now_s - waited_s) / seconds,
        )

    def _now(self) -> tuple[float | None, float, float, float]:
        return (
            processes.processor_s(self._gateway.pid),
            time.process_time(),
            self._swarm.waited_s,
            time.monotonic(),
        )


@contextmanager
def gateway_process() -> Iterator[GatewayProcess]:
    """An own gateway, in a process of its own, which goes at the end of the `with`."""
    with tempfile.TemporaryDirectory(prefix="tpb-fanout-") as name:
        folder = Path(name)
        gateway = GatewayProcess(folder / "ticks.db", secret_file=folder / "jwt-secret")
        gateway.start()
        try:
            yield gateway
        finally:
            gateway.kill()  # what it has stored goes with it


def bytes_per_client(before: int | None, after: int | None, clients: int) -> int | None:
    return None if before is None or after is None else round((after - before) / clients)


def seldom(progress: Progress) -> Progress:
    """A progress that may be told at every turn and costs the load nothing."""
    told, due = "", 0.0

    def tell(name: str, done: float) -> None:
        nonlocal told, due
        now = time.monotonic()
        if name != told or now >= due:
            told, due = name, now + _TOLD_EVERY_S
            progress(name, done)

    return tell
