"""Forms of expressions and statements that MQL5 does not have."""

from collections.abc import Callable, Iterator

from tests.mql5.lint.finding import Source
from tests.mql5.translator.tokens import DIRECTIVE, is_sign, is_word, matching

SCALARS = (
    "bool", "char", "uchar", "short", "ushort", "int", "uint", "long", "ulong", "datetime",
    "color", "float", "double", "string",
)  # fmt: skip
_BEFORE_A_BODY = (
    "class", "struct", "enum", "interface", "union", "public", "private", "protected", "else",
    "do", "const", "override", "final",
)  # fmt: skip


def functional_cast(source: Source) -> Iterator[int]:
    """int(x): casts are (int)x."""
    tokens = source.tokens
    for at, token in enumerate(tokens):
        if is_word(tokens, at, *SCALARS) and is_sign(tokens, at + 1, "("):
            yield token.line


def lambda_(source: Source) -> Iterator[int]:
    tokens = source.tokens
    for at, token in enumerate(tokens):
        if is_sign(tokens, at, "[") and (
            is_sign(tokens, at - 1, "=", "(", ",", "{", ";") or is_word(tokens, at - 1, "return")
        ):
            yield token.line


def range_for(source: Source) -> Iterator[int]:
    tokens = source.tokens
    for at, token in enumerate(tokens):
        if is_word(tokens, at, "for") and is_sign(tokens, at + 1, "("):
            inside = range(at + 2, matching(tokens, at + 1))
            if not any(is_sign(tokens, place, ";") for place in inside):
                yield token.line


def brace_init(source: Source) -> Iterator[int]:
    """Only arrays are initialised with braces: T x[] = {...}."""
    tokens = source.tokens
    for at, token in enumerate(tokens):
        if not is_sign(tokens, at, "{"):
            continue
        is_value = is_sign(tokens, at - 1, "=") and not is_sign(tokens, at - 2, "]")
        is_argument = is_sign(tokens, at - 1, "(") or is_word(tokens, at - 1, "return")
        is_declaration = (
            is_word(tokens, at - 1)
            and is_word(tokens, at - 2)
            and not is_word(tokens, at - 1, *_BEFORE_A_BODY)
            and not is_word(tokens, at - 2, *_BEFORE_A_BODY)
        )
        if is_value or is_argument or is_declaration:
            yield token.line


def many_dimensions(source: Source) -> Iterator[int]:
    tokens = source.tokens
    for at, token in enumerate(tokens):
        if is_sign(tokens, at, "]") and is_sign(tokens, at + 1, "["):
            yield token.line


def string_array_to_library(source: Source) -> Iterator[int]:
    """Neither arrays of strings nor strings to be written can cross to a DLL."""
    tokens = source.tokens
    in_import = False
    for at, token in enumerate(tokens):
        if token.kind == DIRECTIVE and token.text.startswith("#import"):
            in_import = '"' in token.text
        if in_import and is_word(tokens, at, "string") and is_sign(tokens, at + 1, "&"):
            yield token.line


RULES: dict[str, Callable[[Source], Iterator[int]]] = {
    "functional-cast": functional_cast,
    "lambda": lambda_,
    "range-for": range_for,
    "brace-init": brace_init,
    "many-dimensions": many_dimensions,
    "string-array-to-library": string_array_to_library,
}
