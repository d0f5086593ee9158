"""One connection on /ws/mt5, decided: what is stored, dropped, acknowledged, and when it ends.

Pure: no I/O and no clock. The server tells it frames and commits and does what it answers.
"""

import struct
from collections import deque
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import crc32c
from google.protobuf.message import DecodeError

from tpb.gateway.control import notice, pair_controls, token_expires
from tpb.gateway.quality import Numbers
from tpb.gateway.standing import Standing
from tpb.wire.tpb.stream_control_pb2 import (
    Ack,
    Notice,
    PairSelection,
    StreamControl,
)
from tpb.wire.trading.market_data_pb2 import MarketDataStream

MAX_FRAME_BYTES = 1 << 20
# What the first Ack tells at most of what is stored already.
MAX_STORED_CHECKSUMS = 8192


TOKEN_EXPIRED = "token expired"

# The field frame_crc32c: its tag (100 << 3 | 5, a varint) and four bytes.
_SEAL_TAG = b"\xa5\x06"
_SEAL_BYTES = len(_SEAL_TAG) + 4


# Of a tick: symbol, sequence_number, bid, ask, time_msc, volume.
Quote = tuple[str, int, float, float, int, int]


class CloseCode(IntEnum):
    GOING_AWAY = 1001
    ABNORMAL = 1006  # never sent: the connection was cut
    TRY_AGAIN_LATER = 1013
    GAP = 4001
    TAKEN_OVER = 4003
    POLICY = 4008
    DAMAGED = 4009


class Gap(NamedTuple):
    """Batches that were expected before the one received."""

    expected: int
    received: int


class Batch(NamedTuple):
    """To be stored. A gap before it is recorded: the client cannot send what is missing."""

    sequence: int
    payload: bytes
    crc32c: int
    ticks: int
    gap: Gap | None = None
    # Sent again on purpose: compared with what is stored, which it replaces where it differs.
    again: bool = False
    numbers: Numbers = ()
    sent_at_ms: int = 0  # by the client's clock; 0 where it does not say
    quotes: Sequence[Quote] = ()


class Repeat(NamedTuple):
    """Stored or about to be: to be dropped and counted."""

    sequence: int
    numbers: Numbers = ()


class Close(NamedTuple):
    """The connection ends; the gap, if any, is recorded."""

    code: CloseCode
    reason: str
    gap: Gap | None = None

    @property
    def acknowledges(self) -> bool:
        """Whether what is committed is acknowledged before."""
        return self.code is CloseCode.GOING_AWAY or self.reason == TOKEN_EXPIRED


class _Waiting(NamedTuple):
    """A batch given out to be stored and not yet acknowledged."""

    sequence: int
    crc32c: int
    size: int


