"""What can be wrong with a tick file or a replay."""

from pathlib import Path

from tpb.problem import Problem


class FeedError(Problem):
    """A source or a replay cannot go on."""


class NotUsable(FeedError):
    """A path, an option or a combination of them."""


class ToolMissing(FeedError):
    """Something has to be installed or built first."""


class NoTicks(FeedError):
    """The source is empty."""


class BadLine(ValueError):
    """A parser's verdict on one line: the reason, in a few words that are the same for its kind."""


class MalformedLine(FeedError):
    """A bad line with its place in the file."""

    def __init__(self, file: Path, line_number: int, reason: str, line: str) -> None:
        super().__init__(
            f"{file}, line {line_number}: {reason}.",
            f"The line begins with {beginning(line)}",
            "Mend the line, or use --skip-bad to leave bad lines out and count them.",
        )
        self.file = file
        self.line_number = line_number
        self.reason = reason


def beginning(line: str, limit: int = 60) -> str:
    """The start of a line, safe to print whatever it holds."""
    shown = ascii(line[:limit].rstrip("\r\n"))
    return f"{shown}…" if len(line) > limit else shown
