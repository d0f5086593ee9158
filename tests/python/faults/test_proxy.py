"""Each thing that the proxy does to a connection, over real sockets."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tpb.faults.proxy import ChaosProxy
from tpb.gateway.peer import reset_when_closed

_WAIT_S = 20.0

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def proxy() -> AsyncIterator[ChaosProxy]:
    """In front of a server that says everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with ChaosProxy() as proxy:
        proxy.gateway_port = server.sockets[0].getsockname()[1]
        yield proxy
    server.close()


@pytest.fixture
async def connect(proxy: ChaosProxy) -> AsyncIterator[Callable[[], Awaitable[Stream]]]:
    writers = []

    async def open_one() -> Stream:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writers.append(writer)
        return reader, writer

    yield open_one
    for writer in writers:
        writer.transport.abort()


@pytest.fixture
async def stream(connect: Callable[[], Awaitable[Stream]]) -> Stream:
    """A connection on which something has come back."""
    stream = await connect()
    assert await said_back(stream, b"hello") == b"hello"
    return stream


async def said_back(stream: Stream, data: bytes) -> bytes:
    reader, writer = stream
    writer.write(data)
    return await asyncio.wait_for(reader.readexactly(len(data)), _WAIT_S)


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.read(), _WAIT_S)


async def test_undisturbed_it_carries_everything(stream: Stream) -> None:
    data = bytes(range(256)) * 2000
    assert await said_back(stream, data) == data
    stream[1].write_eof()
    assert await read_to_end(stream[0]) == b""


async def test_a_reset_is_felt_as_one(proxy: ChaosProxy, stream: Stream) -> None:
    assert proxy.reset() == 1
    with pytest.raises(ConnectionResetError):
        await read_to_end(stream[0])


async def test_what_was_held_comes_afterwards(proxy: ChaosProxy, stream: Stream) -> None:
    with proxy.towards_gateway.held():
        answer = asyncio.create_task(said_back(stream, b"later"))
        await asyncio.wait([answer], timeout=0.1)
        assert not answer.done()
    assert await answer == b"later"


@pytest.mark.parametrize("towards", ["gateway", "sender"])
async def test_one_direction_can_be_dead(proxy: ChaosProxy, stream: Stream, towards: str) -> None:
    with proxy.line(towards).held():
        answer = asyncio.create_task(said_back(stream, b"half"))
        await asyncio.wait([answer], timeout=0.1)
        assert not answer.done()
    assert await answer == b"half"


async def test_overlapping_holds_end_with_the_last(proxy: ChaosProxy, stream: Stream) -> None:
    with proxy.towards_sender.held():
        with proxy.towards_sender.held():
            answer = asyncio.create_task(said_back(stream, b"both"))
        await asyncio.wait([answer], timeout=0.1)
        assert not answer.done()
    assert await answer == b"both"


async def test_a_delay_delays_and_keeps_the_order(proxy: ChaosProxy, stream: Stream) -> None:
    begun = time.monotonic()
    with proxy.towards_sender.delayed(0.3):
        for piece in (b"one", b"two", b"three"):
            stream[1].write(piece)
            await asyncio.sleep(0)
        answer = await asyncio.wait_for(stream[0].readexactly(11), _WAIT_S)
    assert answer == b"onetwothree"
    assert time.monotonic() - begun >= 0.3


async def test_trickling_bytes_arrive_one_by_one(proxy: ChaosProxy, stream: Stream) -> None:
    reader, writer = stream
    pieces: list[bytes] = []
    with proxy.towards_sender.trickling():
        writer.write(b"drop by drop" * 10)
        while len(b"".join(pieces)) < 120:
            pieces.append(await asyncio.wait_for(reader.read(65536), _WAIT_S))
    assert b"".join(pieces) == b"drop by drop" * 10
    assert len(pieces) >= 8


async def test_a_slow_reader_is_felt_by_the_writer(proxy: ChaosProxy, stream: Stream) -> None:
    writer = stream[1]
    with proxy.towards_gateway.slow():
        writer.write(bytes(8 << 20))
        draining = asyncio.create_task(writer.drain())
        await asyncio.wait([draining], timeout=0.2)
        assert not draining.done()
        draining.cancel()


@pytest.mark.parametrize("towards", ["gateway", "sender"])
async def test_one_bit_is_flipped_where_it_was_asked_for(
    proxy: ChaosProxy, stream: Stream, towards: str
) -> None:
    proxy.line(towards).flip(1003, 6)
    data = bytes(1000)
    first, second, third = [await said_back(stream, data) for _ in range(3)]
    assert first == third == data
    assert second == data[:3] + b"\x40" + data[4:]
    assert proxy.line(towards).flipped == 1


async def test_upgrades_are_refused_with_a_status(
    proxy: ChaosProxy, connect: Callable[[], Awaitable[Stream]]
) -> None:
    with proxy.refusing_upgrades(503):
        reader, writer = await connect()
        writer.write(b"GET /ws/mt5 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await read_to_end(reader)).startswith(b"HTTP/1.1 503 ")
    assert await said_back(await connect(), b"again") == b"again"


async def test_a_refusal_may_meet_a_reset(
    proxy: ChaosProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes between the two steps of the answer, and nothing is raised."""
    client = socket.create_connection(("127.0.0.1", proxy.port))
    refusing: asyncio.Future[asyncio.Task[Any]] = asyncio.get_running_loop().create_future()

    async def reset(_: asyncio.StreamWriter) -> None:
        reset_when_closed(client)
        client.close()
        task = asyncio.current_task()
        assert task
        refusing.set_result(task)

    with proxy.refusing_upgrades(503):
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        monkeypatch.setattr(asyncio.StreamWriter, "drain", reset)
        await asyncio.wait_for(await asyncio.wait_for(refusing, _WAIT_S), _WAIT_S)
    assert proxy.upgrades_refused == 1


async def test_one_token_is_refused_and_another_is_not(
    proxy: ChaosProxy, stream: Stream, connect: Callable[[], Awaitable[Stream]]
) -> None:
    proxy.refuse_token("old-token")
    with pytest.raises(ConnectionResetError):
        await read_to_end(stream[0])
    reader, writer = await connect()
    writer.write(b"GET / HTTP/1.1\r\nAuthorization: Bearer old-token\r\n\r\n")
    assert (await read_to_end(reader)).startswith(b"HTTP/1.1 401 ")
    request = b"GET / HTTP/1.1\r\nAuthorization: Bearer new-token\r\n\r\n"
    assert await said_back(await connect(), request) == request


async def test_down_it_refuses_and_up_it_serves_at_the_same_port(
    proxy: ChaosProxy, stream: Stream, connect: Callable[[], Awaitable[Stream]]
) -> None:
    proxy.down()
    with pytest.raises(ConnectionResetError):
        await read_to_end(stream[0])
    with pytest.raises(ConnectionRefusedError):
        await connect()
    await proxy.up()
    assert await said_back(await connect(), b"back") == b"back"


async def test_a_gateway_that_is_gone_is_felt_as_a_reset(
    proxy: ChaosProxy, connect: Callable[[], Awaitable[Stream]]
) -> None:
    listener = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    proxy.gateway_port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    reader, _ = await connect()
    with pytest.raises(ConnectionResetError):
        await read_to_end(reader)
