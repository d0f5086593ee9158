"""tpb.Session against the real gateway."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import tpb
from tpb.testing.gateway import GatewayFixture
from tpb.testing.ticks import made_up

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("kind", ["gateway", "gateway_tls"])
def test_every_tick_arrives_equal_and_in_order(kind: str, request: pytest.FixtureRequest) -> None:
    gateway: GatewayFixture = request.getfixturevalue(kind)
    ticks = made_up(20_000)
    ticks["last"][::7] = 1.5
    ticks["volume"][::5] = 2**62
    ticks["volume_real"][::3] = 0.25
    ticks["flags"][::11] = 0xFFFFFFFF
    ticks["bid"][::13] = -0.0
    with tpb.Session(gateway.endpoint, gateway.token(), ca_file=gateway.ca_file) as session:
        for start in range(0, len(ticks), 333):
            assert session.send("EURUSD", ticks[start : start + 333]) == len(
                ticks[start : start + 333]
            )
        assert session.drain(30)
        status = session.status()
    assert status.ticks_acknowledged == len(ticks)
    assert status.checksum_mismatches == 0
    assert status.ticks_resent == 0
    stored = gateway.ticks()
    assert stored.ticks.tobytes() == ticks.tobytes()
    assert (stored.sequence_number == np.arange(1, len(ticks) + 1)).all()
    assert (stored.spread == ticks["ask"] - ticks["bid"]).all()


def test_twenty_cuts_lose_and_double_nothing(
    gateway: GatewayFixture, wait_until: Callable[..., Any]
) -> None:
    ticks = made_up(21 * 500)
    with tpb.Session(gateway.endpoint, gateway.token(), backoff_min_ms=10) as session:
        for round_, start in enumerate(range(0, len(ticks), 500)):
            wait_until(session.status, lambda status: status.state_name == "connected")
            session.send("EURUSD", ticks[start : start + 500])
            if round_ < 20:
                before = session.status().reconnects
                assert gateway.cut_connections() == 1
                wait_until(session.status, lambda status, n=before: status.reconnects > n)
        assert session.drain(30)
        assert session.status().reconnects == 20
    assert gateway.ticks().ticks.tobytes() == ticks.tobytes()


def test_a_gateway_that_restarts_gets_the_rest(
    gateway: GatewayFixture, wait_until: Callable[..., Any]
) -> None:
    ticks = made_up(900)
    with tpb.Session(gateway.endpoint, gateway.token(), backoff_min_ms=10) as session:
        session.send("EURUSD", ticks[:300])
        assert session.drain(30)
        gateway.stop()
        wait_until(session.status, lambda status: status.state_name == "waiting")
        session.send("EURUSD", ticks[300:600])
        gateway.restart()
        session.send("EURUSD", ticks[600:])
        assert session.drain(30)
    assert gateway.ticks().ticks.tobytes() == ticks.tobytes()


def test_flush_by_time_and_by_count(
    gateway: GatewayFixture, wait_until: Callable[..., Any]
) -> None:
    with tpb.Session(gateway.endpoint, gateway.token(), batch_ticks=10, flush_ms=50) as session:
        session.send("EURUSD", made_up(13))
        wait_until(session.status, lambda status: status.ticks_acknowledged == 13)
    assert [batch.ticks for batch in gateway.batches()] == [10, 3]


def test_no_batch_outgrows_a_frame(gateway: GatewayFixture) -> None:
    ticks = made_up(12_000)
    symbol = "S" * 64
    token = gateway.token("u" * 100, "t" * 100)
    with tpb.Session(gateway.endpoint, token, batch_ticks=4096, flush_ms=60000) as session:
        session.send(symbol, ticks)
        assert session.drain(30)
    assert gateway.ticks().ticks.tobytes() == ticks.tobytes()
    assert max(len(batch.payload) for batch in gateway.batches()) <= 1 << 20


def test_stamp_on_the_batch_is_smaller_and_equal(gateway: GatewayFixture) -> None:
    sizes = []
    for stamp in ("tick", "batch"):
        with tpb.Session(gateway.endpoint, gateway.token(), stamp=stamp) as session:
            session.send("EURUSD", made_up(1000))
            assert session.drain(30)
            session_id = session.status().session_id
            sizes.append(session.status().bytes_sent)
        stored = gateway.ticks(session=session_id)
        assert stored.ticks.tobytes() == made_up(1000).tobytes()
    assert sizes[1] < sizes[0]


def test_a_full_outbox_refuses_and_goes_on_later(
    gateway: GatewayFixture, wait_until: Callable[..., Any]
) -> None:
    gateway.stop()
    ticks = made_up(2000)
    sent = 0
    with tpb.Session(
        gateway.endpoint, gateway.token(), outbox_bytes=65536, backoff_max_ms=300
    ) as session:
        with pytest.raises(tpb.OutboxFull, match="outbox is full"):  # noqa: PT012
            while sent < len(ticks):
                sent += session.send("EURUSD", ticks[sent : sent + 50])
        assert session.status().ticks_refused == 50
        assert session.status().ticks_accepted == sent
        gateway.restart()
        wait_until(session.status, lambda status: status.ticks_acknowledged == sent)
        session.send("EURUSD", ticks[sent : sent + 50])
        assert session.drain(30)
    assert gateway.ticks().ticks.tobytes() == ticks[: sent + 50].tobytes()


def test_a_wrong_token_halts_and_a_right_one_goes_on(
    gateway: GatewayFixture, wait_until: Callable[..., Any]
) -> None:
    good = gateway.token()
    head, claims, signature = good.split(".")
    wrong = f"{head}.{claims}.{signature[::-1]}"
    with tpb.Session(gateway.endpoint, wrong) as session:
        session.send("EURUSD", made_up(5))
        status = wait_until(session.status, lambda status: status.state_name == "halted")
        assert status.problem == -401
        assert "401" in status.problem_text
        assert not session.drain(0.01)
        session.set_token(good)
        assert session.drain(30)
        assert session.status().problem == 0
    assert len(gateway.ticks()) == 5


def test_an_unknown_authority_is_refused(
    gateway_tls: GatewayFixture, wait_until: Callable[..., Any]
) -> None:
    with tpb.Session(gateway_tls.endpoint, gateway_tls.token()) as session:
        status = wait_until(session.status, lambda status: status.problem != 0)
        assert "ca_file" in status.problem_text
        assert status.state_name == "waiting"
    assert len(gateway_tls.batches()) == 0


def test_arrays_must_be_ticks(gateway: GatewayFixture) -> None:
    with tpb.Session(gateway.endpoint, gateway.token()) as session:
        wrongs: list[NDArray[Any]] = [
            np.zeros(3),
            np.zeros((2, 2), dtype=tpb.TICK_DTYPE),
            np.zeros(3, dtype=[("bid", "<f8")]),
        ]
        for wrong in wrongs:
            with pytest.raises(tpb.InvalidArgument, match="TICK_DTYPE"):
                session.send("EURUSD", wrong)
        with pytest.raises(tpb.InvalidArgument, match="65,536"):
            session.send("EURUSD", made_up(65_537))
        ticks = made_up(2)
        ticks["ask"][1] = np.nan
        with pytest.raises(tpb.BadTick, match="tick 1"):
            session.send("EURUSD", ticks)
        with pytest.raises(tpb.BadSymbol):
            session.send("EUR,USD", made_up(1))
        strided = made_up(10)[::2]
        assert session.send("EURUSD", strided) == 5
        assert session.drain(30)
    assert gateway.ticks().ticks.tobytes() == strided.tobytes()


def test_configuration_errors_name_the_option() -> None:
    with pytest.raises(tpb.BadConfig, match="batch_ticks must be a whole number"):
        tpb.Session("wss://gateway", "opaque", batch_ticks=0)
    with pytest.raises(tpb.BadConfig, match="Did you mean 'heartbeat_ms'"):
        tpb.Session("wss://gateway", "opaque", heartbeatms=5)
    with pytest.raises(tpb.BadConfig, match="allow_plaintext"):
        tpb.Session("ws://gateway", "opaque")
    with pytest.raises(tpb.BadConfig, match="separates"):
        tpb.Session("wss://gateway", "opaque", ca_file="a;b")


def test_token_file(gateway: GatewayFixture, tmp_path: Path) -> None:
    file = tmp_path / "token.jwt"
    file.write_text(f"Bearer {gateway.token()}\n")
    with tpb.Session(gateway.endpoint, token_file=file) as session:
        session.send("EURUSD", made_up(1))
        assert session.drain(30)


def test_closed_is_closed(gateway: GatewayFixture) -> None:
    session = tpb.Session(gateway.endpoint, gateway.token())
    session.send("EURUSD", made_up(3))
    assert session.close() == 0
    assert session.close() == 0
    with pytest.raises(tpb.SessionClosed):
        session.send("EURUSD", made_up(1))
    assert session.status().state_name == "disconnected"
    assert len(gateway.ticks()) == 3
