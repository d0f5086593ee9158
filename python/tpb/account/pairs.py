"""Which symbols are chosen for a user, and why. Pure.

Primary ones first, as the user named them; then those that move with, or against, a primary one;
then the context of the market: without repeats, and within what the tier allows.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import chain, zip_longest
from typing import NamedTuple

from tpb.account.correlation import Relation
from tpb.account.tier import MAJORS, Limits, is_standard_pair, split

# What is known to correlate, until it is measured.
KNOWN = {
    "EURUSD": ("USDCHF", "EURGBP", "GBPUSD"),
    "GBPUSD": ("EURGBP", "USDCHF", "GBPJPY"),
    "USDJPY": ("EURJPY", "GBPJPY", "AUDJPY"),
}
CONTEXT = ("EURUSD", "GBPUSD", "USDJPY")
# Of one primary symbol.
MAX_PARTNERS = 5
# How much an unmeasured one is taken to tell about its primary one, and the context about any.
_KNOWN_WEIGHT = 0.5
_CONTEXT_WEIGHT = 0.25


class Role(StrEnum):
    PRIMARY = "primary"
    CORRELATION = "correlation"
    CONTEXT = "context"


class Pair(NamedTuple):
    """One chosen symbol."""

    symbol: str
    role: Role
    correlates_with: str  # the primary symbol, with Role.CORRELATION
    correlation: float  # -1 to 1; 0: not measured
    weight: float  # 0 to 1
    priority: int  # 1 is the most important
    reason: str  # for a person


class Choice(NamedTuple):
    """A pair, as far as it tells one selection from another."""

    symbol: str
    role: Role
    correlates_with: str
    correlation: float


class LeftOut(NamedTuple):
    symbol: str
    reason: str


class Selection(NamedTuple):
    limits: Limits
    pairs: tuple[Pair, ...]  # in order of priority
    left_out: tuple[LeftOut, ...] = ()  # primary symbols that the tier does not allow


class Partner(NamedTuple):
    """What may be chosen beside a primary symbol."""

    symbol: str
    correlation: float  # 0: not measured
    reason: str


def choose(
    primary: Sequence[str],
    limits: Limits,
    partners: Mapping[str, Sequence[Partner]],
    *,
    visible: Collection[str] = (),
    because: str = "you named it",
) -> Selection:
    """partners: by primary symbol, best first. visible: symbols there are, by their real names."""
    taken, left_out = _cut(primary, limits)
    found = [_primary(symbol, because) for symbol in taken]
    if limits.correlation:
        found += _correlated(taken, partners, limits)
    found += _contexts(taken, visible)
    distinct = {pair.symbol: pair for pair in reversed(found)}  # the first of each stays
    kept = [pair for pair in found if distinct[pair.symbol] is pair][: limits.monitored]
    pairs = (pair._replace(priority=priority) for priority, pair in enumerate(kept, 1))
    return Selection(limits, tuple(pairs), tuple(left_out))


def partners_of(
    primary: str, relations: Sequence[Relation] = (), visible: Collection[str] = ()
) -> list[Partner]:
    """Measured ones, then known ones that are not measured yet, by the table."""
    measured = {relation.symbol for relation in relations}
    strong = [
        Partner(
            relation.symbol,
            relation.r,
            f"{_moves(relation.r, primary)} over {relation.returns} one-minute returns",
        )
        for relation in relations
        if relation.correlates
    ]
    pair, suffix = split(primary)
    names = [named(known, suffix, visible) for known in KNOWN.get(pair, ())]
    return [*strong, *(_known(name, primary) for name in names if name not in measured)]


def restore(chosen: Sequence[Choice], limits: Limits, because: str) -> Selection:
    """An earlier selection, as it was: until something is measured again, after a restart."""
    pairs = []
    for priority, (symbol, role, primary, r) in enumerate(chosen, 1):
        match role:
            case Role.PRIMARY:
                pair = _primary(symbol, because)
            case Role.CORRELATION if r:
                reason = f"{_moves(r, primary)} when it was measured last"
                pair = _correlation(primary, Partner(symbol, r, reason))
            case Role.CORRELATION:
                pair = _correlation(primary, _known(symbol, primary))
            case Role.CONTEXT:
                pair = _context(symbol)
        pairs.append(pair._replace(priority=priority))
    return Selection(limits, tuple(pairs))


def named(pair: str, suffix: str, visible: Collection[str] = ()) -> str:
    """A pair as the broker calls it: as seen, or with the suffix that its other pairs have."""
    likely = pair + suffix
    if likely in visible:
        return likely
    return min((name for name in visible if split(name)[0] == pair), default=likely)


def _cut(primary: Sequence[str], limits: Limits) -> tuple[list[str], list[LeftOut]]:
    taken: list[str] = []
    left_out: list[LeftOut] = []
    for symbol in dict.fromkeys(primary):
        if not (limits.custom or is_standard_pair(symbol)):
            left_out.append(
                LeftOut(
                    symbol,
                    f"the {limits.tier} tier has only standard pairs: two of {', '.join(MAJORS)},"
                    " or XAUUSD, XAGUSD; the enterprise tier has any",
                )
            )
        elif limits.trading is not None and len(taken) >= limits.trading:
            left_out.append(
                LeftOut(
                    symbol,
                    f"the {limits.tier} tier has {limits.trading} primary symbols; name fewer, or"
                    " change to a higher tier",
                )
            )
        else:
            taken.append(symbol)
    return taken, left_out


def _primary(symbol: str, because: str) -> Pair:
    return Pair(symbol, Role.PRIMARY, "", 0.0, 1.0, 0, because)


def _correlated(
    primary: Sequence[str], partners: Mapping[str, Sequence[Partner]], limits: Limits
) -> Iterator[Pair]:
    """The best of each primary symbol, then the second of each: a cut leaves all of them some."""
    allowed = [
        [
            (symbol, partner)
            for partner in partners.get(symbol, ())
            if limits.custom or is_standard_pair(partner.symbol)
        ][:MAX_PARTNERS]
        for symbol in primary
    ]
    for found in chain.from_iterable(zip_longest(*allowed)):
        if found is not None:
            yield _correlation(*found)


def _correlation(primary: str, partner: Partner) -> Pair:
    symbol, r, reason = partner
    return Pair(symbol, Role.CORRELATION, primary, r, abs(r) or _KNOWN_WEIGHT, 0, reason)


def _contexts(primary: Sequence[str], visible: Collection[str]) -> Iterator[Pair]:
    suffixes = [split(symbol)[1] for symbol in primary if split(symbol)[0]]
    suffix = suffixes[0] if suffixes else ""
    return (_context(named(pair, suffix, visible)) for pair in CONTEXT)


def _context(symbol: str) -> Pair:
    reason = "tells how the market as a whole is"
    return Pair(symbol, Role.CONTEXT, "", 0.0, _CONTEXT_WEIGHT, 0, reason)


def _known(symbol: str, primary: str) -> Partner:
    return Partner(symbol, 0.0, f"known to go with {primary}; not measured here yet")


def _moves(r: float, primary: str) -> str:
    return f"moves {'with' if r > 0 else 'against'} {primary}, correlation {r:+.2f}"
