"""One connection on /ws/mt5, decided: what is stored, dropped, acknowledged, and when it ends.

Pure: no I/O and no clock. The server tells it frames and commits and does what it answers.
"""

from collections import deque
from enum import IntEnum
from typing import NamedTuple

import crc32c
from google.protobuf.message import DecodeError

from tpb.wire.tpb.stream_control_pb2 import Ack, StreamControl
from tpb.wire.trading.market_data_pb2 import MarketDataStream

MAX_FRAME_BYTES = 1 << 20


class CloseCode(IntEnum):
    GOING_AWAY = 1001
    TRY_AGAIN_LATER = 1013
    GAP = 4001
    TAKEN_OVER = 4003
    POLICY = 4008


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
    gap: Gap | None


class Repeat(NamedTuple):
    """Stored or about to be: to be dropped and counted."""

    sequence: int


class Close(NamedTuple):
    """The connection ends; the gap, if any, is recorded."""

    code: CloseCode
    reason: str
    gap: Gap | None = None


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
        self._resume_point: int | None = None  # until it was told
        self._accepted = 0  # newest batch given out to be stored
        self._committed = 0
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._closed: Close | None = None

    def begin(self, acknowledged: int, epoch: int) -> None:
        """The store has told where the session stands: every frame comes after this."""
        self._epoch = epoch
        self._resume_point = acknowledged
        self._accepted = acknowledged
        self._committed = acknowledged

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
        try:
            stream = MarketDataStream.FromString(payload)
        except DecodeError:
            return self._close(CloseCode.POLICY, "the frame is no MarketDataStream")
        fault = self._fault(stream)
        if fault is not None:
            return self._close(CloseCode.POLICY, fault)
        return self._place(stream.batch_sequence, payload, len(stream.ticks))

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
        """The StreamControl to send now: first the resume point, then what was committed since."""
        if not self._acknowledges or self._closed_for_good():
            return None
        if self._resume_point is not None:
            point, self._resume_point = self._resume_point, None
            return self._ack(point, [])
        checksums = self._take_committed()
        return self._ack(self._committed, checksums) if checksums else None

    def take_over(self) -> Close:
        """A newer connection serves the session."""
        return self._close(CloseCode.TAKEN_OVER, "a newer connection serves this session")

    def store_failed(self) -> Close:
        """The store could not commit what this connection sent."""
        return self._close(CloseCode.TRY_AGAIN_LATER, "the store cannot take batches now")

    def go_away(self) -> Close:
        """The gateway ends. What is committed may still be acknowledged before."""
        return self._close(CloseCode.GOING_AWAY, "the gateway is shutting down")

    def _ack(self, sequence: int, checksums: list[int]) -> bytes:
        ack = Ack(batch_sequence=sequence, crc32c=checksums, epoch=self._epoch)
        return StreamControl(ack=ack).SerializeToString()

    def _closed_for_good(self) -> bool:
        return self._closed is not None and self._closed.code is not CloseCode.GOING_AWAY

    def _fault(self, stream: MarketDataStream) -> str | None:
        if stream.batch_sequence < 1:
            return "batch_sequence counts from 1"
        tenant = self._tenant
        of_batch = stream.tenant_id
        if of_batch and of_batch != tenant:
            return "the tenant of the batch is not the token's"
        # What the batch holds may leave its tenant to the batch, where that names one.
        for tick in stream.ticks:
            if (tick.tenant_id or of_batch) != tenant:
                return "the tenant of a tick is not the token's"
        for bar in stream.bars:
            if (bar.tenant_id or of_batch) != tenant:
                return "the tenant of a bar is not the token's"
        if stream.HasField("depth") and (stream.depth.tenant_id or of_batch) != tenant:
            return "the tenant of the depth is not the token's"
        return None

    def _place(self, sequence: int, payload: bytes, ticks: int) -> Batch | Repeat | Close:
        expected = self._accepted + 1
        if sequence < expected:
            return Repeat(sequence)
        gap = Gap(expected, sequence) if sequence > expected else None
        if gap is not None and self._acknowledges:
            return self._close(
                CloseCode.GAP, f"batch {expected} was expected, {sequence} came", gap
            )
        self._accepted = sequence
        checksum = crc32c.crc32c(payload)
        self._waiting.append(_Waiting(sequence, checksum, len(payload)))
        self._waiting_bytes += len(payload)
        return Batch(sequence, payload, checksum, ticks, gap)

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
