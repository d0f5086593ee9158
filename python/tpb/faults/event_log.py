"""The sender's event log, read while it is written."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class FailOver:
    """Ticks flow again, through another endpoint than the one that was lost."""

    endpoint: int  # the new one
    ms: int  # since the loss was detected


class EventLog:
    def __init__(self, path: Path) -> None:
        self.events: list[dict[str, Any]] = []
        self._path = path
        self._offset = 0
        self._lost_endpoint: int | None = None
        self._fail_overs: list[FailOver] = []

    def read(self) -> None:
        """Takes what was appended since."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            lines = file.read().splitlines(keepends=True)
        for line in lines:
            if not line.endswith(b"\n"):
                break
            self._offset += len(line)
            event = json.loads(line)
            self.events.append(event)
            if fail_over := self._follow(event):
                self._fail_overs.append(fail_over)

    def fail_overs(self) -> list[FailOver]:
        """Those that were not told yet."""
        self.read()
        found, self._fail_overs = self._fail_overs, []
        return found

    def streams(self, endpoint: int, since: int) -> bool:
        """Whether an event from that index on tells of a connection there that streams."""
        return any(
            event["kind"] in ("connected", "restored") and event["endpoint"] == endpoint
            for event in self.events[since:]
        )

    def total(self, kind: str) -> int:
        """The sum of what the events of a kind tell."""
        return sum(event["value"] for event in self.events if event["kind"] == kind)

    def count(self, kind: str) -> int:
        return sum(event["kind"] == kind for event in self.events)

    def _follow(self, event: dict[str, Any]) -> FailOver | None:
        match event["kind"]:
            case "lost":
                self._lost_endpoint = event["endpoint"]
            case "connected" | "recovered":  # a new life of the sender
                self._lost_endpoint = None
            case "restored":
                lost, self._lost_endpoint = self._lost_endpoint, None
                if lost is not None and lost != event["endpoint"]:
                    return FailOver(event["endpoint"], event["value"])
        return None
