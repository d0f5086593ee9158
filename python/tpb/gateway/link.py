"""One WebSocket on /ws/mt5: frames to the decisions, batches to the store, receipts back."""

import asyncio
import contextlib
import logging
import os
import socket
import sqlite3
import struct
import time
from asyncio.trsock import TransportSocket

from aiohttp import WSMsgType, web

from tpb.gateway.protocol import MAX_FRAME_BYTES, Batch, Close, Connection, Gap, Repeat
from tpb.gateway.store import ForeignSession, Opened, Store
from tpb.gateway.upgrade import SUBPROTOCOL, Refused, Upgrade

log = logging.getLogger("tpb.gateway")

RETRY_AFTER_S = 2
FOREIGN_SESSION = "the session belongs to another user"

# A connection of which so much is unacknowledged is not read until the store has caught up.
_MAX_WAITING_BATCHES = 1024
_MAX_WAITING_BYTES = 2 << 20
# Frames taken before other connections, and acknowledgements, have their turn.
_FRAMES_A_TURN = 32
# A peer that leaves a ping unanswered for half of this is gone.
_HEARTBEAT_S = 30.0
_CLOSE_TIMEOUT_S = 2.0


def new_websocket() -> web.WebSocketResponse:
    return web.WebSocketResponse(
        protocols=(SUBPROTOCOL,),
        # A frame somewhat too long gets our own close code, a longer one 1009.
        max_msg_size=2 * MAX_FRAME_BYTES,
        compress=False,
        heartbeat=_HEARTBEAT_S,
        timeout=_CLOSE_TIMEOUT_S,
    )


class Link:
    """Serves one accepted upgrade; all methods on the event loop's thread."""

    def __init__(self, upgrade: Upgrade, store: Store) -> None:
        self.upgrade = upgrade
        self.connection = Connection(upgrade.identity.tenant, acknowledges=upgrade.acknowledges)
        self.finished = asyncio.Event()
        self._store = store
        self._websocket: web.WebSocketResponse | None = None
        self._transport: asyncio.Transport | None = None
        self._socket: TransportSocket | None = None
        self._settled = asyncio.Event()  # something was committed: acknowledge it
        self._room = asyncio.Event()  # less waits than before: go on reading
        self._closing: asyncio.Task[None] | None = None

    def __str__(self) -> str:
        return f"{self.upgrade.identity.tenant}/{self.upgrade.session}"

    async def serve(self, request: web.Request, websocket: web.WebSocketResponse) -> None:
        """Runs until the connection has ended; raises Refused before the upgrade is answered."""
        opened = await self._open_session()
        self.connection.begin(opened.acknowledged, opened.epoch)
        self._lane = opened.lane
        self._transport = request.transport
        # Kept: a TLS transport that is closed does not tell it any more.
        self._socket = request.get_extra_info("socket")
        await websocket.prepare(request)
        self._websocket = websocket
        log.info("%s: connected from %s, stands at %d", self, request.remote, opened.acknowledged)
        if self.connection.closed is not None:
            self.end(self.connection.closed)
        acknowledging = asyncio.create_task(self._acknowledge())
        try:
            await self._read(websocket)
        finally:
            acknowledging.cancel()
            await asyncio.wait([acknowledging])
            if self._closing is not None:
                await self._closing
            self._hang_up()
            log.info("%s: disconnected (%s)", self, websocket.close_code)

    def end(self, close: Close) -> None:
        """Closes the connection as its decisions say; what is committed is acknowledged before."""
        self._room.set()
        if self._websocket is not None and self._closing is None:
            self._closing = asyncio.create_task(self._close(self._websocket, close))

    def cut(self) -> bool:
        """Resets the TCP connection, as a broken network does; tells whether there was one."""
        if self._transport is None or self._socket is None or self._transport.is_closing():
            return False
        reset_when_closed(self._socket)
        self._transport.abort()
        return True

    def settled(self, committed: int | None) -> None:
        """The store's receipt."""
        if committed is None:
            self.end(self.connection.store_failed())
            return
        self.connection.committed(committed)
        self._settled.set()

    def _hang_up(self) -> None:
        """Ends the TCP connection, where a peer without manners would keep TLS's farewell open."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    async def _open_session(self) -> Opened:
        identity = self.upgrade.identity
        answer = self._store.open_session(
            identity.tenant,
            self.upgrade.session,
            identity.user,
            first_batch=self.upgrade.first_batch,
            at_ms=now_ms(),
            receiver=self,
        )
        try:
            opened = await asyncio.wrap_future(answer)
        except ForeignSession:
            raise Refused(403, FOREIGN_SESSION) from None
        except sqlite3.Error:
            raise Refused(503, "the store cannot be used now", RETRY_AFTER_S) from None
        if self.connection.closed is not None:
            raise Refused(503, self.connection.closed.reason, RETRY_AFTER_S)
        if opened.handed_over:
            log.info(
                "%s: %d batches up to %d were acknowledged by another gateway",
                self,
                opened.handed_over,
                opened.acknowledged,
            )
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
                    self._store.note_repeat(self._lane, now_ms())
                case Close():
                    self._refuse(decision)
                    return
                case None:
                    pass  # who ended the connection closes it
            frames += 1
            if frames % _FRAMES_A_TURN == 0:
                await asyncio.sleep(0)
            await self._wait_for_room()

    def _take(self, batch: Batch) -> None:
        if batch.gap is not None:
            self._report_gap(batch.gap)
        self._store.append(self._lane, batch, now_ms())

    def _refuse(self, close: Close) -> None:
        if close.gap is not None:
            self._report_gap(close.gap)
            self._store.note_gap(self._lane, close.gap, now_ms())
        log.warning("%s: closing with %d: %s", self, close.code, close.reason)
        self.end(close)

    def _report_gap(self, gap: Gap) -> None:
        log.warning("%s: gap: batch %d was expected, %d came", self, gap.expected, gap.received)

    async def _wait_for_room(self) -> None:
        connection = self.connection
        while connection.closed is None and (
            connection.waiting_batches >= _MAX_WAITING_BATCHES
            or connection.waiting_bytes >= _MAX_WAITING_BYTES
        ):
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
        frame = self.connection.control_frame()
        if frame is not None and self._websocket is not None:
            await self._websocket.send_bytes(frame)

    async def _close(self, websocket: web.WebSocketResponse, close: Close) -> None:
        with contextlib.suppress(ConnectionError):
            await self._send_control()
        await websocket.close(code=close.code, message=close.reason.encode())


def reset_when_closed(stream: "socket.socket | TransportSocket") -> None:
    """Lingering for 0 s: the peer gets a reset instead of an orderly end."""
    linger = struct.pack("HH" if os.name == "nt" else "ii", 1, 0)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def now_ms() -> int:
    return time.time_ns() // 1_000_000
