"""Stores become one: each batch once, conflicts kept apart, what none holds told."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import crc32c
import pytest

from tpb.gateway.market.kept import Kept
from tpb.gateway.measuring import read_quality
from tpb.gateway.merge import Conflict, MergeProblem, Missing, merge_stores
from tpb.gateway.protocol import Batch
from tpb.gateway.reading import read_batches, read_sessions, read_ticks
from tpb.gateway.schema import StoreProblem
from tpb.gateway.store import Store
from tpb.gateway.upgrade import Identity, Span, Upgrade

Frame = Callable[..., bytes]


class Ear:
    def settled(self, committed: int | None) -> None: ...


class Gateway:
    """A store that batches are put into, over several connections."""

    def __init__(self, path: Path, frame: Frame) -> None:
        self.path = path
        self._frame = frame

    def serve(
        self, *sequences: int, session: str = "s1", ticks: int = 5, given_up: tuple[Span, ...] = ()
    ) -> None:
        store = Store(self.path, lambda receipts: None)
        upgrade = Upgrade(
            Identity("ann", "demo"), session, first_batch=sequences[0], given_up=given_up
        )
        opened = store.open_session(upgrade, at_ms=1, receiver=Ear()).result(20)
        for sequence in sequences:
            payload = self._frame(sequence, ticks=ticks)
            checksum = crc32c.crc32c(payload)
            store.append(opened.lane, Batch(sequence, payload, checksum, ticks), 1_000)
        store.close()


@pytest.fixture
def primary(tmp_path: Path, frame: Frame) -> Gateway:
    return Gateway(tmp_path / "primary.db", frame)


@pytest.fixture
def backup(tmp_path: Path, frame: Frame) -> Gateway:
    return Gateway(tmp_path / "backup.db", frame)


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "all.db"


def test_failover_and_return(primary: Gateway, backup: Gateway, into: Path, frame: Frame) -> None:
    primary.serve(1, 2, 3)
    backup.serve(3, 4, 5)  # 3 was stored by the primary, its acknowledgement was lost
    primary.serve(6, 7)
    merged = merge_stores([primary.path, backup.path], into)
    assert [batch.batch_sequence for batch in read_batches(into)] == [1, 2, 3, 4, 5, 6, 7]
    assert all(batch.payload == frame(batch.batch_sequence) for batch in read_batches(into))
    assert [(of.batches, of.new, of.repeated) for of in merged.stores] == [(5, 5, 0), (3, 2, 1)]
    assert (merged.sessions, merged.batches, merged.ticks) == (1, 7, 35)
    assert (merged.conflicts, merged.missing) == ([], [])
    (session,) = read_sessions(into)
    assert (session.acknowledged, session.batches, session.ticks) == (7, 7, 35)
    assert (session.gaps, session.handed_over) == (0, 0)
    (figures,) = read_quality(into).values()
    assert (figures.total, figures.missing, figures.duplicates) == (35, 0, 0)


def test_order_of_the_stores_makes_no_difference(
    primary: Gateway, backup: Gateway, tmp_path: Path
) -> None:
    primary.serve(1, 2)
    backup.serve(2, 3)
    paths = [primary.path, backup.path]
    found = []
    for name, stores in (("one", paths), ("other", paths[::-1])):
        merge_stores(stores, tmp_path / name)
        found.append([(b.name, b.payload) for b in read_batches(tmp_path / name)])
    assert found[0] == found[1]
    assert found[0] == [(b.name, b.payload) for b in read_batches(paths)]


def test_what_no_store_holds_is_told(primary: Gateway, backup: Gateway, into: Path) -> None:
    primary.serve(1, 2)
    backup.serve(5, 6)
    primary.serve(9, given_up=(Span(4, 4), Span(7, 7)))
    merged = merge_stores([primary.path, backup.path], into)
    assert merged.missing == [
        Missing("demo", "s1", Span(3, 3), "handed_over"),
        Missing("demo", "s1", Span(3, 4), "handed_over"),
        Missing("demo", "s1", Span(4, 4), "given_up"),
        Missing("demo", "s1", Span(7, 7), "given_up"),
        Missing("demo", "s1", Span(8, 8), "handed_over"),
    ]


def test_conflicts_are_told_and_both_kept(primary: Gateway, backup: Gateway, into: Path) -> None:
    primary.serve(1, 2, 3)
    backup.serve(1, 2, 3, 4, ticks=7)
    merged = merge_stores([primary.path, backup.path], into)
    assert merged.conflicts == [Conflict("demo", "s1", n) for n in (1, 2, 3)]
    assert (merged.stores[1].new, merged.stores[1].conflicts) == (1, 3)
    with sqlite3.connect(into) as database:
        kept = database.execute("SELECT ticks FROM batches ORDER BY batch_sequence").fetchall()
        aside = database.execute("SELECT ticks FROM conflicts ORDER BY 1").fetchall()
    database.close()
    assert kept == [(5,), (5,), (5,), (7,)]
    assert aside == [(7,)] * 3


@pytest.mark.parametrize("merges", [False, True], ids=["several stores", "merged store"])
def test_ticks_of_two_lives_under_one_name_come_once(
    primary: Gateway, backup: Gateway, into: Path, merges: bool
) -> None:
    """The same ticks, cut into other batches: a journal's old copy was served by the backup."""
    primary.serve(1, 2, 3)  # ticks 1 to 15
    backup.serve(1, 2, 3, ticks=7)  # ticks 1 to 21
    stores = [primary.path, backup.path]
    if merges:
        merge_stores(stores, into)
    chunks = list(read_ticks(into if merges else stores))
    numbers = [number for chunk in chunks for number in chunk.sequence_number.tolist()]
    assert sorted(numbers) == list(range(1, 22))
    assert sum(chunk.copies for chunk in chunks) == 15


