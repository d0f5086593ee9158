"""Scripts of ticks for the host: what the market does."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tpb.tick import TICK_DTYPE

SCRIPT_DTYPE = np.dtype([("symbol", "S32"), ("tick", TICK_DTYPE)])
Script = NDArray[np.void]

START_MSC = 1_577_898_000_000  # 2020-01-01 17:00
_BID_AND_ASK = 2 | 4


def quotes(symbol: str, times_msc: Iterable[int], bid: float = 1.1) -> Script:
    """One quote at each time, each with another price."""
    times = np.fromiter(times_msc, np.int64)
    script = np.zeros(len(times), SCRIPT_DTYPE)
    script["symbol"] = symbol.encode()
    ticks = script["tick"]
    ticks["time_msc"] = times
    ticks["time"] = times // 1000
    ticks["bid"] = bid + np.arange(len(times)) * 1e-5
    ticks["ask"] = ticks["bid"] + 2e-4
    ticks["flags"] = _BID_AND_ASK
    return script


def merged(*scripts: Script) -> Script:
    """All of them in order of time; of one time, in the order given."""
    script = np.concatenate(scripts)
    return script[np.argsort(script["tick"]["time_msc"], kind="stable")]


def of_symbol(script: Script, symbol: str) -> NDArray[np.void]:
    """A symbol's ticks, in order."""
    ticks: NDArray[np.void] = script["tick"][script["symbol"] == symbol.encode()]
    return ticks


def write(script: Script, file: Path) -> None:
    script.tofile(file)
