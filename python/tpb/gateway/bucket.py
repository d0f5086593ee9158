"""Token buckets: so much at once, and so much regained a second. Pure."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

_MAX_BUCKETS = 10_000

_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True)
class Allowance:
    """What may be done at once, and what of it is regained a second."""

    burst: int
    per_s: float


class Bucket:
    """Full at first. `now_s` is any clock that only rises."""

    __slots__ = ("_allowance", "_at_s", "_left")

    def __init__(self, allowance: Allowance, now_s: float) -> None:
        self._allowance = allowance
        self._left = float(allowance.burst)
        self._at_s = now_s

    def wait_s(self, now_s: float) -> float:
        """How long until one may be taken; 0: now."""
        left = self._left_at(now_s)
        return 0.0 if left >= 1 else (1 - left) / self._allowance.per_s

    def take(self, now_s: float) -> None:
        """Takes one, or what is left."""
        self._left = max(0.0, self._left_at(now_s) - 1)
        self._at_s = now_s

    def _left_at(self, now_s: float) -> float:
        regained = (now_s - self._at_s) * self._allowance.per_s
        return min(self._allowance.burst, self._left + regained)


class Buckets(Generic[_Key]):
    """A bucket for each key; those that were not used for longest are forgotten, and so full."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._buckets: OrderedDict[_Key, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def wait_s(self, key: _Key, now_s: float) -> float:
        """How long until one may be taken; 0: now."""
        known = self._buckets.get(key)
        return 0.0 if known is None else known.wait_s(now_s)

    def take(self, key: _Key, now_s: float) -> None:
        """Takes one, or what is left."""
        known = self._buckets.get(key)
        if known is None:
            known = self._buckets[key] = Bucket(self._allowance, now_s)
        known.take(now_s)
        self._buckets.move_to_end(key)
        if len(self._buckets) > _MAX_BUCKETS:
            self._buckets.popitem(last=False)
