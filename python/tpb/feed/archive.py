"""Opens a tick file as text, whatever it is packed in."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO

from tpb.feed.problem import FeedError, NotUsable

# What reading a damaged archive can raise, at any line.
DAMAGE = (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error)

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """The file's text, decompressed and decoded while it is read. Raises OSError and DAMAGE.

    Bytes that are no text become U+FFFD, which no parser takes: so they are met as a bad line,
    with its number.
    """
    with path.open("rb") as raw, _unpacked(path, raw) as plain:
        buffered = io.BufferedReader(_as_raw(plain), 1 << 16)
        encoding = "utf-16" if buffered.peek(2)[:2] in _UTF16 else "utf-8-sig"
        yield io.TextIOWrapper(buffered, encoding=encoding, errors="replace")


def names(path: Path) -> list[str]:
    """The names that may tell the symbol: of the file inside an archive, then of the file."""
    if _is_zip(path):
        try:
            with zipfile.ZipFile(path) as archive:
                return [Path(_member(path, archive).filename).name, path.name]
        except zipfile.BadZipFile:
            return [path.name]
    return [path.name]


def damaged(path: Path, line_number: int, problem: BaseException) -> FeedError:
    return FeedError(
        f"{path} is damaged after line {line_number}.",
        f"Unpacking stopped: {problem}.",
        "Download or copy it again.",
    )


@contextmanager
def _unpacked(path: Path, raw: IO[bytes]) -> Iterator[IO[bytes]]:
    if path.suffix.lower() == ".gz":
        with gzip.GzipFile(fileobj=raw) as plain:
            yield plain  # type: ignore[misc]  # reads as IO[bytes] does
    elif _is_zip(path):
        with zipfile.ZipFile(raw) as archive, archive.open(_member(path, archive)) as plain:
            yield plain
    else:
        yield raw


def _as_raw(plain: IO[bytes]) -> io.RawIOBase:
    return plain  # type: ignore[return-value]  # all a BufferedReader asks for is readinto


def _is_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip"


def _member(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The one table in an archive; HistData packs a report beside it."""
    files = [each for each in archive.infolist() if not each.is_dir()]
    tables = [each for each in files if each.filename.lower().endswith(".csv")] or files
    if len(tables) != 1:
        raise NotUsable(
            f"{path} holds {len(tables)} files that could be the ticks.",
            "Exactly one .csv is expected.",
            "Unpack it and name the file.",
        )
    if tables[0].flag_bits & 0x1:
        raise NotUsable(
            f"{path} is encrypted.", "No password is asked for here.", "Unpack it yourself first."
        )
    return tables[0]
