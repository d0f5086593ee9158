"""How far ticks have come, as the session tells it: accepted, sent, acknowledged."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

CONNECTED = 1
HALTED = 4
UNACKNOWLEDGED_DELIVERY = 2


@dataclass(frozen=True)
class Receipt:
    """The part of a session's status that a replay uses, by the names of trading_protobuf.h."""

    state: int = 0
    state_name: str = "starting"
    problem_text: str = ""
    session_id: str = ""
    delivery: int = 0
    ticks_accepted: int = 0
    ticks_refused: int = 0
    ticks_sent: int = 0
    ticks_resent: int = 0
    ticks_acknowledged: int = 0
    bytes_sent: int = 0
    reconnects: int = 0
    latency_p50_us: int = 0
    latency_p99_us: int = 0
    latency_max_us: int = 0

    @classmethod
    def of(cls, status: Mapping[str, Any]) -> Self:
        """From a status by its field names; raises KeyError where one is missing."""
        return cls(**{each.name: status[each.name] for each in fields(cls)})

    @property
    def halted(self) -> bool:
        return self.state == HALTED

    @property
    def delivery_known(self) -> bool:
        """A gateway has answered."""
        return self.delivery != 0

    @property
    def best_effort(self) -> bool:
        """The gateway does not acknowledge: sent is all that can be known."""
        return self.delivery == UNACKNOWLEDGED_DELIVERY

    @property
    def settled(self) -> bool:
        """Nothing is on its way any more."""
        arrived = self.ticks_sent if self.best_effort else self.ticks_acknowledged
        return arrived >= self.ticks_accepted

    @property
    def bytes_per_tick(self) -> float:
        handed_over = self.ticks_sent + self.ticks_resent
        return self.bytes_sent / handed_over if handed_over else 0.0
