"""The ways ticks go into the library: natively through tpb.Session, or through the Windows DLL."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from tpb.feed.chunks import Chunk
from tpb.feed.problem import FeedError
from tpb.feed.receipt import Receipt

# Without a single acknowledgement for so long, what is left counts as not arriving any more.
PATIENCE_S = 30.0


@dataclass(frozen=True)
class SessionOptions:
    """When a batch closes and how much may wait: the session's own defaults."""

    batch_ticks: int = 5
    flush_ms: int = 100
    outbox_bytes: int = 64 << 20


DEFAULT_OPTIONS = SessionOptions()


class Sender(Protocol):
    """A session under way. Leaving the `with` ends it at once; finish() ends it in good order."""

    path: str  # "native" or "dll"

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def send(self, chunk: Chunk) -> None:
        """Returns when the ticks are taken; while the outbox is full it waits and tries again."""

    def receipt(self) -> Receipt:
        """How far the ticks are. Any thread, also after the end."""

    def finish(self) -> Receipt:
        """Waits until all is acknowledged, or no acknowledgement comes any more; then closes."""


class Progress:
    """Tells whether waiting still makes sense."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._best = -1
        self._since = clock()

    def made(self, receipt: Receipt) -> bool:
        """False when nothing has moved for PATIENCE_S. Raises FeedError for a halted session."""
        refuse_halted(receipt)
        arrived = receipt.ticks_sent + receipt.ticks_acknowledged
        if arrived != self._best:
            self._best = arrived
            self._since = self._clock()
        return self._clock() - self._since < PATIENCE_S


def refuse_halted(receipt: Receipt) -> None:
    if receipt.halted:
        raise FeedError(
            "The gateway's answer ended the session.",
            receipt.problem_text or "It gave no reason.",
            "Mend the cause, then replay again.",
        )
