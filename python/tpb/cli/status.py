"""`tpb status`: how the sessions of this machine that keep a journal are."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from tpb.cli import console, errors
from tpb.terminal.journals import JournalStatus, journals, read_status, state_folder


def status(
    journal: Annotated[
        list[Path] | None,
        typer.Option(
            "--journal", metavar="DIR", help="The folder of a journal; again for more of them."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the states as JSON to stdout.")
    ] = False,
) -> None:
    """Tell how the sessions of this machine are: state, backlog, rate, what they complain of.

    Shows every session that keeps a journal, a terminal's as well, also one that has ended: what
    it left unsent waits in its journal. Without --journal: those of journal=auto.

    Exit code 0: shown; 3: there is none; 1: a session has halted.

    \b
    For a person:   tpb status
    For a program:  tpb status --json | jq '.sessions[].oldest_unacknowledged_ms'
    """
    folders = journal or _automatic()
    now = time.time()
    known = [said for folder in folders if (said := read_status(folder, now)) is not None]
    if as_json:
        console.json_document({"sessions": [_document(each) for each in known]})
    if not known:
        console.note("No session keeps a journal here.")
        raise typer.Exit(errors.NOTHING_TO_DO)
    console.show(_table(known))
    if any(each.lives and each.status.get("state_name") == "halted" for each in known):
        raise typer.Exit(errors.FAILED)


def _automatic() -> list[Path]:
    state = state_folder()
    return [] if state is None else journals(state)


def _document(each: JournalStatus) -> dict[str, Any]:
    return {
        "journal": str(each.folder),
        "lives": each.lives,
        "status_age_s": round(each.age_s, 3),
        **{key: value for key, value in each.status.items() if key != "journal"},
    }


def _table(known: list[JournalStatus]) -> Table:
    table = Table(box=None, padding=(0, 1))
    for title in ("session", "state", "endpoint"):
        table.add_column(title, overflow="fold")
    for title in ("ticks/s", "accepted", "acknowledged", "unsent", "oldest", "round trip"):
        table.add_column(title, justify="right")
    for each in known:
        table.add_row(*_row(each))
        if problem := each.status.get("problem_text"):
            table.add_row("", Text(str(problem), "yellow"))
    return table


def _row(each: JournalStatus) -> tuple[str | Text, ...]:
    status = each.status
    return (
        each.folder.name,
        _state(each),
        str(status.get("endpoint_url", "")),
        f"{status.get('ticks_per_s', 0):.1f}",
        f"{status.get('ticks_accepted', 0):,}",
        f"{status.get('ticks_acknowledged', 0):,}",
        f"{status.get('outbox_bytes', 0) / 1024:,.1f} KiB",
        f"{status.get('oldest_unacknowledged_ms', 0) / 1000:.1f} s",
        f"{status.get('round_trip_us', 0) / 1000:.2f} ms",
    )


def _state(each: JournalStatus) -> Text:
    if not each.lives:
        return Text(f"ended {each.age_s:.0f} s ago", "dim")
    name = str(each.status.get("state_name", "unknown"))
    return Text(name, {"connected": "green", "halted": "bold red"}.get(name, "yellow"))
