"""What one connection decides, without sockets, store or clock."""

import struct
from collections.abc import Callable
from typing import Any

import crc32c
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tpb.gateway.protocol import (
    MAX_FRAME_BYTES,
    Batch,
    Close,
    CloseCode,
    Connection,
    Gap,
    Repeat,
)
from tpb.gateway.standing import Known, Standing
from tpb.gateway.upgrade import Span
from tpb.wire.tpb.stream_control_pb2 import Ack, StreamControl
from tpb.wire.trading.market_data_pb2 import MarketDataStream

Frame = Callable[..., bytes]


def batch_bytes(sequence: int) -> bytes:
    return MarketDataStream(batch_sequence=sequence, tenant_id="demo").SerializeToString()


def begun(acknowledged: int = 0, *, epoch: int = 1, acknowledges: bool = True) -> Connection:
    connection = Connection("demo", acknowledges=acknowledges)
    connection.begin(Standing(Known("ann", epoch, acknowledged), is_new=False, point=acknowledged))
    return connection


def read_ack(frame: bytes | None) -> Ack:
    assert frame is not None
    return StreamControl.FromString(frame).ack


# ---- Damage on the way ------------------------------------------------------------------------


def sealed(frame: bytes) -> bytes:
    return frame + b"\xa5\x06" + crc32c.crc32c(frame).to_bytes(4, "little")


def test_a_seal_is_a_field_of_the_schema(frame: Frame) -> None:
    assert MarketDataStream.FromString(sealed(frame(1))).frame_crc32c == crc32c.crc32c(frame(1))


def test_a_sealed_frame_is_taken(frame: Frame) -> None:
    assert isinstance(begun().receive(sealed(frame(1))), Batch)


