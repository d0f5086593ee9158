"""One WebSocket on /ws/market-data: requests to the decisions, subscriptions to the hub."""

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from tpb.gateway.control import pair_controls, token_expires, token_expires_text
from tpb.gateway.market.framing import control_frame, text_frame
from tpb.gateway.market.hub import Subscription
from tpb.gateway.market.outlet import Outlet
from tpb.gateway.market.protocol import (
    Answer,
    Conversation,
    Name,
    Subscribe,
    Unsubscribe,
    User,
)
from tpb.gateway.peer import Line, expire, now_ms
from tpb.gateway.protocol import Close
from tpb.gateway.upgrade import Upgrade
from tpb.wire.tpb.stream_control_pb2 import PairSelection

if TYPE_CHECKING:
    from tpb.gateway.market.desk import Desk

log = logging.getLogger("tpb.gateway")

# Requests taken before other connections have their turn.
_FRAMES_A_TURN = 32


class MarketLink:
    """Serves one accepted upgrade; all methods on the event loop's thread."""

    def __init__(self, upgrade: Upgrade, desk: "Desk", user: User, *, framed: bool) -> None:
        self.upgrade = upgrade
        self.conversation = Conversation(user, upgrade.identity.tier, framed=framed)
        self.finished = asyncio.Event()
        self._desk = desk
        self._framed = framed
        self._line: Line | None = None
        self._outlet: Outlet | None = None
        self._websocket: web.WebSocketResponse | None = None
        self._closing: asyncio.Task[None] | None = None
        self._subscriptions: dict[Name, Subscription] = {}

    def __str__(self) -> str:
        return f"{self.upgrade.identity.tenant}/{self.upgrade.identity.user}"

    @property
    def subscriptions(self) -> int:
        return len(self._subscriptions)

    @property
    def messages(self) -> int:
        """Sent."""
        return 0 if self._outlet is None else self._outlet.mailbox.messages

    @property
    def conflated(self) -> int:
        """Left out, because the client read too slowly."""
        return 0 if self._outlet is None else self._outlet.mailbox.conflated

    async def serve(self, request: web.Request, websocket: web.WebSocketResponse) -> None:
        """Runs until the connection has ended."""
        self._line = Line(request)
        outlet = Outlet(request, self._line.transport, self._desk.fanout, self._lose)
        outlet.open(await websocket.prepare(request))
        self._outlet = outlet
        self._websocket = websocket
        log.info("%s: reads market data from %s", self, request.remote)
        if self.conversation.closed is not None:
            self.end(self.conversation.closed)
        expiry = asyncio.create_task(
            expire(self.upgrade.identity.expires_at_s, self._warn_of_expiry, self._end_with_token)
        )
        try:
            with self._hearing_of_pairs():
                await self._read(websocket, outlet)
        finally:
            # First of all: who has read our closing frame finds it done.
            self._unsubscribe_all()
            expiry.cancel()
            await asyncio.wait([expiry])
            if self._closing is not None:
                await self._closing
            await outlet.close()
            self._line.hang_up()
            log.info("%s: reads market data no more (%s)", self, websocket.close_code)

    def end(self, close: Close) -> None:
        """Closes the connection as its decisions say."""
        if self._websocket is not None and self._closing is None:
            self._closing = asyncio.create_task(self._close(self._websocket, close))

    def cut(self) -> bool:
        """Resets the TCP connection, as a broken network does; tells whether there was one."""
        return self._line is not None and self._line.cut()

    async def _read(self, websocket: web.WebSocketResponse, outlet: Outlet) -> None:
        frames = 0
        async for message in websocket:
            if message.type is WSMsgType.BINARY:
                decision = self.conversation.receive(message.data, time.monotonic())
            elif message.type is WSMsgType.TEXT:
                decision = self.conversation.receive_text()
            else:
                continue
            match decision:
                case Subscribe():
                    self._subscribe(decision, outlet)
                case Unsubscribe():
                    self._desk.hub.unsubscribe(self._subscriptions.pop(decision.name))
                    self._say(decision.answer)
                case Answer():
                    self._say(decision.answer)
                case Close():
                    log.warning("%s: closing with %d: %s", self, decision.code, decision.reason)
                    self.end(decision)
                    return
                case None:
                    pass  # who ended the connection closes it
            frames += 1
            if frames % _FRAMES_A_TURN == 0:
                await asyncio.sleep(0)
            # Who does not read the answers is not asked for more.
            await outlet.room()

    def _subscribe(self, granted: Subscribe, outlet: Outlet) -> None:
        self._say(granted.answer)
        name = granted.name
        self._subscriptions[name] = self._desk.hub.subscribe(
            outlet.mailbox,
            self.upgrade.identity.tenant,
            name.symbol,
            name.timeframe,
            granted.view,
            at_ms=now_ms(),
            history=granted.history,
        )

    def _unsubscribe_all(self) -> None:
        for subscription in self._subscriptions.values():
            self._desk.hub.unsubscribe(subscription)
        self._subscriptions.clear()
        self.conversation.end()

    def _say(self, frame: bytes) -> None:
        if frame and self._outlet is not None:
            self._outlet.mailbox.put(frame)

    def _hearing_of_pairs(self) -> contextlib.AbstractContextManager[None]:
        """While it lasts the client is told which pairs are chosen for its user."""
        if not self._framed:
            return contextlib.nullcontext()
        return self._desk.hearing_of_pairs(self.upgrade.identity, self._tell_pairs)

    def _tell_pairs(self, pairs: PairSelection, changed: bool) -> None:
        for control in pair_controls(pairs, changed=changed):
            self._say(control_frame(control))

    def _warn_of_expiry(self, left_s: int) -> None:
        if self._framed:
            self._say(control_frame(token_expires(left_s)))
        else:
            self._say(text_frame(token_expires_text(left_s)))

    def _end_with_token(self) -> None:
        self.end(self.conversation.token_expired())

    def _lose(self) -> None:
        close = self.conversation.reads_too_slowly()
        log.warning("%s: closing with %d: %s", self, close.code, close.reason)
        self.end(close)

    async def _close(self, websocket: web.WebSocketResponse, close: Close) -> None:
        self._unsubscribe_all()
        if self._outlet is not None:
            await self._outlet.close()
        # What is stuck in the socket is not waited for.
        await websocket.close(code=close.code, message=close.reason.encode(), drain=False)
