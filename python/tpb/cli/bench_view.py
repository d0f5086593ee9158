"""What was measured, as a table with ratios."""

from rich.table import Table

from tpb.bench.fanout.direct import Direct
from tpb.bench.fanout.measurement import Fanout, SlowReader
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


def fanout_table(measured: Fanout) -> Table:
    load, found = measured.load, measured.delivery
    table = _figures(f"Fan-out, {found.seconds:.0f} s")
    table.add_row("subscribers", f"{load.clients:,}")
    table.add_row("symbols, each ticks a second", f"{load.symbols} x {load.ticks_per_s:g}")
    table.add_row("messages", f"{found.messages:,}")
    table.add_row("messages a second", f"{found.messages_per_s:,.0f}")
    table.add_row("tick to client, p50", f"{found.p50_ms:,.1f} ms")
    table.add_row("tick to client, p99", f"{found.p99_ms:,.1f} ms")
    table.add_row("tick to client, longest", f"{found.max_ms:,.1f} ms")
    table.add_row("of it in the load, p99 up to", f"{found.load_turn_p99_ms:,.1f} ms")
    table.add_row("connections cut", f"{found.cut:,}")
    table.add_row("messages conflated", f"{found.conflated:,}")
    table.add_row("gateway's memory a client", _size(measured.rss_bytes_per_client))
    table.add_row("gateway, processors", _processors(found.gateway_cpu))
    table.add_row("load, processors", _processors(found.load_cpu))
    return table


def slow_reader_table(slow: SlowReader) -> Table:
    table = _figures(f"One more reads nothing for {slow.seconds:.0f} s")
    table.add_row("the others' p99 before", f"{slow.others_p99_ms_before:,.1f} ms")
    table.add_row("the others' p99 meanwhile", f"{slow.others_p99_ms:,.1f} ms")
    table.add_row("others cut, conflated", f"{slow.others_cut:,}, {slow.others_conflated:,}")
    table.add_row("it got in the end", f"{slow.messages:,} messages, {slow.conflated:,} left out")
    table.add_row("the newest of all symbols", "yes" if slow.caught_up else "no")
    table.add_row("it was cut", slow.cut or "no")
    return table


def direct_table(measured: Fanout, direct: Direct) -> Table:
    found = measured.delivery
    table = Table(title="The same symbols for the same clients, two ways", title_justify="left")
    table.add_column("")
    table.add_column("one stream, fanned out", justify="right")
    table.add_column(f"{direct.connections:,} direct streams", justify="right")
    rows = {
        "streams up": ("1", f"{direct.connections:,}"),
        "ticks offered a second": (
            f"{measured.stored_ticks_per_s:,.0f}",
            f"{direct.offered_ticks_per_s:,.0f}",
        ),
        "ticks stored a second": (
            f"{measured.stored_ticks_per_s:,.0f}",
            f"{direct.stored_ticks_per_s:,.0f}",
        ),
        "kept up": (
            "yes",
            "yes" if direct.sustained else f"no: as much as {direct.carried:,} streams bring",
        ),
        "tick to client; batch to acknowledgement, p99": (
            f"{found.p99_ms:,.1f} ms",
            f"{direct.p99_ms:,.1f} ms",
        ),
        "connections cut": (f"{found.cut:,}", f"{direct.cut:,}"),
        "gateway, processors": (
            _processors(found.gateway_cpu),
            _processors(direct.gateway_cpu),
        ),
        "gateway's memory a client": (
            _size(measured.rss_bytes_per_client),
            _size(direct.rss_bytes_per_client),
        ),
        "load, processors": (_processors(found.load_cpu), _processors(direct.load_cpu)),
    }
    for name, values in rows.items():
        table.add_row(name, *values)
    return table


def _figures(title: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column("")
    table.add_column("", justify="right")
    return table


def _processors(used: float | None) -> str:
    return "not measured" if used is None else f"{used:.2f}"


def _size(count: int | None) -> str:
    return "not measured" if count is None else f"{count / 1024:,.1f} KiB"
