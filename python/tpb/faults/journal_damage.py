"""What befalls a journal between two lives of its sender."""

import shutil
from contextlib import suppress
from pathlib import Path

# Written for people, and held by a lock alone: no part of what is journaled.
_NOT_JOURNALED = ("lock", "status.json")


def files_of(journal: Path) -> list[Path]:
    """What holds the journal's data, by name."""
    return sorted(
        path
        for path in journal.iterdir()
        if path.name not in _NOT_JOURNALED and path.is_file() and path.stat().st_size
    )


def cut(journal: Path, file: float, place: float) -> str:
    """Cuts a file short; `file` and `place` are fractions of what is there. Tells what it did."""
    path, offset = _chosen(journal, file, place)
    with path.open("r+b") as stream:
        stream.truncate(offset)
    return f"{path.name} cut to {offset} bytes"


def flip(journal: Path, file: float, place: float, bit: int) -> str:
    """Turns one bit, likewise."""
    path, offset = _chosen(journal, file, place)
    with path.open("r+b") as stream:
        stream.seek(offset)
        byte = stream.read(1)[0]
        stream.seek(offset)
        stream.write(bytes([byte ^ 1 << bit]))
    return f"bit {bit} of byte {offset} in {path.name} turned"


def copy(journal: Path, to: Path) -> None:
    """A copy as a backup program makes it, file by file; the journal may be in use."""
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    for path in sorted(journal.iterdir()):
        with suppress(FileNotFoundError):  # deleted meanwhile: all in it was acknowledged
            shutil.copy2(path, to / path.name)


def restore(journal: Path, copied: Path) -> None:
    shutil.rmtree(journal)
    shutil.copytree(copied, journal)


def _chosen(journal: Path, file: float, place: float) -> tuple[Path, int]:
    """The tails of segments are zeros to come: the place is one in what was written."""
    files = files_of(journal)
    path = files[int(file * len(files))]
    written = len(path.read_bytes().rstrip(b"\0"))
    return path, int(place * max(1, written))
