"""How `tpb tail` shows market data: a table that changes in place, or a line for each message."""

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from tpb.market_data import MarketData

_NOT_YET = "…"
_UP, _DOWN, _SAME = "▲", "▼", " "
_STYLES = {_UP: "green", _DOWN: "red", _SAME: ""}


class TailView:
    """Filled by the thread that reads, shown by the display's."""

    def __init__(self, timeframe: str, newest: Callable[[str], MarketData | None]) -> None:
        """newest: the newest message of a symbol, as old as it is by now."""
        self._timeframe = timeframe
        self._newest = newest
        self._lock = threading.Lock()
        self._rows: dict[str, _Row] = {}

    def expect(self, symbol: str) -> None:
        with self._lock:
            self._rows.setdefault(symbol, _Row(symbol))

    def drop(self, symbol: str) -> None:
        with self._lock:
            self._rows.pop(symbol, None)

    def take(self, data: MarketData) -> str:
        """The message as a line."""
        with self._lock:
            row = self._rows.setdefault(data.symbol, _Row(data.symbol))
            row.take(data)
            return row.line(data)

    def refuse(self, symbol: str, why: str) -> None:
        with self._lock:
            self._rows.setdefault(symbol, _Row(symbol)).refused = why

    def table(self) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0))
        table.add_column(self._timeframe, style="bold")
        for heading in ("bid", "ask", "", "SMA 20", "MACD", "RSI"):
            table.add_column(heading, justify="right")
        table.add_column("session")
        table.add_column("age", justify="right")
        table.add_column("")
        with self._lock:
            rows = list(self._rows.values())
        for row in rows:
            table.add_row(*row.cells(self._newest(row.symbol)))
        return table


class _Row:
    """One symbol."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.refused = ""
        self._bid = math.nan
        self._arrow = _SAME
        self._decimals = 0

    def take(self, data: MarketData) -> None:
        self.refused = ""
        if data.bid != self._bid and not math.isnan(self._bid):
            self._arrow = _UP if data.bid > self._bid else _DOWN
        self._bid = data.bid
        self._decimals = max(self._decimals, _decimals(data.bid), _decimals(data.ask))

    def line(self, data: MarketData) -> str:
        return "  ".join(
            [
                f"{self.symbol:<8}",
                self._price(data.bid),
                self._price(data.ask),
                self._arrow,
                f"sma20 {self._price(data.sma_20)}",
                f"rsi {_rsi(data.rsi)}",
                _session(data),
                f"{data.age_ms} ms",
                "live" if data.live else "STALE",
            ]
        )

    def cells(self, data: MarketData | None) -> list[str | Text]:
        if self.refused:
            return [self.symbol, Text(self.refused, style="red")]
        if data is None:
            return [self.symbol, _NOT_YET]
        style = _STYLES[self._arrow]
        return [
            self.symbol,
            Text(self._price(data.bid), style=style),
            Text(self._price(data.ask), style=style),
            Text(self._arrow, style=style),
            self._price(data.sma_20),
            self._price(data.macd_line, 1),
            _rsi(data.rsi),
            _session(data),
            _age(data.age_ms),
            Text("live", style="green") if data.live else Text("STALE", style="bold red"),
        ]

    def _price(self, value: float, more: int = 0) -> str:
        return _NOT_YET if math.isnan(value) else f"{value:.{self._decimals + more}f}"


def document(data: MarketData) -> Mapping[str, Any]:
    """A message for a program: what is not known is null, for JSON has no NaN."""
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in asdict(data).items()
    }


def _decimals(price: float) -> int:
    _, _, decimals = f"{price:.8f}".rstrip("0").partition(".")
    return len(decimals)


def _session(data: MarketData) -> str:
    """The open one, or the one that is to open."""
    name = data.market_session.replace("_", " ")
    return name if data.session_open else f"({name})"


def _rsi(value: float) -> str:
    return _NOT_YET if math.isnan(value) else f"{value:.1f}"


def _age(age_ms: int) -> str:
    return f"{age_ms} ms" if age_ms < 1000 else f"{age_ms / 1000:.0f} s"
