"""The memory layout of ticks: MQL5's MqlTick, packed, 60 bytes."""

import numpy as np

TICK_DTYPE = np.dtype(
    [
        ("time", "<i8"),  # trade server's wall clock, seconds
        ("bid", "<f8"),
        ("ask", "<f8"),
        ("last", "<f8"),  # 0 where the market has none
        ("volume", "<u8"),  # 0 where the market has none
        ("time_msc", "<i8"),  # trade server's wall clock, milliseconds
        ("flags", "<u4"),  # MT5's TICK_FLAG_...
        ("volume_real", "<f8"),
    ]
)
assert TICK_DTYPE.itemsize == 60
