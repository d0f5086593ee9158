"""A server for market data that says what it is told to: pairs, and a message a subscription."""

import base64
import hashlib
import queue
import threading

from tpb.testing.scripted import BINARY, CLOSE, PING, PONG, Hangup, Peer
from tpb.wire.tpb.market_stream_pb2 import MarketFrame, SubscriptionResult
from tpb.wire.tpb.stream_control_pb2 import Pair, PairSelection, StreamControl
from tpb.wire.trading.market_data_pb2 import (
    SUBSCRIPTION_ACTION_SUBSCRIBE,
    SUBSCRIPTION_TIER_PRO,
    ClientMarketData,
    SubscriptionRequest,
)

SUBPROTOCOL = "tpb.market.v1"
# RFC 6455, section 1.3.
_ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class ToldServer:
    """A behaviour for ScriptedServer: grants each subscription; choose() tells other pairs.

    newest: what each subscription is answered with, as gateways may that greet.
    """

    def __init__(self, *pairs: str, newest: ClientMarketData | None = None) -> None:
        self.subscribed: list[str] = []  # symbols, as they stand now
        self.greeted = 0
        self._pairs = pairs
        self._newest = newest
        self._version = 0
        self._peers: queue.Queue[Peer] = queue.Queue()
        self._writing = threading.Lock()

    def __call__(self, peer: Peer) -> None:
        request = peer.read_request()
        proof = hashlib.sha1(
            (request.headers["sec-websocket-key"] + _ACCEPT_GUID).encode()
        ).digest()
        head = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {base64.b64encode(proof).decode()}\r\n"
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
        )
        peer.send(head.encode())
        self.subscribed.clear()
        if self._pairs:
            self._tell(peer)
        self._peers.put(peer)
        while True:
            frame = peer.read_frame()
            if frame.opcode == BINARY:
                self._answer(peer, SubscriptionRequest.FromString(frame.payload))
            elif frame.opcode == PING:
                self._send(peer, PONG, frame.payload)
            elif frame.opcode == CLOSE:
                self._send(peer, CLOSE, frame.payload[:2])
                raise Hangup

    def choose(self, *pairs: str) -> None:
        """Waits for the client's connection, and tells it."""
        self._pairs = pairs
        peer = self._peers.get(timeout=30)
        self._tell(peer)
        self._peers.put(peer)

    def cut(self) -> None:
        """Resets the client's connection."""
        self._peers.get(timeout=30).reset()

    def _tell(self, peer: Peer) -> None:
        self._version += 1
        chosen = PairSelection(
            version=self._version,
            tier=SUBSCRIPTION_TIER_PRO,
            pairs=[
                Pair(symbol=symbol, role=Pair.ROLE_PRIMARY, weight=1, priority=at)
                for at, symbol in enumerate(self._pairs, 1)
            ],
        )
        self._say(peer, MarketFrame(control=StreamControl(pairs=chosen)))

    def _answer(self, peer: Peer, request: SubscriptionRequest) -> None:
        begins = request.action == SUBSCRIPTION_ACTION_SUBSCRIBE
        if begins and request.symbol not in self.subscribed:
            self.subscribed.append(request.symbol)
        if not begins:
            self.subscribed.remove(request.symbol)
        result = SubscriptionResult(
            symbol=request.symbol,
            data_type=request.data_type,
            timeframe=request.timeframe,
            outcome=(
                SubscriptionResult.OUTCOME_SUBSCRIBED
                if begins
                else SubscriptionResult.OUTCOME_UNSUBSCRIBED
            ),
            tier=SUBSCRIPTION_TIER_PRO,
            limit=10,
        )
        self._say(peer, MarketFrame(result=result))
        if begins and self._newest is not None:
            self.greeted += 1
            self._say(peer, MarketFrame(data=self._newest))

    def _say(self, peer: Peer, frame: MarketFrame) -> None:
        self._send(peer, BINARY, frame.SerializeToString())

    def _send(self, peer: Peer, opcode: int, payload: bytes) -> None:
        with self._writing:
            peer.send_frame(opcode, payload)
