"""How often an address may be refused before it is not heard any more for a while. Pure.

Only attempts with a wrong token or wrong headers count: asking without a token costs nothing, and
is how a client sees whether a gateway is there.
"""

import ipaddress
import math
from collections import OrderedDict
from dataclasses import dataclass

_MAX_ADDRESSES = 10_000


@dataclass(frozen=True)
class Allowance:
    """Refused attempts of one address: at once, and regained a second."""

    burst: int = 300
    per_s: float = 5.0


class Admission:
    """A token bucket an address. `now_s` is any clock that only rises."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # left, at

    def wait_s(self, address: str | None, now_s: float) -> int:
        """How long an address must wait; 0: it is heard."""
        left = self._left(_network(address), now_s)
        return 0 if left >= 1 else max(1, math.ceil((1 - left) / self._allowance.per_s))

    def refused(self, address: str | None, now_s: float) -> None:
        network = _network(address)
        self._buckets[network] = (max(0.0, self._left(network, now_s) - 1), now_s)
        self._buckets.move_to_end(network)
        if len(self._buckets) > _MAX_ADDRESSES:
            self._buckets.popitem(last=False)

    def _left(self, network: str, now_s: float) -> float:
        left, at = self._buckets.get(network, (self._allowance.burst, now_s))
        return min(self._allowance.burst, left + (now_s - at) * self._allowance.per_s)


def _network(address: str | None) -> str:
    """An IPv6 host has a whole /64 of addresses."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False))
