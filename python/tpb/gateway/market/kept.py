"""What a store keeps of the symbols chosen for its users."""

import json
import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from tpb.account.pairs import Choice, Role, Selection

UserKey = tuple[str, str]  # tenant, user
Streamed = dict[UserKey, dict[str, int]]  # ticks by symbol


class Kept(NamedTuple):
    """Of one user."""

    tenant: str
    user: str
    named: tuple[str, ...]  # primary symbols; none: those that it streams
    version: int
    tier: str
    chosen: tuple[Choice, ...]  # with the correlations of when the selection last changed

    @property
    def key(self) -> UserKey:
        return self.tenant, self.user

    def is_of(self, selection: Selection) -> bool:
        """Whether it is the same choice; a correlation that has moved makes no other."""
        return self.tier == selection.limits.tier and [each[:3] for each in self.chosen] == [
            each[:3] for each in selection.pairs
        ]


def read(database: sqlite3.Connection) -> dict[UserKey, Kept]:
    rows = database.execute(
        "SELECT tenant, user_id, primary_symbols, version, tier, chosen FROM pairs"
    )
    return {
        (tenant, user): Kept(
            tenant,
            user,
            tuple(json.loads(named)),
            version,
            tier,
            tuple(
                Choice(symbol, Role(role), correlates_with, correlation)
                for symbol, role, correlates_with, correlation in json.loads(chosen)
            ),
        )
        for tenant, user, named, version, tier, chosen in rows
    }


def write(database: sqlite3.Connection, rows: Iterable[Kept]) -> None:
    """Within a transaction."""
    database.executemany(
        "INSERT OR REPLACE INTO pairs VALUES (?,?,?,?,?,?)",
        [
            (row.tenant, row.user, json.dumps(row.named), row.version, row.tier, _json(row.chosen))
            for row in rows
        ],
    )


def _json(chosen: Iterable[Choice]) -> str:
    return json.dumps([list(each) for each in chosen])


def streamed(database: sqlite3.Connection, tenant: str | None = None) -> Streamed:
    """How many ticks of each symbol every user's sessions have brought."""
    found: Streamed = {}
    for of, user, symbol, ticks in database.execute(
        "SELECT tenant, user_id, symbol, sum(newest) FROM lines JOIN sessions"
        " USING (tenant, session) WHERE (?1 IS NULL OR tenant = ?1) AND newest > 0"
        " GROUP BY tenant, user_id, symbol",
        (tenant,),
    ):
        found.setdefault((of, user), {})[symbol] = ticks
    return found
