"""Planted gaps, duplicates, disorder and delays are found exactly."""

import io
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import crc32c
import pytest
from google.protobuf import proto
from hypothesis import given
from hypothesis import strategies as st

from tpb.gateway import quality_api
from tpb.gateway.measuring import read_quality
from tpb.gateway.protocol import Batch, Repeat
from tpb.gateway.quality import (
    MAX_JUMP,
    PERIOD_MS,
    FigureKey,
    Figures,
    Quality,
    SessionKey,
    numbers_of,
)
from tpb.gateway.store import Opened, Store
from tpb.gateway.upgrade import Identity, Refused, Upgrade
from tpb.wire.trading.market_data_pb2 import DataQualityMetrics, MarketDataStream

HOUR = time.time_ns() // 1_000_000 // PERIOD_MS * PERIOD_MS  # old figures go
KEY = SessionKey("acme", "s1")


class Meter:
    """A quality that is fed batches of numbers."""

    def __init__(self) -> None:
        self.quality = Quality()
        self.sequence = 0

    def take(
        self,
        *numbers: int,
        key: SessionKey = KEY,
        symbol: str = "EURUSD",
        at_ms: int = HOUR,
        sent_at_ms: int = 0,
        copies: Sequence[bool] = (),
    ) -> None:
        self.sequence += 1
        self.quality.take(
            key,
            self.sequence,
            [(symbol, number) for number in numbers],
            sent_at_ms=sent_at_ms,
            received_at_ms=at_ms,
            copies=lambda: copies,
        )

    def figures(self, symbol: str = "EURUSD", period_ms: int = HOUR) -> Figures:
        return self.quality.figures[FigureKey("acme", symbol, period_ms)]

    def counts(self, symbol: str = "EURUSD", period_ms: int = HOUR) -> tuple[int, int, int, int]:
        """Total, missing, duplicates, out of sequence."""
        found = self.figures(symbol, period_ms)
        return found.total, found.missing, found.duplicates, found.out_of_sequence


@pytest.fixture
def meter() -> Meter:
    return Meter()


# ---- Sequence ---------------------------------------------------------------------------------


def test_an_even_stream(meter: Meter) -> None:
    meter.take(1, 2, 3)
    meter.take(4, 5)
    meter.take(1, 2, symbol="GBPUSD")
    assert meter.counts() == (5, 0, 0, 0)
    assert meter.counts("GBPUSD") == (2, 0, 0, 0)
    assert meter.figures().completeness == 100


def test_a_hole(meter: Meter) -> None:
    meter.take(1, 2, 6, 7)
    assert meter.counts() == (4, 3, 0, 0)
    assert meter.figures().completeness == pytest.approx(100 * 4 / 7)


def test_the_first_numbers_can_be_missing(meter: Meter) -> None:
    meter.take(4, 5)
    assert meter.counts() == (2, 3, 0, 0)


def test_a_hole_that_is_filled_later_is_none(meter: Meter) -> None:
    meter.take(1, 5)
    meter.take(3, at_ms=HOUR + PERIOD_MS)
    assert meter.counts() == (2, 2, 0, 0)
    assert meter.counts(period_ms=HOUR + PERIOD_MS) == (1, 0, 0, 1)
    meter.take(2, 4)
    assert meter.counts() == (4, 0, 0, 2)


def test_duplicates(meter: Meter) -> None:
    meter.take(1, 2, 3)
    meter.take(2, 3, 4)
    meter.quality.repeat(KEY, [("EURUSD", 3), ("EURUSD", 4)], HOUR)
    assert meter.counts() == (4, 0, 4, 0)


def test_a_sender_that_does_not_count(meter: Meter) -> None:
    meter.take(0, 0, 0)
    assert meter.counts() == (3, 0, 0, 0)


def test_a_number_that_cannot_be_right(meter: Meter) -> None:
    meter.take(1, MAX_JUMP + 10, 2)
    assert meter.counts() == (3, 0, 0, 1)


@given(
    kept=st.lists(st.booleans(), min_size=1, max_size=60),
    data=st.data(),
)
def test_any_loss_order_and_repetition(kept: list[bool], data: st.DataObject) -> None:
    meter = Meter()
    numbers = [number for number, keeps in enumerate(kept, 1) if keeps]
    order = data.draw(st.permutations(numbers))
    again = data.draw(st.lists(st.sampled_from(numbers), max_size=9)) if numbers else []
    for number in [*order, *again]:
        meter.take(number)
    if not numbers:
        return
    late = sum(number < max(order[: at + 1]) for at, number in enumerate(order))
    missing = max(numbers) - len(numbers)
    assert meter.counts() == (len(numbers), missing, len(again), late)


# ---- Hand-overs, forks, corrections -----------------------------------------------------------


def test_what_another_gateway_has_is_not_missing(meter: Meter) -> None:
    meter.take(1, 2)
    meter.take(1, symbol="GBPUSD")
    meter.quality.excuse(KEY)
    meter.take(10, 11)
    meter.take(7, symbol="XAUUSD")
    meter.take(9, symbol="GBPUSD")
    meter.take(12, 14)
    assert meter.counts() == (6, 1, 0, 0)
    assert meter.counts("XAUUSD") == (1, 0, 0, 0)
    assert meter.counts("GBPUSD") == (2, 0, 0, 0)


