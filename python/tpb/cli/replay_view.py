"""How a replay looks while it runs, and its summary."""

import time
from collections import deque

from rich.table import Table
from rich.text import Text

from tpb.feed.replay import Replay
from tpb.feed.stored import stored_so_far
from tpb.feed.summary import Summary

# A look into the gateway's database costs a little: not at every refresh.
_STORE_EVERY_S = 0.5
_RATE_OVER_S = 2.0


class ReplayView:
    """Reads a running replay from the display's thread."""

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        self._stored: int | None = None
        self._looked = 0.0
        self._history: deque[tuple[float, int]] = deque()

    def table(self) -> Table:
        receipt = self.replay.sender.receipt()
        table = Table(box=None, show_header=False, padding=(0, 2))
        table.add_column(style="bold")
        table.add_column(justify="right")
        table.add_column(style="dim")
        table.add_row("read", f"{self.replay.ticks_in:,}", self.replay.source.name)
        table.add_row("accepted", f"{receipt.ticks_accepted:,}", "taken by the library")
        table.add_row("sent", f"{receipt.ticks_sent:,}", f"again {receipt.ticks_resent:,}")
        table.add_row("acknowledged", f"{receipt.ticks_acknowledged:,}", self._rate())
        table.add_row("stored", _count(self.stored()), "in the gateway's database")
        table.add_row(
            "latency",
            milliseconds(receipt.latency_p50_us),
            f"p99 {milliseconds(receipt.latency_p99_us)}, accepted to acknowledged",
        )
        table.add_row("connection", receipt.state_name, reconnects(receipt.reconnects))
        if receipt.problem_text:
            table.add_row("problem", "", receipt.problem_text)
        return table

    def line(self) -> str:
        receipt = self.replay.sender.receipt()
        return (
            f"{receipt.ticks_accepted:,} accepted, {receipt.ticks_acknowledged:,} acknowledged,"
            f" {_count(self.stored())} stored, {receipt.state_name}"
        )

    def stored(self) -> int | None:
        store = self.replay.destination.store
        if store and time.monotonic() - self._looked > _STORE_EVERY_S:
            self._stored = stored_so_far(store)
            self._looked = time.monotonic()
        return self._stored

    def _rate(self) -> str:
        now = time.monotonic()
        self._history.append((now, self.replay.sender.receipt().ticks_acknowledged))
        while now - self._history[0][0] > _RATE_OVER_S:
            self._history.popleft()
        since, then = self._history[0]
        seconds = now - since
        return f"{(self._history[-1][1] - then) / seconds:,.0f} a second" if seconds > 0.2 else ""


def summary_table(summary: Summary) -> Table:
    receipt, verdict = summary.receipt, summary.verdict
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column(style="dim")
    table.add_row("ticks in", f"{summary.ticks_in:,}", _left_out(summary))
    table.add_row(
        "accepted", f"{receipt.ticks_accepted:,}", f"given back {receipt.ticks_refused:,}"
    )
    table.add_row("acknowledged", f"{receipt.ticks_acknowledged:,}", _delivery(summary))
    table.add_row(
        "stored", _count(None if verdict is None else verdict.ticks_stored), summary.verified
    )
    if verdict:
        table.add_row("lost", f"{verdict.lost:,}", "")
        table.add_row("duplicates", f"{verdict.duplicates:,}", "")
        table.add_row("altered", f"{verdict.altered:,}", "")
    table.add_row("bytes a tick", f"{receipt.bytes_per_tick:.1f}", "on the wire")
    table.add_row(
        "latency",
        milliseconds(receipt.latency_p50_us),
        f"p99 {milliseconds(receipt.latency_p99_us)},"
        f" longest {milliseconds(receipt.latency_max_us)}",
    )
    table.add_row("time", f"{summary.elapsed_s:.2f} s", _cuts(summary))
    table.add_row(_verdict_in_a_word(summary), "", f"path {summary.path}, {summary.endpoint}")
    return table


def milliseconds(microseconds: int) -> str:
    return f"{microseconds / 1000:.2f} ms"


def reconnects(count: int) -> str:
    return f"{count} reconnects" if count != 1 else "1 reconnect"


def _verdict_in_a_word(summary: Summary) -> Text:
    if not summary.ok:
        return Text("FAILED", style="bold red")
    return Text("all acknowledged" if summary.verdict is None else "all stored", "bold green")


def _count(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _left_out(summary: Summary) -> str:
    parts = [f"{count:,} lines left out: {why}" for why, count in summary.skipped.items()]
    if summary.backwards:
        parts.append(f"{summary.backwards:,} went back in time, kept")
    return "; ".join(parts)


def _delivery(summary: Summary) -> str:
    return "the gateway does not acknowledge" if summary.receipt.best_effort else ""


def _cuts(summary: Summary) -> str:
    made = f"connection cut {summary.connections_cut} times, " if summary.connections_cut else ""
    return made + reconnects(summary.receipt.reconnects)
