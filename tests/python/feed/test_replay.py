"""The replay engine against a real gateway, with a sender that needs no native library."""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tpb.feed.cuts import Cuts
from tpb.feed.destination import Destination, own_gateway
from tpb.feed.problem import FeedError, MalformedLine, NoTicks, NotUsable
from tpb.feed.replay import Replay
from tpb.feed.simulator import Simulator
from tpb.feed.summary import Summary
from tpb.feed.tick_file import TickFile

Sender = Callable[..., Any]

KEYS = [
    "path",
    "ticks_in",
    "ticks_accepted",
    "ticks_refused",
    "ticks_acknowledged",
    "ticks_stored",
    "lost",
    "duplicates",
    "bytes_per_tick",
    "latency_us",
    "elapsed_s",
    "reconnects",
]


def simulator(ticks: int = 3000) -> Simulator:
    return Simulator(ticks=ticks, start_msc=1_700_000_000_000, ticks_per_s=1000)


def in_this_process() -> AbstractContextManager[Destination]:
    """A gateway that starts quickly."""
    return own_gateway(tls=False, cuttable=True)


def replayed(web_socket_sender: Sender, source: Any, **options: Any) -> Summary:
    with in_this_process() as to, web_socket_sender(to) as sender:
        return Replay(source, to, sender, **options).run()


@pytest.mark.parametrize("tls", [False, True])
def test_all_that_is_sent_is_found_in_the_gateways_database(
    web_socket_sender: Sender, tls: bool
) -> None:
    with own_gateway(tls=tls) as to, web_socket_sender(to) as sender:
        assert to.endpoint.startswith("wss://" if tls else "ws://")
        summary = Replay(simulator(), to, sender).run()
    document = summary.document()
    assert list(document)[: len(KEYS)] == KEYS
    for key in ("ticks_in", "ticks_accepted", "ticks_acknowledged", "ticks_stored"):
        assert document[key] == 3000, key
    assert (document["lost"], document["duplicates"], document["altered"]) == (0, 0, 0)
    assert list(document["latency_us"]) == ["p50", "p99", "max"]
    assert document["bytes_per_tick"] > 50
    assert summary.ok


def test_the_real_ticks_arrive_whole(web_socket_sender: Sender, real_ticks: Path) -> None:
    summary = replayed(web_socket_sender, TickFile(real_ticks))
    assert summary.ok
    assert summary.verdict
    assert summary.verdict.ticks_stored == 9500


def test_with_cut_connections_all_arrive_once(web_socket_sender: Sender) -> None:
    with in_this_process() as to, web_socket_sender(to) as sender:
        summary = Replay(simulator(), to, sender, cuts=10).run()
    assert summary.connections_cut == 10
    assert summary.document()["reconnects"] >= 10
    assert summary.ok
    assert summary.verdict
    assert summary.verdict.ticks_stored == 3000


def test_only_the_first_ticks(web_socket_sender: Sender) -> None:
    summary = replayed(web_socket_sender, simulator(), limit=777)
    assert (summary.ticks_in, summary.ok) == (777, True)


def test_at_real_time_all_arrive_too(web_socket_sender: Sender) -> None:
    summary = replayed(web_socket_sender, simulator(200), speed=2.0)
    assert summary.ok
    assert summary.elapsed_s > 0.08  # 200 ticks of some 200 ms at twice the speed


def test_a_tick_that_the_gateway_lost_fails_the_replay(web_socket_sender: Sender) -> None:
    assert_found_out(web_socket_sender, "DELETE FROM batches WHERE batch_sequence = 7", lost=True)


def test_a_tick_that_the_gateway_altered_fails_the_replay(web_socket_sender: Sender) -> None:
    change = (
        "UPDATE batches SET payload ="
        " (SELECT payload FROM batches WHERE batch_sequence = 8) WHERE batch_sequence = 7"
    )
    assert_found_out(web_socket_sender, change, lost=True, duplicated=True)


def assert_found_out(
    web_socket_sender: Sender, change: str, *, lost: bool = False, duplicated: bool = False
) -> None:
    """Changes the store behind the gateway's back, between the last receipt and the look."""
    with in_this_process() as to, web_socket_sender(to) as sender:
        finish = sender.finish
        assert to.store
        store = to.store

        def finish_and_change() -> Any:
            receipt = finish()
            with closing(sqlite3.connect(store)) as database, database:
                assert database.execute(change).rowcount == 1
            return receipt

        sender.finish = finish_and_change
        summary = Replay(simulator(), to, sender).run()
    assert summary.verdict
    assert not summary.ok
    assert (summary.verdict.lost > 0) == lost
    assert (summary.verdict.duplicates > 0) == duplicated
    assert summary.verdict.ticks_stored < 3000
    assert summary.verified == summary.verdict.first_fault


def test_another_gateways_store_is_not_looked_into(web_socket_sender: Sender) -> None:
    with in_this_process() as own:
        to = Destination(own.endpoint, own.token)
        with web_socket_sender(to) as sender:
            summary = Replay(simulator(), to, sender).run()
    document = summary.document()
    assert document["ticks_acknowledged"] == 3000
    assert document["ticks_stored"] is document["lost"] is document["duplicates"] is None
    assert "not ours" in document["verified"]
    assert summary.ok


def test_what_was_not_acknowledged_fails_the_replay(web_socket_sender: Sender) -> None:
    summary = replayed(web_socket_sender, simulator(100))
    missing = replace(summary, receipt=replace(summary.receipt, ticks_acknowledged=99))
    assert not missing.ok
    missing = replace(missing, verdict=None)
    assert not missing.ok


def test_skipped_lines_and_time_backwards_are_told(
    web_socket_sender: Sender, tick_file: Callable[..., Path]
) -> None:
    path = tick_file(
        "20200101 170010447,1.1,1.2,0", "20200101 170000065,1.1,1.2,0", "x", name="eurusd.csv"
    )
    document = replayed(web_socket_sender, TickFile(path, skip_bad=True)).document()
    assert document["lines_skipped"] == {"1 columns instead of 4": 1}
    assert document["backwards"] == 1
    assert document["ticks_stored"] == 2


def test_a_bad_line_ends_the_replay(
    web_socket_sender: Sender, tick_file: Callable[..., Path]
) -> None:
    path = tick_file("20200101 170010447,1.1,1.2,0", "x")
    with pytest.raises(MalformedLine, match="line 2"):
        replayed(web_socket_sender, TickFile(path))


def test_a_source_without_ticks_is_nothing_to_do(web_socket_sender: Sender) -> None:
    with pytest.raises(NoTicks):
        replayed(web_socket_sender, simulator(0))


def test_cuts_take_a_gateway_that_can_be_cut() -> None:
    with pytest.raises(NotUsable, match="cannot be cut"):
        Cuts(1, None)


def test_a_halted_session_ends_the_replay_with_its_reason(web_socket_sender: Sender) -> None:
    with in_this_process() as to, web_socket_sender(to) as sender:
        halted = replace(sender.receipt(), state=4, problem_text="The gateway refused the token.")
        sender.receipt = lambda: halted
        with pytest.raises(FeedError, match="refused the token"):
            Replay(simulator(), to, sender, speed=0.001).run()
