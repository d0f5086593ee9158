"""Puts a source of ticks through the library into a gateway, and verifies what arrived."""

import time
from collections import Counter
from collections.abc import Iterator

from tpb.feed.chunks import Chunk, first
from tpb.feed.cuts import Cuts
from tpb.feed.destination import Destination
from tpb.feed.pace import paced
from tpb.feed.problem import NoTicks
from tpb.feed.sender import Sender, refuse_halted
from tpb.feed.source import Source
from tpb.feed.summary import Summary
from tpb.feed.verification import Verdict, verified

# How often a running replay looks whether the session has ended under it.
_LOOK_S = 0.2


class Replay:
    """One run. Counts may be read from any thread while it runs."""

    def __init__(
        self,
        source: Source,
        destination: Destination,
        sender: Sender,
        *,
        speed: float | None = None,
        limit: int | None = None,
        cuts: int = 0,
    ) -> None:
        self.source = source
        self.destination = destination
        self.sender = sender
        self.ticks_in = 0
        self.ticks_of: Counter[str] = Counter()  # by symbol
        self._speed = speed
        self._limit = limit
        self._cuts = Cuts(cuts, destination.cut_connections)

    def run(self) -> Summary:
        """Sends, waits until all is acknowledged, closes, verifies. Raises FeedError."""
        self._cuts.spread_over(self._ticks_to_come)
        start = time.monotonic()
        self._send()
        if not self.ticks_in:
            raise NoTicks(f"{self.source.name} holds no ticks.", "None was read.", "Check it.")
        receipt = self.sender.finish()
        elapsed_s = time.monotonic() - start
        skipped, backwards = dict(self.source.skipped), self.source.backwards
        return Summary(
            path=self.sender.path,
            endpoint=self.destination.endpoint,
            ticks_in=self.ticks_in,
            receipt=receipt,
            verdict=self._verify(receipt.ticks_accepted),
            elapsed_s=elapsed_s,
            skipped=skipped,
            backwards=backwards,
            connections_cut=self._cuts.made,
        )

    def _verify(self, accepted: int) -> Verdict | None:
        store = self.destination.store
        return None if store is None else verified(store, self.source.chunks(), accepted)

    def _send(self) -> None:
        looked = time.monotonic()
        for chunk in paced(self._ticks(), self._speed, now=time.monotonic, wait=self._wait):
            for piece in self._cuts.pieces(chunk, self.ticks_in):
                self.sender.send(piece)
                self.ticks_in += len(piece.ticks)
                self.ticks_of[piece.symbol] += len(piece.ticks)
                self._cuts.cut_if_due(self.ticks_in, self.sender.receipt)
            if time.monotonic() - looked > _LOOK_S:
                refuse_halted(self.sender.receipt())
                looked = time.monotonic()

    def _wait(self, seconds: float) -> None:
        refuse_halted(self.sender.receipt())
        time.sleep(max(0.0, seconds))

    def _ticks(self) -> Iterator[Chunk]:
        return first(self.source.chunks(), self._limit)

    def _ticks_to_come(self) -> int:
        return sum(len(chunk.ticks) for chunk in self._ticks())
