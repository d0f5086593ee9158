"""What a replay asks of a source of ticks."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from tpb.feed.chunks import Chunk


class Source(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def skipped(self) -> Mapping[str, int]:
        """Lines left out in the newest reading, by reason."""

    @property
    def backwards(self) -> int:
        """Ticks older than the one before of their symbol, kept, in the newest reading."""

    def chunks(self) -> Iterator[Chunk]:
        """The ticks from the first one; the same ones at every call."""
