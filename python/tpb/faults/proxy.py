"""A TCP proxy in front of a gateway: the network that fails. All methods on the event loop."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from tpb.faults.line import Line
from tpb.gateway.peer import reset_when_closed

_HOST = "127.0.0.1"
_BACKLOG = 64
_MAX_HEAD_BYTES = 65536
# Small, so that a slow reader is felt by the other side.
_BUFFER_BYTES = 8192


class ChaosProxy:
    """`async with ChaosProxy() as proxy:` listens at `port` until the block ends."""

    def __init__(self) -> None:
        self.gateway_port = 0  # where connections go; 0 = nobody is there
        self.towards_gateway = Line()
        self.towards_sender = Line()
        self.connections_taken = 0
        self.upgrades_refused = 0
        self._statuses: list[int] = []  # that upgrades are answered with
        self._tokens: list[str] = []  # that are answered with 401
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        # Bound, never listening: keeps the port ours while the proxy is down.
        self._claim = _bound(0)
        self.port: int = self._claim.getsockname()[1]

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._claim.close()

    def line(self, towards: str) -> Line:
        return {"gateway": self.towards_gateway, "sender": self.towards_sender}[towards]

    async def up(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(
                self._accept, sock=_bound(self.port), backlog=_BACKLOG, limit=_BUFFER_BYTES
            )

    def down(self) -> None:
        """Resets what is connected and refuses what would connect."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.reset()

    def reset(self) -> int:
        """Resets every connection at both ends; tells how many there were."""
        writers = list(self._open)
        for writer in writers:
            _reset(writer)
        return len(writers) // 2

    @contextmanager
    def refusing_upgrades(self, status: int) -> Iterator[None]:
        self._statuses.append(status)
        try:
            yield
        finally:
            self._statuses.remove(status)

    def refuse_token(self, token: str) -> None:
        """From now on this token is answered with 401, and its connections are gone."""
        self._tokens.append(token)
        self.reset()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections_taken += 1
        task = asyncio.create_task(self._attend(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            await self._serve(reader, writer)
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = b""
        if self._statuses or self._tokens:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
                return
            if status := self._refusal(head):
                self.upgrades_refused += 1
                await _answer(writer, status)
                return
        try:
            onward = await asyncio.open_connection(_HOST, self.gateway_port, limit=_BUFFER_BYTES)
        except OSError:
            _reset(writer)
            return
        await self._carry(head, (reader, writer), onward)

    async def _carry(
        self,
        head: bytes,
        sender: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        gateway: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self._open.add(gateway[1])
        gateway[1].write(head)
        try:
            await asyncio.gather(
                self.towards_gateway.carry(sender[0], gateway[1]),
                self.towards_sender.carry(gateway[0], sender[1]),
            )
        finally:
            self._open.discard(gateway[1])
            gateway[1].transport.abort()

    def _refusal(self, head: bytes) -> int:
        if any(token.encode() in head for token in self._tokens):
            return 401
        return self._statuses[-1] if self._statuses else 0


async def _answer(writer: asyncio.StreamWriter, status: int) -> None:
    writer.write(f"HTTP/1.1 {status} As Told\r\nContent-Length: 0\r\n\r\n".encode())
    with contextlib.suppress(OSError):  # also "not connected", where it was reset just now
        await writer.drain()
        writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    stream: socket.socket | None = writer.get_extra_info("socket")
    if stream is not None and stream.fileno() >= 0:
        reset_when_closed(stream)
    writer.transport.abort()


def _bound(port: int) -> socket.socket:
    # With the protocol named, asyncio sends what it accepts from here without Nagle's delay.
    stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    stream.bind((_HOST, port))
    return stream
