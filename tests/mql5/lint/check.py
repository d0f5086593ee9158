"""Runs every rule over every file."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.mql5.lint import declarations, files, shapes, words
from tests.mql5.lint.finding import Finding, Source
from tests.mql5.translator.tokens import WORD, Token, is_word, tokens_of

_RULES = {**words.RULES, **shapes.RULES, **declarations.RULES, **files.RULES}
_TERMINALS_STRUCTS = {
    "MqlTick", "MqlDateTime", "MqlRates", "MqlBookInfo", "MqlParam", "MqlTradeRequest",
    "MqlTradeResult", "MqlTradeCheckResult",
}  # fmt: skip


def check(paths: Iterable[Path]) -> list[Finding]:
    """What is not to be in MQL5 sources, in order of file and line. Raises SourceError."""
    read = {path: path.read_text(encoding="utf-8") for path in paths}
    tokens = {path: list(tokens_of(_ascii(text), path)) for path, text in read.items()}
    structs = _defined("struct", tokens) | _TERMINALS_STRUCTS
    classes = _defined("class", tokens)
    sources = (
        Source(path, read[path], tokens[path], frozenset(structs), frozenset(classes))
        for path in read
    )
    return sorted(set(_findings(sources)))


def _findings(sources: Iterable[Source]) -> Iterator[Finding]:
    for source in sources:
        for rule, finds in _RULES.items():
            for line in finds(source):
                yield Finding(source.file, line, rule)


def rules() -> set[str]:
    return set(_RULES)


def _defined(kind: str, tokens: dict[Path, list[Token]]) -> set[str]:
    return {
        each[at + 1].text
        for each in tokens.values()
        for at in range(len(each) - 1)
        if is_word(each, at, kind) and each[at + 1].kind == WORD
    }


def _ascii(text: str) -> str:
    """What is not ASCII has a rule of its own and must not stop the others."""
    return "".join(each if each.isascii() else "?" for each in text)
