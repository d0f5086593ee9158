"""The DLL in a process that uses it as the terminal does: under Wine where there is no Windows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tpb.gateway.reading import read_ticks
from tpb.testing.gateway import GatewayFixture
from tpb.testing.scripted import ScriptedServer, stalls_after_upgrade

Lines = list[dict[str, Any]]
Play = Callable[..., Lines]
PlayWith = Callable[[str, GatewayFixture], Lines]

pytestmark = pytest.mark.timeout(120)

INVALID_ARGUMENT, BAD_CONFIG, BAD_TICK, BAD_SYMBOL = -101, -102, -103, -104
BAD_HANDLE, NOT_INITIALIZED, NOT_CONFIGURED, IN_USE = -301, -302, -303, -304
NOT_SUBSCRIBED = -306


def results(lines: Lines) -> dict[str, int]:
    return {line["step"]: line["result"] for line in lines}


def ticks_stored(gateway: GatewayFixture) -> int:
    return sum(batch.ticks for batch in gateway.batches())


def test_layout(play: Play) -> None:
    assert results(play("layout")) == {
        "abi_version": 2,
        "size_of_tick": 60,
        "size_of_status": 216,
        "size_of_market_data": 168,
        "size_of_market_status": 88,
        "size_of_indicators": 56,
        "size_of_nothing": INVALID_ARGUMENT,
        "end": 0,
    }


def test_the_five_functions(play_with: PlayWith, gateway: GatewayFixture) -> None:
    lines = play_with("five-functions", gateway)
    assert results(lines) == {
        "status_before": NOT_INITIALIZED,
        "send_before": NOT_INITIALIZED,
        "initialize": 0,
        "status_initialized": 0,
        "send_unconnected": NOT_CONFIGURED,
        "connect": 0,
        "connected": 1,
        "send": 3,
        "connect_again": 0,
        "connect_elsewhere": IN_USE,
        "acknowledged": 1,
        "cleanup": 0,
        "cleanup_again": NOT_INITIALIZED,
        "end": 0,
    }
    stored = gateway.ticks()
    assert list(stored.symbol) == ["EURUSD", "GBPUSD", "EURUSD"]
    assert list(stored.sequence_number) == [1, 1, 2]
    assert list(stored.ticks["time_msc"]) == [1_577_898_000_000 + i for i in range(3)]
    assert (stored.ticks["time"] == 1_577_898_000).all()


@pytest.mark.parametrize("kind", ["gateway", "gateway_tls"])
def test_two_experts_with_handles(
    play_with: PlayWith, kind: str, request: pytest.FixtureRequest
) -> None:
    gateway: GatewayFixture = request.getfixturevalue(kind)
    lines = play_with("two-handles", gateway)
    assert results(lines) == {"taken": 2800, "unacknowledged": 0, "end": 0}
    sessions = list(read_ticks(gateway.store_path))
    assert sorted(stored.symbol[0] for stored in sessions) == ["EURUSD", "GBPUSD"]
    for stored in sessions:
        assert (stored.symbol == stored.symbol[0]).all()
        assert (stored.sequence_number == np.arange(1, 1401)).all()
        assert (stored.ticks["time_msc"] == 1_577_898_000_000 + np.arange(1400)).all()


def test_two_experts_share_the_default_session(
    play_with: PlayWith, gateway: GatewayFixture
) -> None:
    lines = play_with("two-experts", gateway)
    assert results(lines) == {"taken": 4000, "acknowledged": 1, "unacknowledged": 0, "end": 0}
    stored = gateway.ticks()
    assert len({batch.session for batch in gateway.batches()}) == 1
    for symbol, count in {"EURUSD": 1200, "GBPUSD": 800, "USDJPY": 1200, "USDCHF": 800}.items():
        sequence = stored.sequence_number[stored.symbol == symbol]
        assert (sequence == np.arange(1, count + 1)).all()


def test_reopening_without_unloading(play_with: PlayWith, gateway: GatewayFixture) -> None:
    lines = play_with("reopen", gateway)
    assert results(lines) == {
        "taken": 10 * (11 + 10),
        "unacknowledged": 0,
        "repeated_handles": 0,
        "stale_send": BAD_HANDLE,
        "stale_close": BAD_HANDLE,
        "end": 0,
    }
    assert ticks_stored(gateway) == 210


@pytest.mark.parametrize("kind", ["gateway", "gateway_tls"])
def test_market_data(play_with: PlayWith, kind: str, request: pytest.FixtureRequest) -> None:
    gateway: GatewayFixture = request.getfixturevalue(kind)
    assert results(play_with("market-data", gateway)) == {
        "subscribe": 1,
        "subscribe_again": 1,
        "subscribe_bars": 2,
        "active": 1,
        "acknowledged": 1,
        "arrived": 1,
        "live": 1,
        "bid_is_the_newest": 1,
        "too_early_is_nan": 1,
        "polled": 1,
        "polled_subscription": 1,
        "history": 1,
        "history_ends_with_the_newest": 1,
        "indicators": 1,
        "indicators_ticks": 30,
        "indicators_agree": 1,
        "status": 0,
        "status_connected": 1,
        "pairs_needs": 1,
        "event_live": 1,
        "unsubscribe": 0,
        "unsubscribe_again": NOT_SUBSCRIBED,
        "ended": 3,
        "left": 0,
        "stale_poll": BAD_HANDLE,
        "send_without_ticks": NOT_CONFIGURED,
        "latest_of_before": 1,
        "latest_number": 30,
        "close": 0,
        "end": 0,
    }


@pytest.mark.parametrize(
    "scenario", ["unload-after-cleanup", "unload-without-cleanup", "never-used"]
)
def test_freeing_the_library(play_with: PlayWith, gateway: GatewayFixture, scenario: str) -> None:
    lines = play_with(scenario, gateway)
    again = next(line for line in lines if line["step"] == "loaded_again")
    assert again == {"step": "loaded_again", "result": 5, "left": 0}


def test_a_thread_that_outlives_the_library(play_with: PlayWith, gateway: GatewayFixture) -> None:
    assert results(play_with("thread-outlives-library", gateway))["thread_ended"] == 0


def test_the_process_ends_while_connected(play_with: PlayWith, gateway: GatewayFixture) -> None:
    assert results(play_with("exit-while-connected", gateway))["connected"] == 1
    assert ticks_stored(gateway) == 5


def test_closing_is_bounded_when_the_gateway_is_silent(play: Play) -> None:
    with ScriptedServer(stalls_after_upgrade()) as server:
        measured = results(play("close-is-bounded", server.endpoint))
    assert measured["close_left"] == 10
    assert measured["cleanup_left"] == 10
    # The contract's bounds, and what a loaded machine may add to them.
    assert 200 <= measured["close_ms"] < 200 + 400 + 2000
    assert 500 <= measured["cleanup_ms"] < 900 + 2000


def test_bad_input_is_refused_with_a_sentence(play_with: PlayWith, gateway: GatewayFixture) -> None:
    lines = play_with("bad-input", gateway)
    expected = {
        "open_null_config": BAD_CONFIG,
        "open_null_handle": INVALID_ARGUMENT,
        "open_empty": BAD_CONFIG,
        "open_unknown_key": BAD_CONFIG,
        "open_bad_endpoint": BAD_CONFIG,
        "open_plaintext": BAD_CONFIG,
        "open_huge_token": INVALID_ARGUMENT,
        "open_lone_surrogate": INVALID_ARGUMENT,
        "ticks_null": INVALID_ARGUMENT,
        "ticks_null_none": 0,
        "ticks_negative_count": INVALID_ARGUMENT,
        "ticks_huge_count": INVALID_ARGUMENT,
        "symbol_null": BAD_SYMBOL,
        "symbol_with_comma": BAD_SYMBOL,
        "symbol_control": BAD_SYMBOL,
        "symbol_long": BAD_SYMBOL,
        "symbol_huge": INVALID_ARGUMENT,
        "bid_nan": BAD_TICK,
        "ask_infinite": BAD_TICK,
        "volume_nan": BAD_TICK,
        "time_in_seconds": BAD_TICK,
        "time_negative": BAD_TICK,
        "status_null": INVALID_ARGUMENT,
        "json_negative_capacity": INVALID_ARGUMENT,
        "error_null_buffer": INVALID_ARGUMENT,
        "set_token_huge": INVALID_ARGUMENT,
        "set_token_null": BAD_CONFIG,
        "accepted": 0,
        "refused": 18,
        "stale_handle": BAD_HANDLE,
        "connect_uninitialized": BAD_CONFIG,
        "connect_null": BAD_CONFIG,
        "connect_no_token": BAD_CONFIG,
        "connect_huge_token": INVALID_ARGUMENT,
        "batch_null_symbols": INVALID_ARGUMENT,
        "batch_null_bids": INVALID_ARGUMENT,
        "batch_null_asks": INVALID_ARGUMENT,
        "batch_null_times": INVALID_ARGUMENT,
        "batch_negative_count": INVALID_ARGUMENT,
        "batch_huge_count": INVALID_ARGUMENT,
        "batch_too_few_names": BAD_SYMBOL,
        "batch_too_many_names": BAD_SYMBOL,
        "batch_empty_name": BAD_SYMBOL,
        "batch_nan": BAD_TICK,
        "batch_none": 0,
        "batch_accepted": 0,
        "cleanup": 0,
        "end": 0,
    }
    assert results(lines) == expected
    for line in lines:
        if line["result"] < 0:
            assert line["error"].endswith((".", "?")), line
            assert " " in line["error"]
            assert len(line["error"]) < 400, line
            assert "eyJ" not in line["error"], line
    assert ticks_stored(gateway) == 0
