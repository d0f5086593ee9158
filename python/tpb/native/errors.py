"""What can go wrong on the way from sources to binaries, in three parts."""


class NativeError(Exception):
    """Says what happened, why, and what to do next."""

    def __init__(self, what: str, why: str, next_step: str) -> None:
        super().__init__(f"{what} {why} {next_step}")
        self.what = what
        self.why = why
        self.next_step = next_step

    def text(self) -> str:
        return f"{self.what}\n  why:  {self.why}\n  next: {self.next_step}"


class ToolMissing(NativeError):
    """A program or header that this machine lacks; the next step installs it."""
