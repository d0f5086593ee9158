"""A source of ticks played as a live market: its times are now, and it has no end."""

import threading
import time
from collections.abc import Callable, Iterator

from tpb.feed.chunks import Chunk
from tpb.feed.destination import Destination
from tpb.feed.native_sender import NativeSender
from tpb.feed.pace import paced
from tpb.feed.problem import FeedError, NoTicks
from tpb.feed.sender import DEFAULT_OPTIONS, refuse_halted
from tpb.feed.source import Source
from tpb.problem import Problem

# Between the end of a source and its next beginning.
PAUSE_MS = 1000
_RENEW_TOKEN_S = 3600.0


def endless(source: Source, start_msc: int, speed: float) -> Iterator[Chunk]:
    """The source over and over: the first tick moved to start_msc, pauses divided by speed."""
    while True:
        first_msc, newest_msc = None, start_msc
        for symbol, ticks in source.chunks():
            if first_msc is None:
                first_msc = int(ticks["time_msc"][0])
            moved = ticks.copy()
            moved["time_msc"] = start_msc + (ticks["time_msc"] - first_msc) / speed
            moved["time"] = moved["time_msc"] // 1000
            newest_msc = max(newest_msc, int(moved["time_msc"].max()))
            yield Chunk(symbol, moved)
        if first_msc is None:
            raise NoTicks(f"{source.name} holds no ticks.", "None was read.", "Name another file.")
        start_msc = newest_msc + PAUSE_MS


class LiveFeed:
    """Plays a source into a gateway, on a thread of its own, until it is stopped.

    The first history_s seconds of it are sent at once, with times before now: so that indicators
    have something to go by. Where it fails it calls ended(), and `problem` tells why.
    """

    def __init__(
        self,
        source: Source,
        to: Callable[[], Destination],
        *,
        speed: float = 1.0,
        history_s: float = 0.0,
        ended: Callable[[], object] = lambda: None,
    ) -> None:
        """to: where the ticks go, each time with a new token."""
        self.source = source
        self.ticks = 0
        self.problem: Problem | None = None
        self._to = to
        self._speed = speed
        self._history_s = history_s
        self._ended = ended
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tpb-feed", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the session is closed; the gateway has to serve until then."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with NativeSender(self._to(), DEFAULT_OPTIONS) as sender:
                self._play(sender)
        except _Stopped:
            pass
        except OSError as problem:
            self._fail(
                FeedError(
                    f"{self.source.name} cannot be read any more.",
                    problem.strerror or str(problem),
                    "Check the file, and start again.",
                )
            )
        except Problem as problem:
            self._fail(problem)

    def _fail(self, problem: Problem) -> None:
        self.problem = problem
        self._ended()

    def _play(self, sender: NativeSender) -> None:
        renewed = time.monotonic()

        def wait(seconds: float) -> None:
            nonlocal renewed
            if self._stopping.wait(max(0.0, seconds)):
                raise _Stopped
            refuse_halted(sender.receipt())
            if time.monotonic() - renewed > _RENEW_TOKEN_S:
                sender.set_token(self._to().token)
                renewed = time.monotonic()

        start_msc = time.time_ns() // 1_000_000 - round(1000 * self._history_s)
        ticks = endless(self.source, start_msc, self._speed)
        for chunk in paced(ticks, 1.0, ahead_s=self._history_s, now=time.monotonic, wait=wait):
            if self._stopping.is_set():
                return
            sender.send(chunk)
            self.ticks += len(chunk.ticks)


class _Stopped(Exception):
    """Ends the thread where it waits."""
