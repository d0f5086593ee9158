"""`tpb bench`: the parts that Python plays, and one whole measurement."""

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from tpb.bench import json_encoding
from tpb.bench.market import SYMBOLS, TICKS, market
from tpb.bench.measurement import Measurement
from tpb.bench.program import NotBuilt, Program, ProgramError, built_in
from tpb.bench.recording import MIN_TICKS, Recording
from tpb.feed.chunks import Chunk, first
from tpb.feed.paths import PathName
from tpb.feed.problem import NoTicks


@pytest.fixture(scope="module")
def recording() -> Recording:
    return Recording("a little market", list(first(market().chunks(), 5_000)))


@pytest.fixture
def program(repository: Path) -> Program:
    program = built_in(repository / "build" / "native")
    if not program.file.exists() and "TPB_TEST_ALL" not in os.environ:
        pytest.skip("tpb_bench is not built: type `tpb build --target native --bench`")
    return program


def ticks_of(chunks: list[Chunk]) -> dict[str, bytes]:
    ticks: dict[str, bytes] = defaultdict(bytes)
    for chunk in chunks:
        ticks[chunk.symbol] += chunk.ticks.tobytes()
    return ticks


def script(tmp_path: Path, body: str) -> Program:
    """A program that does as `body` says."""
    file = tmp_path / "tpb_bench"
    file.write_text(f"#!{sys.executable}\n{body}\n")
    file.chmod(0o755)
    return Program(file)


def test_the_market_is_ten_symbols_and_always_the_same(recording: Recording) -> None:
    ticks = ticks_of(list(recording.chunks()))
    assert set(ticks) == {instrument.symbol for instrument in SYMBOLS}
    assert len(SYMBOLS) == 10
    assert ticks == ticks_of(list(first(market().chunks(), 5_000)))
    assert recording.ticks == 5_000 < TICKS


def test_polling_keeps_every_tick_in_the_order_of_its_symbol(recording: Recording) -> None:
    polled = recording.as_polled()
    chunks = list(polled.chunks())
    assert ticks_of(chunks) == ticks_of(list(recording.chunks()))
    assert polled.ticks == recording.ticks
    # Ten symbols a thousand ticks: far fewer calls than ticks.
    assert len(chunks) == 50


def test_too_few_ticks_are_refused() -> None:
    few = Recording("a few", list(first(market().chunks(), MIN_TICKS - 1)))
    with pytest.raises(NoTicks, match="999"):
        Recording.of(few)


def test_json_holds_every_field_of_every_tick() -> None:
    chunk = next(market().chunks())
    figures = json_encoding.measure([chunk])
    tick = {name: chunk.ticks[0][name].item() for name in chunk.ticks.dtype.names or ()}
    expected = {
        "ticks": [
            {"symbol": chunk.symbol, **tick}
            | {"tenant_id": "acme", "sequence_number": 1, "source": "MT5"}
            | {"spread": tick["ask"] - tick["bid"]}
        ],
        "source": "MT5",
        "batch_sequence": 1,
        "batch_time": 1577898000,
        "batch_time_msc": 1577898000100,
        "tenant_id": "acme",
    }
    assert len(chunk.ticks) == 1
    assert figures.bytes_per_tick == len(json.dumps(expected, separators=(",", ":")))
    assert 0 < figures.serialise_ns_per_tick < figures.ns_per_tick


def test_a_program_that_is_not_built_is_named(tmp_path: Path, recording: Recording) -> None:
    with pytest.raises(NotBuilt, match="tpb build --target native"):
        Program(tmp_path / "tpb_bench").encode(recording.chunks())


@pytest.mark.skipif(sys.platform == "win32", reason="runs a script as the program")
def test_what_a_program_complains_of_is_passed_on(tmp_path: Path, recording: Recording) -> None:
    failing = script(tmp_path, "import sys; sys.stdin.buffer.read(); sys.exit('no connection')")
    with pytest.raises(ProgramError, match="no connection"):
        failing.encode(recording.chunks())


@pytest.mark.skipif(sys.platform == "win32", reason="runs a script as the program")
def test_the_token_is_no_argument(tmp_path: Path, recording: Recording) -> None:
    echo = script(
        tmp_path,
        "import sys, json\n"
        "stdin = sys.stdin.buffer.read()\n"
        "json.dump({'arguments': sys.argv[1:], 'token': b'secret' in stdin}, sys.stdout)",
    )
    said = echo.send(recording.chunks(), "ws://127.0.0.1:1/ws/mt5", "secret")
    assert said == {"arguments": ["send"], "token": True}


def test_the_program_refuses_what_is_no_ticks(program: Program) -> None:
    for stdin in (b"", b"\x06\x00\x00", b"\x06\x00\x00\x00EUR", b"\xff\xff\xff\xff"):
        ran = subprocess.run(
            [program.file, "encode"], input=stdin, capture_output=True, check=False
        )
        assert ran.returncode == 1
        assert ran.stderr.startswith(b"tpb_bench: ")


@pytest.mark.slow
def test_one_whole_measurement(program: Program, recording: Recording) -> None:
    pytest.importorskip("tpb._core")
    measured = Measurement(program, recording)
    measured.encoding()
    measured.calls()
    measured.throughput(PathName.NATIVE)
    document = measured.document()
    encoders = {"direct", "libprotobuf_reused", "json_nlohmann", "json_orjson"}
    for figures in (document["encode_ns_per_tick"], document["bytes_per_tick"]):
        assert encoders <= figures.keys()
        assert all(np.isfinite(list(figures.values())))
        assert min(figures.values()) > 0
    sizes = document["bytes_per_tick"]
    assert sizes["direct"] == sizes["libprotobuf_reused"] < sizes["json_orjson"]
    assert document["send_tick_batch_ns"].keys() == {"p50", "p99"}
    assert 0 < document["send_tick_batch_ns"]["p50"] <= document["send_tick_batch_ns"]["p99"]
    assert document["replay_ticks_per_s"]["native"] > 0
    assert document["replay_ticks_per_s"]["dll"] is None
    json.dumps(document)
