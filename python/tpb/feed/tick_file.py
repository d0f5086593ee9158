"""A file of ticks as a source: read as a stream, in constant memory, as often as is asked."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TextIO

from tpb.feed import archive, formats, mt5_export
from tpb.feed.chunks import Chunk, ChunkMaker, Fields
from tpb.feed.problem import BadLine, MalformedLine
from tpb.feed.symbol_name import symbol_in

# The longest line of any of the formats is below 200 characters.
MAX_LINE = 1024


class TickFile:
    """Its counts are those of the newest reading, and complete when that has ended."""

    def __init__(
        self,
        path: Path,
        *,
        symbol: str | None = None,
        file_format: str | None = None,
        skip_bad: bool = False,
    ) -> None:
        """Raises FeedError or OSError where the file cannot be used."""
        self.path = path
        self.skip_bad = skip_bad
        self.format = file_format or formats.detected(path, _first_line(path))
        self._symbol = symbol or _symbol_by_name(path, self.format)
        formats.parser(self.format, self._symbol, path)
        self.skipped: Counter[str] = Counter()
        self.backwards = 0

    @property
    def name(self) -> str:
        return self.path.name

    def chunks(self) -> Iterator[Chunk]:
        """Every tick in the file's order, runs of one symbol together.

        A tick older than the one before it of its symbol is kept where it is and counted in
        `backwards`. A bad line raises MalformedLine, or is counted in `skipped` by its reason.
        """
        self.skipped = Counter()
        self.backwards = 0
        maker = ChunkMaker()
        newest: dict[str, int] = {}
        for symbol, fields in self._parsed():
            if fields.time_msc < newest.get(symbol, 0):
                self.backwards += 1
            newest[symbol] = fields.time_msc
            if complete := maker.add(symbol, fields):
                yield complete
        if rest := maker.rest():
            yield rest

    def _parsed(self) -> Iterator[tuple[str, Fields]]:
        parse = formats.parser(self.format, self._symbol, self.path).parse
        for line_number, line in self._lines():
            try:
                if len(line) >= MAX_LINE:
                    raise BadLine(f"longer than {MAX_LINE} characters")
                parsed = parse(line)
            except BadLine as bad:
                if not self.skip_bad:
                    raise MalformedLine(self.path, line_number, str(bad), line) from None
                self.skipped[str(bad)] += 1
                continue
            yield parsed

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Numbered lines without their ends; blank ones and MT5's header are left out."""
        number = 0
        try:
            with archive.opened(self.path) as text:
                for number, line in enumerate(_bounded_lines(text), 1):
                    if number == 1 and mt5_export.recognises(line):
                        continue
                    if line:
                        yield number, line
        except archive.DAMAGE as problem:
            raise archive.damaged(self.path, number, problem) from problem


def _bounded_lines(text: TextIO) -> Iterator[str]:
    """Lines of at most MAX_LINE characters; what is beyond is read past, never held."""
    read = partial(text.readline, MAX_LINE)
    for line in iter(read, ""):
        if line.endswith("\n"):
            yield line[:-1]
            continue
        rest = line
        while len(rest) == MAX_LINE and not rest.endswith("\n"):
            rest = read()
        yield line


def _first_line(path: Path) -> str:
    try:
        with archive.opened(path) as text:
            return text.readline(MAX_LINE).rstrip("\n")
    except archive.DAMAGE as problem:
        raise archive.damaged(path, 0, problem) from problem


def _symbol_by_name(path: Path, file_format: str) -> str | None:
    if not formats.needs_symbol(file_format):
        return None
    return next(filter(None, map(symbol_in, archive.names(path))), None)
