"""`tpb bench fanout`: what it sends and understands by hand, and one whole small measurement."""

import contextlib
import json
import os
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from tpb.bench.fanout import processes
from tpb.bench.fanout.direct import BATCH_TICKS, Batches
from tpb.bench.fanout.load import Load, seldom
from tpb.bench.fanout.measurement import measure
from tpb.bench.fanout.subscribers import Arrivals
from tpb.bench.fanout.swarm import Peer, Swarm
from tpb.bench.fanout.ticking import SYMBOLS, Sent
from tpb.bench.fanout.websocket import BINARY, CLOSE, PING, PONG, Frame, client_frame, split
from tpb.feed.problem import FeedError
from tpb.testing.gateway import GatewayFixture
from tpb.wire.tpb.market_stream_pb2 import MarketFrame
from tpb.wire.tpb.stream_control_pb2 import StreamControl
from tpb.wire.trading.market_data_pb2 import ClientMarketData, MarketDataStream


def server_frame(payload: bytes, opcode: int = BINARY) -> bytes:
    """As a server sends it: what a client sends, without the mask."""
    masked = client_frame(payload, opcode)
    head = len(masked) - len(payload) - 4
    return bytes((masked[0], masked[1] & 0x7F)) + masked[2:head] + payload


def price(time_msc: int, bid: float) -> bytes:
    data = ClientMarketData(symbol="EURUSD", bid=bid, tick_time_msc=time_msc)
    return server_frame(MarketFrame(data=data).SerializeToString())


# ---- The pieces ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_frames_are_found_wherever_they_are_divided(size: int) -> None:
    frames = [Frame(BINARY, b"x" * size), Frame(PING, b"now")]
    data = server_frame(frames[0].payload) + server_frame(frames[1].payload, PING)
    for cut in {0, 1, 2, 3, 5, len(data) // 2, len(data) - 1, len(data)}:
        first = split(data[:cut])
        second = split(first.rest + data[cut:])
        assert [*first.whole, *second.whole] == frames
        assert second.rest == b""


def test_what_comes_to_many_is_counted_for_each_of_them() -> None:
    arrivals = Arrivals({7: Sent(0, 1_000, 1.1), 8: Sent(1, 2_000, 1.2)})
    both = price(7, 1.1) + price(8, 1.2)
    for content in [arrivals.content(both) for _ in range(3)] + [arrivals.content(price(8, 1.2))]:
        content.receivers += 1
    assert arrivals.receivers() == {0: 3, 1: 4}
    assert arrivals.receivers() == {0: 3, 1: 4}
    assert arrivals.content(both).sent_ns == [1_000, 2_000]
    assert arrivals.content(both + price(7, 1.1)[:9]).rest == price(7, 1.1)[:9]


def test_only_ticks_of_the_measured_time_count() -> None:
    arrivals = Arrivals({7: Sent(0, 1_000, 1.1), 8: Sent(1, 2_000, 1.2)})
    arrivals.content(price(7, 1.1)).receivers += 1
    arrivals.begin(1)
    assert arrivals.content(price(7, 1.1)).numbers == []
    assert arrivals.content(price(8, 1.2)).numbers == [1]
    assert arrivals.receivers()[0] == 0


@pytest.mark.parametrize("time_msc, bid", [(7, 1.10001), (9, 1.1)])
def test_a_price_that_was_not_sent_is_an_error(time_msc: int, bid: float) -> None:
    arrivals = Arrivals({7: Sent(0, 1_000, 1.1)})
    with pytest.raises(FeedError, match="never sent"):
        arrivals.content(price(time_msc, bid))


def test_every_batch_goes_on_where_the_one_before_ended() -> None:
    batches = Batches(symbols=3, ticks_per_s=5.0)
    streams = [MarketDataStream.FromString(batches.frame(n)[8:]) for n in range(6)]
    assert [each.batch_sequence for each in streams] == [1, 2, 3, 4, 5, 6]
    assert batches.every_ns == round(1e9 * BATCH_TICKS / 15)
    assert batches.frame(0) is batches.frame(0)
    for symbol in SYMBOLS[:3]:
        numbers = [t.sequence_number for s in streams for t in s.ticks if t.symbol == symbol]
        assert numbers == list(range(1, 11))


def test_acknowledgements_are_read_and_other_news_is_not_taken_for_one() -> None:
    batches = Batches(symbols=3, ticks_per_s=5.0)
    control = StreamControl()
    control.ack.batch_sequence = 300
    assert batches.acknowledged(control.SerializeToString()) == 300
    control.notice.text = "hello"
    assert batches.acknowledged(control.SerializeToString()) == 0


def test_progress_is_told_seldom_and_each_new_name_at_once() -> None:
    told: list[tuple[str, float]] = []
    progress = seldom(lambda name, done: told.append((name, done)))
    for name in "aab":
        progress(name, 0.5)
    assert told == [("a", 0.5), ("b", 0.5)]


class Heard(Peer):
    """Ready at its first data; answers what is none."""

    def received(self, at_ns: int, data: bytes) -> None:
        self.ready = True
        self.answer([frame for frame in split(data).whole if frame.opcode != BINARY])


def test_pings_are_answered_and_a_close_ends_with_its_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        swarm = Swarm(server.getsockname())
        peer = Heard(swarm, b"GET / HTTP/1.1\r\n\r\n")
        served: list[bytes] = []

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                served.append(connection.recv(1000))
                # The answer in two pieces, the second with the first frame.
                connection.sendall(b"HTTP/1.1 101 Switching")
                connection.sendall(b" Protocols\r\n\r\n" + server_frame(b"now", PING))
                served.append(connection.recv(1000))
                connection.sendall(server_frame((1001).to_bytes(2) + b"going away", CLOSE))
                connection.recv(1000)

        serving = threading.Thread(target=serve)
        serving.start()
        swarm.open([peer])
        while peer.alive:
            swarm.turn(1.0)
        serving.join()
        swarm.close([peer])
    assert served == [b"GET / HTTP/1.1\r\n\r\n", client_frame(b"now", PONG)]
    assert peer.end_reason == "closed with 1001 going away"


def test_what_the_system_does_not_take_at_once_goes_later_in_order() -> None:
    ours, theirs = socket.socketpair()
    swarm = Swarm(("127.0.0.1", 1))
    peer = Heard(swarm, b"")
    peer.adopt(ours)
    sent = bytearray()
    with theirs:
        for number in range(100):
            piece = bytes([number]) * 20_000
            peer.write(piece)
            sent += piece
        received = bytearray()
        theirs.setblocking(False)
        while len(received) < len(sent):
            with contextlib.suppress(BlockingIOError):
                received += theirs.recv(1 << 16)
            swarm.turn(0.0)
    swarm.close([peer])
    assert received == sent


# ---- Descriptors ---------------------------------------------------------------------------------


@pytest.fixture
def descriptors() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("descriptors")
def test_the_limit_of_open_files_is_raised_as_needed() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    processes.allow_descriptors(300)
    soft, still = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert (soft, still) == (400, hard)
    processes.allow_descriptors(10)
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 400


def test_too_low_a_limit_is_told_with_its_numbers() -> None:
    """In a process of its own: a hard limit that was lowered stays low."""
    code = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512))\n"
        "from tpb.cli.main import main\n"
        "sys.argv = ['tpb', 'bench', 'fanout', '--clients', '500']\n"
        "main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert "512 open files, and 600 are needed" in ended.stderr
    assert "--clients" in ended.stderr


