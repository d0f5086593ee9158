"""The native path: the library in this process."""

import dataclasses
import time
from types import TracebackType
from typing import Self

import tpb
from tpb.feed.chunks import Chunk
from tpb.feed.destination import Destination
from tpb.feed.problem import FeedError
from tpb.feed.receipt import Receipt
from tpb.feed.sender import Progress, SessionOptions

_RETRY_S = 0.005
_DRAIN_S = 0.25


class NativeSender:
    path = "native"

    def __init__(self, to: Destination, options: SessionOptions) -> None:
        try:
            self._session = tpb.Session(
                to.endpoint,
                to.token,
                ca_file=to.ca_file,
                allow_plaintext=to.allow_plaintext,
                batch_ticks=options.batch_ticks,
                flush_ms=options.flush_ms,
                outbox_bytes=options.outbox_bytes,
            )
        except tpb.TpbError as problem:
            raise _refused(problem) from problem
        self._last: Receipt | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def send(self, chunk: Chunk) -> None:
        progress = Progress()
        rest, at_once = chunk.ticks, len(chunk.ticks)
        while len(rest):
            try:
                accepted = self._session.send(chunk.symbol, rest[:at_once])
            except tpb.OutboxFull:
                # A smaller piece may fit while a chunk does not.
                at_once = max(1, at_once // 2)
                self._wait(progress)
            except tpb.TpbError as problem:
                raise _refused(problem) from problem
            else:
                rest = rest[accepted:]

    def set_token(self, token: str) -> None:
        """Of the same user and tenant: for when the old one ends."""
        self._session.set_token(token)

    def receipt(self) -> Receipt:
        return self._last or Receipt.of(dataclasses.asdict(self._session.status()))

    def finish(self) -> Receipt:
        self._session.flush()
        progress = Progress()
        while not self.receipt().settled and progress.made(self.receipt()):
            self._session.drain(_DRAIN_S)
        return self._close()

    def _wait(self, progress: Progress) -> None:
        if not progress.made(self.receipt()):
            raise FeedError(
                "The outbox is full and nothing leaves it.",
                self.receipt().problem_text or "The gateway does not acknowledge.",
                "Check that the gateway is up, then replay again.",
            )
        time.sleep(_RETRY_S)

    def _close(self) -> Receipt:
        if self._last is None:
            last = self.receipt()
            self._session.close(1.0)
            self._last = last
        return self._last


def _refused(problem: tpb.TpbError) -> FeedError:
    return FeedError("The library refused.", str(problem), "Mend what it names, then replay again.")
