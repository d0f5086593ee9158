"""Tick files as a whole: packing, encodings, detection, faults and their places."""

import gzip
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tpb import TICK_DTYPE
from tpb.feed.chunks import CHUNK_TICKS, Chunk, first
from tpb.feed.mt5_export import HEADER
from tpb.feed.problem import FeedError, MalformedLine, NoTicks, NotUsable
from tpb.feed.tick_file import MAX_LINE, TickFile

Write = Callable[..., Path]

LINE = "20200101 170000065,1.121200,1.121720,0"
LATER = "20200101 170010447,1.121200,1.121920,0"
MT5 = "2020.01.02\t00:05:00.123\t1.12120\t1.12172\t\t\t6"


def ticks_of(path: Path, **options: object) -> NDArray[np.void]:
    chunks = list(TickFile(path, **options).chunks())  # type: ignore[arg-type]
    return np.concatenate([chunk.ticks for chunk in chunks])


def runs_of(path: Path) -> list[tuple[str, list[float]]]:
    return [(chunk.symbol, chunk.ticks["bid"].tolist()) for chunk in TickFile(path).chunks()]


def test_the_real_ticks_are_read_whole(real_ticks: Path) -> None:
    source = TickFile(real_ticks)
    chunks = list(source.chunks())
    assert source.format == "histdata"
    assert {chunk.symbol for chunk in chunks} == {"EURUSD"}
    assert sum(len(chunk.ticks) for chunk in chunks) == 9500
    assert all(len(chunk.ticks) <= CHUNK_TICKS for chunk in chunks)
    times = np.concatenate([chunk.ticks["time_msc"] for chunk in chunks])
    assert (np.diff(times) > 0).all()
    assert source.backwards == 0
    assert not source.skipped


def test_reading_again_gives_the_same(tick_file: Write) -> None:
    source = TickFile(tick_file(LINE, LATER))
    once, again = list(source.chunks()), list(source.chunks())
    assert len(once) == len(again) == 1
    assert (once[0].ticks == again[0].ticks).all()


def test_pairs_of_one_file_keep_their_order(tick_file: Write) -> None:
    path = tick_file(
        "EUR/USD,20200101 22:00:00.123,1,2",
        "EUR/USD,20200101 22:00:00.123,2,3",
        "GBP/USD,20200101 22:00:00.123,3,4",
        "EUR/USD,20200101 22:00:00.124,4,5",
        name="several.csv",
    )
    assert runs_of(path) == [("EURUSD", [1, 2]), ("GBPUSD", [3]), ("EURUSD", [4])]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["", "\r"])
def test_mt5s_export_is_read_in_its_encodings(tick_file: Write, encoding: str, end: str) -> None:
    lines = [HEADER + end, MT5 + end, MT5.replace("1.12120", "") + end]
    if encoding == "utf-16-le":  # what the terminal writes: little-endian with its mark
        lines[0] = "\ufeff" + lines[0]
    path = tick_file(*lines, name="EURUSD_202001020000_202001022359.csv", encoding=encoding)
    assert runs_of(path) == [("EURUSD", [1.1212, 1.1212])]


def test_a_gzip_file_is_read_directly(tmp_path: Path) -> None:
    path = tmp_path / "eurusd.csv.gz"
    path.write_bytes(gzip.compress(f"{LINE}\n".encode()))
    assert runs_of(path) == [("EURUSD", [1.1212])]


def test_a_zip_file_with_a_report_beside_the_ticks_is_read_directly(tmp_path: Path) -> None:
    path = tmp_path / "january.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("DAT_ASCII_GBPUSD_T_202001.csv", f"{LINE}\n")
        archive.writestr("DAT_ASCII_GBPUSD_T_202001.txt", "File Status Report")
    assert runs_of(path) == [("GBPUSD", [1.1212])]


def test_a_zip_file_of_several_tables_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "eurusd.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", LINE)
        archive.writestr("b.csv", LINE)
    with pytest.raises(NotUsable, match="2 files"):
        TickFile(path)


def test_an_encrypted_zip_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "eurusd.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("eurusd.csv", LINE)
    content = bytearray(path.read_bytes())
    content[6] |= 1  # the flag in the local header, and in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(NotUsable, match="encrypted"):
        TickFile(path)


def test_a_cut_gzip_file_is_damaged_and_says_where(tmp_path: Path) -> None:
    path = tmp_path / "eurusd.csv.gz"
    text = "".join(f"20200101 17{n // 60:02}{n % 60:02}000,1.{n},2,0\n" for n in range(3000))
    path.write_bytes(gzip.compress(text.encode())[:-2000])
    with pytest.raises(FeedError, match=r"is damaged after line [1-9]"):
        list(TickFile(path).chunks())


def test_what_is_no_archive_is_damaged(tmp_path: Path) -> None:
    for name in ("eurusd.zip", "eurusd.csv.gz"):
        path = tmp_path / name
        path.write_bytes(b"no archive at all")
        with pytest.raises(FeedError, match="is damaged"):
            TickFile(path)


