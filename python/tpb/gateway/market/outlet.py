"""From a client's mailbox to its socket; all methods on the event loop's thread."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from tpb.gateway.market.mailbox import Mailbox

# Beyond so much unsent the client counts as slow: in the process, and in the kernel. It is what a
# client that was slow has to read before it gets the newest.
_HIGH_WATER_BYTES = 16 << 10
_LOW_WATER_BYTES = 4 << 10
# Clients written to before others, and what streams up, have their turn.
_CLIENTS_A_TURN = 256


class Fanout:
    """Writes to every client once a turn of the event loop, however much came for it."""

    def __init__(self) -> None:
        self._ready: list[Outlet] = []

    def wake(self, outlet: "Outlet") -> None:
        if not self._ready:
            asyncio.get_running_loop().call_soon(self._flush)
        self._ready.append(outlet)

    def _flush(self) -> None:
        ready = self._ready[:_CLIENTS_A_TURN]
        del self._ready[:_CLIENTS_A_TURN]
        for outlet in ready:
            outlet.flush()
        if self._ready:
            asyncio.get_running_loop().call_soon(self._flush)


class Outlet:
    """Whole WebSocket frames go past aiohttp's writer straight to the transport, as bytes that
    many clients share; what aiohttp itself writes are whole frames as well.
    """

    def __init__(
        self,
        request: web.Request,
        transport: asyncio.Transport,
        fanout: Fanout,
        lost: Callable[[], None],
    ) -> None:
        """lost: the client reads far too slowly."""
        self.mailbox = Mailbox(self._wake, lost)
        self._fanout = fanout
        self._protocol = request.protocol
        self._transport = transport
        self._writer: AbstractStreamWriter | None = None  # once the upgrade is answered
        self._draining: asyncio.Task[None] | None = None
        transport.set_write_buffer_limits(high=_HIGH_WATER_BYTES, low=_LOW_WATER_BYTES)
        _bound_kernel_buffer(request)

    def open(self, writer: AbstractStreamWriter) -> None:
        """The upgrade is answered."""
        self._writer = writer

    def flush(self) -> None:
        """To the socket what waits; a client that lets it pile up there gets the newest later."""
        if self._draining is not None or self._writer is None:
            return
        self._write()
        if self._protocol.writing_paused:
            self.mailbox.hold()
            self._draining = asyncio.create_task(self._drain(self._writer))

    async def room(self) -> None:
        """Returns when the client keeps up."""
        if self._draining is not None:
            await asyncio.wait([self._draining])

    async def close(self) -> None:
        """What waits is sent as far as it is taken; nothing is from now on."""
        self.flush()
        self._writer = None
        if self._draining is not None:
            self._draining.cancel()
            await asyncio.wait([self._draining])

    def _wake(self) -> None:
        self._fanout.wake(self)

    def _write(self) -> None:
        taken = self.mailbox.take()
        if taken and self._is_open():
            self._transport.write(taken)

    def _is_open(self) -> bool:
        return self._protocol.connected and not self._transport.is_closing()

    async def _drain(self, writer: AbstractStreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await writer.drain()
            # A connection that is lost stays paused, and drain() does not wait for it.
            while self._is_open():
                self._write()
                if not self._protocol.writing_paused:
                    break
                self.mailbox.hold()
                await writer.drain()
        self._draining = None


def _bound_kernel_buffer(request: web.Request) -> None:
    """The kernel would take megabytes for a client that does not read, all of it old then."""
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    stream = request.get_extra_info("socket")
    if option is not None and stream is not None:
        with contextlib.suppress(OSError):
            stream.setsockopt(socket.IPPROTO_TCP, option, _HIGH_WATER_BYTES)