def test_sessions_apart(primary: Gateway, backup: Gateway, into: Path) -> None:
    primary.serve(1, session="a")
    backup.serve(1, 2, session="b")
    assert merge_stores([primary.path, backup.path], into).sessions == 2
    assert [s.session for s in read_sessions(into)] == ["a", "b"]


def test_of_each_users_pairs_the_newest_stay(tmp_path: Path, into: Path) -> None:
    def keep(name: str, **versions: int) -> Path:
        store = Store(tmp_path / name, lambda receipts: None)
        store.keep_pairs(
            [Kept("demo", user, (name,), version, "pro", ()) for user, version in versions.items()]
        ).result(20)
        store.close()
        return tmp_path / name

    merge_stores([keep("one", ann=3, bob=1), keep("two", ann=2, bob=4, eve=1)], into)
    merged = Store(into, lambda receipts: None)
    found = {user: (kept.version, kept.named) for (_, user), kept in merged.pairs_at_start.items()}
    merged.close()
    assert found == {"ann": (3, ("one",)), "bob": (4, ("two",)), "eve": (1, ("two",))}


def test_the_gateway_goes_on_with_a_merged_store(
    primary: Gateway, backup: Gateway, into: Path, frame: Frame
) -> None:
    primary.serve(1, 2)
    backup.serve(3, 4)
    merge_stores([primary.path, backup.path], into)
    Gateway(into, frame).serve(5)
    (session,) = read_sessions(into)
    assert (session.acknowledged, session.batches, session.handed_over) == (5, 5, 0)


def test_merging_tells_how_far_it_is(primary: Gateway, backup: Gateway, into: Path) -> None:
    primary.serve(1, 2)
    backup.serve(1, 2, 3)
    told: list[tuple[int, int]] = []
    merge_stores([primary.path, backup.path], into, lambda done, of: told.append((done, of)))
    assert told[-1] == (5, 5)
    assert told == sorted(told)


def test_nothing_is_replaced(primary: Gateway, into: Path) -> None:
    primary.serve(1)
    into.write_text("something")
    with pytest.raises(MergeProblem, match="there already"):
        merge_stores([primary.path], into)
    assert into.read_text() == "something"


def test_what_is_no_store_leaves_nothing_behind(
    primary: Gateway, into: Path, tmp_path: Path
) -> None:
    primary.serve(1)
    (tmp_path / "other").write_bytes(b"no store" * 500)
    with pytest.raises(StoreProblem, match="other"):
        merge_stores([primary.path, tmp_path / "other"], into)
    with pytest.raises(MergeProblem, match="Cannot write"):
        merge_stores([primary.path], tmp_path / "nowhere" / "all.db")
    left = {path.name.removesuffix("-shm").removesuffix("-wal") for path in tmp_path.iterdir()}
    assert left == {"primary.db", "primary.db.lock", "other"}
