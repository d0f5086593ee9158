"""Strings, characters, dates, colours and the names of types that C++ knows otherwise."""

from datetime import UTC, datetime

from tests.mql5.translator.tokens import (
    DIRECTIVE,
    WORD,
    SourceError,
    Token,
    tokens_of,
)

_WORDS = {
    "long": "long_t",  # a Windows C `long` has 4 bytes
    "char": "char_t",
    "this": "(*this)",
    "NULL": "::mql5::null",
    "_Symbol": "::mql5::Symbol()",
    "_Period": "::mql5::Period()",
    "_Digits": "::mql5::Digits()",
    "_Point": "::mql5::Point()",
    "_LastError": "::mql5::GetLastError()",
    "_StopFlag": "::mql5::IsStopped()",
    "_UninitReason": "::mql5::UninitializeReason()",
    "__FUNCTION__": "::mql5::text_of(__FUNCTION__)",
    "__FILE__": "::mql5::text_of(__FILE__)",
}

_DATE_FORMATS = ("%Y.%m.%d %H:%M:%S", "%Y.%m.%d %H:%M", "%Y.%m.%d %H", "%Y.%m.%d")


def rewrite(tokens: list[Token]) -> list[Token]:
    return [_rewritten(token) for token in tokens]


def _rewritten(token: Token) -> Token:
    match token.kind:
        case "string":
            return token.become(f"L{token.text}_s")
        case "character":
            return token.become(f"((ushort)L{token.text})")
        case "date":
            return token.become(f"((datetime){_seconds(token)})")
        case "color":
            return token.become(f"((color){_blue_green_red(token)})")
        case "word" if token.text in _WORDS:
            return token.become(_WORDS[token.text], WORD)
        case "directive" if token.text.startswith("#define"):
            return token.become(_definition(token), DIRECTIVE)
    return token


def _definition(token: Token) -> str:
    """A #define with its literals rewritten; a macro's `(` must stay next to its name."""
    name, *body = tokens_of(token.text.removeprefix("#define").replace("\\\n", "  "), token.file)
    is_macro = token.text.split(name.text, 1)[1].startswith("(")
    texts = [_rewritten(each).text for each in body]
    return f"#define {name.text}{'' if is_macro else ' '}{' '.join(texts)}"


def _seconds(token: Token) -> int:
    text = token.text[2:-1].strip()
    for form in _DATE_FORMATS:
        try:
            return int(datetime.strptime(text, form).replace(tzinfo=UTC).timestamp())
        except ValueError:
            continue
    raise SourceError(token, f"{token.text} is no date")


def _blue_green_red(token: Token) -> int:
    parts = [part.strip() for part in token.text[2:-1].split(",")]
    if len(parts) != 3 or not all(part.isdigit() and int(part) < 256 for part in parts):
        raise SourceError(token, f"{token.text} is no colour")
    red, green, blue = map(int, parts)
    return red | green << 8 | blue << 16
