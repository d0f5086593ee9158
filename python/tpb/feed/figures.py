"""Written prices and volumes."""

from functools import lru_cache
from math import isfinite

from tpb.feed.problem import BadLine

# The wire carries a volume as a signed 64-bit number.
MAX_VOLUME = 2**63 - 1
MAX_FLAGS = 2**31 - 1


def price(text: str, name: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise BadLine(f"{name} is not a number") from None
    # float() also takes "nan", "inf" and "1_0": none is a price.
    if not isfinite(value) or "_" in text:
        raise BadLine(f"{name} is not a number")
    return value


@lru_cache(maxsize=64)
def volume(text: str) -> tuple[int, float]:
    """A volume as MqlTick has it twice: whole, and with its fraction."""
    real = price(text, "volume")
    if not 0 <= real < MAX_VOLUME:
        raise BadLine("volume is out of range")
    return int(text) if text.isascii() and text.isdigit() else int(real), real


def flags(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > MAX_FLAGS:
        raise BadLine("flags are not a number of MT5")
    return int(text)