def test_copies_after_a_fork(meter: Meter) -> None:
    newer = SessionKey("acme", "s2")
    meter.take(1, 2, 3, 6)
    meter.quality.inherit(newer, [KEY])
    meter.take(2, 3, 4, key=newer, copies=[True, False, False])
    meter.take(7, 8, 10, key=newer)
    # 2 is a copy, 3 another tick of that number, 4 was missing.
    assert meter.counts() == (4 + 2 + 3, 2 - 1 + 1, 1, 1)


def test_a_fork_of_a_session_that_was_never_here(meter: Meter) -> None:
    newer = SessionKey("acme", "s2")
    meter.quality.inherit(newer, [KEY])
    meter.take(500, 501, 503, key=newer)
    assert meter.counts() == (3, 1, 0, 0)


@pytest.mark.parametrize("wrong", [[1, 2, 900], [1, 2, 4], [1, 3, 7], [3, 3, 3], [1], []])
def test_a_correction_leaves_no_trace(wrong: list[int]) -> None:
    meter = Meter()
    meter.take(*wrong)
    old = [("EURUSD", number) for number in wrong]
    new = [("EURUSD", number) for number in (1, 2, 3)]
    meter.quality.correct(KEY, old, new, HOUR)
    meter.take(4, 5)
    total, missing, _, late = meter.counts()
    assert (total, missing, late) == (5, 0, 0)


# ---- Latency ----------------------------------------------------------------------------------


def test_latency(meter: Meter) -> None:
    meter.take(1, 2, 3, sent_at_ms=HOUR - 40, at_ms=HOUR)
    meter.take(4, sent_at_ms=HOUR - 80, at_ms=HOUR)
    meter.take(5, sent_at_ms=0, at_ms=HOUR)  # it does not say
    found = meter.figures()
    assert (found.latency_ticks, found.latency_max_ms) == (4, 80)
    assert found.latency_average_ms == 50


def test_a_client_whose_clock_runs_ahead(meter: Meter) -> None:
    meter.take(1, sent_at_ms=HOUR + 5000, at_ms=HOUR)
    assert (meter.figures().latency_max_ms, meter.figures().latency_average_ms) == (0, 0)


def test_no_ticks_no_loss() -> None:
    assert (Figures().completeness, Figures().latency_average_ms) == (100, 0)


# ---- In a store -------------------------------------------------------------------------------


class Ear:
    def settled(self, committed: int | None) -> None: ...


def stream_of(sequence: int, *numbers: int, sent_at_ms: int = HOUR) -> bytes:
    stream = MarketDataStream(batch_sequence=sequence, tenant_id="acme", batch_time_msc=sent_at_ms)
    for number in numbers:
        stream.ticks.add(symbol="EURUSD", sequence_number=number, bid=number)
    return stream.SerializeToString()


