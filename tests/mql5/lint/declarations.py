"""Declarations that MQL5 does not take."""

from collections.abc import Callable, Iterator

from tests.mql5.lint.finding import Source
from tests.mql5.lint.shapes import SCALARS
from tests.mql5.translator.tokens import DIRECTIVE, Token, is_sign, is_word, matching

_CHART_EVENT = (
    "void OnChartEvent ( const int id , const long & lparam , const double & dparam ,"
    " const string & sparam )"
)
_HANDLERS = {
    "OnInit": {"int OnInit ( )", "void OnInit ( )"},
    "OnDeinit": {"void OnDeinit ( const int reason )"},
    "OnTick": {"void OnTick ( )"},
    "OnTimer": {"void OnTimer ( )"},
    "OnStart": {"void OnStart ( )"},
    "OnTrade": {"void OnTrade ( )"},
    "OnTester": {"double OnTester ( )"},
    "OnChartEvent": {_CHART_EVENT},
}


def handler_signature(source: Source) -> Iterator[int]:
    """Another signature compiles and is never called."""
    tokens = source.tokens
    for at in _at_depth(tokens, 0):
        if is_word(tokens, at, *_HANDLERS) and is_sign(tokens, at + 1, "("):
            written = " ".join(t.text for t in tokens[at - 1 : matching(tokens, at + 1) + 1])
            if written not in _HANDLERS[tokens[at].text]:
                yield tokens[at].line


def anonymous_enum(source: Source) -> Iterator[int]:
    tokens = source.tokens
    for at, token in enumerate(tokens):
        if is_word(tokens, at, "enum") and is_sign(tokens, at + 1, "{"):
            yield token.line


def reference(source: Source) -> Iterator[int]:
    """References are parameters only: no variables, no results."""
    tokens = source.tokens
    for at, token in enumerate(tokens):
        if (
            not is_word(tokens, at)
            or not is_sign(tokens, at + 1, "&")
            or not is_word(tokens, at + 2)
        ):
            continue
        first = at - is_word(tokens, at - 1, "const", "static")
        is_statement = (
            first == 0
            or is_sign(tokens, first - 1, ";", "{", "}", ":", ">")
            or tokens[first - 1].kind == DIRECTIVE
        )
        if is_statement and not is_word(tokens, at, "return", "case"):
            yield token.line


def pointer(source: Source) -> Iterator[int]:
    """Only objects of classes have pointers."""
    tokens = source.tokens
    for at, token in enumerate(tokens):
        if is_word(tokens, at, *SCALARS, *source.structs) and is_sign(tokens, at + 1, "*"):
            yield token.line


def by_value(source: Source) -> Iterator[int]:
    """Structs, objects and arrays are passed by reference: T &x, T &a[]."""
    tokens = source.tokens
    for at, token in enumerate(tokens):
        first = at - 1 - is_word(tokens, at - 1, "const")
        if not is_word(tokens, at) or not is_sign(tokens, first, "(", ","):
            continue
        if not is_word(tokens, at + 1) or is_word(tokens, at, "return", "new", "const"):
            continue
        is_object = token.text in source.structs | source.classes
        is_array = is_sign(tokens, at + 2, "[")
        if is_array or (is_object and is_sign(tokens, at + 2, ",", ")")):
            yield token.line


def initialiser_in_class(source: Source) -> Iterator[int]:
    """An array in a class or struct gets its values in the constructor."""
    tokens = source.tokens
    for at in range(len(tokens)):
        if not is_word(tokens, at, "class", "struct"):
            continue
        opening = at
        while opening < len(tokens) and not is_sign(tokens, opening, "{", ";"):
            opening += 1
        if not is_sign(tokens, opening, "{"):
            continue
        inside = tokens[opening + 1 : matching(tokens, opening)]
        for place in _at_depth(inside, 0):
            if is_sign(inside, place, "]") and is_sign(inside, place + 1, "="):
                yield inside[place].line


def global_initialiser(source: Source) -> Iterator[int]:
    """Globals begin with constants; what is computed has its place in OnInit."""
    tokens = source.tokens
    in_value = False
    depth = 0
    for at in _at_depth(tokens, 0):
        depth += is_sign(tokens, at, "(") - is_sign(tokens, at, ")")
        if is_sign(tokens, at, ";"):
            in_value = False
        elif is_sign(tokens, at, "=") and depth == 0 and is_word(tokens, at - 1):
            in_value = True
        is_call = is_word(tokens, at) and is_sign(tokens, at + 1, "(")
        if in_value and is_call and not is_word(tokens, at, "sizeof"):
            yield tokens[at].line


def mixed_declarators(source: Source) -> Iterator[int]:
    """`double x, a[];`: our translator declares arrays apart."""
    tokens = source.tokens
    for at, token in enumerate(tokens):
        first = at - is_word(tokens, at - 1, "static", "const")
        starts = first == 0 or is_sign(tokens, first - 1, ";", "{", "}")
        if not starts or not is_word(tokens, at, *SCALARS) or not is_word(tokens, at + 1):
            continue
        kinds = set(_declarators(tokens, at + 1))
        if len(kinds) > 1:
            yield token.line


def _declarators(tokens: list[Token], at: int) -> Iterator[bool]:
    """Of each name of a declaration: is it an array?"""
    depth = 0
    is_name = True
    while at < len(tokens) and not (depth == 0 and is_sign(tokens, at, ";", ")")):
        if is_name and depth == 0:
            yield is_sign(tokens, at + 1, "[")
            is_name = False
        depth += is_sign(tokens, at, "(", "[", "{") - is_sign(tokens, at, ")", "]", "}")
        is_name = is_name or (depth == 0 and is_sign(tokens, at, ","))
        at += 1


def _at_depth(tokens: list[Token], wanted: int) -> Iterator[int]:
    """The places that so many braces enclose."""
    depth = 0
    for at in range(len(tokens)):
        depth -= is_sign(tokens, at, "}")
        if depth == wanted:
            yield at
        depth += is_sign(tokens, at, "{")


RULES: dict[str, Callable[[Source], Iterator[int]]] = {
    "handler-signature": handler_signature,
    "anonymous-enum": anonymous_enum,
    "reference": reference,
    "pointer": pointer,
    "by-value": by_value,
    "initialiser-in-class": initialiser_in_class,
    "global-initialiser": global_initialiser,
    "mixed-declarators": mixed_declarators,
}
