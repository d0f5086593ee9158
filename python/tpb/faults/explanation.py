"""Which missing ticks were destroyed and said to be so: by the client, and in a gateway's store.

A tick counts as explained only where exactly its batch was reported.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tpb.faults.comparison import Comparison, Place
from tpb.faults.event_log import EventLog
from tpb.gateway.reading import read_ticks, reading

Span = tuple[int, int]  # batches, first to last


def explained(
    missing: set[Place],
    comparison: Comparison,
    stores: Sequence[Path],
    stores_before: Iterable[Path],
    events: EventLog,
    *,
    may_drop: bool,
) -> set[Place]:
    """`stores_before`: stores as they were before an older copy took their place.

    `may_drop`: the client gives up its oldest batches where the outbox is full. It tells so with
    the next connection, in whichever life.
    """
    found: set[Place] = set()
    if missing and (may_drop or events.count("damaged")):
        spans = _reported(stores, "given_up")
        found |= {place for place in missing if _lies_in(place, comparison, spans)}
    if missing and events.count("gateway_lost"):
        spans = _reported(stores, "store_restored")
        for store in stores_before:
            found |= missing & _held(store, spans)
    return found


def _reported(stores: Iterable[Path], reason: str) -> list[Span]:
    spans = []
    for store in stores:
        with reading(store) as database:
            rows = database.execute(
                "SELECT expected, received FROM gaps WHERE reason = ?", (reason,)
            )
            spans += [(first, beyond - 1) for first, beyond in rows]
    return spans


def _lies_in(place: Place, comparison: Comparison, spans: Iterable[Span]) -> bool:
    """Whether one of the spans lies where the tick's batch was: between its neighbours' batches."""
    below, above = comparison.neighbours(place)
    return any(first <= above and last >= below for first, last in spans)


def _held(store: Path, spans: Sequence[Span]) -> set[Place]:
    """The ticks that a store has in these batches."""
    return {
        Place(symbol, number)
        for chunk in read_ticks(store)
        for symbol, number, batch in zip(
            chunk.symbol.tolist(),
            chunk.sequence_number.tolist(),
            chunk.batch_sequence.tolist(),
            strict=True,
        )
        if any(first <= batch <= last for first, last in spans)
    }
