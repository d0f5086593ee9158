"""`tpb merge` and `tpb quality`, as their verbs."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import crc32c
import pytest
import typer
from typer.testing import CliRunner, Result

from tpb.cli import errors
from tpb.cli.merge import merge
from tpb.cli.quality import quality
from tpb.gateway.merge import MergeProblem
from tpb.gateway.protocol import Batch
from tpb.gateway.quality import numbers_of
from tpb.gateway.reading import read_batches
from tpb.gateway.store import Store
from tpb.gateway.upgrade import Identity, Upgrade
from tpb.wire.trading.market_data_pb2 import MarketDataStream

NOW_MS = time.time_ns() // 1_000_000  # figures of long ago are not kept


class Deaf:
    def settled(self, committed: int | None) -> None: ...


Make = Callable[..., Path]


@pytest.fixture
def make_store(tmp_path: Path) -> Make:
    """make_store("NAME", 1, 2, bid=1.0): a store that holds these batches, a tick each."""

    def make(name: str, *sequences: int, bid: float = 1.0) -> Path:
        path = tmp_path / name
        store = Store(path, lambda receipts: None)
        upgrade = Upgrade(Identity("ann", "acme"), "s1", first_batch=sequences[0])
        opened = store.open_session(upgrade, at_ms=1, receiver=Deaf()).result(20)
        for sequence in sequences:
            stream = MarketDataStream(batch_sequence=sequence, batch_time_msc=NOW_MS - 100)
            stream.ticks.add(symbol="EURUSD", sequence_number=sequence, bid=bid)
            payload = stream.SerializeToString()
            checksum, numbers = crc32c.crc32c(payload), numbers_of(stream)
            batch = Batch(sequence, payload, checksum, 1, numbers=numbers, sent_at_ms=NOW_MS - 100)
            store.append(opened.lane, batch, NOW_MS)
        store.close()
        return path

    return make


def run(verb: str, *arguments: object) -> Result:
    app = typer.Typer()
    app.command()(merge if verb == "merge" else quality)
    return CliRunner().invoke(app, list(map(str, arguments)))


# ---- tpb merge --------------------------------------------------------------------------------


def test_merge(make_store: Make, tmp_path: Path) -> None:
    primary, backup, into = make_store("a", 1, 2), make_store("b", 2, 3), tmp_path / "all.db"
    done = run("merge", primary, backup, "--into", into, "--json")
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["into"] == str(into)
    assert [(of["batches"], of["new"], of["repeated"]) for of in result["stores"]] == [
        (2, 2, 0),
        (2, 1, 1),
    ]
    assert (result["batches"], result["conflicts"], result["missing"]) == (3, [], [])
    assert "1 sessions, 3 batches, 3 ticks" in done.stderr
    assert [batch.batch_sequence for batch in read_batches(into)] == [1, 2, 3]


def test_merge_without_json_leaves_stdout_alone(make_store: Make, tmp_path: Path) -> None:
    done = run("merge", make_store("a", 1), "--into", tmp_path / "all.db")
    assert (done.exit_code, done.stdout) == (0, "")


def test_conflicts_are_told_and_fail(make_store: Make, tmp_path: Path) -> None:
    stores = make_store("a", *range(1, 9)), make_store("b", *range(1, 9), bid=2.0)
    done = run("merge", *stores, "--into", tmp_path / "all.db", "--json")
    assert done.exit_code == errors.FAILED
    assert len(json.loads(done.stdout)["conflicts"]) == 8
    assert "in conflict: acme/s1 batch 1" in done.stderr
    assert "and 3 more" in done.stderr


def test_what_none_of_the_stores_holds_is_told(make_store: Make, tmp_path: Path) -> None:
    done = run("merge", make_store("a", 4, 5), "--into", tmp_path / "all.db")
    assert done.exit_code == 0
    assert "in none of the stores: acme/s1 batches 1 to 3 (handed_over)" in done.stderr


def test_merge_replaces_nothing(make_store: Make) -> None:
    store = make_store("a", 1)
    assert isinstance(run("merge", store, "--into", store).exception, MergeProblem)


# ---- tpb quality ------------------------------------------------------------------------------


def test_quality(make_store: Make) -> None:
    store = make_store("a", 1, 2, 5)
    done = run("quality", store, "--json")
    assert done.exit_code == 0, done.output
    (found,) = json.loads(done.stdout)["periods"]
    assert (found["tenant"], found["symbol"]) == ("acme", "EURUSD")
    assert (found["total_ticks"], found["missing_ticks"]) == (3, 2)
    assert (found["data_completeness"], found["max_latency_ms"]) == (60.0, 100)


@pytest.mark.parametrize("option", [(), ("--by-hour",)])
def test_quality_as_a_table(make_store: Make, option: tuple[str, ...]) -> None:
    done = run("quality", make_store("a", 1, 2, 5), *option)
    assert done.exit_code == 0, done.output
    assert done.stdout == ""


def test_quality_of_one_tenant(make_store: Make) -> None:
    done = run("quality", make_store("a", 1), "--tenant", "brix", "--json")
    assert json.loads(done.stdout)["periods"] == []
