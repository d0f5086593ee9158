"""How the demo looks while it runs: the newest quotes in the gateway's database."""

import time

from rich.table import Table
from rich.text import Text

from tpb.cli.replay_view import ReplayView, milliseconds
from tpb.feed.replay import Replay
from tpb.feed.stored import StoredQuote, newest_quotes

_LOOK_EVERY_S = 0.5


class DemoView(ReplayView):
    def __init__(self, replay: Replay) -> None:
        super().__init__(replay)
        self._quotes: dict[str, StoredQuote] = {}
        self._quotes_at = 0.0

    def table(self) -> Table:
        self._look()
        receipt = self.replay.sender.receipt()
        table = Table(
            title="Arrived in the gateway's database",
            caption=(
                f"{receipt.ticks_acknowledged:,} of {self.replay.ticks_in:,} ticks acknowledged,"
                f" each within {milliseconds(receipt.latency_p99_us)} (99 %),"
                f" {receipt.state_name}"
            ),
            min_width=64,
        )
        table.add_column("symbol", style="bold")
        for name in ("bid", "ask", "ticks stored"):
            table.add_column(name, justify="right")
        for symbol, quote in sorted(self._quotes.items()):
            table.add_row(symbol, f"{quote.bid:.10g}", f"{quote.ask:.10g}", f"{quote.ticks:,}")
        if not self._quotes:
            table.add_row(Text("waiting for the first ticks", style="dim"))
        return table

    def _look(self) -> None:
        store = self.replay.destination.store
        if store and time.monotonic() - self._quotes_at > _LOOK_EVERY_S:
            self._quotes = newest_quotes(store)
            self._quotes_at = time.monotonic()
