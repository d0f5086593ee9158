"""How /api/v1/quality asks and answers.

Asked: `since_ms` (Unix; 24 hours ago where it is left out) and `symbol`. Answered, a period a row:
JSON, or length-prefixed DataQualityMetrics.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf import proto

from tpb.gateway.quality import PERIOD_MS, FigureKey, Figures, metrics
from tpb.gateway.upgrade import MAX_SEQUENCE, Refused

PROTOBUF = "application/x-protobuf"
_DAY_MS = 24 * PERIOD_MS


@dataclass(frozen=True, slots=True)
class Query:
    since_ms: int
    symbol: str | None

    def of(self, found: Mapping[FigureKey, Figures]) -> dict[FigureKey, Figures]:
        return {key: found[key] for key in found if self.symbol in (None, key.symbol)}


def read_query(query: Mapping[str, str], now_ms: int) -> Query:
    """Raises Refused."""
    since = query.get("since_ms", str(max(0, now_ms - _DAY_MS)))
    if not (since.isascii() and since.isdigit() and len(since) < len(str(MAX_SEQUENCE))):
        raise Refused(400, "since_ms must be a Unix time in milliseconds")
    return Query(int(since), query.get("symbol"))


def row(key: FigureKey, figures: Figures) -> dict[str, object]:
    return {
        "symbol": key.symbol,
        "period_start_ms": key.period_ms,
        "period_end_ms": key.period_ms + PERIOD_MS,
        **numbers(figures),
    }


def numbers(figures: Figures) -> dict[str, object]:
    return {
        "total_ticks": figures.total,
        "missing_ticks": max(0, figures.missing),
        "duplicate_ticks": figures.duplicates,
        "out_of_sequence_ticks": figures.out_of_sequence,
        "data_completeness": round(figures.completeness, 6),
        "average_latency_ms": round(figures.latency_average_ms, 3),
        "max_latency_ms": figures.latency_max_ms,
    }


def document(tenant: str, found: Mapping[FigureKey, Figures]) -> dict[str, object]:
    return {"tenant": tenant, "periods": [row(key, figures) for key, figures in found.items()]}


def delimited(found: Mapping[FigureKey, Figures]) -> bytes:
    """Each message after its length as a varint, as protobuf's parseDelimited reads them."""
    output = io.BytesIO()
    for key, figures in found.items():
        proto.serialize_length_prefixed(metrics(key, figures), output)
    return output.getvalue()
