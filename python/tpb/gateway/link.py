"""One WebSocket on /ws/mt5: frames to the decisions, batches to the store, receipts back."""

import asyncio
import contextlib
import logging
import sqlite3

from aiohttp import WSMsgType, web

from tpb.gateway.events import Event, Kind
from tpb.gateway.market.channel import Source
from tpb.gateway.market.desk import Desk
from tpb.gateway.peer import RETRY_AFTER_S, Line, expire, now_ms
from tpb.gateway.protocol import (
    TOKEN_EXPIRED,
    Batch,
    Close,
    CloseCode,
    Connection,
    Gap,
    Repeat,
)
from tpb.gateway.store import Opened, Store
from tpb.gateway.upgrade import Refused, Upgrade
from tpb.wire.tpb.stream_control_pb2 import PairSelection

log = logging.getLogger("tpb.gateway")

# A connection of which so much is unacknowledged is not read until the store has caught up.
_MAX_WAITING_BATCHES = 1024
_MAX_WAITING_BYTES = 2 << 20
# Frames taken before other connections, and acknowledgements, have their turn.
_FRAMES_A_TURN = 32
# One event for all the repeats, and one for all the gaps, of so long.
_EVENT_EVERY_MS = 1000


class Link:
    """Serves one accepted upgrade; all methods on the event loop's thread."""

    def __init__(self, upgrade: Upgrade, store: Store, desk: Desk) -> None:
        self.upgrade = upgrade
        self.connection = Connection(upgrade.identity.tenant, acknowledges=upgrade.acknowledges)
        self.finished = asyncio.Event()
        self._store = store
        self._desk = desk
        self._source = Source(upgrade.identity.tenant, upgrade.session, upgrade.continues)
        self._websocket: web.WebSocketResponse | None = None
        self._line: Line | None = None
        self._settled = asyncio.Event()  # something was committed: acknowledge it
        self._room = asyncio.Event()  # less waits than before: go on reading
        self._closing: asyncio.Task[None] | None = None
        self._repeats = _Burst()
        self._missing = _Burst()

    def __str__(self) -> str:
        return f"{self.upgrade.identity.tenant}/{self.upgrade.session}"

    async def serve(self, request: web.Request, websocket: web.WebSocketResponse) -> None:
        """Runs until the connection has ended; raises Refused before the upgrade is answered."""
        opened = await self._open_session()
        self.connection.begin(opened.standing, opened.stored_crc32c)
        self._lane = opened.lane
        self._line = Line(request)
        await websocket.prepare(request)
        self._websocket = websocket
        point = opened.standing.point
        self._tell(Kind.CONNECTED, point, f"from {request.remote}, goes on after batch {point}")
        if self.connection.closed is not None:
            self.end(self.connection.closed)
        tasks = [asyncio.create_task(self._acknowledge()), asyncio.create_task(self._expire())]
        try:
            with self._hearing_of_pairs():
                await self._read(websocket)
        finally:
            self._source.ended = True
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            if self._closing is not None:
                await self._closing
            self._line.hang_up()
            self._tell_bursts()
            self._tell_end(websocket.close_code)

    def end(self, close: Close) -> None:
        """Closes the connection as its decisions say; what is committed is acknowledged before."""
        self._room.set()
        if self._websocket is not None and self._closing is None:
            self._closing = asyncio.create_task(self._close(self._websocket, close))

    def cut(self) -> bool:
        """Resets the TCP connection, as a broken network does; tells whether there was one."""
        return self._line is not None and self._line.cut()

    def settled(self, committed: int | None) -> None:
        """The store's receipt."""
        if committed is None:
            self.end(self.connection.store_failed())
            return
        self.connection.committed(committed)
        self._settled.set()

    def take_over(self) -> None:
        """A newer connection serves the session."""
        self._tell(Kind.TAKEN_OVER, 0, "by a newer connection")
        self.end(self.connection.take_over())

    def _tell(self, kind: Kind, value: int, text: str) -> None:
        log.info("%s: %s %s", self, kind, text)
        upgrade = self.upgrade
        self._store.note(
            Event(now_ms(), upgrade.identity.tenant, upgrade.session, kind, value, text)
        )

    def _tell_end(self, close_code: int | None) -> None:
        closed = self.connection.closed
        if closed is not None:
            self._tell(Kind.DISCONNECTED, closed.code, closed.reason)
        else:
            self._tell(Kind.DISCONNECTED, close_code or CloseCode.ABNORMAL, "by the client")

    def _tell_bursts(self) -> None:
        if repeats := self._repeats.take():
            self._tell(Kind.REPEATS, repeats, f"{repeats} batches came again and were dropped")
        if missing := self._missing.take():
            self._tell(Kind.GAP, missing, f"{missing} batches did not come")

    async def _expire(self) -> None:
        """Ends the connection with its token."""
        await expire(self.upgrade.identity.expires_at_s, self._warn_of_expiry, self._end_with_token)

    def _warn_of_expiry(self, left_s: int) -> None:
        self.connection.token_expires_in(left_s)
        self._settled.set()

    def _end_with_token(self) -> None:
        self._tell(Kind.TOKEN_EXPIRED, 0, TOKEN_EXPIRED)
        self.end(self.connection.token_expired())

    def _hearing_of_pairs(self) -> contextlib.AbstractContextManager[None]:
        """While it lasts the client is told which pairs are chosen for its user."""
        if not self.upgrade.acknowledges:
            return contextlib.nullcontext()
        return self._desk.hearing_of_pairs(self.upgrade.identity, self._tell_pairs)

    def _tell_pairs(self, pairs: PairSelection, changed: bool) -> None:
        self.connection.tell_pairs(pairs, changed=changed)
        self._settled.set()

    async def _open_session(self) -> Opened:
        answer = self._store.open_session(self.upgrade, at_ms=now_ms(), receiver=self)
        try:
            opened = await asyncio.wrap_future(answer)
        except sqlite3.Error:
            raise Refused(503, "the store cannot be used now", RETRY_AFTER_S) from None
        if self.connection.closed is not None:
            raise Refused(503, self.connection.closed.reason, RETRY_AFTER_S)
        return opened

    async def _read(self, websocket: web.WebSocketResponse) -> None:
        frames = 0
        async for message in websocket:
            if message.type is WSMsgType.BINARY:
                decision = self.connection.receive(message.data)
            elif message.type is WSMsgType.TEXT:
                decision = self.connection.receive_text()
            else:
                continue
            match decision:
                case Batch():
                    self._take(decision)
                case Repeat():
                    self._take_repeat(decision)
                case Close():
                    self._refuse(decision)
                    return
                case None:
                    pass  # who ended the connection closes it
            frames += 1
            if frames % _FRAMES_A_TURN == 0:
                await asyncio.sleep(0)
            if self._is_full():
                await self._wait_for_room()

    def _take(self, batch: Batch) -> None:
        at_ms = now_ms()
        if batch.gap is not None:
            self._report_gap(batch.gap, at_ms)
        self._store.append(self._lane, batch, at_ms)
        self._desk.hub.feed(self._source, batch, at_ms)

    def _take_repeat(self, repeat: Repeat) -> None:
        at_ms = now_ms()
        self._store.note_repeat(self._lane, repeat, at_ms)
        if self._repeats.add(1, at_ms):
            self._tell_bursts()

    def _refuse(self, close: Close) -> None:
        if close.gap is not None:
            at_ms = now_ms()
            self._report_gap(close.gap, at_ms)
            self._store.note_gap(self._lane, close.gap, at_ms)
        log.warning("%s: closing with %d: %s", self, close.code, close.reason)
        self.end(close)

    def _report_gap(self, gap: Gap, at_ms: int) -> None:
        log.warning("%s: gap: batch %d was expected, %d came", self, gap.expected, gap.received)
        if self._missing.add(gap.received - gap.expected, at_ms):
            self._tell_bursts()

    def _is_full(self) -> bool:
        connection = self.connection
        return connection.closed is None and (
            connection.waiting_batches >= _MAX_WAITING_BATCHES
            or connection.waiting_bytes >= _MAX_WAITING_BYTES
        )

    async def _wait_for_room(self) -> None:
        while self._is_full():
            self._room.clear()
            await self._room.wait()

    async def _acknowledge(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await self._send_control()
                self._room.set()
                await self._settled.wait()
                self._settled.clear()

    async def _send_control(self) -> None:
        while self._websocket is not None:
            frame = self.connection.control_frame()
            if frame is None:
                return
            await self._websocket.send_bytes(frame)

    async def _close(self, websocket: web.WebSocketResponse, close: Close) -> None:
        with contextlib.suppress(ConnectionError):
            await self._send_control()
        await websocket.close(code=close.code, message=close.reason.encode())


class _Burst:
    """Sums up what comes in bursts, so that no client can flood the events."""

    def __init__(self) -> None:
        self._count = 0
        self._since_ms = 0

    def add(self, count: int, at_ms: int) -> bool:
        """True when it is time to tell."""
        if not self._count:
            self._since_ms = at_ms
        self._count += count
        return at_ms - self._since_ms >= _EVENT_EVERY_MS

    def take(self) -> int:
        count, self._count = self._count, 0
        return count
