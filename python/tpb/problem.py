"""Errors that tell what happened, why, and what to do next. No part of them holds a secret."""


class Problem(Exception):
    """Something only the user can mend; the command line prints its three parts."""

    def __init__(self, what: str, why: str, next_step: str) -> None:
        super().__init__(f"{what} {why} {next_step}")
        self.what = what
        self.why = why
        self.next_step = next_step
