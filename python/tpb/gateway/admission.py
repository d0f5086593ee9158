"""How often an address may be refused before it is not heard any more for a while. Pure.

Only attempts with a wrong token or wrong headers count: asking without a token costs nothing, and
is how a client sees whether a gateway is there.
"""

import ipaddress
import math
from dataclasses import dataclass

from tpb.gateway import bucket


@dataclass(frozen=True)
class Allowance(bucket.Allowance):
    """Refused attempts of one address."""

    burst: int = 300
    per_s: float = 5.0


class Admission:
    """A token bucket an address. `now_s` is any clock that only rises."""

    def __init__(self, allowance: Allowance) -> None:
        self._buckets: bucket.Buckets[str] = bucket.Buckets(allowance)

    def wait_s(self, address: str | None, now_s: float) -> int:
        """How long an address must wait; 0: it is heard."""
        return math.ceil(self._buckets.wait_s(_network(address), now_s))

    def refused(self, address: str | None, now_s: float) -> None:
        self._buckets.take(_network(address), now_s)


def _network(address: str | None) -> str:
    """An IPv6 host has a whole /64 of addresses."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False))
