"""Reading and exporting a store."""

import csv
import io
import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpb.gateway.export import COLUMNS, write_csv, write_parquet
from tpb.gateway.protocol import Batch
from tpb.gateway.reading import concatenate, read_batches, read_sessions, read_ticks
from tpb.gateway.schema import StoreProblem
from tpb.gateway.store import Receipt, Store
from tpb.gateway.upgrade import Identity, Upgrade
from tpb.tick import TICK_DTYPE
from tpb.wire.trading.market_data_pb2 import MarketDataStream

Frame = Callable[..., bytes]


class Ear:
    def settled(self, committed: int | None) -> None: ...


def ignore(receipts: Sequence[Receipt]) -> None: ...


def fill(
    store: Store,
    tenant: str,
    session: str,
    frames: Sequence[bytes],
    continues: str | None = None,
) -> None:
    upgrade = Upgrade(Identity("ann", tenant), session, continues=continues)
    opened = store.open_session(upgrade, at_ms=1, receiver=Ear()).result(20)
    for sequence, payload in enumerate(frames, opened.standing.acknowledged + 1):
        ticks = len(MarketDataStream.FromString(payload).ticks)
        store.append(opened.lane, Batch(sequence, payload, 0, ticks, None), 1)
    store.sync().result(20)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ticks.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(path, ignore)
    yield opened
    opened.close()


def stream_of(ticks: np.ndarray, symbol: str = "EURUSD") -> bytes:
    """A batch as a client writes it: unsigned fields travel as signed ones of the same bits."""
    stream = MarketDataStream(batch_sequence=1, tenant_id="acme")
    for number, tick in enumerate(ticks, 1):
        stream.ticks.add(
            symbol=symbol,
            sequence_number=number,
            volume=int(tick["volume"].astype(np.int64)),
            flags=int(tick["flags"].astype(np.int32)),
            **{
                name: tick[name].item()
                for name in ("time", "bid", "ask", "last", "time_msc", "volume_real")
            },
        )
    return stream.SerializeToString()


FLOATS = st.floats(allow_nan=False)
TICKS = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1),
        FLOATS,
        FLOATS,
        FLOATS,
        st.integers(0, 2**64 - 1),
        st.integers(-(2**63), 2**63 - 1),
        st.integers(0, 2**32 - 1),
        FLOATS,
    ),
    min_size=1,
    max_size=30,
)


@given(values=TICKS)
@settings(max_examples=40, deadline=None)
def test_any_tick_reads_back_equal_from_store_and_csv(
    tmp_path_factory: pytest.TempPathFactory, values: list[tuple[float, ...]]
) -> None:
    sent = np.array(values, dtype=TICK_DTYPE)
    path = tmp_path_factory.mktemp("store") / "ticks.db"
    store = Store(path, ignore)
    fill(store, "acme", "s1", [stream_of(sent)])
    store.close()
    (stored,) = read_ticks(path)
    assert stored.ticks.tobytes() == sent.tobytes()

    text = io.StringIO()
    assert write_csv(path, text).ticks == len(sent)
    rows = list(csv.DictReader(io.StringIO(text.getvalue())))
    for name in ("bid", "ask", "last", "volume_real"):
        read = np.array([float(row[name]) for row in rows])
        assert read.tobytes() == np.ascontiguousarray(sent[name]).tobytes()
    for name in ("time_msc", "volume", "flags"):
        assert [int(row[name]) for row in rows] == sent[name].tolist()


