"""Words that C++ has and MQL5 has not, or has otherwise."""

import re
from collections.abc import Callable, Iterator

from tests.mql5.lint.finding import Source
from tests.mql5.translator.tokens import DIRECTIVE, SIGN, STRING, is_sign, is_word

_CPP_WORDS = {
    "auto", "nullptr", "unsigned", "signed", "size_t", "wchar_t", "constexpr", "consteval",
    "static_cast", "reinterpret_cast", "const_cast", "try", "catch", "throw", "using", "namespace",
    "std", "goto", "mutable", "friend", "noexcept", "explicit", "volatile", "register", "inline",
    "decltype", "int8_t", "int16_t", "int32_t", "int64_t", "uint8_t", "uint16_t", "uint32_t",
    "uint64_t", "concept", "requires",
}  # fmt: skip
_DIRECTIVES = re.compile(
    r"#\s*(include|import|define|undef|ifdef|ifndef|else|endif|property|resource)\b"
)
_WIDTH_OF_C = re.compile(r"%[-+ #0-9.]*(?:h|l|ll|z|j|t|L)[diouxXfeg]")


def cpp_word(source: Source) -> Iterator[int]:
    for at, token in enumerate(source.tokens):
        if is_word(source.tokens, at, *_CPP_WORDS):
            yield token.line


def arrow(source: Source) -> Iterator[int]:
    """Pointers to objects are used with a dot."""
    yield from (token.line for token in source.tokens if (token.kind, token.text) == (SIGN, "->"))


def directive(source: Source) -> Iterator[int]:
    """#if, #pragma and the like."""
    for token in source.tokens:
        if token.kind == DIRECTIVE and not _DIRECTIVES.match(token.text):
            yield token.line


def format_width(source: Source) -> Iterator[int]:
    """64 bits are %I64d."""
    yield from (
        token.line
        for token in source.tokens
        if token.kind == STRING and _WIDTH_OF_C.search(token.text.replace("%%", ""))
    )


def null_string(source: Source) -> Iterator[int]:
    """A string that is NULL is not one that is empty."""
    tokens = source.tokens
    for at, token in enumerate(tokens):
        is_assigned = is_word(tokens, at, "string") and is_sign(tokens, at + 2, "=")
        if is_assigned and is_word(tokens, at + 3, "NULL"):
            yield token.line


def char_array(source: Source) -> Iterator[int]:
    """uchar: the compiler no longer mixes the two."""
    tokens = source.tokens
    for at, token in enumerate(tokens):
        name = at + 1 + is_sign(tokens, at + 1, "&")
        is_declared = is_word(tokens, at, "char") and is_word(tokens, name)
        if is_declared and is_sign(tokens, name + 1, "["):
            yield token.line


RULES: dict[str, Callable[[Source], Iterator[int]]] = {
    "cpp-word": cpp_word,
    "arrow": arrow,
    "directive": directive,
    "format-width": format_width,
    "null-string": null_string,
    "char-array": char_array,
}
