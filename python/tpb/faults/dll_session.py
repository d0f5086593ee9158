"""A session of TradingProtobuf.dll, in a Windows process shaped like MetaTrader.

Speaks with `terminal_host.exe DLL pump`; each call waits for the answer of the pump.
"""

import json
import subprocess
from pathlib import Path
from struct import Struct
from typing import Any

from tpb.exceptions import from_code
from tpb.faults.market import SYMBOLS, Ticks
from tpb.native import wine
from tpb.session import Cursor

_U32 = Struct("<I")
# Orders of the pump in the place of a symbol's length.
_END, _CURSOR, _TOKEN, _FLUSH = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC
_EXIT_S = 15.0
_PATHS = ("journal", "event_log")


class DllSession:
    """Not for several threads. Its process ends with its stdin, so with the sender's death."""

    def __init__(self, build: Path, config: dict[str, Any]) -> None:
        self._process = wine.Popen(
            [build / "terminal_host.exe", build / "TradingProtobuf.dll", "pump"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._write(_framed(_text_of(config)))
        self._answer("open")

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, symbol: str, ticks: Ticks) -> int:
        count = _U32.pack(len(ticks))
        self._write(_framed(symbol) + count + ticks.tobytes())
        self._ask_cursor(symbol)  # answered when the ticks are accepted
        return len(ticks)

    def cursor(self, symbol: str) -> Cursor | None:
        answer = self._ask_cursor(symbol)
        return Cursor(answer["time_msc"], answer["count"]) if answer["known"] else None

    def flush(self) -> None:
        self._write(_U32.pack(_FLUSH))
        self.report()  # comes when the batch is closed

    def set_token(self, token: str) -> None:
        self._write(_U32.pack(_TOKEN) + _framed(token))

    def report(self) -> dict[str, Any]:
        status: dict[str, Any] = self._ask_cursor(SYMBOLS[0])["status"]
        return status

    def close(self, timeout: float) -> int:
        self._write(_U32.pack(_END) + _U32.pack(round(timeout * 1000)))
        unacknowledged = int(self._answer("closed")["unacknowledged"])
        self._process.wait(_EXIT_S)
        return unacknowledged

    def _ask_cursor(self, symbol: str) -> dict[str, Any]:
        self._write(_U32.pack(_CURSOR) + _framed(symbol))
        return self._answer("cursor")

    def _write(self, frame: bytes) -> None:
        assert self._process.stdin
        self._process.stdin.write(frame)
        self._process.stdin.flush()

    def _answer(self, event: str) -> dict[str, Any]:
        assert self._process.stdout
        for line in self._process.stdout:
            answer: dict[str, Any] = json.loads(line)
            if answer["event"] == event:
                return answer
            if answer["event"] == "error":
                raise from_code(answer["code"], answer["text"])
        raise RuntimeError(f"the terminal host ended with {self._process.wait()}")


def _text_of(config: dict[str, Any]) -> str:
    """The text that TpbOpen takes."""
    return ";".join(
        f"{key}={wine.windows_path(Path(value)) if key in _PATHS else value}"
        for key, value in config.items()
    )


def _framed(text: str) -> bytes:
    data = text.encode()
    return _U32.pack(len(data)) + data
