"""Ticks to channels, channels to subscriptions: who of which tenant listens to what. Pure."""

from dataclasses import dataclass

from tpb.gateway.market.audience import Audience, View
from tpb.gateway.market.channel import Channel, OnMinute, Source
from tpb.gateway.market.history import Room
from tpb.gateway.market.mailbox import Mailbox
from tpb.gateway.protocol import Batch, Quote

# Of one tenant: more symbols than any trade server has.
MAX_CHANNELS = 16_384
MAX_SYMBOL_BYTES = 64
# What a broken sender could write into a tick and no market has.
_MAX_PRICE = 1e15
_MAX_VOLUME = 1 << 40
# Trade servers' wall clocks are at most 14 hours before UTC, and a clock may be wrong.
_MAX_AHEAD_MS = 26 * 3600 * 1000


@dataclass(eq=False, slots=True)
class Subscription:
    """One client's, to the symbol of its own tenant or, where that has none, of a shared one."""

    mailbox: Mailbox
    tenant: str
    symbol: str
    view: View | None  # None: bars
    timeframe: str
    channel: Channel | None = None  # None: nobody streams the symbol yet
    audience: Audience | None = None
    history: int = 0  # bars that are still owed


class _Tenant:
    __slots__ = ("channels", "room")

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}
        self.room = Room()


class Hub:
    """A tenant hears its own feeds and those of the shared tenants, no other."""

    def __init__(self, shared_tenants: tuple[str, ...], on_minute: OnMinute) -> None:
        self.subscriptions = 0
        self.feeds = 0
        self.left_out = 0  # ticks that cannot be, or of one symbol too many
        self._shared = shared_tenants
        self._on_minute = on_minute
        self._tenants: dict[str, _Tenant] = {}
        self._listeners: dict[str, dict[Subscription, None]] = {}  # by symbol

    def feed(self, source: Source, batch: Batch, at_ms: int) -> None:
        """The ticks of a batch that was accepted at that time, Unix."""
        if not batch.quotes:
            return
        tenant = self._tenants.get(source.tenant)
        if tenant is None:
            tenant = self._tenants[source.tenant] = _Tenant()
        age_ms = max(0, at_ms - batch.sent_at_ms) if batch.sent_at_ms > 0 else 0
        channels = tenant.channels
        latest_msc = at_ms + _MAX_AHEAD_MS
        for quote in batch.quotes:
            _, _, bid, ask, time_msc, volume = quote
            if not (
                0 < bid < _MAX_PRICE
                and 0 <= ask < _MAX_PRICE
                and 0 < time_msc < latest_msc
                and 0 <= volume < _MAX_VOLUME
            ):
                self.left_out += 1
                continue
            channel = channels.get(quote[0])
            if channel is not None:
                channel.take(source, quote, age_ms, at_ms)
            elif len(channels) < MAX_CHANNELS and len(quote[0].encode()) <= MAX_SYMBOL_BYTES:
                self._open(tenant, source, quote, age_ms, at_ms)
            else:
                self.left_out += 1

    def subscribe(
        self,
        mailbox: Mailbox,
        tenant: str,
        symbol: str,
        timeframe: str,
        view: View | None,
        *,
        at_ms: int,
        history: int = 0,
    ) -> Subscription:
        """view: None for bars, `history` of them at once."""
        subscription = Subscription(mailbox, tenant, symbol, view, timeframe, history=history)
        self._listeners.setdefault(symbol, {})[subscription] = None
        self.subscriptions += 1
        self._attach(subscription, at_ms)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        self._detach(subscription)
        self.subscriptions -= 1
        listeners = self._listeners[subscription.symbol]
        del listeners[subscription]
        if not listeners:
            del self._listeners[subscription.symbol]

    # ---- Which channel ------------------------------------------------------------------------

    def _open(self, tenant: _Tenant, source: Source, quote: Quote, age_ms: int, at_ms: int) -> None:
        """A symbol's first tick: who waits for it, or has it of a shared tenant, is moved here."""
        channel = Channel(
            source.tenant,
            quote[0],
            shared=source.tenant in self._shared,
            room=tenant.room,
            on_minute=self._on_minute,
        )
        if not channel.take(source, quote, age_ms, at_ms):
            return
        tenant.channels[channel.symbol] = channel
        self.feeds += 1
        for subscription in self._listeners.get(channel.symbol, ()):
            if self._find(subscription) is not subscription.channel:
                self._detach(subscription)
                self._attach(subscription, at_ms)

    def _find(self, subscription: Subscription) -> Channel | None:
        for name in (subscription.tenant, *self._shared):
            tenant = self._tenants.get(name)
            channel = tenant and tenant.channels.get(subscription.symbol)
            if channel:
                return channel
        return None

    def _attach(self, subscription: Subscription, at_ms: int) -> None:
        channel = subscription.channel = self._find(subscription)
        if channel is None:
            return
        mailbox = subscription.mailbox
        if subscription.view is None:
            channel.join_bars(subscription.timeframe, mailbox, subscription.history)
            subscription.history = 0
        else:
            subscription.audience = channel.join(subscription.view, mailbox, at_ms)

    def _detach(self, subscription: Subscription) -> None:
        channel, audience = subscription.channel, subscription.audience
        if channel is None:
            return
        if audience is None:
            channel.leave_bars(subscription.timeframe, subscription.mailbox)
        else:
            channel.leave(audience, subscription.mailbox)
            subscription.mailbox.forget(audience)
        subscription.channel = subscription.audience = None
