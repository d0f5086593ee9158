"""What a replay came to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tpb.feed.receipt import Receipt
from tpb.feed.verification import Verdict

NOT_OURS = (
    "the gateway is not ours: its acknowledgements say what it stored, its database was not read"
)


@dataclass(frozen=True)
class Summary:
    path: str
    endpoint: str
    ticks_in: int
    receipt: Receipt
    verdict: Verdict | None  # None: the gateway's store is not ours to read
    elapsed_s: float
    skipped: Mapping[str, int]
    backwards: int
    connections_cut: int

    @property
    def ok(self) -> bool:
        """Everything put in was accepted, acknowledged, and stored once and unaltered."""
        everything = self.receipt.ticks_accepted == self.ticks_in and self.receipt.settled
        return everything and (self.verdict is None or self._all_stored(self.verdict))

    def _all_stored(self, verdict: Verdict) -> bool:
        return verdict.clean and verdict.ticks_stored == self.ticks_in

    @property
    def verified(self) -> str:
        """How ticks_stored was come by, or why it was not."""
        if self.verdict is None:
            return NOT_OURS
        return self.verdict.first_fault or "every field compared with the gateway's database"

    def document(self) -> dict[str, Any]:
        """As `--json` writes it. The order of the keys is part of it."""
        receipt, verdict = self.receipt, self.verdict
        return {
            "path": self.path,
            "ticks_in": self.ticks_in,
            "ticks_accepted": receipt.ticks_accepted,
            "ticks_refused": receipt.ticks_refused,
            "ticks_acknowledged": receipt.ticks_acknowledged,
            "ticks_stored": verdict and verdict.ticks_stored,
            "lost": verdict and verdict.lost,
            "duplicates": verdict and verdict.duplicates,
            "bytes_per_tick": round(receipt.bytes_per_tick, 2),
            "latency_us": {
                "p50": receipt.latency_p50_us,
                "p99": receipt.latency_p99_us,
                "max": receipt.latency_max_us,
            },
            "elapsed_s": round(self.elapsed_s, 3),
            "reconnects": receipt.reconnects,
            "altered": verdict and verdict.altered,
            "verified": self.verified,
            "ticks_per_s": round(self.ticks_in / self.elapsed_s, 1) if self.elapsed_s else 0.0,
            "connections_cut": self.connections_cut,
            "lines_skipped": dict(self.skipped),
            "backwards": self.backwards,
            "endpoint": self.endpoint,
            "session_id": receipt.session_id,
            "best_effort": receipt.best_effort,
            "problem": receipt.problem_text,
        }
