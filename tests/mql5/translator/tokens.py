"""The words and signs of MQL5, each with the place it stands at."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WORD, NUMBER, STRING, CHARACTER, DATE, COLOR, SIGN, DIRECTIVE, CPP = (
    "word",
    "number",
    "string",
    "character",
    "date",
    "color",
    "sign",
    "directive",
    "cpp",  # made by a pass: goes out as it is
)


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    file: Path
    line: int

    def become(self, text: str, kind: str = CPP) -> "Token":
        """Another token at the same place."""
        return Token(kind, text, self.file, self.line)


class SourceError(Exception):
    """The source is not MQL5 as the translator reads it; the text begins with file and line."""

    def __init__(self, token: Token, problem: str) -> None:
        super().__init__(f"{token.file.name}:{token.line}: {problem}")


_SPACE = re.compile(r"\s+|//[^\n]*|/\*.*?\*/", re.DOTALL)
_DIRECTIVE = re.compile(r"#(?:\\\n|//[^\n]*|[^\n])*")
_TOKENS = re.compile(
    r"""(?P<date>D'[^'\n]*')
      | (?P<color>C'[^'\n]*')
      | (?P<word>[A-Za-z_]\w*)
      | (?P<number>0[xX][0-9A-Fa-f]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFuUlL]*)
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<character>'(?:\\.|[^'\\\n])+')
      | (?P<sign><<=|>>=|\.\.\.|::|->|\+\+|--|<<|>>|[-+*/%&|^=!<>]=|&&|\|\||[^\s\w"'`@$\\])
    """,
    re.VERBOSE,
)


def tokens_of(text: str, file: Path) -> Iterator[Token]:
    """Everything but space and comments."""
    at, line = 0, 1
    while at < len(text):
        if space := _SPACE.match(text, at):
            line += space[0].count("\n")
            at = space.end()
            continue
        found = _DIRECTIVE.match(text, at) if text[at] == "#" else _TOKENS.match(text, at)
        if found is None:
            raise SourceError(Token(SIGN, text[at], file, line), f"cannot read {text[at]!r}")
        yield Token(found.lastgroup or DIRECTIVE, found[0], file, line)
        line += found[0].count("\n")
        at = found.end()


def matching(tokens: list[Token], at: int) -> int:
    """Where the bracket that opens at `at` closes."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    opening, closing = tokens[at].text, pairs[tokens[at].text]
    depth = 0
    for place in range(at, len(tokens)):
        if tokens[place].kind == SIGN:
            depth += (tokens[place].text == opening) - (tokens[place].text == closing)
            if depth == 0:
                return place
    raise SourceError(tokens[at], f"{opening} is never closed")


def is_sign(tokens: list[Token], at: int, *signs: str) -> bool:
    return 0 <= at < len(tokens) and tokens[at].kind == SIGN and tokens[at].text in signs


def is_word(tokens: list[Token], at: int, *words: str) -> bool:
    """One of these words; any word if none is named."""
    in_range = 0 <= at < len(tokens) and tokens[at].kind == WORD
    return in_range and (not words or tokens[at].text in words)
