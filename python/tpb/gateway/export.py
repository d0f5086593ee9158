"""Writes the ticks of stores as CSV or Parquet, a chunk at a time.

Each tick comes once: batches that several stores hold, and copies after a fork, are left out.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

import numpy as np

from tpb.gateway.reading import StoredTicks, Stores, read_ticks

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = (
    "tenant",
    "session",
    "batch_sequence",
    "symbol",
    "sequence_number",
    "time_msc",
    "bid",
    "ask",
    "last",
    "volume",
    "flags",
    "volume_real",
)
_OF_TICK = ("time_msc", "bid", "ask", "last", "volume", "flags", "volume_real")


class Written(NamedTuple):
    ticks: int
    copies: int  # left out: a session before a fork holds them


def write_csv(stores: Stores, output: TextIO, *, tenant: str | None = None) -> Written:
    """Writes a header and a line a tick, in order; floats read back equal."""
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = copies = 0
    for chunk in read_ticks(stores, tenant=tenant):
        writer.writerows(_rows(chunk))
        count += len(chunk)
        copies += chunk.copies
    return Written(count, copies)


def write_parquet(stores: Stores, output: Path, *, tenant: str | None = None) -> Written:
    """Writes the same columns, a row group a chunk; needs pyarrow."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    count = copies = 0
    schema = _schema()
    with ParquetWriter(output, schema) as writer:
        for chunk in read_ticks(stores, tenant=tenant):
            arrays = [
                pa.array(column, type=field.type)
                for column, field in zip(_columns(chunk), schema, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count += len(chunk)
            copies += chunk.copies
    return Written(count, copies)


def _columns(chunk: StoredTicks) -> list[np.ndarray]:
    count = len(chunk)
    return [
        np.full(count, chunk.tenant, dtype=np.object_),
        np.full(count, chunk.session, dtype=np.object_),
        chunk.batch_sequence,
        chunk.symbol,
        chunk.sequence_number,
        *(np.ascontiguousarray(chunk.ticks[name]) for name in _OF_TICK),
    ]


def _rows(chunk: StoredTicks) -> Iterator[tuple[object, ...]]:
    # Python's own numbers: csv writes their repr, the shortest text that reads back equal.
    return zip(*(column.tolist() for column in _columns(chunk)), strict=True)


def _schema() -> "pa.Schema":
    import pyarrow as pa

    kinds = {
        "tenant": pa.string(),
        "session": pa.string(),
        "symbol": pa.string(),
        "bid": pa.float64(),
        "ask": pa.float64(),
        "last": pa.float64(),
        "volume_real": pa.float64(),
        "volume": pa.uint64(),
        "flags": pa.uint32(),
    }
    return pa.schema([(name, kinds.get(name, pa.int64())) for name in COLUMNS])
