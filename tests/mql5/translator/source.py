"""Files and their includes, each once, as one row of tokens."""

import re
from dataclasses import replace
from pathlib import Path

from tests.mql5.translator.tokens import DIRECTIVE, SourceError, Token, tokens_of

__all__ = ["SourceError", "read"]

_INCLUDE = re.compile(r'#\s*include\s*(?:<([^>]+)>|"([^"]+)")')
_COMMENT = re.compile(r"//.*|/\*.*?\*/")
# What the compiler reads for itself, and what only the terminal's windows show.
_DROPPED = re.compile(r"#\s*property\b")
_KEPT = re.compile(r"#\s*(?:define|undef|ifdef|ifndef|else|endif|import)\b")


def read(main: Path, include_folder: Path) -> list[Token]:
    """The tokens of `main` with its includes in place; <a\\b.mqh> stands in `include_folder`."""
    return _read(main.resolve(), include_folder, set())


def _read(file: Path, include_folder: Path, seen: set[Path]) -> list[Token]:
    seen.add(file)
    found: list[Token] = []
    for token in tokens_of(file.read_text(encoding="ascii"), file):
        if token.kind != DIRECTIVE:
            found.append(token)
        elif include := _INCLUDE.match(token.text):
            folder, name = (include_folder, include[1]) if include[1] else (file.parent, include[2])
            target = (folder / name.replace("\\", "/")).resolve()
            if not target.is_file():
                raise SourceError(token, f"there is no file {name}")
            if target not in seen:
                found += _read(target, include_folder, seen)
        elif _KEPT.match(token.text):
            found.append(replace(token, text=_COMMENT.sub("", token.text).rstrip()))
        elif not _DROPPED.match(token.text):
            raise SourceError(token, f"MQL5 has no {token.text.split()[0]}")
    return found