def test_no_flipped_bit_of_a_sealed_frame_is_ever_stored(frame: Frame) -> None:
    first, second = sealed(frame(1)), sealed(frame(2, ticks=3))
    for bit in range(8 * len(second)):
        damaged = bytearray(second)
        damaged[bit // 8] ^= 1 << bit % 8
        connection = begun()
        connection.receive(first)
        close = connection.receive(bytes(damaged))
        assert isinstance(close, Close)
        assert close.code is CloseCode.DAMAGED


# ---- Placing batches --------------------------------------------------------------------------


def test_first_frame_says_where_the_session_stands() -> None:
    connection = begun(41, epoch=3)
    ack = read_ack(connection.control_frame())
    assert (ack.batch_sequence, ack.epoch, list(ack.crc32c)) == (41, 3, [])
    assert connection.control_frame() is None


def test_batch_is_given_out_with_checksum_and_count(frame: Frame) -> None:
    payload = frame(1, ticks=7)
    decision = begun().receive(payload)
    ticks = MarketDataStream.FromString(payload).ticks
    numbers = [("EURUSD", number) for number in range(1, 8)]
    assert decision == Batch(
        1,
        payload,
        crc32c.crc32c(payload),
        7,
        gap=None,
        again=False,
        numbers=numbers,
        sent_at_ms=1_700_000_000_000,
        quotes=[
            ("EURUSD", tick.sequence_number, tick.bid, tick.ask, tick.time_msc, tick.volume)
            for tick in ticks
        ],
    )


def test_a_tick_without_milliseconds_has_its_seconds() -> None:
    stream = MarketDataStream(batch_sequence=1, tenant_id="demo")
    stream.ticks.add(symbol="EURUSD", bid=1.1, ask=1.2, time=1_700_000_000, volume=3)
    decision = begun().receive(stream.SerializeToString())
    assert isinstance(decision, Batch)
    assert decision.quotes == [("EURUSD", 0, 1.1, 1.2, 1_700_000_000_000, 3)]


def test_nothing_is_acknowledged_before_its_commit(frame: Frame) -> None:
    connection = begun()
    connection.control_frame()
    for sequence in (1, 2, 3):
        connection.receive(frame(sequence))
    assert connection.control_frame() is None
    connection.committed(2)
    ack = read_ack(connection.control_frame())
    assert ack.batch_sequence == 2
    assert list(ack.crc32c) == [crc32c.crc32c(frame(1)), crc32c.crc32c(frame(2))]
    assert connection.waiting_batches == 1
    assert connection.waiting_bytes == len(frame(3))


def test_first_ack_is_the_resume_point_even_when_frames_came_early(frame: Frame) -> None:
    connection = begun(5)
    connection.receive(frame(6))
    connection.committed(6)
    first, second = read_ack(connection.control_frame()), read_ack(connection.control_frame())
    assert (first.batch_sequence, len(first.crc32c)) == (5, 0)
    assert (second.batch_sequence, len(second.crc32c)) == (6, 1)


def test_repeat_is_dropped_whether_stored_before_or_just_now(frame: Frame) -> None:
    connection = begun(4)
    assert connection.receive(frame(4, ticks=1)) == Repeat(4, [("EURUSD", 4)])
    assert isinstance(connection.receive(frame(5)), Batch)
    assert isinstance(connection.receive(frame(5)), Repeat)
    assert isinstance(connection.receive(frame(6)), Batch)


def test_gap_closes_and_nothing_is_taken_after_it(frame: Frame) -> None:
    connection = begun(4)
    close = connection.receive(frame(7))
    assert isinstance(close, Close)
    assert (close.code, close.gap) == (CloseCode.GAP, Gap(5, 7))
    assert connection.receive(frame(5)) is None
    assert connection.receive_text() is None


# ---- Frames that break the contract -----------------------------------------------------------


def with_tenants(batch: str, *ticks: str) -> bytes:
    stream = MarketDataStream(batch_sequence=1, tenant_id=batch)
    for tenant in ticks:
        stream.ticks.add(symbol="EURUSD", tenant_id=tenant)
    return stream.SerializeToString()


def bar_of(tenant: str) -> bytes:
    stream = MarketDataStream(batch_sequence=1, tenant_id="demo")
    stream.bars.add(tenant_id=tenant)
    return stream.SerializeToString()


def depth_of(tenant: str) -> bytes:
    stream = MarketDataStream(batch_sequence=1, tenant_id="demo")
    stream.depth.tenant_id = tenant
    return stream.SerializeToString()


@pytest.mark.parametrize(
    "payload",
    [
        with_tenants("demo", "demo", "demo"),
        with_tenants("demo", "", ""),
        with_tenants("", "demo", "demo"),
        bar_of("demo"),
        bar_of(""),
        depth_of(""),
    ],
)
def test_the_tokens_tenant_is_taken(payload: bytes) -> None:
    assert isinstance(begun().receive(payload), Batch)


@pytest.mark.parametrize(
    "payload",
    [
        with_tenants("other", "demo"),
        with_tenants("demo", "demo", "other"),
        with_tenants("", "demo", ""),
        with_tenants("Demo"),
        bar_of("other"),
        depth_of("other"),
        b"\xff" * 20,
        batch_bytes(0),
        batch_bytes(-1),
        b"\0" * (MAX_FRAME_BYTES + 1),
    ],
)
def test_what_breaks_the_contract_closes_with_4008(payload: bytes) -> None:
    connection = begun()
    close = connection.receive(payload)
    assert isinstance(close, Close)
    assert close.code == CloseCode.POLICY
    assert connection.waiting_batches == 0


def test_frame_of_exactly_the_limit_is_taken() -> None:
    stream = MarketDataStream(batch_sequence=1, tenant_id="demo", source="")
    stream.source = "x" * (MAX_FRAME_BYTES - stream.ByteSize() - 4)
    payload = stream.SerializeToString()
    assert len(payload) == MAX_FRAME_BYTES
    assert isinstance(begun().receive(payload), Batch)


def test_text_closes_with_4008() -> None:
    close = begun().receive_text()
    assert close is not None
    assert close.code == CloseCode.POLICY


# ---- Ends -------------------------------------------------------------------------------------


def test_first_reason_to_close_stands(frame: Frame) -> None:
    connection = begun()
    assert connection.take_over().code == CloseCode.TAKEN_OVER
    assert connection.store_failed().code == CloseCode.TAKEN_OVER
    assert connection.receive(frame(1)) is None


def test_taken_over_connection_acknowledges_no_more(frame: Frame) -> None:
    connection = begun()
    connection.control_frame()
    connection.receive(frame(1))
    connection.take_over()
    connection.committed(1)
    assert connection.control_frame() is None


def test_shutdown_acknowledges_what_was_committed(frame: Frame) -> None:
    connection = begun()
    connection.control_frame()
    connection.receive(frame(1))
    assert connection.go_away().code == CloseCode.GOING_AWAY
    assert connection.receive(frame(2)) is None
    connection.committed(1)
    assert read_ack(connection.control_frame()).batch_sequence == 1


# ---- What the first frames say ----------------------------------------------------------------


def standing(point: int, acknowledged: int, **changes: Any) -> Standing:
    return Standing(Known("ann", 2, acknowledged), is_new=False, point=point, **changes)


def controls(connection: Connection) -> list[StreamControl]:
    frames = iter(connection.control_frame, None)
    return [StreamControl.FromString(frame) for frame in frames]


def test_check_covers_every_number(frame: Frame) -> None:
    connection = Connection("demo", acknowledges=True)
    connection.begin(standing(7, 7), [11, 12, 13])
    (first,) = controls(connection)
    assert list(first.ack.stored_crc32c) == [11, 12, 13]
    numbers = struct.pack("<qqIII", 7, 2, 11, 12, 13)
    assert first.ack.check == crc32c.crc32c(numbers)
    connection.receive(frame(8))
    connection.committed(8)
    (progress,) = controls(connection)
    numbers = struct.pack("<qqI", 8, 2, crc32c.crc32c(frame(8)))
    assert progress.ack.check == crc32c.crc32c(numbers)
    assert list(progress.ack.stored_crc32c) == []


def test_a_restored_store_is_told_before_the_resume_point() -> None:
    connection = Connection("demo", acknowledges=True)
    connection.begin(standing(8, 8, lost=(Span(5, 8),), restored=Span(5, 10)))
    notice, ack = controls(connection)
    assert notice.notice.code == "store_restored"
    assert "4 batches are lost" in notice.notice.text
    assert ack.ack.batch_sequence == 8


def test_batches_sent_again_are_acknowledged_like_any(frame: Frame) -> None:
    connection = Connection("demo", acknowledges=True)
    connection.begin(standing(2, 4))
    controls(connection)
    decisions = [connection.receive(frame(sequence)) for sequence in (3, 4, 5)]
    assert [isinstance(d, Batch) and d.again for d in decisions] == [True, True, False]
    connection.committed(5)
    (progress,) = controls(connection)
    assert progress.ack.batch_sequence == 5
    assert list(progress.ack.crc32c) == [crc32c.crc32c(frame(n)) for n in (3, 4, 5)]


def test_the_end_of_the_token_lets_acknowledgements_pass(frame: Frame) -> None:
    connection = begun()
    connection.token_expires_in(60)
    connection.receive(frame(1))
    assert connection.token_expired() == Close(CloseCode.POLICY, "token expired")
    assert connection.receive(frame(2)) is None
    connection.committed(1)
    first, notice, progress = controls(connection)
    assert first.WhichOneof("kind") == "ack"
    assert (notice.notice.code, progress.ack.batch_sequence) == ("token_expires", 1)


# ---- Best effort ------------------------------------------------------------------------------


def test_best_effort_says_nothing_and_keeps_what_follows_a_gap(frame: Frame) -> None:
    connection = begun(acknowledges=False)
    assert connection.control_frame() is None
    connection.receive(frame(1))
    after_gap = connection.receive(frame(5))
    assert isinstance(after_gap, Batch)
    assert after_gap.gap == Gap(2, 5)
    connection.committed(5)
    assert connection.control_frame() is None
    assert connection.waiting_batches == 0
    assert isinstance(connection.receive(frame(3)), Repeat)


# ---- Any interleaving -------------------------------------------------------------------------


class Delivery(RuleBasedStateMachine):
    """A client that obeys the contract but loses connections, against a store that is late.

    Whatever happens, the store holds 1..n once each, and nothing is acknowledged that it lacks.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stored: list[int] = []  # committed
        self.queued: list[int] = []  # given out, not committed
        self.told = 0  # newest sequence acknowledged to the client
        self.repeats = 0
        self.connection = begun()
        self.next_to_send = 1

    @property
    def committed(self) -> int:
        return self.stored[-1] if self.stored else 0

    def receive(self, sequence: int) -> None:
        expected = (self.queued or self.stored or [0])[-1] + 1
        ended = self.connection.closed is not None
        decision = self.connection.receive(batch_bytes(sequence))
        if ended:
            assert decision is None
        elif sequence < expected:
            assert decision == Repeat(sequence, [])
        elif sequence > expected:
            assert isinstance(decision, Close)
            assert decision.code == CloseCode.GAP
        else:
            assert isinstance(decision, Batch)
            self.queued.append(sequence)

    @rule()
    def send_next(self) -> None:
        self.receive(self.next_to_send)
        self.next_to_send += 1

    @rule(back=st.integers(1, 8))
    def send_again(self, back: int) -> None:
        self.receive(max(1, self.next_to_send - back))

    @rule(ahead=st.integers(1, 8))
    def lose_frames(self, ahead: int) -> None:
        self.next_to_send += ahead

    @precondition(lambda self: self.queued)
    @rule(data=st.data())
    def commit(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(1, len(self.queued)))
        self.stored += self.queued[:count]
        del self.queued[:count]
        self.connection.committed(self.committed)

    @rule()
    def acknowledge(self) -> None:
        frame = self.connection.control_frame()
        if frame is None:
            return
        ack = read_ack(frame)
        assert ack.batch_sequence <= self.committed
        covered = range(ack.batch_sequence - len(ack.crc32c) + 1, ack.batch_sequence + 1)
        assert list(ack.crc32c) == [crc32c.crc32c(batch_bytes(n)) for n in covered]
        assert ack.batch_sequence >= self.told
        self.told = ack.batch_sequence

    @rule(survives=st.booleans())
    def reconnect(self, survives: bool) -> None:
        """The store answers after what was queued: committed, or lost with a killed gateway."""
        if survives:
            self.stored += self.queued
        self.queued.clear()
        self.connection.take_over()
        self.connection = begun(self.committed)
        resume = read_ack(self.connection.control_frame()).batch_sequence
        assert resume >= self.told, "what was acknowledged stays acknowledged"
        self.told = resume
        self.next_to_send = resume + 1

    @invariant()
    def each_batch_once_and_in_order(self) -> None:
        assert self.stored == list(range(1, len(self.stored) + 1))


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
