"""The only place that prints: people read stderr, programs read stdout."""

import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tpb.cli import errors

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress

_LINE_EVERY_S = 2.0

# A JSON Web Token. None belongs in a message, so any that gets this far is blotted out.
_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*")


def without_secrets(text: str) -> str:
    return _TOKEN.sub("[token]", text)


@cache
def people() -> "Console":
    """The rich console on stderr, for tables and progress."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


# ---- stderr -----------------------------------------------------------------------------------


def note(text: str) -> None:
    print(without_secrets(text), file=sys.stderr, flush=True)


def warn(text: str) -> None:
    note(f"! {text}")


def done(text: str, seconds: float | None = None) -> None:
    note(f"✓ {text}" if seconds is None else f"✓ {text} {seconds:.1f} s")


def error(problem: errors.UserError) -> None:
    note(f"Error: {problem.what}")
    note(f"  why:  {problem.why}")
    note(f"  next: {problem.next_step}")


@contextmanager
def step(title: str) -> Iterator[None]:
    """One step of a longer work: a spinner while it runs, `✓ title 1.2 s` when it is done."""
    start = time.monotonic()
    if people().is_terminal:
        with people().status(title):
            yield
    else:
        yield
    done(title, time.monotonic() - start)


@contextmanager
def progress() -> Iterator["Progress"]:
    """Progress bars for long work; silent where stderr is no terminal."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=people(),
        disable=not people().is_terminal,
        transient=True,
    )
    with bars:
        yield bars


@contextmanager
def live(table: Callable[[], "RenderableType"], line: Callable[[], str]) -> Iterator[None]:
    """Shows something that changes: a table in place, or a line now and then without a terminal.

    Both are called from another thread.
    """
    from rich.live import Live

    if people().is_terminal:
        with Live(get_renderable=table, console=people(), refresh_per_second=8):
            yield
        return
    over = threading.Event()

    def tell() -> None:
        while not over.wait(_LINE_EVERY_S):
            note(line())

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def show(renderable: "RenderableType") -> None:
    """A rich table or text, for people."""
    people().print(renderable)


# ---- stdout -----------------------------------------------------------------------------------


def data(text: str) -> None:
    print(text, flush=True)


def data_bytes(chunk: bytes) -> None:
    sys.stdout.buffer.write(chunk)


def json_document(document: Any, path: Path | None = None) -> None:
    """The result of a verb as JSON: to a file, or to stdout where path is None or `-`."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    if path is None or str(path) == "-":
        data(text)
        return
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as problem:
        raise errors.file_unwritable(path, problem) from problem
