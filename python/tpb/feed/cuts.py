"""Cuts the gateway's connections at even places of a replay, to watch the recovery."""

import time
from collections.abc import Callable, Iterator

from tpb.feed.chunks import Chunk
from tpb.feed.problem import FeedError, NotUsable
from tpb.feed.receipt import CONNECTED, Receipt

# A session is back within 5 s at the latest; on a busy machine it may take a little more.
_CONNECTION_TIMEOUT_S = 30.0
_RETRY_S = 0.01


class Cuts:
    def __init__(self, wanted: int, cut_connections: Callable[[], int] | None) -> None:
        if wanted and cut_connections is None:
            raise NotUsable(
                "The connections of this gateway cannot be cut.",
                "That takes the replay's own gateway.",
                "Leave out --endpoint, or --cut.",
            )
        self.made = 0
        self._wanted = wanted
        self._cut_connections = cut_connections
        self._places: list[int] = []

    def spread_over(self, count_ticks: Callable[[], int]) -> None:
        """Plans the cuts; the ticks are counted only where there is something to plan."""
        if self._wanted:
            ticks = count_ticks()
            self._places = [
                ticks * number // (self._wanted + 1) for number in range(1, self._wanted + 1)
            ]

    def pieces(self, chunk: Chunk, sent: int) -> Iterator[Chunk]:
        """The chunk, divided where a cut falls into it."""
        start = 0
        for place in tuple(self._places):  # cut_if_due takes from it meanwhile
            if start < place - sent < len(chunk.ticks):
                yield Chunk(chunk.symbol, chunk.ticks[start : place - sent])
                start = place - sent
        yield Chunk(chunk.symbol, chunk.ticks[start:])

    def cut_if_due(self, sent: int, receipt: Callable[[], Receipt]) -> None:
        while self._places and sent >= self._places[0]:
            self._places.pop(0)
            self._cut(receipt)

    def _cut(self, receipt: Callable[[], Receipt]) -> None:
        """Cuts once the session is back from the cut before: each is one to recover from."""
        assert self._cut_connections is not None
        deadline = time.monotonic() + _CONNECTION_TIMEOUT_S
        while not (self._is_back(receipt()) and self._cut_connections()):
            if time.monotonic() > deadline:
                raise FeedError(
                    "The session has not come back after a cut.",
                    f"It was not connected within {_CONNECTION_TIMEOUT_S:.0f} s."
                    f" {receipt().problem_text}",
                    "Run it again with --verbose and report what it says.",
                )
            time.sleep(_RETRY_S)
        self.made += 1

    def _is_back(self, receipt: Receipt) -> bool:
        return receipt.state == CONNECTED and receipt.reconnects >= self.made
