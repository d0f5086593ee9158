"""One direction of a proxied connection's traffic, and what can be done to it.

All on one event loop.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHUNK_BYTES = 4096
_WAITING_CHUNKS = 64
_SLOW_BYTES = 256  # ... every _SLOW_S: 50 kB/s
_SLOW_S = 0.005
_TRICKLE_BURST = 8
_TRICKLE_S = 0.001


class Line:
    """The weather of a direction, for every connection that runs through it. Faults may overlap."""

    def __init__(self) -> None:
        self.flipped = 0  # bytes that were altered
        self.flip_done = asyncio.Event()
        self._holds = 0
        self._flows = asyncio.Event()
        self._flows.set()
        self._delays: list[float] = []
        self._trickles = 0
        self._slow = 0
        self._flip: tuple[int, int] | None = None  # bytes to pass before it, bit

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nothing arrives; what was sent meanwhile arrives afterwards."""
        self._holds += 1
        self._flows.clear()
        try:
            yield
        finally:
            self._holds -= 1
            if not self._holds:
                self._flows.set()

    @contextmanager
    def delayed(self, seconds: float) -> Iterator[None]:
        self._delays.append(seconds)
        try:
            yield
        finally:
            self._delays.remove(seconds)

    @contextmanager
    def trickling(self) -> Iterator[None]:
        """Every byte in a packet of its own."""
        self._trickles += 1
        try:
            yield
        finally:
            self._trickles -= 1

    @contextmanager
    def slow(self) -> Iterator[None]:
        """It is read so slowly that the sending side's buffers fill."""
        self._slow += 1
        try:
            yield
        finally:
            self._slow -= 1

    def flip(self, after_bytes: int, bit: int) -> None:
        """Flips a bit of the byte that comes after so many more."""
        self._flip = after_bytes, bit
        self.flip_done.clear()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carries one connection's bytes until it ends or breaks off, and its end as well."""
        waiting: asyncio.Queue[tuple[float, bytes | None]] = asyncio.Queue(_WAITING_CHUNKS)
        delivering = asyncio.create_task(self._deliver(waiting, writer))
        loop = asyncio.get_running_loop()
        try:
            while not delivering.done():
                data = await self._read(reader)
                await waiting.put((loop.time() + max(self._delays, default=0.0), data))
                if not data:
                    break
            await delivering
        finally:
            delivering.cancel()

    async def _read(self, reader: asyncio.StreamReader) -> bytes | None:
        """Empty at the connection's end, None where it broke off."""
        try:
            if not self._slow:
                return await reader.read(_CHUNK_BYTES)
            await asyncio.sleep(_SLOW_S)
            return await reader.read(_SLOW_BYTES)
        except ConnectionError:
            return None

    async def _deliver(
        self, waiting: asyncio.Queue[tuple[float, bytes | None]], writer: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        data: bytes | None = b"-"
        while data:
            due, data = await waiting.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            await self._flows.wait()
            # What comes after the receiver has gone is read, and lost.
            with suppress(OSError):
                if data is None or writer.transport.is_closing():
                    writer.transport.abort()
                elif data:
                    await self._write(self._altered(data), writer)
                else:
                    writer.write_eof()

    async def _write(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        begin = 0
        while self._trickles and begin < len(data) and not writer.transport.is_closing():
            for byte in data[begin : begin + _TRICKLE_BURST]:
                writer.write(bytes([byte]))
            begin += _TRICKLE_BURST
            await asyncio.sleep(_TRICKLE_S)
        if begin < len(data) and not writer.transport.is_closing():
            writer.write(data[begin:])
        await writer.drain()

    def _altered(self, data: bytes) -> bytes:
        if self._flip is None:
            return data
        after_bytes, bit = self._flip
        if after_bytes >= len(data):
            self._flip = after_bytes - len(data), bit
            return data
        self._flip = None
        self.flipped += 1
        self.flip_done.set()
        altered = bytearray(data)
        altered[after_bytes] ^= 1 << bit
        return bytes(altered)
