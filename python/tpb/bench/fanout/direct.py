"""What one stream and a fan-out replace: every client streams all the symbols up by itself."""

import time
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tpb.bench.fanout import processes
from tpb.bench.fanout.load import (
    TENANT,
    Load,
    Meter,
    Progress,
    bytes_per_client,
    gateway_process,
)
from tpb.bench.fanout.swarm import Peer, Swarm
from tpb.bench.fanout.ticking import SYMBOLS
from tpb.bench.fanout.websocket import (
    BINARY,
    address_of,
    client_frame,
    split,
    upgrade_request,
)
from tpb.wire.tpb.stream_control_pb2 import StreamControl
from tpb.wire.trading.market_data_pb2 import MarketDataStream

PATH = "/ws/mt5"
SUBPROTOCOL = "tpb.ack.v1"
BATCH_TICKS = 5
_BID, _ASK = 1.1, 1.1001
# What had piled up is not waited for longer than this.
_DRAIN_S = 20.0
# A gateway that keeps up is behind by less than this.
_KEPT_UP_S = 1.0
# Batches handed to sockets before acknowledgements have their turn.
_BATCHES_A_TURN = 256
_KNOWN_ACKNOWLEDGEMENTS = 10_000


@dataclass(frozen=True)
class Direct:
    """Latency is from the moment a batch was due at its client to its acknowledgement."""

    connections: int
    seconds: float
    offered_ticks_per_s: float
    stored_ticks_per_s: float  # and acknowledged, while they were offered
    backlog_ticks: int  # offered and not acknowledged when the time was over
    drain_s: float | None  # until the backlog was; None: longer than was waited
    p50_ms: float
    p99_ms: float
    max_ms: float
    cut: int
    gateway_cpu: float | None
    load_cpu: float
    load_busy: float
    rss_bytes_per_client: int | None

    @property
    def sustained(self) -> bool:
        """The gateway kept up with what was offered."""
        return self.backlog_ticks < self.offered_ticks_per_s * _KEPT_UP_S

    @property
    def carried(self) -> int:
        """So many of the streams' ticks were stored at their pace."""
        share = self.stored_ticks_per_s / self.offered_ticks_per_s
        return self.connections if self.sustained else round(self.connections * share)

    def document(self) -> dict[str, Any]:
        return asdict(self) | {"sustained": self.sustained, "carried": self.carried}


class Batches:
    """The batches of every client: all stream the same ticks, each in a session of its own.

    A batch is encoded when it is first due, once for all.
    """

    def __init__(self, symbols: int, ticks_per_s: float) -> None:
        self._symbols = SYMBOLS[:symbols]
        self.every_ns = round(1e9 * BATCH_TICKS / (symbols * ticks_per_s))
        self._frames: list[bytes] = []
        self._acknowledged: dict[bytes, int] = {}

    def frame(self, number: int) -> bytes:
        """Of batch number 0, 1, ...; its batch_sequence is one more."""
        while len(self._frames) <= number:
            self._frames.append(client_frame(self._encoded(len(self._frames))))
        return self._frames[number]

    def acknowledged(self, payload: bytes) -> int:
        """How many batches a control frame tells to be stored; 0: it tells something else."""
        known = self._acknowledged.get(payload)
        if known is None:
            if len(self._acknowledged) >= _KNOWN_ACKNOWLEDGEMENTS:
                self._acknowledged.clear()
            known = StreamControl.FromString(payload).ack.batch_sequence
            self._acknowledged[payload] = known
        return known

    def _encoded(self, number: int) -> bytes:
        now_msc = time.time_ns() // 1_000_000
        batch = MarketDataStream(
            source="MT5",
            batch_sequence=number + 1,
            batch_time=now_msc // 1000,
            batch_time_msc=now_msc,
            tenant_id=TENANT,
        )
        for at in range(number * BATCH_TICKS, (number + 1) * BATCH_TICKS):
            rounds, symbol = divmod(at, len(self._symbols))
            batch.ticks.add(
                symbol=self._symbols[symbol],
                bid=_BID + 1e-5 * (at % 97),
                ask=_ASK + 1e-5 * (at % 97),
                time=now_msc // 1000,
                time_msc=now_msc,
                flags=6,
                tenant_id=TENANT,
                sequence_number=rounds + 1,
                source="MT5",
                spread=_ASK - _BID,
            )
        return batch.SerializeToString()


