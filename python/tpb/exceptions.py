"""What the native library refuses, by the result codes of `trading_protobuf.h`."""


class TpbError(Exception):
    """A call that failed; it has changed nothing.

    `code` is the result code, the text says what happened, why, and what to do.
    """

    code = -501


class InvalidArgument(TpbError, ValueError):
    """The call itself is wrong."""

    code = -101


class BadConfig(TpbError, ValueError):
    """An option, the endpoint or the token cannot be used."""

    code = -102


class BadTick(TpbError, ValueError):
    """A price or a time that no market has."""

    code = -103


class BadSymbol(TpbError, ValueError):
    """A name that no symbol has."""

    code = -104


class OutboxFull(TpbError):
    """The outbox is at its limit: send the same ticks again later."""

    code = -201


class DiskRefuses(TpbError):
    """The journal's disk is full or fails: make room, then send the same ticks again."""

    code = -202


class InUse(TpbError):
    """Another session, of this process or another one, writes the journal."""

    code = -304


class SessionClosed(TpbError):
    """The session is closed or closing."""

    code = -301


class TooMany(TpbError):
    """Too many symbols or subscriptions in one session."""

    code = -305


class NotConfigured(TpbError):
    """The session was opened without what was asked of it."""

    code = -303


class NotSubscribed(TpbError):
    """Nothing of that symbol and timeframe is subscribed to."""

    code = -306


_BY_CODE = {
    error.code: error
    for error in (
        InvalidArgument,
        BadConfig,
        BadTick,
        BadSymbol,
        OutboxFull,
        DiskRefuses,
        InUse,
        SessionClosed,
        TooMany,
        NotConfigured,
        NotSubscribed,
    )
}


def from_code(code: int, text: str) -> TpbError:
    """The exception that stands for a result code."""
    error = _BY_CODE.get(code, TpbError)(text)
    error.code = code
    return error
