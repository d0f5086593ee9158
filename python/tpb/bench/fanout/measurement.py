"""The measurements of one run: the fan-out, a reader that stops reading, and the direct streams."""

import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tpb.bench import machine
from tpb.bench.fanout import direct, processes
from tpb.bench.fanout.load import (
    TENANT,
    Load,
    Meter,
    Progress,
    bytes_per_client,
    gateway_process,
    seldom,
)
from tpb.bench.fanout.subscribers import TIMEFRAMES, Arrivals, Subscriber, upgrade
from tpb.bench.fanout.swarm import Swarm
from tpb.bench.fanout.ticking import Uploader
from tpb.bench.fanout.websocket import address_of
from tpb.feed.problem import FeedError
from tpb.gateway.runner import GatewayProcess

# Before anything is measured: connections grow their buffers, and Python its caches.
_WARM_UP_S = 2.0
# The last message is waited for so long.
_PATIENCE_S = 15.0
# Pro may have ten symbols; both tiers take part where both may.
_PRO_SYMBOLS = 10
_SLOW_USER = "slow"
# A small window, so that what is not read piles up in the gateway and not in the system.
_SLOW_BUFFER_BYTES = 4096


@dataclass(frozen=True)
class Delivery:
    """What the subscribers got of the ticks of some seconds.

    Latency is from the call that sent a tick to the arrival at the client, both in this process.
    """

    seconds: float
    ticks: int
    messages: int
    messages_per_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    cut: int  # subscribers that are not connected any more
    conflated: int  # messages left out because a newer one of the same symbol was there
    repeated: int  # messages that came twice: none should
    gateway_cpu: float | None
    load_cpu: float
    load_busy: float
    load_turn_p99_ms: float  # a latency may be too long by so much: what the load took to notice
    load_late_ms: float  # the longest that a tick was sent after its moment
    saturated: bool  # the load itself was too busy to be sure of the latencies


@dataclass(frozen=True)
class SlowReader:
    """One more subscriber, which reads nothing for some seconds and then all there is."""

    seconds: float
    others_p99_ms_before: float
    others_p99_ms: float
    others_max_ms: float
    others_cut: int
    others_conflated: int
    cut: str | None  # why it was, if it was
    messages: int  # it got in the end, of those
    conflated: int  # these it did not get
    caught_up: bool  # the newest of each symbol was among them


@dataclass(frozen=True)
class Fanout:
    load: Load
    load_before: float | None  # of each processor, by all that runs here
    delivery: Delivery
    rss_bytes_per_client: int | None
    stored_ticks_per_s: float
    slow_reader: SlowReader | None
    direct: direct.Direct | None

    def document(self) -> dict[str, Any]:
        """As `--json` writes it."""
        found = asdict(self.load) | asdict(self.delivery)
        found |= {
            "rss_bytes_per_client": self.rss_bytes_per_client,
            "stored_ticks_per_s": self.stored_ticks_per_s,
            "load_per_processor_before": self.load_before,
            "slow_reader": None if self.slow_reader is None else asdict(self.slow_reader),
            "direct": None if self.direct is None else self.direct.document(),
        }
        return {name: _rounded(value) for name, value in found.items()}


def measure(load: Load, *, slow_s: float | None, with_direct: bool, progress: Progress) -> Fanout:
    """Raises FeedError where the gateway does not do what is measured.

    slow_s: how long one reader does not read; None: all do.
    """
    processes.allow_descriptors(load.clients)
    progress = seldom(progress)
    load_before = machine.load_per_processor()
    with gateway_process() as gateway:
        run = _Run(load, gateway, progress)
        try:
            before = run.prepare()
            delivery = run.deliver("Fan-out", load.seconds)
            after = processes.resident_bytes(gateway.pid)
            slow_reader = None if slow_s is None else run.with_slow_reader(slow_s, delivery)
        finally:
            run.close()
    return Fanout(
        load=load,
        load_before=load_before,
        delivery=delivery,
        rss_bytes_per_client=bytes_per_client(before, after, load.clients),
        stored_ticks_per_s=delivery.ticks / delivery.seconds,
        slow_reader=slow_reader,
        direct=direct.measure(load, progress) if with_direct else None,
    )