class Streamer(Peer):
    """One client: its batches go out as they are due, or as soon as the gateway reads again."""

    def __init__(
        self, swarm: Swarm, batches: Batches, request: bytes, latencies: "array[int]"
    ) -> None:
        super().__init__(swarm, request)
        self._batches = batches
        self._latencies = latencies
        self._rest = b""
        self._sent = 0
        self.first_due_ns = 0
        self.due = 0  # batches made so far
        self.acknowledged = 0

    def send_due(self) -> None:
        """One more batch is due."""
        self.due += 1
        if self._sent == self.due - 1:
            self.room()

    def room(self) -> None:
        while self._sent < self.due and self.alive:
            self._sent += 1
            if not self.write(self._batches.frame(self._sent - 1)):
                return

    def received(self, at_ns: int, data: bytes) -> None:
        frames, self._rest = split(self._rest + data)
        for frame in frames:
            if frame.opcode == BINARY:
                self.ready = True
                self._settle(at_ns, self._batches.acknowledged(frame.payload))
        self.answer([frame for frame in frames if frame.opcode != BINARY])

    def _settle(self, at_ns: int, acknowledged: int) -> None:
        every_ns = self._batches.every_ns
        for number in range(self.acknowledged, acknowledged):
            self._latencies.append(at_ns - self.first_due_ns - number * every_ns)
        self.acknowledged = max(self.acknowledged, acknowledged)


def measure(load: Load, progress: Progress) -> Direct:
    with gateway_process() as gateway:
        address = address_of(gateway.endpoint)
        swarm, latencies = Swarm(address), array("q")
        batches = Batches(load.symbols, load.ticks_per_s)
        before = processes.resident_bytes(gateway.pid)
        streamers = [
            Streamer(
                swarm, batches, _upgrade(address, gateway.token(user, TENANT), user), latencies
            )
            for user in (f"direct-{number}" for number in range(load.clients))
        ]
        try:
            swarm.open(streamers, lambda done: progress("Direct: connecting", done))
            meter = Meter(gateway, swarm)
            _stream(swarm, streamers, batches, load.seconds, progress)
            cost = meter.read()
            offered = sum(each.due for each in streamers) * BATCH_TICKS
            stored = sum(each.acknowledged for each in streamers) * BATCH_TICKS
            after = processes.resident_bytes(gateway.pid)
            drain_s = _drain(swarm, streamers, progress)
            cut = sum(not each.alive for each in streamers)
        finally:
            swarm.close(streamers)
    p50, p99, longest = np.percentile(latencies, [50, 99, 100]) / 1e6
    return Direct(
        connections=load.clients,
        seconds=cost.seconds,
        offered_ticks_per_s=offered / cost.seconds,
        stored_ticks_per_s=stored / cost.seconds,
        backlog_ticks=offered - stored,
        drain_s=drain_s,
        p50_ms=p50,
        p99_ms=p99,
        max_ms=longest,
        cut=cut,
        gateway_cpu=cost.gateway_cpu,
        load_cpu=cost.load_cpu,
        load_busy=cost.load_busy,
        rss_bytes_per_client=bytes_per_client(before, after, load.clients),
    )


def _stream(
    swarm: Swarm,
    streamers: Sequence[Streamer],
    batches: Batches,
    seconds: float,
    progress: Progress,
) -> None:
    """Each client's batches are due in turn, so that all together are spread evenly."""
    begun_ns = time.monotonic_ns()
    apart_ns = batches.every_ns / len(streamers)
    for number, streamer in enumerate(streamers):
        streamer.first_due_ns = begun_ns + round(number * apart_ns)
    end_ns = begun_ns + round(seconds * 1e9)
    made = 0
    while (now_ns := time.monotonic_ns()) < end_ns:
        due = int((now_ns - begun_ns) / apart_ns) + 1
        upto = min(due, made + _BATCHES_A_TURN)
        while made < upto:
            streamers[made % len(streamers)].send_due()
            made += 1
        next_ns = begun_ns + round(made * apart_ns)
        swarm.turn((min(next_ns, end_ns) - time.monotonic_ns()) / 1e9)
        progress("Direct: streaming", (now_ns - begun_ns) / (end_ns - begun_ns))


def _drain(swarm: Swarm, streamers: Sequence[Streamer], progress: Progress) -> float | None:
    begun = time.monotonic()
    left = total = sum(each.due - each.acknowledged for each in streamers if each.alive)
    while left:
        if time.monotonic() - begun > _DRAIN_S:
            return None
        swarm.turn(0.1)
        left = sum(each.due - each.acknowledged for each in streamers if each.alive)
        progress("Direct: draining", 1 - left / total)
    return time.monotonic() - begun


def _upgrade(address: tuple[str, int], token: str, user: str) -> bytes:
    return upgrade_request(
        address,
        PATH,
        subprotocol=SUBPROTOCOL,
        headers={"Authorization": f"Bearer {token}", "x-user-id": user, "x-session-id": user},
    )
