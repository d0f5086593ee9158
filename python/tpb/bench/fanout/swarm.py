"""Many connections of one thread: non-blocking sockets under one selector."""

import contextlib
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence

from tpb.bench.fanout.websocket import CLOSE, PING, PONG, Frame, client_frame
from tpb.feed.problem import FeedError

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_RECEIVE_BYTES = 1 << 16
# How many open at a time: fewer than a listening socket lets wait.
_OPENING = 64
_OPEN_TIMEOUT_S = 60.0
_UPGRADED = b"HTTP/1.1 101 "


class Peer:
    """One WebSocket of the load; its subclass knows what is said on it."""

    def __init__(self, swarm: "Swarm", request: bytes) -> None:
        self._swarm = swarm
        self._request = request
        self._out = b""
        self._answer: bytes | None = b""  # of the upgrade, until it is whole
        self.socket: socket.socket | None = None  # None: not connected
        self.ready = False  # set by the subclass
        self.end_reason: str | None = None

    # ---- Said by the subclass -----------------------------------------------------------------

    def opened(self) -> None:
        """The upgrade was accepted."""

    def received(self, at_ns: int, data: bytes) -> None:
        """Bytes came, at a time of time.monotonic_ns()."""
        raise NotImplementedError

    def room(self) -> None:
        """What was written is with the system."""

    # ---- For the subclass ---------------------------------------------------------------------

    def write(self, data: bytes) -> bool:
        """Tells whether the system took it all; if not, the rest goes when it can: see room()."""
        if self.socket is None:
            return False
        if self._out:
            self._out += data
            return False
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as problem:
            self.end(f"cannot send: {problem.strerror}")
            return False
        if sent == len(data):
            return True
        self._out = data[sent:]
        self._swarm.watch(self, _READ | _WRITE)
        return False

    def answer(self, frames: Sequence[Frame]) -> None:
        """Does what is not data: pings and a close."""
        for frame in frames:
            if frame.opcode == PING:
                self.write(client_frame(frame.payload, PONG))
            elif frame.opcode == CLOSE:
                code, text = int.from_bytes(frame.payload[:2]), frame.payload[2:]
                self.end(f"closed with {code} {text.decode('utf-8', 'replace')}".rstrip())

    def end(self, reason: str) -> None:
        if self.socket is not None:
            self._swarm.forget(self)
            self.socket.close()
            self.socket = None
            self.end_reason = reason

    # ---- For the swarm ------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        return self.socket is not None

    def connect(self, address: tuple[str, int], receive_buffer: int | None) -> None:
        opening = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        if receive_buffer is not None:  # before connecting: it bounds the window from the start
            opening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        opening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opening.setblocking(False)
        opening.connect_ex(address)
        self.adopt(opening)

    def adopt(self, connecting: socket.socket) -> None:
        """Asks for the upgrade on it as soon as it is connected."""
        connecting.setblocking(False)
        self._out = self._request
        self.socket = connecting
        self._swarm.enter(self)

    def readable(self) -> None:
        if self.socket is None:
            return
        try:
            data = self.socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError as problem:
            self.end(f"cannot receive: {problem.strerror}")
            return
        at_ns = time.monotonic_ns()
        if not data:
            self.end("ended by the gateway")
        elif self._answer is None:
            self.received(at_ns, data)
        else:
            self._take_answer(at_ns, data)

    def writable(self) -> None:
        if self.socket is None:
            return
        waiting, self._out = self._out, b""
        if not self.write(waiting):
            return
        self._swarm.watch(self, _READ)
        if self._answer is None:
            self.room()

    def _take_answer(self, at_ns: int, data: bytes) -> None:
        assert self._answer is not None
        head, end, rest = (self._answer + data).partition(b"\r\n\r\n")
        if not end:
            self._answer = head
            return
        if not head.startswith(_UPGRADED):
            status = head.split(b"\r\n", 1)[0].decode("latin-1")
            self.end(f"refused: {status} {rest[:200].decode('utf-8', 'replace')}")
            return
        self._answer = None
        self.opened()
        if rest:
            self.received(at_ns, rest)


class Swarm:
    """All its methods, and those of its peers, on one thread."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._selector = selectors.DefaultSelector()
        self._waited_ns = 0
        self.turns_ns: list[int] = []  # how long each turn's work took

    def turn(self, timeout_s: float) -> None:
        """Waits, and serves whoever has something."""
        before = time.monotonic_ns()
        events = self._selector.select(max(0.0, timeout_s))
        begun = time.monotonic_ns()
        self._waited_ns += begun - before
        for key, mask in events:
            if mask & _READ:
                key.data.readable()
            if mask & _WRITE:
                key.data.writable()
        if events:
            self.turns_ns.append(time.monotonic_ns() - begun)

    @property
    def waited_s(self) -> float:
        """How long nothing was to be done, since the beginning."""
        return self._waited_ns / 1e9

    def open(
        self,
        peers: Sequence[Peer],
        progress: Callable[[float], None] = lambda done: None,
        *,
        receive_buffer: int | None = None,
        meanwhile: Callable[[], float] = lambda: 0.1,
    ) -> None:
        """Returns when all are ready. Raises FeedError where one is refused.

        meanwhile: is called in between, and tells how long it need not be called.
        """
        waiting, opening = deque(peers), set[Peer]()
        moved = time.monotonic()
        while waiting or opening:
            while waiting and len(opening) < _OPENING:
                peer = waiting.popleft()
                peer.connect(self._address, receive_buffer)
                opening.add(peer)
            self.turn(min(0.1, meanwhile()))
            done = {peer for peer in opening if peer.ready}
            for peer in opening - done:
                if peer.end_reason is not None:
                    raise FeedError(
                        "The gateway did not take a connection of the load.",
                        peer.end_reason,
                        "Take fewer with --clients, or see the gateway's log.",
                    )
            if done:
                opening -= done
                moved = time.monotonic()
                progress(1 - (len(waiting) + len(opening)) / len(peers))
            elif time.monotonic() - moved > _OPEN_TIMEOUT_S:
                raise FeedError(
                    f"Connections were not ready within {_OPEN_TIMEOUT_S:.0f} s.",
                    f"{len(waiting) + len(opening):,} of {len(peers):,} are missing.",
                    "Take fewer with --clients.",
                )

    def enter(self, peer: Peer) -> None:
        assert peer.socket is not None
        self._selector.register(peer.socket, _READ | _WRITE, peer)

    def watch(self, peer: Peer, events: int) -> None:
        assert peer.socket is not None
        self._selector.modify(peer.socket, events, peer)

    def pause(self, peer: Peer) -> None:
        """Reads no more of it until resume()."""
        self.forget(peer)

    def resume(self, peer: Peer) -> None:
        if peer.socket is not None:
            self._selector.register(peer.socket, _READ, peer)

    def forget(self, peer: Peer) -> None:
        assert peer.socket is not None
        with contextlib.suppress(KeyError):  # paused
            self._selector.unregister(peer.socket)

    def close(self, peers: Sequence[Peer]) -> None:
        for peer in peers:
            peer.end("closed by the load")
        self._selector.close()
