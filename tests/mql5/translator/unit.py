"""The whole translation, and what the host must know of an expert."""

from dataclasses import dataclass
from pathlib import Path

from tests.mql5.translator import (
    arrays,
    forward,
    imports,
    inputs,
    literals,
    pointers,
    source,
    types,
)
from tests.mql5.translator.tokens import DIRECTIVE, Token, is_sign, is_word

HANDLERS = (
    "OnInit",
    "OnDeinit",
    "OnTick",
    "OnTimer",
    "OnChartEvent",
    "OnStart",
)


@dataclass(frozen=True)
class Unit:
    """A translated program: C++ that defines `extern const mql5::Program NAME_program`."""

    name: str
    cpp: str
    imports: tuple[imports.Import, ...]


def translate(main: Path, include_folder: Path) -> Unit:
    """Raises SourceError where the source is not what the translator reads."""
    tokens = source.read(main, include_folder)
    tokens, imported = imports.rewrite(tokens)
    tokens = forward.rewrite(tokens)
    handlers = _handlers(tokens)
    classes = types.defined_names(tokens)
    tokens = literals.rewrite(tokens)
    tokens, input_names = inputs.rewrite(tokens)
    tokens = arrays.rewrite(pointers.rewrite(types.rewrite(tokens), classes))
    name = main.stem
    cpp = "\n".join(
        [
            '#include "prelude/mql5.h"',
            f"namespace {name} {{ using namespace ::mql5;",
            _written(tokens),
            f'#line 1 "{name}.program"',
            _program(name, handlers, input_names, imported),
            "}",
            f"extern const ::mql5::Program {name}_program;",
            f"const ::mql5::Program {name}_program = {name}::program();",
            "",
        ]
    )
    return Unit(name, cpp, tuple(imported))


def _handlers(tokens: list[Token]) -> dict[str, str]:
    """The handlers that the program defines, and what each returns."""
    found = {}
    depth = 0
    for at, token in enumerate(tokens):
        depth += is_sign(tokens, at, "{") - is_sign(tokens, at, "}")
        if depth == 0 and is_word(tokens, at, *HANDLERS) and is_sign(tokens, at + 1, "("):
            found[token.text] = tokens[at - 1].text
    return found


def _program(
    name: str,
    handlers: dict[str, str],
    input_names: list[str],
    imported: list[imports.Import],
) -> str:
    lines = [
        "::mql5::Program program() {",
        "::mql5::Program made;",
        f'made.name = "{name}";',
    ]
    for handler, result in handlers.items():
        if handler == "OnInit" and result == "void":
            lines.append("made.on_init = [] { OnInit(); return 0; };")
        else:
            member = f"on_{handler.removeprefix('On').lower()}"
            lines.append(f"made.{member} = &{handler};")
    lines += [f'made.inputs.emplace_back("{each}", {each}_input);' for each in input_names]
    lines += [
        f'made.imports.push_back({{"{each.library}", "{each.name}", &{each.address}}});'
        for each in imported
    ]
    return "\n".join([*lines, "return made;", "}"])


def _written(tokens: list[Token]) -> str:
    """The tokens as text, each on the line that #line says it stands on."""
    lines: list[str] = []
    file, number = Path(), 0
    for token in tokens:
        if token.file != file or not 0 <= token.line - number < 50:
            lines += [f'#line {token.line} "{token.file.as_posix()}"', ""]
        elif token.line > number:
            lines += [""] * (token.line - number)
        if token.kind == DIRECTIVE and lines[-1]:
            lines += [f'#line {token.line} "{token.file.as_posix()}"', ""]
        lines[-1] += f"{token.text} "
        file, number = token.file, token.line
        if token.kind == DIRECTIVE:
            number = -1000  # the next token begins a line of its own
    return "\n".join(lines)
