"""Frames as RFC 6455 has them, read by an independent client."""

import socket

import pytest
import websocket

from tpb.gateway.control import token_expires
from tpb.gateway.market.framing import binary_frame, control_frame, text_frame
from tpb.wire.tpb.market_stream_pb2 import MarketFrame
from tpb.wire.trading.market_data_pb2 import ClientMarketData


def read(frame: bytes) -> tuple[int, bytes]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reader = websocket.WebSocket()
        reader.sock = theirs
        theirs.settimeout(10)
        ours.setblocking(False)
        sent = ours.send(frame)
        assert sent == len(frame)
        opcode, payload = reader.recv_data()
        return opcode, bytes(payload)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
def test_every_length(size: int) -> None:
    assert read(text_frame("x" * size)) == (websocket.ABNF.OPCODE_TEXT, b"x" * size)


def test_a_message() -> None:
    message = ClientMarketData(symbol="EURUSD", bid=1.1)
    opcode, payload = read(binary_frame(message))
    assert opcode == websocket.ABNF.OPCODE_BINARY
    assert ClientMarketData.FromString(payload) == message


def test_what_is_said_beside_the_data() -> None:
    _, payload = read(control_frame(token_expires(60)))
    assert MarketFrame.FromString(payload).control.notice.code == "token_expires"