class Shop:
    """A store over several lives."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reopen()

    def reopen(self) -> None:
        self.store = Store(self.path, lambda receipts: None)

    def open(self, session: str = "s1", **headers: int | str) -> Opened:
        upgrade = Upgrade(Identity("ann", "acme"), session, **headers)  # type: ignore[arg-type]
        return self.store.open_session(upgrade, at_ms=HOUR, receiver=Ear()).result(20)

    def put(self, opened: Opened, sequence: int, *numbers: int, again: bool = False) -> None:
        payload = stream_of(sequence, *numbers)
        stream = MarketDataStream.FromString(payload)
        batch = Batch(
            sequence,
            payload,
            crc32c.crc32c(payload),
            len(numbers),
            again=again,
            numbers=numbers_of(stream),
            sent_at_ms=stream.batch_time_msc,
        )
        self.store.append(opened.lane, batch, HOUR + 30)

    def counts(self) -> tuple[int, int, int, int]:
        (found,) = self.store.quality("acme", 0).result(20).values()
        return found.total, found.missing, found.duplicates, found.out_of_sequence


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path / "ticks.db")
    yield shop
    shop.store.close()


def counts_in(path: Path) -> tuple[int, int, int, int]:
    (found,) = read_quality(path).values()
    return found.total, found.missing, found.duplicates, found.out_of_sequence


def test_figures_go_on_after_a_restart(shop: Shop) -> None:
    opened = shop.open()
    shop.put(opened, 1, 1, 2, 5)
    assert shop.counts() == (3, 2, 0, 0)
    shop.store.close()
    assert counts_in(shop.path) == (3, 2, 0, 0)
    shop.reopen()
    opened = shop.open()
    shop.put(opened, 2, 6, 3, 8)
    shop.store.note_repeat(opened.lane, Repeat(1, [("EURUSD", 1)]), HOUR)
    assert shop.counts() == (6, 2, 1, 1)
    (found,) = shop.store.quality("acme", 0).result(20).values()
    assert (found.latency_average_ms, found.latency_max_ms) == (30, 30)
    assert shop.store.quality("brix", 0).result(20) == {}
    assert shop.store.quality("acme", HOUR + PERIOD_MS).result(20) == {}
    assert len(shop.store.quality("acme", HOUR + PERIOD_MS - 1).result(20)) == 1


def test_a_killed_gateway_measures_what_it_had_stored(shop: Shop, tmp_path: Path) -> None:
    opened = shop.open()
    shop.put(opened, 1, 1, 2)
    assert shop.counts() == (2, 0, 0, 0)
    for sequence in range(2, 200):
        shop.put(opened, sequence, sequence * 2)
    shop.store.sync().result(20)
    # The files as a crash leaves them, whatever was written down of the figures by then.
    copy = tmp_path / "copy.db"
    for suffix in ("", "-wal"):
        Path(f"{copy}{suffix}").write_bytes(Path(f"{shop.path}{suffix}").read_bytes())
    assert counts_in(copy) == (200, 198, 0, 0)
    again = Shop(copy)
    assert again.counts() == (200, 198, 0, 0)
    again.put(again.open(), 200, 399, 397)
    assert again.counts() == (202, 197, 0, 1)
    again.store.close()


def test_hand_over_and_return_in_a_store(shop: Shop) -> None:
    shop.put(shop.open(), 1, 1, 2)
    shop.put(shop.open(first_batch=5), 5, 9, 10, 12)
    assert shop.counts() == (5, 1, 0, 0)
    assert counts_in(shop.path) == (5, 1, 0, 0)


@pytest.mark.parametrize("is_written_down", [True, False])
def test_fork_in_a_store(shop: Shop, tmp_path: Path, is_written_down: bool) -> None:
    opened = shop.open("old")
    for sequence in range(1, 600):
        shop.put(opened, sequence, sequence)
    newer = shop.open("new", first_batch=595, continues="old")
    shop.put(newer, 595, 595, 596)
    shop.put(newer, 596, 597, 598, 599, 600, 602)
    assert shop.counts() == (601, 1, 5, 0)
    if not is_written_down:
        shop.store._database.execute("UPDATE sessions SET measured = 0, excused = 0")
        shop.store._database.execute("DELETE FROM quality")
        shop.store._database.execute("DELETE FROM lines")
    assert counts_in(shop.path) == (601, 1, 5, 0)


def test_correction_in_a_store(shop: Shop) -> None:
    shop.put(shop.open(), 1, 1, 2, 33)
    opened = shop.open(first_batch=1, resend_from=1)
    shop.put(opened, 1, 1, 2, 3, again=True)
    shop.put(opened, 2, 4, 5)
    assert shop.counts() == (5, 0, 0, 0)


# ---- As it is told ----------------------------------------------------------------------------


def test_metrics_and_json(shop: Shop) -> None:
    shop.put(shop.open(), 1, 1, 2, 5)
    found = shop.store.quality("acme", 0).result(20)
    ((key, figures),) = found.items()
    assert quality_api.document("acme", found)["periods"] == [quality_api.row(key, figures)]
    assert quality_api.row(key, figures) == {
        "symbol": "EURUSD",
        "period_start_ms": HOUR,
        "period_end_ms": HOUR + PERIOD_MS,
        "total_ticks": 3,
        "missing_ticks": 2,
        "duplicate_ticks": 0,
        "out_of_sequence_ticks": 0,
        "data_completeness": 60.0,
        "average_latency_ms": 30.0,
        "max_latency_ms": 30,
    }


def test_protobuf_stream() -> None:
    keys = [FigureKey("acme", symbol, HOUR) for symbol in ("EURUSD", "GBPUSD")]
    figures = Figures(total=3, missing=1, latency_ticks=2, latency_sum_ms=5, latency_max_ms=4)
    data = quality_api.delimited(dict.fromkeys(keys, figures))
    stream = io.BytesIO(data)
    read = [proto.parse_length_prefixed(DataQualityMetrics, stream) for _ in keys]
    assert stream.read() == b""
    assert [each.symbol for each in read] == ["EURUSD", "GBPUSD"]
    first = read[0]
    assert (first.tenant_id, first.total_ticks, first.missing_ticks) == ("acme", 3, 1)
    assert first.period_end.seconds - first.period_start.seconds == 3600
    assert (first.data_completeness, first.average_latency_ms) == (75.0, 2.5)


@pytest.mark.parametrize("since", ["", "-1", "x", "1.5", "9" * 19, "9" * 8000])
def test_query_that_is_none(since: str) -> None:
    with pytest.raises(Refused):
        quality_api.read_query({"since_ms": since}, HOUR)


def test_query() -> None:
    assert quality_api.read_query({}, HOUR).since_ms == HOUR - 24 * PERIOD_MS
    wanted = quality_api.read_query({"since_ms": "5", "symbol": "EURUSD"}, HOUR)
    key = FigureKey("acme", "EURUSD", HOUR)
    assert wanted.of({key: Figures(), key._replace(symbol="X"): Figures()}) == {key: Figures()}
