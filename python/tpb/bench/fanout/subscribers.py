"""Who takes the ticks: a thousand connections to /ws/market-data, with little work a message."""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence

from tpb.bench.fanout.swarm import Peer, Swarm
from tpb.bench.fanout.ticking import SYMBOLS, Sent
from tpb.bench.fanout.websocket import BINARY, Frame, client_frame, split, upgrade_request
from tpb.feed.problem import FeedError
from tpb.wire.tpb.market_stream_pb2 import MarketFrame, SubscriptionResult
from tpb.wire.trading.market_data_pb2 import ClientMarketData, SubscriptionRequest

PATH = "/ws/market-data"
SUBPROTOCOL = "tpb.market.v1"
DATA_TYPE = "real_time_with_indicators"
# Subscribers differ in this, as people do: the gateway has to encode for each.
TIMEFRAMES = ("1m", "", "5m", "1h")

# What is remembered of what was received; clients that got other pieces of it are new content.
_REMEMBERED_BYTES = 64 << 20


class Content:
    """Some received bytes, understood once for all who get the same."""

    __slots__ = ("frames", "numbers", "receivers", "rest", "results", "sent_ns")

    def __init__(self) -> None:
        self.receivers = 0
        self.numbers: list[int] = []  # of the ticks that are measured
        self.sent_ns: list[int] = []  # when each was sent
        self.results: list[SubscriptionResult] = []
        self.frames: list[Frame] = []  # those that are no data
        self.rest = b""


class Arrivals:
    """What subscribers received, and how long after it was sent. One thread."""

    def __init__(self, sent: Mapping[int, Sent]) -> None:
        self._sent = sent
        self._known: dict[bytes, Content] = {}
        self._known_bytes = 0
        self._first = 0
        self._counted: Counter[int] = Counter()
        self.latencies_ns = array("q")

    def begin(self, first_number: int) -> None:
        """From here on ticks from first_number on are measured."""
        self._known.clear()
        self._known_bytes = 0
        self._first = first_number
        self._counted.clear()
        self.latencies_ns = array("q")

    def content(self, data: bytes) -> Content:
        known = self._known.get(data)
        if known is None:
            known = self._understood(data)
            if self._known_bytes > _REMEMBERED_BYTES:
                self.receivers()
                self._known.clear()
                self._known_bytes = 0
            self._known[data] = known
            self._known_bytes += len(data)
        return known

    def receivers(self) -> Mapping[int, int]:
        """By each tick's number, how many have received it."""
        for known in self._known.values():
            for number in known.numbers:
                self._counted[number] += known.receivers
            known.receivers = 0
        return self._counted

    def _understood(self, data: bytes) -> Content:
        content = Content()
        frames, content.rest = split(data)
        for frame in frames:
            if frame.opcode != BINARY:
                content.frames.append(frame)
                continue
            message = MarketFrame.FromString(frame.payload)
            match message.WhichOneof("kind"):
                case "data":
                    self._take(message.data, content)
                case "result":
                    content.results.append(message.result)
        return content

    def _take(self, data: ClientMarketData, content: Content) -> None:
        sent = self._sent.get(data.tick_time_msc)
        if sent is None or sent.bid != data.bid:
            raise FeedError(
                f"A price of {data.symbol} arrived that was never sent.",
                f"Its bid is {data.bid}, its tick_time_msc {data.tick_time_msc}.",
                "Please report it, with this command.",
            )
        if sent.number >= self._first:
            content.numbers.append(sent.number)
            content.sent_ns.append(sent.at_ns)


class Subscriber(Peer):
    """One connection with all the symbols."""

    def __init__(
        self,
        swarm: Swarm,
        arrivals: Arrivals,
        request: bytes,
        *,
        symbols: int,
        timeframe: str,
    ) -> None:
        super().__init__(swarm, request)
        self._arrivals = arrivals
        self._symbols = symbols
        self._timeframe = timeframe
        self._granted = 0
        self._rest = b""

    def opened(self) -> None:
        requests = (
            SubscriptionRequest(symbol=symbol, data_type=DATA_TYPE, timeframe=self._timeframe)
            for symbol in SYMBOLS[: self._symbols]
        )
        self.write(b"".join(client_frame(request.SerializeToString()) for request in requests))

    def received(self, at_ns: int, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        content = self._arrivals.content(data)
        self._rest = content.rest
        if content.sent_ns:
            content.receivers += 1
            self._arrivals.latencies_ns.extend([at_ns - sent for sent in content.sent_ns])
        if content.results:
            self._count(content.results)
        if content.frames:
            self.answer(content.frames)

    def _count(self, results: Sequence[SubscriptionResult]) -> None:
        for result in results:
            if result.outcome != SubscriptionResult.OUTCOME_SUBSCRIBED:
                self.end(f"{result.symbol} was refused: {result.text}")
                return
        self._granted += len(results)
        self.ready = self._granted == self._symbols


def upgrade(address: tuple[str, int], token: str, user: str) -> bytes:
    return upgrade_request(
        address,
        PATH,
        subprotocol=SUBPROTOCOL,
        headers={"Authorization": f"Bearer {token}", "x-user-id": user, "x-session-id": user},
    )
