"""WebSocket by hand (RFC 6455): as cheap as a load on a thousand sockets has to be."""

import base64
import secrets
from typing import NamedTuple
from urllib.parse import urlsplit

BINARY, CLOSE, PING, PONG = 0x2, 0x8, 0x9, 0xA

_FINAL = 0x80
_MASKED = 0x80
# A client has to mask; a key of zeros leaves the payload as it is, so that many may share it.
_NO_MASK = bytes(4)


class Frame(NamedTuple):
    opcode: int
    payload: bytes


class Frames(NamedTuple):
    """What some received bytes hold."""

    whole: list[Frame]
    rest: bytes  # the beginning of the next one


def address_of(endpoint: str) -> tuple[str, int]:
    parts = urlsplit(endpoint)
    return parts.hostname or "", parts.port or 0


def upgrade_request(
    address: tuple[str, int], path: str, *, subprotocol: str, headers: dict[str, str]
) -> bytes:
    host, port = address
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(secrets.token_bytes(16)).decode()}",
        f"Sec-WebSocket-Protocol: {subprotocol}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def client_frame(payload: bytes, opcode: int = BINARY) -> bytes:
    size = len(payload)
    if size < 126:
        length = bytes((_MASKED | size,))
    elif size < 1 << 16:
        length = bytes((_MASKED | 126,)) + size.to_bytes(2)
    else:
        length = bytes((_MASKED | 127,)) + size.to_bytes(8)
    return bytes((_FINAL | opcode,)) + length + _NO_MASK + payload


def split(data: bytes) -> Frames:
    """The frames of a server, which neither masks nor, here, divides its messages."""
    whole: list[Frame] = []
    at, end = 0, len(data)
    while end - at >= 2:
        size, start = data[at + 1], at + 2
        if size >= 126:
            width = 2 if size == 126 else 8
            start += width
            if end < start:
                break
            size = int.from_bytes(data[start - width : start])
        if end < start + size:
            break
        whole.append(Frame(data[at] & 0x0F, data[start : start + size]))
        at = start + size
    return Frames(whole, data[at:])
