"""What was measured, as a table with ratios."""

from rich.table import Table

from tpb.bench.measurement import Measurement
from tpb.bench.outage import Outage
from tpb.feed.paths import PathName

_ENCODERS = {
    "direct": "direct writer",
    "libprotobuf_reused": "libprotobuf, message reused",
    "libprotobuf_arena": "libprotobuf, on an arena",
    "libprotobuf_fresh": "libprotobuf, fresh message",
    "json_orjson": "JSON, Python with orjson",
    "json_nlohmann": "JSON, C++ with nlohmann",
}


def encoding_table(measured: Measurement) -> Table:
    table = Table(
        title=f"Encoding, {measured.encoded_ticks:,} ticks: {measured.recording.name}",
        title_justify="left",
    )
    table.add_column("")
    for heading in ("ns a tick", "ratio", "bytes a tick", "ratio"):
        table.add_column(heading, justify="right")
    times, sizes = measured.encode_ns_per_tick, measured.bytes_per_tick
    for name, shown in _ENCODERS.items():
        table.add_row(
            shown,
            f"{times[name]:,.1f}",
            f"{times[name] / times['direct']:.1f}",
            f"{sizes[name]:.1f}",
            f"{sizes[name] / sizes['direct']:.1f}",
        )
    return table


def calls_table(measured: Measurement) -> Table:
    sending = measured.sending
    table = Table(
        title=f"One SendTickBatch of {sending['ticks_per_call']} ticks, in ns"
        f" (the clock's own {sending['clock_ns']} included)",
        title_justify="left",
    )
    table.add_column("")
    for heading in ("p50", "p99", "p99.9", "longest", "calls"):
        table.add_column(heading, justify="right")
    kinds = {
        "back_to_back_ns": "call after call",
        "paced_ns": f"after pauses of {sending['pause_us']} µs",
    }
    for outbox, measurements in {"journal": sending, "memory": sending["memory_outbox"]}.items():
        for kind, shown in kinds.items():
            figures = measurements[kind]
            table.add_row(
                f"{outbox}, {shown}",
                *(f"{figures[name]:,}" for name in ("p50", "p99", "p99_9", "max", "calls")),
            )
    return table


def throughput_table(measured: Measurement) -> Table:
    table = Table(
        title=f"Replay of {measured.recording.ticks:,} ticks, all stored and acknowledged",
        title_justify="left",
    )
    table.add_column("")
    table.add_column("ticks a second", justify="right")
    for path in PathName:
        speed = measured.replay_ticks_per_s.get(path)
        table.add_row(path, "not measured" if speed is None else f"{speed:,}")
    return table


def outage_table(measured: Outage) -> Table:
    table = Table(
        title=f"An outage of {measured.ticks:,} ticks, all stored in the end", title_justify="left"
    )
    table.add_column("")
    table.add_column("", justify="right")
    table.add_row("journal", f"{measured.journal_bytes / 2**20:,.1f} MiB")
    table.add_row("taken, without a gateway", f"{measured.fill_ticks_per_s:,.0f} ticks/s")
    table.add_row("drained", f"{measured.drain_ticks_per_s:,.0f} ticks/s")
    table.add_row("that is, of the live rate", f"{measured.drain_times_live_rate:,.1f} times")
    table.add_row("a live call meanwhile, p50", f"{measured.live_call_p50_ns:,} ns")
    table.add_row("a live call meanwhile, p99", f"{measured.live_call_p99_ns:,} ns")
    return table
