"""A server that misbehaves as told, over real sockets: for tests of clients.

    with ScriptedServer(answers(503, {"Retry-After": "1"}), best_effort()) as server:
        connect(server.endpoint)

One behaviour a connection, in order; the last one serves all further connections.
"""

import base64
import contextlib
import hashlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Self

import crc32c

from tpb.gateway.peer import reset_when_closed
from tpb.gateway.protocol import check_of
from tpb.gateway.upgrade import SUBPROTOCOL
from tpb.wire.tpb.stream_control_pb2 import Ack, Notice, StreamControl
from tpb.wire.trading.market_data_pb2 import MarketDataStream

_MAX_HEAD_BYTES = 65536
# RFC 6455, section 1.3.
_ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass(frozen=True, slots=True)
class Request:
    """An upgrade as it came; header names in lower case."""

    target: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Frame:
    """One WebSocket frame of the client, unmasked."""

    opcode: int
    payload: bytes


CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Check(Enum):
    """What an acknowledgement's field `check` holds."""

    RIGHT = 1
    DAMAGED = 2
    NONE = 3  # as gateways that do not know it


class Hangup(Exception):
    """The client has gone, or the server is stopping."""


class Peer:
    """One client's connection, in the hands of a behaviour. Its methods raise Hangup."""

    def __init__(self, stream: socket.socket, server: "ScriptedServer") -> None:
        self._stream = stream
        self._server = server
        self._unread = b""

    def read_request(self) -> Request:
        head = self._read_until(b"\r\n\r\n").decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        request = Request(first.split(" ")[1], headers)
        self._server.note_request(request)
        return request

    def accept(self, *, acknowledges: bool = True) -> Request:
        """Reads the upgrade and grants it, with the subprotocol where the client offers it."""
        request = self.read_request()
        key = request.headers.get("sec-websocket-key", "").encode()
        proof = base64.b64encode(hashlib.sha1(key + _ACCEPT_GUID).digest()).decode()
        answer = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": proof}
        if acknowledges and SUBPROTOCOL in request.headers.get("sec-websocket-protocol", ""):
            answer["Sec-WebSocket-Protocol"] = SUBPROTOCOL
        self.send(_head(101, "Switching Protocols", answer))
        return request

    def answer(self, status: int, headers: Mapping[str, str]) -> None:
        self.send(_head(status, "As Told", {"Content-Length": "0", **headers}))

    def send(self, data: bytes) -> None:
        try:
            self._stream.sendall(data)
        except OSError:
            raise Hangup from None

    def send_frame(self, opcode: int, payload: bytes) -> None:
        self.send(frame_bytes(opcode, payload))

    def acknowledge(
        self,
        sequence: int,
        checksums: Sequence[int] = (),
        epoch: int = 1,
        *,
        stored: Sequence[int] = (),
        check: Check = Check.RIGHT,
    ) -> None:
        ack = Ack(batch_sequence=sequence, crc32c=checksums, epoch=epoch, stored_crc32c=stored)
        if check is not Check.NONE:
            right = check_of(sequence, epoch, checksums, stored)
            ack.check = right ^ 1 if check is Check.DAMAGED else right
        self.send_frame(BINARY, StreamControl(ack=ack).SerializeToString())

    def notify(self, code: str, text: str = "as told") -> None:
        notice = Notice(code=code, text=text, severity=Notice.SEVERITY_WARNING)
        self.send_frame(BINARY, StreamControl(notice=notice).SerializeToString())

    def close(self, code: int, reason: str = "") -> None:
        self.send_frame(CLOSE, struct.pack(">H", code) + reason.encode())

    def read_frame(self) -> Frame:
        first, second = self._read_exactly(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self._read_exactly(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._read_exactly(8))
        mask = self._read_exactly(4) if second & 0x80 else bytes(4)
        masked = self._read_exactly(length)
        key = int.from_bytes((mask * (length // 4 + 1))[:length])
        frame = Frame(first & 0x0F, (int.from_bytes(masked) ^ key).to_bytes(length))
        if frame.opcode == BINARY:
            self._server.note_frame(frame.payload)
        return frame

    def answer_pings(self) -> None:
        """Takes frames and answers pings and the closing handshake, until the client goes."""
        while self.read_batch() is not None:
            pass

    def read_batch(self) -> bytes | None:
        """The next batch, pings being answered; None after the closing handshake."""
        while True:
            frame = self.read_frame()
            if frame.opcode == BINARY:
                return frame.payload
            if frame.opcode == PING:
                self.send_frame(PONG, frame.payload)
            elif frame.opcode == CLOSE:
                self.send_frame(CLOSE, frame.payload[:2])
                return None

    def wait_for_hangup(self) -> None:
        """Reads nothing into the behaviour, says nothing, until the client goes."""
        with contextlib.suppress(OSError):
            while self._stream.recv(65536):
                pass

    def wait(self, seconds: float) -> None:
        """Between two bytes of a trickle; ends early where the server stops."""
        if self._server.stopping.wait(seconds):
            raise Hangup

    def reset(self) -> None:
        """Ends the connection with a TCP reset."""
        with contextlib.suppress(OSError):
            reset_when_closed(self._stream)
        self._stream.close()

    def _read_until(self, end: bytes) -> bytes:
        while end not in self._unread:
            if len(self._unread) > _MAX_HEAD_BYTES:
                raise Hangup
            self._unread += self._receive()
        head, _, self._unread = self._unread.partition(end)
        return head

    def _read_exactly(self, count: int) -> bytes:
        while len(self._unread) < count:
            self._unread += self._receive()
        taken, self._unread = self._unread[:count], self._unread[count:]
        return taken

    def _receive(self) -> bytes:
        try:
            data = self._stream.recv(65536)
        except OSError:
            raise Hangup from None
        if not data:
            raise Hangup
        return data


Behaviour = Callable[[Peer], None]


# ---- Behaviours -------------------------------------------------------------------------------


def never_answers() -> Behaviour:
    """Takes the connection and says nothing."""
    return Peer.wait_for_hangup


def answers(status: int, headers: Mapping[str, str] | None = None) -> Behaviour:
    """Refuses the upgrade with an HTTP status."""

    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.answer(status, headers or {})

    return behave


def closes_with(code: int, reason: str = "") -> Behaviour:
    """Grants the upgrade and closes."""

    def behave(peer: Peer) -> None:
        peer.accept()
        peer.close(code, reason)
        peer.wait_for_hangup()

    return behave


def sends_garbage() -> Behaviour:
    """Grants the upgrade, then sends what is no WebSocket frame."""

    def behave(peer: Peer) -> None:
        peer.accept()
        # Reserved bits, a reserved opcode, a masked server: no client can take it for a frame.
        peer.send(b"\xff\x85" + b"\xff" * 64)
        peer.wait_for_hangup()

    return behave


def sends_garbage_messages(count: int = 3) -> Behaviour:
    """Sends well-formed binary frames that are no StreamControl, and goes on listening."""

    def behave(peer: Peer) -> None:
        peer.accept()
        for _ in range(count):
            peer.send_frame(BINARY, b"\xff" * 32)
        peer.answer_pings()

    return behave


def answers_garbage() -> Behaviour:
    """Answers the upgrade with what is no HTTP."""

    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"\x00\x01\x02 this is no HTTP \r\n\r\n")
        peer.wait_for_hangup()

    return behave


def stalls_after_upgrade() -> Behaviour:
    """Grants the upgrade, then neither reads a ping nor says where the session stands."""

    def behave(peer: Peer) -> None:
        peer.accept()
        peer.wait_for_hangup()

    return behave


def trickles(pause_s: float = 0.02) -> Behaviour:
    """Grants the upgrade and says where the session stands, a byte at a time."""

    def behave(peer: Peer) -> None:
        slow = _Trickling(peer, pause_s)
        slow.accept()
        slow.acknowledge(0)
        slow.answer_pings()

    return behave


def best_effort() -> Behaviour:
    """An older gateway: takes frames, knows no subprotocol, acknowledges nothing."""

    def behave(peer: Peer) -> None:
        peer.accept(acknowledges=False)
        peer.answer_pings()

    return behave


def acknowledges(
    point: int = 0,
    *,
    epoch: int = 1,
    stored: Sequence[int] = (),
    check: Check = Check.RIGHT,
    restored: bool = False,
    wrong_checksum_of: int | None = None,
    damaged_check_of: int | None = None,
) -> Behaviour:
    """Says that the session stands at `point`, then acknowledges each batch as it comes.

    stored: the first acknowledgement's checksums of batches up to the point. restored: a notice
    says first that the store was restored. wrong_checksum_of, damaged_check_of: the batch whose
    acknowledgement is so.
    """

    def behave(peer: Peer) -> None:
        peer.accept()
        if restored:
            peer.notify("store_restored")
        peer.acknowledge(point, (), epoch, stored=stored, check=check)
        while (payload := peer.read_batch()) is not None:
            sequence = MarketDataStream.FromString(payload).batch_sequence
            checksum = crc32c.crc32c(payload) ^ (sequence == wrong_checksum_of)
            damaged = sequence == damaged_check_of
            peer.acknowledge(
                sequence, (checksum,), epoch, check=Check.DAMAGED if damaged else check
            )

    return behave


def damages_check() -> Behaviour:
    """Says where the session stands, with a check that does not fit."""
    return acknowledges(check=Check.DAMAGED)


def without_check() -> Behaviour:
    """A gateway from before there were checks."""
    return acknowledges(check=Check.NONE)


def stands_beyond(point: int = 2**40) -> Behaviour:
    """Knows batches of the session that this client never handed over."""
    return acknowledges(point)


def tells_store_restored(point: int = 0, epoch: int = 2) -> Behaviour:
    """Has lost batches that it had acknowledged, and says so."""
    return acknowledges(point, epoch=epoch, restored=True)


def acknowledges_out_of_range(sequence: int = 2**62) -> Behaviour:
    """Acknowledges batches that were never sent."""

    def behave(peer: Peer) -> None:
        peer.accept()
        peer.acknowledge(0)
        peer.acknowledge(sequence)
        peer.answer_pings()

    return behave


def hangs_up() -> Behaviour:
    """Resets the connection during the upgrade."""

    def behave(peer: Peer) -> None:
        peer.read_request()
        peer.reset()

    return behave


class _Trickling(Peer):
    """A peer that is sent one byte at a time."""

    def __init__(self, peer: Peer, pause_s: float) -> None:
        super().__init__(peer._stream, peer._server)
        self._pause_s = pause_s

    def send(self, data: bytes) -> None:
        for byte in data:
            super().send(bytes([byte]))
            self.wait(self._pause_s)


# ---- The server -------------------------------------------------------------------------------


class ScriptedServer:
    """Serves on 127.0.0.1 while its block runs; every connection has a thread of its own."""

    def __init__(self, *behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        if not behaviours:
            raise ValueError("a scripted server needs a behaviour")
        self.requests: list[Request] = []
        self.frames: list[bytes] = []  # payloads of binary frames
        self.connections = 0
        self.stopping = threading.Event()
        self._behaviours = behaviours
        self._tls = tls
        self._changed = threading.Condition()
        self._streams: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        scheme = "wss" if self._tls else "ws"
        self.endpoint = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}/ws/mt5"
        self._start(self._listen)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopping.set()
        # Wakes accept(), which closing alone does not do everywhere.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._changed:
            streams = list(self._streams)
        for stream in streams:
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def wait_for_connections(self, count: int, timeout_s: float) -> None:
        self._wait_until(lambda: self.connections >= count, f"{count} connections", timeout_s)

    def wait_for_requests(self, count: int, timeout_s: float) -> None:
        self._wait_until(lambda: len(self.requests) >= count, f"{count} requests", timeout_s)

    def wait_for_frames(self, count: int, timeout_s: float) -> None:
        self._wait_until(lambda: len(self.frames) >= count, f"{count} frames", timeout_s)

    def note_request(self, request: Request) -> None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def note_frame(self, payload: bytes) -> None:
        with self._changed:
            self.frames.append(payload)
            self._changed.notify_all()

    def _wait_until(self, reached: Callable[[], bool], what: str, timeout_s: float) -> None:
        with self._changed:
            if not self._changed.wait_for(reached, timeout_s):
                raise TimeoutError(f"no {what} within {timeout_s} s")

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name="tpb-scripted", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        while True:
            try:
                stream, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                behave = self._behaviours[min(self.connections, len(self._behaviours) - 1)]
                self.connections += 1
                self._streams.add(stream)
                self._changed.notify_all()
            if self.stopping.is_set():
                stream.close()
                return
            self._start(self._serve, stream, behave)

    def _serve(self, stream: socket.socket, behave: Behaviour) -> None:
        plain = stream
        try:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                stream = self._tls.wrap_socket(stream, server_side=True)
                with self._changed:
                    self._streams.discard(plain)
                    self._streams.add(stream)
            behave(Peer(stream, self))
        except (Hangup, OSError):
            pass
        finally:
            with self._changed:
                self._streams.discard(stream)
                self._streams.discard(plain)
            stream.close()


def frame_bytes(opcode: int, payload: bytes) -> bytes:
    """A final, unmasked frame: as a server sends it."""
    length = len(payload)
    if length < 126:
        head = struct.pack(">BB", 0x80 | opcode, length)
    elif length < 65536:
        head = struct.pack(">BBH", 0x80 | opcode, 126, length)
    else:
        head = struct.pack(">BBQ", 0x80 | opcode, 127, length)
    return head + payload


def _head(status: int, phrase: str, headers: Mapping[str, str]) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {phrase}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
