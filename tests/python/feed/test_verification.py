"""What counts as stored, lost, duplicated and altered."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpb import TICK_DTYPE
from tpb.feed.chunks import Chunk, Ticks
from tpb.feed.verification import Comparison, Verdict, verified
from tpb.gateway.protocol import Batch
from tpb.gateway.reading import StoredTicks
from tpb.gateway.store import Store
from tpb.gateway.upgrade import Identity, Upgrade
from tpb.wire.trading.market_data_pb2 import MarketDataStream


def some_ticks(count: int, start: int = 0) -> Ticks:
    ticks = np.zeros(count, TICK_DTYPE)
    numbers = np.arange(start, start + count)
    ticks["time_msc"] = 1_577_898_000_000 + numbers
    ticks["bid"] = 1.1 + numbers / 1e5
    ticks["ask"] = ticks["bid"] + 0.0001
    ticks["flags"] = 6
    return ticks


class Row:
    """A stored tick that a test can bend."""

    def __init__(self, symbol: str, number: int, tick: np.void) -> None:
        self.symbol = symbol
        self.number = number
        self.tick = tick.copy()
        self.spread = float(tick["ask"] - tick["bid"])


def stored_well(chunks: list[Chunk]) -> list[Row]:
    counts: dict[str, int] = {}
    rows = []
    for symbol, ticks in chunks:
        for tick in ticks:
            counts[symbol] = counts.get(symbol, 0) + 1
            rows.append(Row(symbol, counts[symbol], tick))
    return rows


def stored(rows: list[Row], at_once: int) -> Iterator[StoredTicks]:
    for start in range(0, len(rows), at_once):
        some = rows[start : start + at_once]
        symbols = np.empty(len(some), np.object_)
        symbols[:] = [row.symbol for row in some]
        yield StoredTicks(
            "tenant",
            "session",
            np.ones(len(some), np.int64),
            symbols,
            np.array([row.number for row in some], np.int64),
            np.array([row.spread for row in some], np.float64),
            np.array([row.tick for row in some], TICK_DTYPE),
        )


def judged(chunks: list[Chunk], rows: list[Row], at_once: int = 3) -> Verdict:
    comparison = Comparison(iter(chunks))
    for each in stored(rows, at_once):
        comparison.take(each)
    return comparison.verdict()


@pytest.fixture
def chunks() -> list[Chunk]:
    return [
        Chunk("EURUSD", some_ticks(4)),
        Chunk("GBPUSD", some_ticks(3, 100)),
        Chunk("EURUSD", some_ticks(5, 4)),
    ]


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_all_stored(chunks: list[Chunk], at_once: int) -> None:
    verdict = judged(chunks, stored_well(chunks), at_once)
    assert verdict == Verdict(ticks_stored=12)
    assert verdict.clean


def test_nothing_stored(chunks: list[Chunk]) -> None:
    verdict = judged(chunks, [])
    assert (verdict.ticks_stored, verdict.lost) == (0, 12)
    assert not verdict.clean
    assert "9 accepted ticks of EURUSD are not stored" in verdict.first_fault


@pytest.mark.parametrize("place", [0, 5, 11])
def test_a_lost_tick(chunks: list[Chunk], place: int) -> None:
    rows = stored_well(chunks)
    del rows[place]
    verdict = judged(chunks, rows)
    assert verdict.first_fault
    assert (verdict.ticks_stored, verdict.lost, verdict.altered, verdict.duplicates) == (
        11,
        1,
        0,
        0,
    )


@pytest.mark.parametrize("at_once", [1, 3, 100])
@pytest.mark.parametrize("to", [0, 3, 12])
def test_a_tick_stored_twice(chunks: list[Chunk], to: int, at_once: int) -> None:
    rows = stored_well(chunks)
    rows.insert(to, rows[2])
    verdict = judged(chunks, rows, at_once)
    assert (verdict.ticks_stored, verdict.lost, verdict.altered, verdict.duplicates) == (
        12,
        0,
        0,
        1,
    )
    assert "EURUSD tick 3 is stored more than once" in verdict.first_fault


@pytest.mark.parametrize("field", TICK_DTYPE.names or ())
def test_an_altered_field(chunks: list[Chunk], field: str) -> None:
    rows = stored_well(chunks)
    rows[7].tick[field] += 1
    verdict = judged(chunks, rows)
    assert (verdict.ticks_stored, verdict.lost, verdict.altered, verdict.duplicates) == (
        11,
        0,
        1,
        0,
    )
    assert "EURUSD tick 5 was" in verdict.first_fault


def test_an_altered_spread(chunks: list[Chunk]) -> None:
    rows = stored_well(chunks)
    rows[7].spread = np.nextafter(rows[7].spread, 1)
    verdict = judged(chunks, rows)
    assert (verdict.ticks_stored, verdict.altered) == (11, 1)


def test_two_ticks_in_each_others_place(chunks: list[Chunk]) -> None:
    rows = stored_well(chunks)
    rows[0].tick, rows[1].tick = rows[1].tick, rows[0].tick
    assert judged(chunks, rows).altered == 2


def test_ticks_of_another_symbol(chunks: list[Chunk]) -> None:
    rows = stored_well(chunks)
    rows[4].symbol = "XAUUSD"
    verdict = judged(chunks, rows)
    assert (verdict.altered, verdict.lost) == (1, 1)


@pytest.mark.parametrize("number", [-(2**63), -1, 0, 10, 2**63 - 1])
def test_a_tick_that_was_never_sent(chunks: list[Chunk], number: int) -> None:
    rows = stored_well(chunks)
    rows.append(Row("EURUSD", number, some_ticks(1)[0]))
    verdict = judged(chunks, rows)
    assert (verdict.ticks_stored, verdict.altered) == (12, 1)
    assert "never sent" in verdict.first_fault


def test_batches_stored_late_are_no_loss(chunks: list[Chunk]) -> None:
    rows = stored_well(chunks)
    assert judged(chunks, rows[6:] + rows[:6]) == Verdict(ticks_stored=12)


def test_copies_after_a_fork_are_counted_and_no_fault(chunks: list[Chunk]) -> None:
    comparison = Comparison(iter(chunks))
    for each in stored(stored_well(chunks), 5):
        comparison.take(replace(each, copies=2))
    verdict = comparison.verdict()
    assert (verdict.ticks_stored, verdict.copies, verdict.duplicates) == (12, 6, 0)
    assert verdict.clean


def frame_of(sequence: int, ticks: Ticks, first: int) -> bytes:
    stream = MarketDataStream(batch_sequence=sequence, tenant_id="demo")
    for number, tick in enumerate(ticks, first):
        stream.ticks.add(
            symbol="EURUSD",
            sequence_number=number,
            time_msc=int(tick["time_msc"]),
            bid=float(tick["bid"]),
            ask=float(tick["ask"]),
            flags=int(tick["flags"]),
            spread=float(tick["ask"] - tick["bid"]),
        )
    return stream.SerializeToString()


def store_with(path: Path, session: str, continues: str | None, *frames: bytes) -> Path:
    store = Store(path, lambda receipts: None)
    upgrade = Upgrade(
        Identity("ann", "demo"),
        session,
        first_batch=MarketDataStream.FromString(frames[0]).batch_sequence,
        continues=continues,
    )
    lane = store.open_session(upgrade, at_ms=1, receiver=Deaf()).result(20).lane
    for frame in frames:
        stream = MarketDataStream.FromString(frame)
        batch = Batch(stream.batch_sequence, frame, 0, len(stream.ticks))
        store.append(lane, batch, 1)
    store.close()
    return path


class Deaf:
    def settled(self, committed: int | None) -> None: ...


def test_two_gateways_and_a_fork_between_them(tmp_path: Path) -> None:
    """Both have batch 2; the forked session brings tick 5 and 6 again."""
    ticks = some_ticks(9)
    frames = [frame_of(1, ticks[:2], 1), frame_of(2, ticks[2:4], 3), frame_of(3, ticks[4:6], 5)]
    stores = [
        store_with(tmp_path / "primary.db", "old", None, *frames[:2]),
        store_with(tmp_path / "backup.db", "old", None, *frames[1:]),
    ]
    store_with(stores[0], "new", "old", frame_of(3, ticks[4:7], 5), frame_of(4, ticks[7:], 8))
    verdict = verified(stores, iter([Chunk("EURUSD", ticks)]), 9)
    assert verdict == Verdict(ticks_stored=9, copies=2)
    alone = verified(stores[0], iter([Chunk("EURUSD", ticks)]), 9)
    assert (alone.ticks_stored, alone.lost) == (9, 0)
    assert verified(stores[1], iter([Chunk("EURUSD", ticks)]), 9).lost == 5


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["EURUSD", "GBPUSD"]), min_size=1, max_size=40),
    st.integers(min_value=1, max_value=50),
    st.data(),
)
def test_any_loss_and_repetition_is_counted_exactly(
    symbols: list[str], at_once: int, data: st.DataObject
) -> None:
    chunks = [Chunk(symbol, some_ticks(1, at)) for at, symbol in enumerate(symbols)]
    rows = stored_well(chunks)
    copies = data.draw(
        st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)), label="copies"
    )
    kept = [row for row, count in zip(rows, copies, strict=True) for _ in range(count)]
    order = data.draw(st.permutations(kept), label="order")
    verdict = judged(chunks, list(order), at_once)
    assert verdict.lost == copies.count(0)
    assert verdict.ticks_stored == len(rows) - copies.count(0)
    assert verdict.duplicates == sum(max(0, count - 1) for count in copies)
    assert verdict.altered == 0
