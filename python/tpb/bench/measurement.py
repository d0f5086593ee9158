"""The measurements of one run, in the order in which they are made."""

from dataclasses import dataclass, field
from typing import Any

from tpb.bench import json_encoding, machine
from tpb.bench.program import Program
from tpb.bench.recording import Recording
from tpb.feed.chunks import first
from tpb.feed.destination import own_gateway
from tpb.feed.paths import PathName, open_sender
from tpb.feed.problem import FeedError
from tpb.feed.replay import Replay

# One frame: its ticks and its bytes stay in a processor's cache, as those of a live batch do.
ENCODED_TICKS = 1000
# Single calls are made with other ticks each time.
_SENT_TICKS = 10_000
_REPLAYS = 2

Figures = dict[str, float]


@dataclass
class Measurement:
    """Fills with figures; what has not been measured is empty."""

    program: Program
    recording: Recording
    load_before: float | None = field(default_factory=machine.load_per_processor)
    encode_ns_per_tick: Figures = field(default_factory=dict)
    bytes_per_tick: Figures = field(default_factory=dict)
    sending: dict[str, Any] = field(default_factory=dict)
    replay_ticks_per_s: dict[PathName, int] = field(default_factory=dict)

    @property
    def disturbed(self) -> bool:
        """Others kept the machine busy: times are too long then."""
        return machine.is_disturbed(self.load_before)

    @property
    def encoded_ticks(self) -> int:
        return min(self.recording.ticks, ENCODED_TICKS)

    def encoding(self) -> None:
        """The direct writer, libprotobuf and JSON: time and size a tick."""
        chunks = list(first(self.recording.chunks(), ENCODED_TICKS))
        native = self.program.encode(chunks)
        python = json_encoding.measure(chunks)
        self.encode_ns_per_tick = native["ns_per_tick"] | {
            "json_orjson": python.ns_per_tick,
            "json_orjson_serialise_only": python.serialise_ns_per_tick,
        }
        self.bytes_per_tick = native["bytes_per_tick"] | {"json_orjson": python.bytes_per_tick}

    def calls(self) -> None:
        """Single calls of SendTickBatch, while a gateway takes what they send."""
        chunks = list(first(self.recording.chunks(), _SENT_TICKS))
        with own_gateway(tls=False) as gateway:
            self.sending = self.program.send(chunks, gateway.endpoint, gateway.token)

    def throughput(self, path: PathName) -> None:
        """Ticks a second from the first call to the last acknowledgement; the best of a few."""
        polled = self.recording.as_polled()
        least_s = min(_replayed_in(polled, path) for _ in range(_REPLAYS))
        self.replay_ticks_per_s[path] = round(polled.ticks / least_s)

    def document(self) -> dict[str, Any]:
        """As `--json` writes it."""
        back_to_back = self.sending.get("back_to_back_ns", {})
        return {
            "encode_ns_per_tick": _rounded(self.encode_ns_per_tick),
            "bytes_per_tick": _rounded(self.bytes_per_tick),
            "send_tick_batch_ns": {"p50": back_to_back.get("p50"), "p99": back_to_back.get("p99")},
            "replay_ticks_per_s": {
                path.value: self.replay_ticks_per_s.get(path) for path in PathName
            },
            "send_tick_batch": self.sending,
            "ticks": {
                "source": self.recording.name,
                "encoded": self.encoded_ticks,
                "replayed": self.recording.ticks,
            },
            "load_per_processor_before": self.load_before,
        }


def _replayed_in(recording: Recording, path: PathName) -> float:
    with own_gateway(tls=False) as gateway, open_sender(path, gateway) as sender:
        summary = Replay(recording, gateway, sender).run()
    if not summary.ok:
        raise FeedError(
            f"The replay by path {path} did not arrive whole.",
            summary.verified,
            "A speed without the ticks is none: see `tpb replay`.",
        )
    return summary.elapsed_s


def _rounded(figures: Figures) -> Figures:
    return {name: round(value, 2) for name, value in figures.items()}
