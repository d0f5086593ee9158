"""The formats of tick files, and which one a file is."""

from pathlib import Path
from typing import Protocol

from tpb.feed import histdata, mt5_export, truefx
from tpb.feed.chunks import Fields
from tpb.feed.problem import NoTicks, NotUsable, beginning


class Parser(Protocol):
    def parse(self, line: str) -> tuple[str, Fields]:
        """The symbol and the tick of one line without its end; raises BadLine."""


class Format(Protocol):
    """What a format's module offers."""

    NAME: str
    SHAPE: str

    def recognises(self, first_line: str) -> bool: ...


_FORMATS: tuple[Format, ...] = (histdata, truefx, mt5_export)
NAMES = tuple(each.NAME for each in _FORMATS)


def detected(path: Path, first_line: str) -> str:
    if not first_line:
        raise NoTicks(f"{path} holds no ticks.", "Its first line is empty.", "Check the file.")
    for each in _FORMATS:
        if each.recognises(first_line):
            return each.NAME
    raise NotUsable(
        f"{path} is in no format known here.",
        f"Its first line begins with {beginning(first_line)}",
        "Known are "
        + ", ".join(f"{each.NAME} ({each.SHAPE})" for each in _FORMATS)
        + "; if it is one of them with a bad first line, say so with --format.",
    )


def needs_symbol(name: str) -> bool:
    """True where the lines do not tell the symbol."""
    return name != truefx.NAME


def parser(name: str, symbol: str | None, path: Path) -> Parser:
    if name == truefx.NAME:
        return truefx.TrueFxParser(symbol)
    if symbol is None:
        raise NotUsable(
            f"The symbol of {path} is not known.",
            "Neither the lines of this format nor the file's name tell it.",
            "Name it: --symbol EURUSD.",
        )
    if name == mt5_export.NAME:
        return mt5_export.Mt5ExportParser(symbol)
    return histdata.HistDataParser(symbol)
