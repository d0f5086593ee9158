"""`tpb doctor`: what is there, what is missing, what mends it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from tpb.cli import console, errors
from tpb.doctor.examination import compile_experts, examine
from tpb.doctor.finding import Finding, State


def doctor(
    editor: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]",
            show_default=False,
            help="MetaEditor64.exe, for --metaeditor; else the first one found.",
        ),
    ] = None,
    metaeditor: Annotated[
        bool,
        typer.Option(
            "--metaeditor", help="Also compile the experts with MetaEditor, on Windows or in Wine."
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the findings as JSON to stdout.")
    ] = False,
) -> None:
    """Tell what is installed, what is missing and how to mend it.

    Every line that is not well names the command that mends it. What is marked - is needed for
    one purpose alone. Exit code 0: all that is required is there; 4: something has to be installed
    or built; 1: something is there and not as it should be.

    \b
    For a person:   tpb doctor
    For a program:  tpb doctor --json
    MQL5 as well:   tpb doctor --metaeditor
    """
    if editor and not metaeditor:
        raise typer.BadParameter("is for --metaeditor alone", param_hint="PATH")
    findings = list(examine())
    if metaeditor:
        findings += compile_experts(editor)
    console.show(_table(findings))
    code = exit_code(findings)
    if as_json:
        console.json_document({"ok": code == 0, "checks": [_document(each) for each in findings]})
    console.note(_last_line(findings, code))
    raise typer.Exit(code)


def exit_code(findings: Sequence[Finding]) -> int:
    faults = {each.state for each in findings if each.required and not each.ok}
    if State.MISSING in faults:
        return errors.TOOL_MISSING
    return errors.FAILED if faults else 0


def _table(findings: Sequence[Finding]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for each in findings:
        table.add_row(_mark(each), each.name, Text(each.detail))
        if not each.ok:
            table.add_row("", "", Text(f"needed for: {each.needed_for}", "dim"))
            table.add_row("", "", Text(f"mend it:    {each.cure}", "bold"))
    return table


def _mark(finding: Finding) -> Text:
    if finding.ok:
        return Text("✓", "green")
    return Text("✗", "bold red") if finding.required else Text("-", "yellow")


def _last_line(findings: Sequence[Finding], code: int) -> str:
    if code == 0:
        optional = sum(not each.ok for each in findings)
        return "All that is required is there." + (
            f" {optional} optional things are not." if optional else ""
        )
    count = sum(each.required and not each.ok for each in findings)
    return f"To be mended, of what is required: {count}. See the lines marked ✗."


def _document(finding: Finding) -> dict[str, object]:
    return {
        "name": finding.name,
        "state": finding.state.value,
        "detail": finding.detail,
        "required": finding.required,
        "needed_for": finding.needed_for,
        "cure": finding.cure,
    }
