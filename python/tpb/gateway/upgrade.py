"""What the headers of a WebSocket upgrade say. Pure."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from crc32c import crc32c

SUBPROTOCOL = "tpb.ack.v1"
MAX_NAME = 128
# What x-check covers, in order of the names. Others may be a proxy's.
CHECKED = (
    "authorization",
    "sec-websocket-protocol",
    "x-acknowledged",
    "x-connection",
    "x-continues",
    "x-first-batch",
    "x-given-up",
    "x-life",
    "x-resend-from",
    "x-session-id",
    "x-user-id",
)
MAX_SEQUENCE = 2**63 - 1
_MAX_DIGITS = len(str(MAX_SEQUENCE))
_MAX_LIFE = 64
_MAX_SPANS = 64


class Refused(Exception):
    """The upgrade is answered with an HTTP status and a text for the client, without secrets."""

    def __init__(self, status: int, text: str, retry_after_s: int | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the token names."""

    user: str
    tenant: str
    tier: str = "free"
    roles: tuple[str, ...] = ()
    expires_at_s: float | None = None  # Unix; from then on the token is refused


class Span(NamedTuple):
    """Batches from first to last, both included."""

    first: int
    last: int

    @property
    def batches(self) -> int:
        return self.last - self.first + 1


class Attempt(NamedTuple):
    """Which connection of the session this is, by the client's count."""

    life: str  # random, one per opening of the client's session
    number: int  # rises within a life

    def is_older_than(self, newest: "Attempt | None") -> bool:
        return newest is not None and newest.life == self.life and self.number < newest.number


@dataclass(frozen=True, slots=True)
class Upgrade:
    identity: Identity
    session: str
    # Whether the client understands acknowledgements.
    acknowledges: bool = False
    # The oldest batch that the client still holds; None where it does not say.
    first_batch: int | None = None
    # The newest batch that this gateway has acknowledged to it; None where it does not say.
    acknowledged: int | None = None
    # Batches below first_batch that no gateway will get: dropped, or destroyed with a disk.
    given_up: tuple[Span, ...] = ()
    # Batches from here on are sent again, to be compared with what is stored.
    resend_from: int | None = None
    attempt: Attempt | None = None
    # The session that this one goes on from, after a fork.
    continues: str | None = None


def is_name(text: str) -> bool:
    """Whether a user, tenant or session may be called so."""
    return 0 < len(text) <= MAX_NAME and text.isprintable() and text == text.strip()


def verify_check(headers: Mapping[str, str]) -> None:
    """Raises Refused where the header x-check says that a header was damaged on its way.

    It is the CRC-32C, as 8 hex digits, of one line `name:value` for each of CHECKED that was sent,
    in that order. To be called before anything is believed, the token included: a damaged one is
    no wrong one.
    """
    check = headers.get("x-check")
    if check is None:
        return
    text = "".join(f"{name}:{headers[name]}\n" for name in CHECKED if name in headers)
    if check != f"{crc32c(text.encode('utf-8', 'surrogateescape')):08x}":
        raise Refused(400, "the request was damaged on its way: send it again")


def read_upgrade(identity: Identity, headers: Mapping[str, str]) -> Upgrade:
    """Reads an upgrade whose token was accepted; raises Refused."""
    user = _required_name(headers, "x-user-id")
    if not hmac.compare_digest(user.encode(), identity.user.encode()):
        raise Refused(403, "x-user-id is not the user (sub) of the token")
    session = _required_name(headers, "x-session-id")
    first_batch = _number(headers, "x-first-batch", 1)
    return Upgrade(
        identity=identity,
        session=session,
        acknowledges=SUBPROTOCOL in _offered(headers.get("Sec-WebSocket-Protocol", "")),
        first_batch=first_batch,
        acknowledged=_number(headers, "x-acknowledged", 0),
        given_up=_given_up(headers, first_batch),
        resend_from=_number(headers, "x-resend-from", 1),
        attempt=_attempt(headers),
        continues=_continues(headers, session),
    )


def _required_name(headers: Mapping[str, str], header: str) -> str:
    name = headers.get(header, "")
    if not is_name(name):
        raise Refused(400, f"the header {header} must hold 1 to {MAX_NAME} printable characters")
    return name


def _number(headers: Mapping[str, str], header: str, least: int) -> int | None:
    text = headers.get(header)
    if text is None:
        return None
    number = _sequence(text)
    if number is None or number < least:
        raise Refused(400, f"the header {header} must be a whole number, {least} or more")
    return number


def _sequence(text: str) -> int | None:
    # Its length before int(): Python's integers have no bound.
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        return None
    number = int(text)
    return number if number <= MAX_SEQUENCE else None


def _given_up(headers: Mapping[str, str], first_batch: int | None) -> tuple[Span, ...]:
    """`3-7` or `3-7,12-12`: ascending, apart, below x-first-batch."""
    text = headers.get("x-given-up")
    if text is None:
        return ()
    parts = text.split(",", _MAX_SPANS)
    if len(parts) > _MAX_SPANS:
        raise Refused(400, f"the header x-given-up holds at most {_MAX_SPANS} ranges")
    spans: list[Span] = []
    for part in parts:
        first, dash, last = part.strip().partition("-")
        ends = _sequence(first), _sequence(last) if dash else None
        least = spans[-1].last + 1 if spans else 1
        if ends[0] is None or ends[1] is None or not least <= ends[0] <= ends[1]:
            raise Refused(400, "the header x-given-up must hold ascending ranges, as 3-7,12-12")
        spans.append(Span(ends[0], ends[1]))
    if first_batch is None or spans[-1].last >= first_batch:
        raise Refused(400, "the header x-given-up names batches that are not below x-first-batch")
    return tuple(spans)


def _attempt(headers: Mapping[str, str]) -> Attempt | None:
    number, life = _number(headers, "x-connection", 1), headers.get("x-life")
    if number is None and life is None:
        return None
    if number is None or life is None:
        raise Refused(400, "the headers x-connection and x-life go together")
    if not (0 < len(life) <= _MAX_LIFE and set(life) <= set("0123456789abcdef")):
        raise Refused(400, f"the header x-life must hold 1 to {_MAX_LIFE} lower-case hex digits")
    return Attempt(life, number)


def _continues(headers: Mapping[str, str], session: str) -> str | None:
    if "x-continues" not in headers:
        return None
    older = _required_name(headers, "x-continues")
    if older == session:
        raise Refused(400, "the header x-continues names the session itself")
    return older


def _offered(header: str) -> list[str]:
    return [name.strip() for name in header.split(",")]
