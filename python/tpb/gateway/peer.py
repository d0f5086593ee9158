"""What the gateway does alike with every WebSocket: heartbeat, the token's end, how it hangs up."""

import asyncio
import contextlib
import math
import os
import socket
import struct
import time
from asyncio.trsock import TransportSocket
from collections.abc import Callable

from aiohttp import web

RETRY_AFTER_S = 2
# How long before its token's end a connection is told of it.
TOKEN_NOTICE_S = 60

# A peer that leaves a ping unanswered for half of this is gone.
_HEARTBEAT_S = 30.0
_CLOSE_TIMEOUT_S = 2.0


def new_websocket(subprotocol: str, max_frame_bytes: int) -> web.WebSocketResponse:
    return web.WebSocketResponse(
        protocols=(subprotocol,),
        # A frame somewhat too long gets our own close code, a longer one 1009.
        max_msg_size=2 * max_frame_bytes,
        compress=False,
        heartbeat=_HEARTBEAT_S,
        timeout=_CLOSE_TIMEOUT_S,
    )


class Line:
    """The TCP connection under a WebSocket, for the ends that WebSocket does not know."""

    def __init__(self, request: web.Request) -> None:
        """Before the upgrade is answered."""
        transport = request.transport
        if transport is None:
            raise ConnectionResetError
        self.transport: asyncio.Transport = transport
        # Kept: a TLS transport that is closed does not tell it any more.
        self._socket: TransportSocket | None = request.get_extra_info("socket")

    def cut(self) -> bool:
        """Resets it, as a broken network does; tells whether there was one."""
        if self._socket is None or self.transport.is_closing():
            return False
        reset_when_closed(self._socket)
        self.transport.abort()
        return True

    def hang_up(self) -> None:
        """Ends it, where a peer without manners would keep TLS's farewell open."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


async def expire(
    expires_at_s: float | None, warn: Callable[[int], None], end: Callable[[], None]
) -> None:
    """Calls warn(seconds left) some time before the token's end, and `end` at it."""
    if expires_at_s is None:
        return
    left_s = expires_at_s - time.time()
    await asyncio.sleep(left_s - TOKEN_NOTICE_S)
    left_s = max(0.0, expires_at_s - time.time())
    warn(math.ceil(left_s))
    await asyncio.sleep(left_s)
    end()


def reset_when_closed(stream: "socket.socket | TransportSocket") -> None:
    """Lingering for 0 s: the peer gets a reset instead of an orderly end."""
    linger = struct.pack("HH" if os.name == "nt" else "ii", 1, 0)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def now_ms() -> int:
    return time.time_ns() // 1_000_000