class Connection:
    """From the accepted upgrade to the first Close, which stands.

    Nothing is acknowledged that committed() has not named.
    """

    def __init__(self, tenant: str, *, acknowledges: bool) -> None:
        self._tenant = tenant
        self._acknowledges = acknowledges
        self._epoch = 0
        self._controls: deque[bytes] = deque()  # to be sent before any further acknowledgement
        self._accepted = 0  # newest batch given out to be stored
        self._sent_again_up_to = 0
        self._committed = 0
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._closed: Close | None = None
        self._sealed = False

    def begin(self, standing: Standing, stored_crc32c: Sequence[int] = ()) -> None:
        """The store has told where the session stands: every frame comes after this.

        stored_crc32c: of the batches stored before, ending at the standing's point.
        """
        self._epoch = standing.epoch
        self._accepted = standing.point
        self._committed = standing.point
        self._sent_again_up_to = standing.acknowledged
        if standing.restored is not None:
            self._controls.append(_restored(standing))
        self._controls.append(self._ack(standing.point, (), stored_crc32c))

    @property
    def closed(self) -> Close | None:
        return self._closed

    @property
    def waiting_batches(self) -> int:
        """Given out to be stored and not yet acknowledged: what back-pressure looks at."""
        return len(self._waiting)

    @property
    def waiting_bytes(self) -> int:
        return self._waiting_bytes

    def receive(self, payload: bytes) -> Batch | Repeat | Close | None:
        """Decides about one binary frame; None: the connection is ending and takes none."""
        if self._closed is not None:
            return None
        if len(payload) > MAX_FRAME_BYTES:
            return self._close(CloseCode.POLICY, "a frame is at most 1 MiB")
        if self._is_damaged(payload):
            return self._close(CloseCode.DAMAGED, "the frame was damaged on its way")
        try:
            stream = MarketDataStream.FromString(payload)
        except DecodeError:
            return self._close(CloseCode.POLICY, "the frame is no MarketDataStream")
        numbers: list[tuple[str, int]] = []
        quotes: list[Quote] = []
        fault = self._fault(stream, numbers, quotes)
        if fault is not None:
            return self._close(CloseCode.POLICY, fault)
        return self._place(stream, payload, numbers, quotes)

    def _is_damaged(self, payload: bytes) -> bool:
        """Whether the seal says so; who has sealed one frame seals them all."""
        if payload[-_SEAL_BYTES:-4] != _SEAL_TAG:
            return self._sealed
        right = crc32c.crc32c(payload[:-_SEAL_BYTES]) == int.from_bytes(payload[-4:], "little")
        self._sealed |= right
        return not right

    def receive_text(self) -> Close | None:
        if self._closed is not None:
            return None
        return self._close(CloseCode.POLICY, "a batch is a binary frame, not text")

    def committed(self, sequence: int) -> None:
        """Every batch up to and with this one is on disk."""
        self._committed = max(self._committed, sequence)
        if not self._acknowledges:
            self._take_committed()

    def control_frame(self) -> bytes | None:
        """The next StreamControl to send: the resume point first, then what was committed since."""
        if not self._acknowledges or self._closed_for_good():
            return None
        if self._controls:
            return self._controls.popleft()
        checksums = self._take_committed()
        return self._ack(self._committed, checksums) if checksums else None

    def token_expires_in(self, seconds: int) -> None:
        self._controls.append(token_expires(seconds))

    def tell_pairs(self, pairs: PairSelection, *, changed: bool) -> None:
        """After begin(): which symbols are chosen for the user, first or anew."""
        self._controls += pair_controls(pairs, changed=changed)

    def take_over(self) -> Close:
        """A newer connection serves the session."""
        return self._close(CloseCode.TAKEN_OVER, "a newer connection serves this session")

    def store_failed(self) -> Close:
        """The store could not commit what this connection sent."""
        return self._close(CloseCode.TRY_AGAIN_LATER, "the store cannot take batches now")

    def go_away(self) -> Close:
        """The gateway ends. What is committed may still be acknowledged before."""
        return self._close(CloseCode.GOING_AWAY, "the gateway is shutting down")

    def token_expired(self) -> Close:
        """What is committed may still be acknowledged before."""
        return self._close(CloseCode.POLICY, TOKEN_EXPIRED)

    def _ack(self, sequence: int, checksums: Sequence[int], stored: Sequence[int] = ()) -> bytes:
        return StreamControl(
            ack=Ack(
                batch_sequence=sequence,
                crc32c=checksums,
                epoch=self._epoch,
                stored_crc32c=stored,
                check=check_of(sequence, self._epoch, checksums, stored),
            )
        ).SerializeToString()

    def _closed_for_good(self) -> bool:
        return self._closed is not None and not self._closed.acknowledges

    def _fault(
        self, stream: MarketDataStream, numbers: list[tuple[str, int]], quotes: list[Quote]
    ) -> str | None:
        """Looks at each tick once: its number and its prices are noted meanwhile."""
        if stream.batch_sequence < 1:
            return "batch_sequence counts from 1"
        tenant = self._tenant
        of_batch = stream.tenant_id
        if of_batch and of_batch != tenant:
            return "the tenant of the batch is not the token's"
        # What the batch holds may leave its tenant to the batch, where that names one.
        note, quote = numbers.append, quotes.append
        for tick in stream.ticks:
            if (tick.tenant_id or of_batch) != tenant:
                return "the tenant of a tick is not the token's"
            symbol, number = tick.symbol, tick.sequence_number
            time_msc = tick.time_msc or 1000 * tick.time
            note((symbol, number))
            quote((symbol, number, tick.bid, tick.ask, time_msc, tick.volume))
        for bar in stream.bars:
            if (bar.tenant_id or of_batch) != tenant:
                return "the tenant of a bar is not the token's"
        if stream.HasField("depth") and (stream.depth.tenant_id or of_batch) != tenant:
            return "the tenant of the depth is not the token's"
        return None

    def _place(
        self, stream: MarketDataStream, payload: bytes, numbers: Numbers, quotes: Sequence[Quote]
    ) -> Batch | Repeat | Close:
        sequence = stream.batch_sequence
        expected = self._accepted + 1
        if sequence < expected:
            return Repeat(sequence, numbers)
        gap = Gap(expected, sequence) if sequence > expected else None
        if gap is not None and self._acknowledges:
            return self._close(
                CloseCode.GAP, f"batch {expected} was expected, {sequence} came", gap
            )
        self._accepted = sequence
        checksum = crc32c.crc32c(payload)
        self._waiting.append(_Waiting(sequence, checksum, len(payload)))
        self._waiting_bytes += len(payload)
        return Batch(
            sequence=sequence,
            payload=payload,
            crc32c=checksum,
            ticks=len(numbers),
            gap=gap,
            again=sequence <= self._sent_again_up_to,
            numbers=numbers,
            sent_at_ms=stream.batch_time_msc,
            quotes=quotes,
        )

    def _take_committed(self) -> list[int]:
        checksums = []
        waiting = self._waiting
        while waiting and waiting[0].sequence <= self._committed:
            batch = waiting.popleft()
            self._waiting_bytes -= batch.size
            checksums.append(batch.crc32c)
        return checksums

    def _close(self, code: CloseCode, reason: str, gap: Gap | None = None) -> Close:
        """The first reason to close stands."""
        if self._closed is None:
            self._closed = Close(code, reason)
            return Close(code, reason, gap)
        return self._closed


def check_of(sequence: int, epoch: int, checksums: Sequence[int], stored: Sequence[int]) -> int:
    """The field `check` of an Ack: CRC-32C of its other numbers, little endian."""
    all_crcs = (*checksums, *stored)
    return crc32c.crc32c(struct.pack(f"<qq{len(all_crcs)}I", sequence, epoch, *all_crcs))


def _restored(standing: Standing) -> bytes:
    assert standing.restored is not None
    first, last = standing.restored
    lost = sum(span.batches for span in standing.lost)
    return notice(
        "store_restored",
        f"This gateway's store stands before batch {first}, though it had acknowledged up to"
        f" {last}: it was restored from a backup, or replaced. {lost} batches are lost here; the"
        " rest is asked for again.",
        Notice.SEVERITY_WARNING,
    )