def test_a_bad_line_is_named_with_file_line_and_reason(tick_file: Write) -> None:
    path = tick_file(LINE, LINE.replace("1.121200", "oops"), LATER)
    with pytest.raises(MalformedLine) as caught:
        list(TickFile(path).chunks())
    problem = caught.value
    assert (problem.file, problem.line_number) == (path, 2)
    assert problem.what == f"{path}, line 2: bid is not a number."
    assert "'20200101 170000065,oops" in problem.why
    assert "--skip-bad" in problem.next_step


def test_ticks_before_the_bad_line_are_not_given_out_as_if_all_were_well(tick_file: Write) -> None:
    with pytest.raises(MalformedLine):
        list(TickFile(tick_file(LINE, "x")).chunks())


def test_a_bad_line_is_shown_without_its_control_characters(tick_file: Write) -> None:
    path = tick_file(LINE, "\x1b[31m\u202e" + "x" * 200)
    with pytest.raises(MalformedLine) as caught:
        list(TickFile(path).chunks())
    assert caught.value.why.isprintable()
    assert "\\x1b" in caught.value.why
    assert "\u202e" not in caught.value.why
    assert len(caught.value.why) < 200


def test_bad_lines_left_out_are_counted_by_reason(tick_file: Write) -> None:
    path = tick_file(LINE, "x", "y", LINE.replace("1.121200", "oops"), LATER)
    source = TickFile(path, skip_bad=True)
    (chunk,) = source.chunks()
    assert len(chunk.ticks) == 2
    assert source.skipped == {"1 columns instead of 4": 2, "bid is not a number": 1}
    list(source.chunks())
    assert sum(source.skipped.values()) == 3  # of the newest reading alone


def test_blank_lines_are_no_fault(tick_file: Write) -> None:
    assert len(ticks_of(tick_file(LINE, "", LATER, ""))) == 2


def test_a_file_without_a_final_line_end_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "eurusd.csv"
    path.write_text(f"{LINE}\n{LATER}", encoding="utf-8")
    assert len(ticks_of(path)) == 2


def test_bytes_that_are_no_text_are_a_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "eurusd.csv"
    path.write_bytes(f"{LINE}\n".encode() + b"\xff\xfe\x00\n" + f"{LATER}\n".encode())
    with pytest.raises(MalformedLine, match="line 2"):
        list(TickFile(path).chunks())
    assert len(ticks_of(path, skip_bad=True)) == 2


def test_an_endless_line_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "eurusd.csv"
    size = 32 << 20
    with path.open("wb") as file:
        file.write(f"{LINE}\n".encode())
        for _ in range(size >> 20):
            file.write(b"1" * (1 << 20))
        file.write(f"\n{LATER}\n".encode())
    source = TickFile(path, skip_bad=True)
    tracemalloc.start()
    try:
        (chunk,) = source.chunks()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(chunk.ticks) == 2
    assert source.skipped == {f"longer than {MAX_LINE} characters": 1}
    assert peak < size / 16


def test_a_long_file_is_read_in_constant_memory(tmp_path: Path) -> None:
    def peak_of(lines: int) -> int:
        path = tmp_path / f"eurusd-{lines}.csv"
        path.write_text(f"{LINE}\n" * lines, encoding="utf-8")
        tracemalloc.start()
        try:
            for _ in TickFile(path).chunks():
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak_of(60_000) < 2 * peak_of(6_000)


def test_time_that_goes_backwards_is_kept_and_counted(tick_file: Write) -> None:
    path = tick_file(LATER, LINE, LINE, LATER)
    source = TickFile(path)
    (chunk,) = source.chunks()
    assert len(chunk.ticks) == 4
    assert source.backwards == 1


def test_another_symbols_time_is_not_backwards(tick_file: Write) -> None:
    path = tick_file(
        "EUR/USD,20200101 22:00:00.123,1,2", "GBP/USD,20200101 21:00:00.000,3,4", name="x.csv"
    )
    source = TickFile(path)
    assert len(list(source.chunks())) == 2
    assert source.backwards == 0


def test_a_file_of_no_known_format_is_refused_with_its_beginning(tick_file: Write) -> None:
    with pytest.raises(NotUsable) as caught:
        TickFile(tick_file("time,price"))
    assert "'time,price'" in caught.value.why
    assert "histdata" in caught.value.next_step


def test_an_empty_file_holds_no_ticks(tick_file: Write) -> None:
    with pytest.raises(NoTicks):
        TickFile(tick_file())


def test_a_format_can_be_named_where_the_first_line_is_bad(tick_file: Write) -> None:
    path = tick_file("garbage", LINE)
    source = TickFile(path, file_format="histdata", skip_bad=True)
    assert sum(len(chunk.ticks) for chunk in source.chunks()) == 1


