"""What the headers of a WebSocket upgrade say. Pure."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

SUBPROTOCOL = "tpb.ack.v1"
MAX_NAME = 128
_MAX_SEQUENCE = 2**63 - 1


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


@dataclass(frozen=True, slots=True)
class Upgrade:
    identity: Identity
    session: str
    # The oldest batch that the client still holds; None where it does not say.
    first_batch: int | None
    # Whether the client understands acknowledgements.
    acknowledges: bool


def is_name(text: str) -> bool:
    """Whether a user, tenant or session may be called so."""
    return 0 < len(text) <= MAX_NAME and text.isprintable() and text == text.strip()


def read_upgrade(identity: Identity, headers: Mapping[str, str]) -> Upgrade:
    """Reads an upgrade whose token was accepted; raises Refused."""
    user = _required_name(headers, "x-user-id")
    if not hmac.compare_digest(user.encode(), identity.user.encode()):
        raise Refused(403, "x-user-id is not the user (sub) of the token")
    return Upgrade(
        identity=identity,
        session=_required_name(headers, "x-session-id"),
        first_batch=_first_batch(headers.get("x-first-batch")),
        acknowledges=SUBPROTOCOL in _offered(headers.get("Sec-WebSocket-Protocol", "")),
    )


def _required_name(headers: Mapping[str, str], header: str) -> str:
    name = headers.get(header, "")
    if not is_name(name):
        raise Refused(400, f"the header {header} must hold 1 to {MAX_NAME} printable characters")
    return name


def _first_batch(text: str | None) -> int | None:
    if text is None:
        return None
    # At most 19 digits, before int(): Python's integers have no bound.
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise Refused(400, "the header x-first-batch must be a batch_sequence, 1 or more")
    sequence = int(text)
    if not 1 <= sequence <= _MAX_SEQUENCE:
        raise Refused(400, "the header x-first-batch must be a batch_sequence, 1 or more")
    return sequence


def _offered(header: str) -> list[str]:
    return [name.strip() for name in header.split(",")]
