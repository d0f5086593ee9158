"""How long work tells how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Called with a step's name and how much of it is done, 0.0 to 1.0; 1.0 once, at its end."""

    def __call__(self, step: str, fraction: float) -> None: ...


def quiet(step: str, fraction: float) -> None:
    """For callers who do not want to know."""
