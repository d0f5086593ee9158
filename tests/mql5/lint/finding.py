"""What the lint finds, and what its rules look at."""

from dataclasses import dataclass
from pathlib import Path

from tests.mql5.translator.tokens import Token


@dataclass(frozen=True, order=True)
class Finding:
    file: Path
    line: int
    rule: str

    def __str__(self) -> str:
        return f"{self.file.name}:{self.line}: {self.rule}"


@dataclass(frozen=True)
class Source:
    """One file, and the names that all files of the check define."""

    file: Path
    text: str
    tokens: list[Token]
    structs: frozenset[str]
    classes: frozenset[str]
