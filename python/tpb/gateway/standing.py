"""Where a session stands when it connects: what was lost, handed over or given up meanwhile. Pure.

A gateway's point only rises, and it resumes there. Batches below the client's oldest one can never
come: each is accounted for as one of the three.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tpb.gateway.upgrade import Attempt, Refused, Span, Upgrade

FOREIGN_SESSION = "the session belongs to another user"


@dataclass(frozen=True, slots=True)
class Known:
    """What the store holds of a session."""

    user: str
    epoch: int
    acknowledged: int  # newest batch stored or accounted for
    continues: str | None = None
    attempt: Attempt | None = None  # the newest
    # What the client had been acknowledged when the newest restoration was counted.
    restored_from: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """What an upgrade makes of it."""

    known: Known  # to be kept
    is_new: bool
    point: int  # the first Ack's: where the client goes on
    lost: tuple[Span, ...] = ()  # acknowledged here, and not stored any more
    given_up: tuple[Span, ...] = ()
    handed_over: tuple[Span, ...] = ()  # another gateway acknowledged them
    # Acknowledged here and missing: found out just now, whether or not the client still holds it.
    restored: Span | None = None

    @property
    def acknowledged(self) -> int:
        return self.known.acknowledged

    @property
    def epoch(self) -> int:
        return self.known.epoch

    @property
    def forked(self) -> bool:
        return self.is_new and self.known.continues is not None


def stand(upgrade: Upgrade, known: Known | None) -> Standing:
    """Decides about an upgrade; raises Refused where the session is not the client's to serve."""
    is_new = known is None
    if known is None:
        known = Known(upgrade.identity.user, 1, 0)
    if known.user != upgrade.identity.user:
        raise Refused(403, FOREIGN_SESSION)
    refuse_if_older(upgrade, known.attempt)

    stood = known.acknowledged
    oldest = upgrade.first_batch or 1
    hole = Span(stood + 1, oldest - 1)
    promised = upgrade.acknowledged or 0
    given_up = _common(hole, upgrade.given_up)
    rest = _without(hole, given_up)
    lost = _common(Span(stood + 1, promised), rest)
    handed_over = [] if _begins_in_another(upgrade, is_new) else _without_all(rest, lost)

    short = promised > stood
    restored = short and promised != known.restored_from
    acknowledged = max(stood, oldest - 1)
    return Standing(
        known=Known(
            user=known.user,
            epoch=known.epoch + restored,
            acknowledged=acknowledged,
            continues=known.continues or upgrade.continues,
            attempt=upgrade.attempt or known.attempt,
            restored_from=promised if restored else known.restored_from,
        ),
        is_new=is_new,
        point=_point(upgrade.resend_from, oldest, acknowledged),
        lost=tuple(lost),
        given_up=tuple(given_up),
        handed_over=tuple(handed_over),
        restored=Span(stood + 1, promised) if restored else None,
    )


def refuse_if_older(upgrade: Upgrade, newest: Attempt | None) -> None:
    """A delayed upgrade must not take the session from a newer connection."""
    if upgrade.attempt is not None and upgrade.attempt.is_older_than(newest):
        raise Refused(409, "a newer connection of this client has been here already")


def _begins_in_another(upgrade: Upgrade, is_new: bool) -> bool:
    """Its first batches bear the older session's name, wherever they are."""
    return is_new and upgrade.continues is not None


def _point(resend_from: int | None, oldest: int, acknowledged: int) -> int:
    """The client can send again only what it holds."""
    return acknowledged if resend_from is None else min(acknowledged, max(resend_from, oldest) - 1)


def _common(hole: Span, spans: Iterable[Span]) -> list[Span]:
    cut = (Span(max(hole.first, first), min(hole.last, last)) for first, last in spans)
    return [span for span in cut if span.first <= span.last]


def _without(hole: Span, taken: Sequence[Span]) -> list[Span]:
    """What ascending spans leave of a hole."""
    left, start = [], hole.first
    for first, last in taken:
        left.append(Span(start, first - 1))
        start = last + 1
    left.append(Span(start, hole.last))
    return [span for span in left if span.first <= span.last]


def _without_all(holes: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    return [left for hole in holes for left in _without(hole, _common(hole, taken))]