def test_order_and_columns(store: Store, path: Path, frame: Frame) -> None:
    fill(store, "brix", "s1", [frame(1, ticks=2)])
    fill(store, "acme", "s2", [frame(1, ticks=3), frame(2, ticks=3)])
    fill(store, "acme", "s1", [frame(1, ticks=1)])
    chunks = list(read_ticks(path))
    assert [(c.tenant, c.session, len(c)) for c in chunks] == [
        ("acme", "s1", 1),
        ("acme", "s2", 6),
        ("brix", "s1", 2),
    ]
    assert chunks[1].batch_sequence.tolist() == [1, 1, 1, 2, 2, 2]
    assert chunks[1].sequence_number.tolist() == [1, 2, 3, 4, 5, 6]
    assert chunks[1].symbol.tolist() == ["EURUSD"] * 6
    assert chunks[1].spread.tolist() == [0.0001] * 6
    assert [c.session for c in read_ticks(path, tenant="acme")] == ["s1", "s2"]
    assert [len(c) for c in read_ticks(path, session="s1")] == [1, 2]
    assert list(read_ticks(path, tenant="nobody")) == []


def test_chunks_are_bounded_and_complete(store: Store, path: Path, frame: Frame) -> None:
    fill(store, "acme", "s1", [frame(sequence) for sequence in range(1, 101)])
    chunks = list(read_ticks(path, chunk_ticks=20))
    assert max(map(len, chunks)) <= 20 + 4
    whole = concatenate(chunks)
    assert whole.sequence_number.tolist() == list(range(1, 501))
    assert np.array_equal(whole.ticks, concatenate(list(read_ticks(path))).ticks)


def test_two_sessions_are_no_one_column(store: Store, path: Path, frame: Frame) -> None:
    fill(store, "acme", "s1", [frame(1)])
    fill(store, "acme", "s2", [frame(1)])
    with pytest.raises(ValueError, match="2 sessions"):
        concatenate(list(read_ticks(path)))


def test_batch_without_ticks(store: Store, path: Path, frame: Frame) -> None:
    fill(store, "acme", "s1", [frame(1, ticks=0), frame(2, ticks=1)])
    (chunk,) = read_ticks(path)
    assert chunk.batch_sequence.tolist() == [2]


def test_reading_is_of_one_moment(store: Store, path: Path, frame: Frame) -> None:
    """Also while the gateway, which owns the store, writes."""
    fill(store, "acme", "s1", [frame(1), frame(2)])
    reading = read_batches(path)
    first = next(reading)
    fill(store, "acme", "s1", [frame(3)])
    assert [first.batch_sequence, *(b.batch_sequence for b in reading)] == [1, 2]
    assert read_sessions(path)[0].acknowledged == 3


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_store_on_a_read_only_medium(path: Path, frame: Frame, tmp_path: Path) -> None:
    opened = Store(path, ignore)
    fill(opened, "acme", "s1", [frame(1)])
    opened.close()
    copy = tmp_path / "medium" / "ticks.db"
    copy.parent.mkdir()
    copy.write_bytes(path.read_bytes())
    copy.chmod(0o400)
    copy.parent.chmod(0o500)
    assert len(list(read_batches(copy))) == 1
    copy.parent.chmod(0o700)
    assert [p.name for p in copy.parent.iterdir()] == ["ticks.db"]


@pytest.mark.parametrize("read", [read_batches, read_ticks, read_sessions])
def test_store_that_is_not_there(tmp_path: Path, read: Callable[[Path], object]) -> None:
    missing = tmp_path / "nowhere.db"
    with pytest.raises(StoreProblem, match="no store"):
        list(read(missing))  # type: ignore[call-overload]
    assert not missing.exists()


# ---- Export -----------------------------------------------------------------------------------


def test_csv_columns(store: Store, path: Path, frame: Frame) -> None:
    fill(store, "acme", "s1", [frame(1, ticks=1)])
    text = io.StringIO()
    assert write_csv(path, text) == (1, 0)
    header, line = text.getvalue().splitlines()
    assert header == (
        "tenant,session,batch_sequence,symbol,sequence_number,"
        "time_msc,bid,ask,last,volume,flags,volume_real"
    )
    assert line == f"acme,s1,1,EURUSD,1,1700000001000,{1.1 + 1e-5!r},{1.1001 + 1e-5!r},0.0,0,6,0.0"