class _Run:
    """One gateway, one stream to it, and its subscribers."""

    def __init__(self, load: Load, gateway: GatewayProcess, progress: Progress) -> None:
        self._load = load
        self._gateway = gateway
        self._progress = progress
        self._address = address_of(gateway.endpoint)
        self._swarm = Swarm(self._address)
        self._uploader = Uploader(
            gateway.endpoint,
            gateway.token("uploader", TENANT),
            symbols=load.symbols,
            ticks_per_s=load.ticks_per_s,
            flush_ms=load.flush_ms,
        )
        self._arrivals = Arrivals(self._uploader.sent)
        self._subscribers = [
            self._subscriber(f"client-{number}", number, self._arrivals)
            for number in range(load.clients)
        ]
        self._slow: list[Subscriber] = []

    def prepare(self) -> int | None:
        """Connects all and lets them settle; returns the gateway's memory before."""
        self._uploader.connect()
        before = processes.resident_bytes(self._gateway.pid)
        self._swarm.open(self._subscribers, lambda done: self._progress("Subscribing", done))
        self._uploader.start()
        self._stream("Warming up", _WARM_UP_S)
        return before

    def deliver(self, name: str, seconds: float) -> Delivery:
        """Streams for so long and waits until all have the newest of each symbol."""
        first = len(self._uploader.sent)
        self._arrivals.begin(first)
        self._swarm.turns_ns.clear()
        self._uploader.start()
        meter = Meter(self._gateway, self._swarm)
        self._stream(name, seconds)
        self._uploader.send_last()
        cost = meter.read()
        alive = self._await_newest(first)
        latencies = self._arrivals.latencies_ns
        if not latencies:
            raise _nothing_arrived(self._subscribers)
        ticks = len(self._uploader.sent) - first
        received = self._arrivals.receivers()
        p50, p99, longest = _percentiles_ms(latencies)
        return Delivery(
            seconds=cost.seconds,
            ticks=ticks,
            messages=len(latencies),
            messages_per_s=len(latencies) / cost.seconds,
            p50_ms=p50,
            p99_ms=p99,
            max_ms=longest,
            cut=len(self._subscribers) - alive,
            conflated=sum(max(0, alive - received[first + each]) for each in range(ticks)),
            repeated=sum(max(0, count - self._load.clients) for count in received.values()),
            gateway_cpu=cost.gateway_cpu,
            load_cpu=cost.load_cpu,
            load_busy=cost.load_busy,
            load_turn_p99_ms=float(np.percentile(self._swarm.turns_ns, 99)) / 1e6,
            load_late_ms=self._uploader.late_s * 1e3,
            saturated=cost.saturated,
        )

    def with_slow_reader(self, seconds: float, before: Delivery) -> SlowReader:
        arrivals = Arrivals(self._uploader.sent)
        slow = self._subscriber(_SLOW_USER, 0, arrivals)
        self._slow = [slow]
        self._uploader.start()
        self._swarm.open(
            self._slow,
            receive_buffer=_SLOW_BUFFER_BYTES,
            meanwhile=self._uploader.send_due,
        )
        self._swarm.pause(slow)
        first = len(self._uploader.sent)
        arrivals.begin(first)
        others = self.deliver("One does not read", seconds)
        ticks = len(self._uploader.sent) - first
        self._swarm.resume(slow)
        caught_up = self._read_up(slow, arrivals)
        messages = len(arrivals.latencies_ns)
        return SlowReader(
            seconds=others.seconds,
            others_p99_ms_before=before.p99_ms,
            others_p99_ms=others.p99_ms,
            others_max_ms=others.max_ms,
            others_cut=others.cut,
            others_conflated=others.conflated,
            cut=slow.end_reason,
            messages=messages,
            conflated=ticks - messages,
            caught_up=caught_up,
        )

    def close(self) -> None:
        self._swarm.close([*self._subscribers, *self._slow])
        self._uploader.session.close(0.0)

    def _subscriber(self, user: str, number: int, arrivals: Arrivals) -> Subscriber:
        pro = self._load.symbols <= _PRO_SYMBOLS and number // len(TIMEFRAMES) % 2 == 0
        token = self._gateway.token(user, TENANT, "pro" if pro else "enterprise")
        return Subscriber(
            self._swarm,
            arrivals,
            upgrade(self._address, token, user),
            symbols=self._load.symbols,
            timeframe=TIMEFRAMES[number % len(TIMEFRAMES)],
        )

    def _stream(self, name: str, seconds: float) -> None:
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < seconds:
            self._swarm.turn(min(self._uploader.send_due(), seconds - passed))
            self._progress(name, passed / seconds)

    def _await_newest(self, first: int) -> int:
        """Tells how many subscribers are left; all of them have the newest of each symbol."""
        newest = range(len(self._uploader.sent) - self._load.symbols, len(self._uploader.sent))

        def missing() -> int:
            received = self._arrivals.receivers()
            alive = sum(each.alive for each in self._subscribers)
            return max(alive - received[number] for number in newest)

        if not self._turn_until(lambda: missing() <= 0):
            raise FeedError(
                f"{missing():,} subscribers did not get the newest price.",
                f"It had not come {_PATIENCE_S:.0f} s after it was sent.",
                "Take fewer with --clients, or see the gateway's log.",
            )
        return sum(each.alive for each in self._subscribers)

    def _read_up(self, slow: Subscriber, arrivals: Arrivals) -> bool:
        sent = len(self._uploader.sent)
        newest = range(sent - self._load.symbols, sent)

        def done() -> bool:
            received = arrivals.receivers()
            return not slow.alive or all(received[number] for number in newest)

        self._turn_until(done)
        return slow.alive and done()

    def _turn_until(self, done: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + _PATIENCE_S
        while not done():
            if time.monotonic() > deadline:
                return False
            self._swarm.turn(0.1)
        return True


def _percentiles_ms(latencies_ns: "array[int]") -> Sequence[float]:
    found: Sequence[float] = (np.percentile(latencies_ns, [50, 99, 100]) / 1e6).tolist()
    return found


def _nothing_arrived(subscribers: Sequence[Subscriber]) -> FeedError:
    reasons = {each.end_reason for each in subscribers} - {None}
    return FeedError(
        "No subscriber got a message.",
        f"Their connections: {', '.join(map(str, reasons)) or 'open'}.",
        "See the gateway's log.",
    )


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return round(value, 3) if isinstance(value, float) else value
