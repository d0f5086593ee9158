"""Frames to /ws/market-data as bytes for the socket, so that one serves many clients. Pure."""

import struct

from google.protobuf.message import Message

from tpb.wire.tpb.market_stream_pb2 import MarketFrame

_TEXT = 0x81  # one whole frame: FIN and the opcode
_BINARY = 0x82
_MAX_SHORT = 125
_MAX_MEDIUM = 0xFFFF


def binary_frame(message: Message) -> bytes:
    return _frame(_BINARY, message.SerializeToString())


def text_frame(text: str) -> bytes:
    return _frame(_TEXT, text.encode())


def control_frame(control: bytes) -> bytes:
    """Of a serialised StreamControl."""
    frame = MarketFrame()
    frame.control.MergeFromString(control)
    return binary_frame(frame)


def _frame(opcode: int, payload: bytes) -> bytes:
    """As RFC 6455 has it: a server's frames are not masked."""
    size = len(payload)
    if size <= _MAX_SHORT:
        return bytes((opcode, size)) + payload
    if size <= _MAX_MEDIUM:
        return struct.pack(">BBH", opcode, 126, size) + payload
    return struct.pack(">BBQ", opcode, 127, size) + payload