def test_csv_of_one_tenant(store: Store, path: Path, frame: Frame) -> None:
    for tenant in ("acme", "brix"):
        fill(store, tenant, "s1", [frame(1, ticks=2)])
    text = io.StringIO()
    assert write_csv(path, text, tenant="brix").ticks == 2
    assert {row["tenant"] for row in csv.DictReader(io.StringIO(text.getvalue()))} == {"brix"}


def test_csv_quotes_what_needs_it(store: Store, path: Path) -> None:
    symbol = 'odd,"symbol"'
    fill(store, "acme", "s1", [stream_of(np.zeros(1, TICK_DTYPE), symbol)])
    text = io.StringIO()
    write_csv(path, text)
    (row,) = csv.DictReader(io.StringIO(text.getvalue()))
    assert row["symbol"] == symbol


def test_csv_of_an_empty_store_has_its_header(store: Store, path: Path) -> None:
    text = io.StringIO()
    assert write_csv(path, text) == (0, 0)
    assert text.getvalue() == ",".join(COLUMNS) + "\n"


def test_parquet_holds_the_same(store: Store, path: Path, frame: Frame, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    fill(store, "acme", "s1", [frame(1), frame(2)])
    fill(
        store,
        "brix",
        "s1",
        [
            stream_of(
                np.full(
                    1,
                    np.array(
                        (1, 0.1, math.pi, 1e-300, 2**64 - 1, 7, 2**32 - 1, 5e-324), TICK_DTYPE
                    ),
                )
            )
        ],
    )
    assert write_parquet(path, tmp_path / "ticks.parquet") == (11, 0)
    table = parquet.read_table(tmp_path / "ticks.parquet")
    assert tuple(table.column_names) == COLUMNS
    last = table.to_pylist()[-1]
    assert last["volume"] == 2**64 - 1
    assert last["flags"] == 2**32 - 1
    assert (last["bid"], last["ask"], last["last"]) == (0.1, math.pi, 1e-300)
    text = io.StringIO()
    write_csv(path, text)
    rows = list(csv.DictReader(io.StringIO(text.getvalue())))
    assert [str(row["bid"]) for row in table.to_pylist()] == [row["bid"] for row in rows]


# ---- Copies after a fork ----------------------------------------------------------------------


def numbered(first: int, last: int, *, sequence: int = 1, shift: float = 0.0) -> bytes:
    """A batch of the market's ticks first to last; shift: others than the market's."""
    stream = MarketDataStream(batch_sequence=sequence, tenant_id="acme")
    for number in range(first, last + 1):
        stream.ticks.add(symbol="EURUSD", sequence_number=number, bid=1 + number + shift)
    return stream.SerializeToString()


def shown(*stores: Path, session: str | None = None) -> tuple[list[tuple[str, int, float]], int]:
    """Session, number and bid of each tick, and how many copies were left out."""
    chunks = list(read_ticks(stores[0] if len(stores) == 1 else stores, session=session))
    ticks = [
        (chunk.session, number, bid)
        for chunk in chunks
        for number, bid in zip(
            chunk.sequence_number.tolist(), chunk.ticks["bid"].tolist(), strict=True
        )
    ]
    return ticks, sum(chunk.copies for chunk in chunks)


# The newer session's name sorts behind and before the older one's.
@pytest.mark.parametrize("older, newer", [("s1", "s2"), ("s2", "s1")])
def test_a_copy_is_shown_once(store: Store, path: Path, older: str, newer: str) -> None:
    fill(store, "acme", older, [numbered(1, 5), numbered(6, 10)])
    fill(store, "acme", newer, [numbered(8, 9), numbered(10, 13)], continues=older)
    ticks, copies = shown(path)
    assert sorted(number for _, number, _ in ticks) == list(range(1, 14))
    assert {session for session, number, _ in ticks if number <= 10} == {older}
    assert copies == 3
    assert [number for _, number, _ in shown(path, session=newer)[0]] == [11, 12, 13]


def test_equal_number_and_other_content_is_no_copy(store: Store, path: Path) -> None:
    fill(store, "acme", "s1", [numbered(1, 4)])
    fill(store, "acme", "s2", [numbered(3, 3), numbered(4, 5, shift=0.5)], continues="s1")
    ticks, copies = shown(path, session="s2")
    assert (ticks, copies) == ([("s2", 4, 5.5), ("s2", 5, 6.5)], 1)


def test_equal_looks_and_other_number_is_no_copy(store: Store, path: Path) -> None:
    """Real ticks can look alike: identity decides, then equality."""
    fill(store, "acme", "s1", [numbered(1, 2)])
    fill(store, "acme", "s2", [numbered(3, 4, shift=-2)], continues="s1")
    assert shown(path)[1] == 0


def test_a_session_that_continues_nothing_has_no_copies(store: Store, path: Path) -> None:
    fill(store, "acme", "s1", [numbered(1, 4)])
    fill(store, "acme", "s2", [numbered(1, 4)])
    fill(store, "brix", "s3", [numbered(1, 4)], continues="s1")
    assert [len(shown(path)[0]), shown(path)[1]] == [12, 0]


def test_copies_over_a_chain_of_forks(store: Store, path: Path) -> None:
    fill(store, "acme", "s1", [numbered(1, 6)])
    fill(store, "acme", "s2", [numbered(5, 8)], continues="s1")
    fill(store, "acme", "s3", [numbered(6, 10)], continues="s2")
    ticks, copies = shown(path)
    assert sorted(number for _, number, _ in ticks) == list(range(1, 11))
    assert copies == 2 + 3


def test_a_circle_of_sessions_ends(store: Store, path: Path) -> None:
    fill(store, "acme", "s1", [numbered(1, 2)], continues="s2")
    fill(store, "acme", "s2", [numbered(1, 3)], continues="s1")
    ticks, copies = shown(path)
    assert [(session, number) for session, number, _ in ticks] == [("s1", 1), ("s1", 2), ("s2", 3)]
    assert copies == 2


def test_a_journal_restored_twice(store: Store, path: Path) -> None:
    """Two sessions go on from one, and bring the same ticks again."""
    fill(store, "acme", "old", [numbered(1, 4)])
    fill(store, "acme", "one", [numbered(3, 7)], continues="old")
    fill(store, "acme", "two", [numbered(3, 5), numbered(6, 9)], continues="old")
    fill(store, "acme", "three", [numbered(8, 10)], continues="two")
    ticks, copies = shown(path)
    assert sorted(number for _, number, _ in ticks) == list(range(1, 11))
    assert copies == 2 + 5 + 2


def test_copies_over_several_stores(store: Store, path: Path, tmp_path: Path) -> None:
    """The older session is at one gateway, the newer one at the other."""
    fill(store, "acme", "s1", [numbered(1, 6), numbered(7, 9)])
    backup = Store(tmp_path / "backup.db", ignore)
    fill(backup, "acme", "s1", [numbered(1, 6)])
    fill(backup, "acme", "s2", [numbered(8, 12)], continues="s1")
    backup.close()
    ticks, copies = shown(path, tmp_path / "backup.db")
    assert sorted(number for _, number, _ in ticks) == list(range(1, 13))
    assert copies == 2
    text = io.StringIO()
    assert write_csv([path, tmp_path / "backup.db"], text) == (12, 2)


def test_not_a_number_equals_itself(store: Store, path: Path) -> None:
    stream = MarketDataStream(batch_sequence=1, tenant_id="acme")
    stream.ticks.add(symbol="EURUSD", sequence_number=1, bid=math.nan)
    fill(store, "acme", "s1", [stream.SerializeToString()])
    fill(store, "acme", "s2", [stream.SerializeToString()], continues="s1")
    assert shown(path)[1] == 1