def test_a_symbol_that_nothing_tells_is_asked_for(tick_file: Write) -> None:
    path = tick_file(LINE, name="ticks.csv")
    with pytest.raises(NotUsable, match="--symbol"):
        TickFile(path)
    assert next(TickFile(path, symbol="US30.cash").chunks()).symbol == "US30.cash"


def test_a_missing_file_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        TickFile(tmp_path / "eurusd.csv")


def test_the_first_ticks_alone(tick_file: Write) -> None:
    path = tick_file(*[LINE] * (CHUNK_TICKS + 10))

    def count(limit: int | None) -> int:
        return sum(len(chunk.ticks) for chunk in first(TickFile(path).chunks(), limit))

    assert [count(n) for n in (1, CHUNK_TICKS, CHUNK_TICKS + 1)] == [
        1,
        CHUNK_TICKS,
        CHUNK_TICKS + 1,
    ]
    assert count(None) == count(10**9) == CHUNK_TICKS + 10


# ---- What is written is read: every format, any ticks -----------------------------------------

prices = st.floats(min_value=-1e6, max_value=1e9, allow_nan=False).map(lambda x: x + 0.0)
times = st.integers(min_value=315_532_800_000, max_value=4_102_444_800_000)
symbols = st.sampled_from(["EURUSD", "GBPUSD", "USDJPY"])
volumes = st.integers(min_value=0, max_value=2**53)
rows = st.lists(st.tuples(symbols, times, prices, prices, prices, volumes), min_size=1, max_size=50)

Row = tuple[str, int, float, float, float, int]


def stamp(time_msc: int, pattern: str) -> str:
    moment = np.datetime64(time_msc, "ms").item()
    return str(moment.strftime(pattern)) + f"{time_msc % 1000:03}"


def tick(row: Row, *, last: float, volume: int, flags: int) -> NDArray[np.void]:
    _, time_msc, bid, ask, _, _ = row
    fields = (time_msc // 1000, bid, ask, last, volume, time_msc, flags, float(volume))
    return np.array([fields], dtype=TICK_DTYPE)


def check(path: Path, expected: list[tuple[str, NDArray[np.void]]]) -> None:
    read = [
        (chunk.symbol, chunk.ticks[at : at + 1])
        for chunk in TickFile(path).chunks()
        for at in range(len(chunk.ticks))
    ]
    assert [symbol for symbol, _ in read] == [symbol for symbol, _ in expected]
    for (_, found), (_, wanted) in zip(read, expected, strict=True):
        assert found.tobytes() == wanted.tobytes()


same_folder = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@same_folder
@given(rows)
def test_histdata_round_trip(tmp_path: Path, written: list[Row]) -> None:
    path = tmp_path / "eurusd.csv"
    path.write_text(
        "".join(
            f"{stamp(t, '%Y%m%d %H%M%S')},{bid!r},{ask!r},{volume}\n"
            for _, t, bid, ask, _, volume in written
        ),
        encoding="utf-8",
    )
    check(path, [("EURUSD", tick(row, last=0.0, volume=row[5], flags=6)) for row in written])


@same_folder
@given(rows)
def test_truefx_round_trip(tmp_path: Path, written: list[Row]) -> None:
    path = tmp_path / "ticks.csv"
    path.write_text(
        "".join(
            f"{symbol[:3]}/{symbol[3:]},{stamp(t, '%Y%m%d %H:%M:%S.')},{bid!r},{ask!r}\n"
            for symbol, t, bid, ask, _, _ in written
        ),
        encoding="utf-8",
    )
    check(path, [(row[0], tick(row, last=0.0, volume=0, flags=6)) for row in written])


@same_folder
@given(rows, st.sampled_from(["utf-8", "utf-16"]))
def test_mt5_round_trip_with_unchanged_prices_left_empty(
    tmp_path: Path, written: list[Row], encoding: str
) -> None:
    path = tmp_path / "EURUSD_202001020000_202001022359.csv"
    lines, before = [HEADER], ("", "", "0.0")
    for _, t, bid, ask, last, volume in written:
        now = (repr(bid), repr(ask), repr(last))
        shown = ["" if new == old else new for new, old in zip(now, before, strict=True)]
        lines.append("\t".join([stamp(t, "%Y.%m.%d\t%H:%M:%S."), *shown, str(volume), "14"]))
        before = now
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode(encoding))
    expected = [tick(row, last=row[4], volume=row[5], flags=14) for row in written]
    check(path, [("EURUSD", each) for each in expected])


@same_folder
@given(st.lists(st.text(max_size=40), max_size=20))
def test_no_text_whatever_breaks_the_reading(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "eurusd.csv"
    text = "\n".join([LINE, *lines])
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    read: list[Chunk] = list(TickFile(path, skip_bad=True).chunks())
    assert sum(len(chunk.ticks) for chunk in read) >= 1
