"""Made-up ticks for tests."""

import numpy as np
from numpy.typing import NDArray

from tpb.tick import TICK_DTYPE


def made_up(count: int, first: int = 0) -> NDArray[np.void]:
    """`count` ticks of TICK_DTYPE, all different, a millisecond apart.

    first: how many of the same row have gone before: `made_up(5)` and `made_up(5, 5)` together
    are `made_up(10)`.
    """
    index = np.arange(first, first + count)
    ticks = np.zeros(count, dtype=TICK_DTYPE)
    ticks["time_msc"] = 1_577_898_000_000 + index
    ticks["time"] = ticks["time_msc"] // 1000
    ticks["bid"] = 1.1 + index * 1e-5
    ticks["ask"] = ticks["bid"] + 2e-5
    ticks["flags"] = 6
    return ticks