# ---- With a gateway ------------------------------------------------------------------------------


class Refused(Peer):
    def received(self, at_ns: int, data: bytes) -> None:
        raise AssertionError("nothing is said on a connection that was refused")


def test_a_refused_connection_is_an_error_with_the_gateways_words(gateway: GatewayFixture) -> None:
    host, port = gateway.endpoint.removeprefix("ws://").split("/")[0].split(":")
    swarm = Swarm((host, int(port)))
    peer = Refused(swarm, b"GET /ws/mt5 HTTP/1.1\r\nHost: x\r\n\r\n")
    with pytest.raises(FeedError) as problem:
        swarm.open([peer])
    swarm.close([peer])
    assert "401" in problem.value.why
    assert "Bearer" in problem.value.why


@pytest.mark.slow
def test_a_small_fanout_delivers_everything_to_everyone() -> None:
    named: list[str] = []
    measured = measure(
        Load(clients=20, symbols=10, ticks_per_s=5.0, seconds=2.0, flush_ms=10),
        slow_s=2.0,
        with_direct=True,
        progress=lambda name, done: named.append(name),
    )
    found = json.loads(json.dumps(measured.document()))
    asked = {"clients": 20, "symbols": 10, "ticks_per_s": 5.0, "flush_ms": 10}
    assert asked.items() <= found.items()
    # All of it, exactly once: also of a slow machine.
    assert found["messages"] + found["conflated"] == found["ticks"] * 20
    assert (found["cut"], found["repeated"]) == (0, 0)
    assert 0 < found["p50_ms"] <= found["p99_ms"] <= found["max_ms"]
    assert found["seconds"] >= 2.0
    if processes.processor_s(os.getpid()) is not None:  # Linux
        assert found["gateway_cpu"] > 0
        assert found["rss_bytes_per_client"] is not None
    slow = found["slow_reader"]
    assert (slow["others_cut"], slow["cut"], slow["caught_up"]) == (0, None, True)
    assert slow["messages"] > 0
    direct = found["direct"]
    assert (direct["connections"], direct["cut"]) == (20, 0)
    # Ten symbols, five ticks a second each, of every client.
    assert direct["offered_ticks_per_s"] == pytest.approx(1000, rel=0.1)
    assert direct["drain_s"] is not None
    assert {"Subscribing", "Fan-out", "One does not read", "Direct: streaming"} <= set(named)
