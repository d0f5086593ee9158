"""The host in the hands of a test: a MetaTrader terminal that does as it is told."""

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.mql5 import script
from tests.mql5.script import Script

from tpb.native import wine

Record = dict[str, Any]

# Generous: a machine under load. Nothing here takes a tenth of it.
_ORDER_LIMIT_S = 90.0
_IDLE_MS = 1000


class TerminalDied(Exception):
    """The process ended; the text is its last lines."""


class Terminal:
    """One terminal process. `folder` is its data folder, which outlives it.

    Every call returns when the programs have done what it asks for. Programs run on the script's
    clock: `run` and `play` move it.
    """

    def __init__(self, host: Path, folder: Path, library: Path | None = None) -> None:
        for name in ("Libraries", "Files", "Experts"):
            (folder / "MQL5" / name).mkdir(parents=True, exist_ok=True)
        if library is not None:
            shutil.copy2(library, folder / "MQL5/Libraries/TradingProtobuf.dll")
        self.folder = folder
        self.records: list[Record] = []
        self._scripts = 0
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._process = wine.Popen(
            [host],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"TPB_STATE_DIR": wine.windows_path(folder / "state")},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._order("data_folder", wine.windows_path(folder))

    # ---- before programs start ----

    def symbol(
        self,
        name: str,
        *,
        digits: int = 5,
        selected: bool = True,
        load_ms: int = 0,
        requests_before_history: int = 0,
    ) -> None:
        """Adds a symbol of the broker.

        load_ms: how long the first request for its ticks takes. requests_before_history: so many
        requests see only what came since the start, with ERR_HISTORY_TIMEOUT.
        """
        self._order("symbol", name, digits, int(selected), load_ms, requests_before_history)

    def history(self, ticks: Script) -> None:
        """What the market did before this terminal started."""
        self._order("history", self._script_file(ticks))

    def clock(self, time_msc: int) -> None:
        self._order("clock", time_msc)

    def tester(self) -> None:
        self._order("tester", 1)

    def forbid_dlls(self) -> None:
        self._order("allow_dlls", 0)

    def refuse_custom_ticks(self, error: int) -> None:
        """CustomTicksAdd fails with the error from now on; 0: it does not."""
        self._order("custom_error", error)

    def hide(self, symbol: str) -> None:
        """Somebody takes the symbol out of the Market Watch."""
        self._order("hide", symbol)

    def broker_away(self) -> None:
        """The terminal loses its broker: no ticks until broker_back()."""
        self._order("connected", 0)

    def broker_back(self) -> None:
        self._order("connected", 1)

    # ---- programs ----

    def attach(
        self,
        program: str,
        symbol: str,
        inputs: Mapping[str, object] | None = None,
        *,
        expert: int = 1,
        period: int = 1,
    ) -> None:
        """Puts a program on a chart; start() starts it."""
        self._order("attach", expert, program, symbol, period)
        self._set_inputs(expert, inputs or {})

    def start(self, *experts: int) -> None:
        """OnInit of each, at once."""
        self._order("start", ",".join(map(str, experts or (1,))))

    def change_inputs(self, inputs: Mapping[str, object], *, expert: int = 1) -> None:
        self._set_inputs(expert, inputs)
        self._order("change_inputs", expert)

    def change_chart(self, symbol: str, *, period: int = 1, expert: int = 1) -> None:
        self._order("change_chart", expert, symbol, period)

    def chart_event(
        self, event: int, number: int, real: float, text: str, *, expert: int = 1
    ) -> None:
        self._order("chart_event", expert, event, number, real, text)

    def remove(self, *experts: int) -> None:
        self._order("remove", ",".join(map(str, experts or (1,))))

    def tick_cost(self, milliseconds: int, *, expert: int = 1) -> None:
        """Each OnTick keeps the expert for so long on the script's clock: it misses others."""
        self._order("tick_cost", expert, milliseconds)

    # ---- time ----

    def play(self, ticks: Script, *, idle_ms: int = _IDLE_MS) -> None:
        """Lets the ticks come, each at its time; longer pauses are cut to idle_ms."""
        self._order("play", self._script_file(ticks), idle_ms)

    def run(self, milliseconds: int) -> None:
        """Moves the clock on without ticks."""
        self._order("run", milliseconds)

    def run_until(self, is_right: Callable[[], bool], wait_until: Callable[..., Any]) -> None:
        """Lets time pass, 100 ms at a go, until something is so: the network needs real time."""

        def ask() -> bool:
            self.run(100)
            return is_right()

        wait_until(ask, bool)

    # ---- the end ----

    def close(self) -> None:
        """Closes the terminal in good order."""
        self._order("close")
        self._process.wait(_ORDER_LIMIT_S)

    def kill(self) -> None:
        """Ends it as a crash or the task manager does."""
        self._process.kill()
        self._process.wait(_ORDER_LIMIT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None and self._process.poll() is None:
            self.close()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(_ORDER_LIMIT_S)
        self._reader.join(_ORDER_LIMIT_S)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    # ---- what was seen ----

    def texts(self, *kinds: str, expert: int | None = None) -> list[str]:
        """The texts of such records: print, alert, comment, journal, critical, fault."""
        return [
            record["text"]
            for record in self.records
            if record["kind"] in kinds and expert in (None, int(record.get("expert", 0)))
        ]

    def of_kind(self, kind: str) -> list[Record]:
        return [record for record in self.records if record["kind"] == kind]

    def panel(self) -> dict[str, str]:
        """The texts of the objects that are on charts now, by name."""
        shown: dict[str, str] = {}
        for record in self.records:
            if record["kind"] == "object":
                shown[record["name"]] = record["text"]
            elif record["kind"] == "object_gone":
                shown.pop(record["name"], None)
        return shown

    def lines(self) -> dict[str, Record]:
        """The lines that are on charts now, by name."""
        shown: dict[str, Record] = {}
        for record in self.records:
            if record["kind"] == "line":
                shown[record["name"]] = record
            elif record["kind"] == "object_gone":
                shown.pop(record["name"], None)
        return shown

    def custom_ticks(self, symbol: str) -> list[Record]:
        """What a custom symbol was fed, in order."""
        return [record for record in self.of_kind("custom_tick") if record["symbol"] == symbol]

    def longest_ms(self, *, deinit: bool, expert: int = 1) -> float:
        """The longest OnDeinit, or the longest call of any other handler, once it is closed."""
        times = [
            record["us"] / 1000
            for record in self.of_kind("longest")
            if (record["handler"] == "OnDeinit") == deinit and int(record["expert"]) == expert
        ]
        return max(times, default=0.0)

    # ---- the wire ----

    def _set_inputs(self, expert: int, inputs: Mapping[str, object]) -> None:
        for name, value in inputs.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            self._order("input", expert, name, text)

    def _script_file(self, ticks: Script) -> str:
        self._scripts += 1
        file = self.folder / f"script-{self._scripts}.bin"
        script.write(ticks, file)
        return wine.windows_path(file)

    def _order(self, *words: object) -> None:
        assert self._process.stdin is not None
        line = "\t".join(map(str, words))
        try:
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()
        except OSError:
            pass  # it has died: the end of its output tells
        refusal = None
        for record in self._answers():
            if record["kind"] == "done":
                break
            if record["kind"] == "refused":
                refusal = record["text"]
            else:
                self.records.append(record)
        if refusal is not None:
            raise ValueError(f"{line}: {refusal}")

    def _answers(self) -> Iterable[Record]:
        while True:
            line = self._lines.get(timeout=_ORDER_LIMIT_S)
            if line is None:
                code = self._process.wait(_ORDER_LIMIT_S)
                raise TerminalDied(f"exit code {code} after {self.records[-5:]}")
            yield json.loads(line)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.decode())
        self._lines.put(None)
