"""One symbol of one tenant: its price, bars and indicators, computed once for all clients. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from tpb.gateway.market import trading_hours
from tpb.gateway.market.audience import Audience, View
from tpb.gateway.market.bars import SECONDS, Bar, BarBuilder
from tpb.gateway.market.framing import binary_frame
from tpb.gateway.market.history import History, Room
from tpb.gateway.market.mailbox import Mailbox
from tpb.gateway.market.series import LONGER, BarMerger, Series
from tpb.gateway.market.trading_hours import Hours
from tpb.gateway.protocol import Quote
from tpb.gateway.quality import MAX_JUMP
from tpb.wire.tpb.market_stream_pb2 import MarketFrame

TICKS = ""  # the timeframe of indicators over ticks
TIMEFRAMES = (TICKS, *SECONDS)
# Another source takes over from one that was silent for so long.
SILENCE_MS = 5000
# Sources whose numbers are known.
_MAX_SOURCES = 16
_MINUTE_MS = 60_000

# Tenant, symbol, minute since 1970 by the trade server's wall clock, closing bid.
OnMinute = Callable[[str, str, int, float], None]


@dataclass(eq=False, slots=True)
class Source:
    """One connection that streams ticks."""

    tenant: str
    session: str
    continues: str | None = None  # the session that this one goes on from, in its numbers as well
    ended: bool = False


class Channel:
    """Follows one source at a time, so that two terminals' ticks are not mixed."""

    def __init__(
        self, tenant: str, symbol: str, *, shared: bool, room: Room, on_minute: OnMinute
    ) -> None:
        self.tenant = tenant
        self.symbol = symbol
        self.shared = shared
        self._on_minute = on_minute
        self._leader: Source | None = None
        self._newest = 0  # number of the leader's
        self._numbers: dict[str, int] = {}  # newest by session; the leader's may be behind
        # The newest tick.
        self._number = 0
        self._quote: Quote = (symbol, 0, 0.0, 0.0, 0, 0)
        self._at_ms = self._source_age_ms = 0
        # What is kept warm.
        self._series = {timeframe: Series() for timeframe in TIMEFRAMES}
        self._ticks = self._series[TICKS]
        self._history = {timeframe: History(room) for timeframe in SECONDS}
        self._bar_time = dict.fromkeys(TIMEFRAMES, 0)
        self._begin_bars()
        # Who listens.
        self._audiences: dict[View, Audience] = {}
        self._bar_mailboxes: dict[str, dict[Mailbox, None]] = {}

    # ---- Ticks --------------------------------------------------------------------------------

    def take(self, source: Source, quote: Quote, source_age_ms: int, at_ms: int) -> bool:
        """Whether the tick was the channel's next: then it was sent to all that listen."""
        _, number, bid, ask, time_msc, volume = quote
        # The usual case, quickly: every tick that is streamed comes by here, listened to or not.
        if source is self._leader and 0 < number - self._newest <= MAX_JUMP:
            self._newest = number
        elif not self._is_next(source, number, time_msc, at_ms):
            return False
        self._number += 1
        self._quote = quote
        self._at_ms = at_ms
        self._source_age_ms = source_age_ms
        self._ticks.add(bid)
        minute = self._minutes.add(time_msc, bid, ask, volume)
        if minute is not None:
            self._complete_bars(minute, time_msc)
        if self._audiences:
            self._publish()
        return True

    def _publish(self) -> None:
        hours = trading_hours.session_at(self._at_ms / 1000)
        for audience in self._audiences.values():
            self._fill(audience, hours)
            if audience.view.indicators and audience.view.timeframe == TICKS:
                audience.fill_indicators(self._ticks.indicators, 0)
            audience.publish()

    # ---- Which source -------------------------------------------------------------------------

    def _is_next(self, source: Source, number: int, time_msc: int, at_ms: int) -> bool:
        """Whether it was not seen before and its source leads, maybe from now on."""
        leader = self._leader
        if leader is not None:
            self._numbers[leader.session] = self._newest
        if not self._is_new(source, number):
            return False
        if source is not leader:
            if not self._may_lead(source, at_ms):
                return False
            self._follow(source, time_msc)
        self._newest = self._numbers.get(source.session, 0)
        return True

    def _is_new(self, source: Source, number: int) -> bool:
        """0: the source does not number its ticks."""
        if not number:
            return True
        numbers = self._numbers
        newest = numbers.get(source.session)
        if newest is None:
            newest = numbers.get(source.continues or "", 0)
            self._make_room_for_a_source()
        if number <= newest or (newest and number - newest > MAX_JUMP):
            return False
        numbers[source.session] = number
        return True

    def _make_room_for_a_source(self) -> None:
        if len(self._numbers) < _MAX_SOURCES:
            return
        leading = self._leader and self._leader.session
        del self._numbers[next(session for session in self._numbers if session != leading)]

    def _may_lead(self, source: Source, at_ms: int) -> bool:
        leader = self._leader
        return (
            leader is None
            or leader.ended
            or leader.session == source.session
            or at_ms - self._at_ms > SILENCE_MS
        )

    def _follow(self, source: Source, time_msc: int) -> None:
        """A source that begins before what the one before it had streamed, as a replay does that
        is started again, would be late with every bar: it begins anew."""
        leader = self._leader
        self._leader = source
        if leader is None or not leader.ended or source.session == leader.session:
            return
        if source.continues != leader.session and time_msc < self._quote[4] - _MINUTE_MS:
            self._begin_anew()

    # ---- Bars ---------------------------------------------------------------------------------

    def _begin_bars(self) -> None:
        self._minutes = BarBuilder(self.symbol, "1m")
        self._mergers = {timeframe: BarMerger(timeframe) for timeframe in LONGER}

    def _begin_anew(self) -> None:
        self._begin_bars()
        for timeframe, series in self._series.items():
            series.clear()
            self._bar_time[timeframe] = 0
        for history in self._history.values():
            history.clear()
        for audience in self._audiences.values():
            self._fill_indicators(audience)

    def _complete_bars(self, minute: Bar, time_msc: int) -> None:
        self._on_minute(self.tenant, self.symbol, minute.time // 60, minute.close)
        self._complete(minute)
        for merger in self._mergers.values():
            bar = merger.add(minute, time_msc)
            if bar is not None:
                self._complete(bar)

    def _complete(self, bar: Bar) -> None:
        timeframe = bar.timeframe
        self._series[timeframe].add(bar.close)
        self._bar_time[timeframe] = bar.time
        frame = self._bar_frame(bar)
        self._history[timeframe].add(frame)
        for mailbox in self._bar_mailboxes.get(timeframe, ()):
            mailbox.put(frame)
        for audience in self._audiences.values():
            if audience.view.timeframe == timeframe:
                self._fill_indicators(audience)

    def _bar_frame(self, bar: Bar) -> bytes:
        frame = MarketFrame()
        bar.fill(frame.bar)
        frame.bar.tenant_id = self.tenant
        return binary_frame(frame)

    # ---- Listeners ----------------------------------------------------------------------------

    def join(self, view: View, mailbox: Mailbox, at_ms: int) -> Audience:
        """From the newest tick on, which is sent at once: as old as it is by now."""
        audience = self._audiences.get(view)
        if audience is None:
            audience = Audience(view, self.symbol, shared=self.shared)
            self._fill_indicators(audience)
            self._audiences[view] = audience
        waited_ms = max(0, at_ms - self._at_ms)
        self._fill(audience, trading_hours.session_at(at_ms / 1000), waited_ms)
        audience.mailboxes[mailbox] = None
        mailbox.offer(audience, audience.encode())
        return audience

    def leave(self, audience: Audience, mailbox: Mailbox) -> None:
        del audience.mailboxes[mailbox]
        if audience.mailboxes:
            return
        del self._audiences[audience.view]
        timeframe = audience.view.timeframe
        if not any(other.indicators and other.timeframe == timeframe for other in self._audiences):
            self._series[timeframe].rest()

    def join_bars(self, timeframe: str, mailbox: Mailbox, history: int) -> None:
        """The newest `history` bars at once, then each bar when it is complete."""
        bars = self._history[timeframe].newest(history)
        if bars:
            mailbox.put(bars)
        self._bar_mailboxes.setdefault(timeframe, {})[mailbox] = None

    def leave_bars(self, timeframe: str, mailbox: Mailbox) -> None:
        mailboxes = self._bar_mailboxes[timeframe]
        del mailboxes[mailbox]
        if not mailboxes:
            del self._bar_mailboxes[timeframe]

    def _fill(self, audience: Audience, hours: Hours, waited_ms: int = 0) -> None:
        _, _, bid, ask, time_msc, _ = self._quote
        audience.fill(
            bid=bid,
            ask=ask,
            time_msc=time_msc,
            at_ms=self._at_ms,
            source_age_ms=self._source_age_ms + waited_ms,
            number=self._number,
            hours=hours,
        )

    def _fill_indicators(self, audience: Audience) -> None:
        view = audience.view
        if view.indicators:
            timeframe = view.timeframe
            audience.fill_indicators(self._series[timeframe].indicators, self._bar_time[timeframe])
