"""JSON as a Python program would make it: dictionaries, serialised by orjson."""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import orjson

from tpb.feed.chunks import Chunk

# As in tpb_bench.
FRAME_TICKS = 1000
_TENANT = "acme"
_SOURCE = "MT5"
_BATCH_MSC = 1_577_898_000_100

_ROUNDS = 100


class Row(NamedTuple):
    """One tick in Python's own types: what a program has before it makes JSON."""

    symbol: str
    sequence_number: int
    time: int
    bid: float
    ask: float
    last: float
    volume: int
    time_msc: int
    flags: int
    volume_real: float


class Figures(NamedTuple):
    ns_per_tick: float  # to build the dictionaries and serialise them
    serialise_ns_per_tick: float  # of this, orjson alone
    bytes_per_tick: float


def measure(chunks: Iterable[Chunk]) -> Figures:
    rows = list(_rows(chunks))
    frames = [rows[at : at + FRAME_TICKS] for at in range(0, len(rows), FRAME_TICKS)]
    documents = [_document(frame) for frame in frames]
    size = sum(len(orjson.dumps(document)) for document in documents)

    def build_and_serialise() -> None:
        for frame in frames:
            orjson.dumps(_document(frame))

    def serialise() -> None:
        for document in documents:
            orjson.dumps(document)

    whole, part = _least_ns(build_and_serialise), _least_ns(serialise)
    return Figures(whole / len(rows), part / len(rows), size / len(rows))


def _rows(chunks: Iterable[Chunk]) -> Iterator[Row]:
    newest: Counter[str] = Counter()
    for symbol, ticks in chunks:
        for fields in ticks.tolist():
            newest[symbol] += 1
            yield Row(symbol, newest[symbol], *fields)


def _document(rows: list[Row]) -> dict[str, Any]:
    return {
        "ticks": [
            {
                "symbol": row.symbol,
                "bid": row.bid,
                "ask": row.ask,
                "last": row.last,
                "volume": row.volume,
                "time": row.time,
                "time_msc": row.time_msc,
                "flags": row.flags,
                "volume_real": row.volume_real,
                "tenant_id": _TENANT,
                "sequence_number": row.sequence_number,
                "source": _SOURCE,
                "spread": row.ask - row.bid,
            }
            for row in rows
        ],
        "source": _SOURCE,
        "batch_sequence": 1,
        "batch_time": _BATCH_MSC // 1000,
        "batch_time_msc": _BATCH_MSC,
        "tenant_id": _TENANT,
    }


def _least_ns(work: Callable[[], None]) -> int:
    with _without_garbage_collection():
        return min(_ns(work) for _ in range(_ROUNDS))


def _ns(work: Callable[[], None]) -> int:
    start = time.perf_counter_ns()
    work()
    return time.perf_counter_ns() - start


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
