"""What holds for a file as a whole."""

import re
from collections.abc import Callable, Iterator

from tests.mql5.lint.finding import Source
from tests.mql5.translator.tokens import DIRECTIVE, is_sign, is_word

_INCLUDE = re.compile(r"#\s*include\s*[<\"]([^>\"]+)")
# Ours; the standard library is not here to be tested with.
_OURS = re.compile(r"(?:TradingProtobuf\\)?\w+\.mqh")


def not_ascii(source: Source) -> Iterator[int]:
    for number, line in enumerate(source.text.split("\n"), 1):
        if not line.isascii() or "\t" in line:
            yield number


def second_class(source: Source) -> Iterator[int]:
    """One class a file, so that its name finds it."""
    tokens = source.tokens
    found = []
    for at in range(len(tokens)):
        if is_word(tokens, at, "class"):
            end = at
            while end < len(tokens) and not is_sign(tokens, end, "{", ";", ">", ","):
                end += 1
            if is_sign(tokens, end, "{"):
                found.append(tokens[at].line)
    yield from found[1:]


def foreign_include(source: Source) -> Iterator[int]:
    for token in source.tokens:
        include = _INCLUDE.match(token.text) if token.kind == DIRECTIVE else None
        if include and not _OURS.fullmatch(include[1]):
            yield token.line


RULES: dict[str, Callable[[Source], Iterator[int]]] = {
    "not-ascii": not_ascii,
    "second-class": second_class,
    "foreign-include": foreign_include,
}
