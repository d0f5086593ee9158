"""`#import` blocks: each prototype becomes a function that calls the DLL through guarded copies."""

import re
from dataclasses import dataclass

from tests.mql5.translator.tokens import (
    DIRECTIVE,
    SIGN,
    WORD,
    SourceError,
    Token,
    is_sign,
    is_word,
    matching,
)

_BEGIN = re.compile(r'#\s*import\s+"([^"]+)"')
_SCALARS = {
    "bool", "char", "uchar", "short", "ushort", "int", "uint", "long", "ulong", "datetime",
    "color", "float", "double",
}  # fmt: skip


@dataclass(frozen=True)
class Import:
    library: str
    name: str

    @property
    def address(self) -> str:
        return f"{self.name}_address"


@dataclass(frozen=True)
class _Parameter:
    kind: str  # the type's name
    name: str
    is_const: bool
    is_reference: bool
    is_array: bool

    def declared(self) -> str:
        """As a C++ parameter."""
        kind = _cpp_type(self.kind)
        const = "const " if self.is_const else ""
        if self.is_array:
            return f"{const}Array<{kind}>& {self.name}"
        return f"{const}{kind}{'&' if self.is_reference else ''} {self.name}"

    def guarded(self) -> str:
        """As the argument that the DLL gets."""
        if self.is_array:
            return f"::mql5::guarded_array({self.name})"
        if self.kind == "string":
            return f"::mql5::guarded_text({self.name})"
        guard = "guarded_reference" if self.is_reference else "by_value"
        return f"::mql5::{guard}({self.name})"


def rewrite(tokens: list[Token]) -> tuple[list[Token], list[Import]]:
    """The tokens with functions in place of the prototypes, and what they import."""
    found: list[Token] = []
    imports: list[Import] = []
    library = ""
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.kind == DIRECTIVE and token.text.startswith("#import"):
            begin = _BEGIN.match(token.text)
            library = begin[1] if begin else ""
            at += 1
        elif library:
            end = next((i for i in range(at, len(tokens)) if is_sign(tokens, i, ";")), len(tokens))
            imports.append(Import(library, tokens[at + 1].text))
            found.append(token.become(_call(tokens[at:end], imports[-1])))
            at = end + 1
        else:
            found.append(token)
            at += 1
    return found, imports


def _call(prototype: list[Token], imported: Import) -> str:
    if len(prototype) < 4 or not is_sign(prototype, 2, "("):
        raise SourceError(prototype[0], "an import is `TYPE NAME(PARAMETERS);`")
    result = prototype[0]
    if result.text not in _SCALARS | {"void"}:
        raise SourceError(result, f"{imported.name} cannot return {result.text} from a DLL")
    inside = prototype[3 : matching(prototype, 2)]
    parameters = [_parameter(each) for each in _split(inside)]
    declared = ", ".join(each.declared() for each in parameters)
    guarded = "".join(f", {each.guarded()}" for each in parameters)
    kind = _cpp_type(result.text)
    return (
        f"static void* {imported.address}; inline {kind} {imported.name}({declared})"
        f' {{ return ::mql5::call_library<{kind}>("{imported.name}", {imported.address}{guarded});'
        " }"
    )


def _split(tokens: list[Token]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind == SIGN and token.text == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def _parameter(tokens: list[Token]) -> _Parameter:
    rest = list(tokens)
    is_const = is_word(rest, 0, "const")
    if is_const:
        rest.pop(0)
    kind = rest.pop(0)
    is_reference = is_sign(rest, 0, "&")
    if is_reference:
        rest.pop(0)
    if not rest or rest[0].kind != WORD:
        raise SourceError(kind, "a parameter is `[const] TYPE [&]NAME[[]]`")
    name = rest.pop(0)
    is_array = is_sign(rest, 0, "[")
    if is_array and kind.text == "string":
        raise SourceError(name, "arrays of strings cannot be passed to a DLL")
    if is_array and not is_reference:
        raise SourceError(name, "arrays are passed by reference: TYPE &NAME[]")
    if kind.text == "string" and is_reference:
        raise SourceError(name, "a DLL cannot write into a string: pass ushort &NAME[]")
    if kind.text not in _SCALARS | {"string"} and not is_reference:
        raise SourceError(name, "structs are passed to a DLL by reference only")
    return _Parameter(kind.text, name.text, is_const, is_reference, is_array)


def _cpp_type(kind: str) -> str:
    return {"long": "long_t", "char": "char_t"}.get(kind, kind)
