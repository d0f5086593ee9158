"""What one check has to say."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    MISSING = "missing"  # has to be installed or built
    WRONG = "wrong"  # is there, and not as it should be


@dataclass(frozen=True)
class Finding:
    name: str
    state: State
    detail: str
    needed_for: str
    cure: str = ""  # what to type or do; empty when nothing is to be mended
    required: bool = True  # without it nothing works; else it is for one purpose alone

    @property
    def ok(self) -> bool:
        return self.state is State.OK


Check = Callable[[], Iterable[Finding]]
