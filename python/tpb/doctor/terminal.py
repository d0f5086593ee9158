"""MetaTrader: where it is, what SelfTest found in it, what MetaEditor makes of the experts."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from tpb.doctor.finding import Finding, State
from tpb.native import wine
from tpb.terminal import metaeditor

REPORT = "Files/tpb-selftest.json"
LIBRARY = "Libraries/TradingProtobuf.dll"
_MOST_REMARKS = 40


def terminals(mql5: list[Path]) -> Finding:
    """Told, never asked for: a gateway's machine has no terminal."""
    detail = ", ".join(map(str, mql5)) or "none found; fine where no terminal should be"
    return Finding("MetaTrader 5", State.OK, detail, "deploying the DLL", required=False)


def self_tests(mql5: Iterable[Path]) -> Iterator[Finding]:
    """What SelfTest.mq5 last reported, of each terminal that has the DLL or a report."""
    for folder in mql5:
        report, library = folder / REPORT, folder / LIBRARY
        if report.is_file():
            yield _self_test(report, library)
        elif library.is_file():
            yield _finding(State.MISSING, f"never run in {folder.parent}")


def experts(editor: Path | None, sources: Path | None) -> Iterator[Finding]:
    """Each expert, compiled by `editor` or by the first MetaEditor found."""
    name, purpose = "MetaEditor", "compiling the experts"
    if sources is None:
        cure = "Type this in a checkout of the project."
        yield Finding(name, State.MISSING, "no MQL5 sources here", purpose, cure)
        return
    found = [editor] if editor else metaeditor.find()
    if not found or not found[0].is_file():
        detail = f"{found[0]} is not there" if found else "none beside a terminal of this machine"
        cure = "Install MetaTrader 5, or name its MetaEditor64.exe: tpb doctor --metaeditor PATH"
        yield Finding(name, State.MISSING, detail, purpose, cure)
        return
    loader = wine.find()
    if not wine.ON_WINDOWS and loader is None:
        yield Finding("Wine", State.MISSING, "not installed", purpose, wine.INSTALL)
        return
    yield Finding(name, State.OK, str(found[0]), purpose)
    for each in metaeditor.compile_experts(
        found[0], sources, loader=[str(loader)] if loader else []
    ):
        yield _compiled(each)


def _self_test(report: Path, library: Path) -> Finding:
    try:
        document = json.loads(report.read_text(encoding="utf-8-sig"))
        checks = [(str(each["name"]), each["passed"] is True) for each in document["checks"]]
        passed = document["passed"] is True
        terminal = f"{document['terminal']} build {document['terminal_build']}"
    except (OSError, ValueError, KeyError, TypeError) as problem:
        return _finding(State.WRONG, f"{report} cannot be read: {problem!r}")
    failed = [name for name, well in checks if not well]
    if failed or not passed or not checks:
        return _finding(State.WRONG, f"{terminal}: failed: {', '.join(failed) or 'no checks'}")
    if library.is_file() and library.stat().st_mtime > report.stat().st_mtime:
        return _finding(State.WRONG, f"{terminal}: the report is older than {library.name}")
    return _finding(State.OK, f"{terminal}: {len(checks)} checks passed")


def _finding(state: State, detail: str) -> Finding:
    cure = "" if state is State.OK else "Attach SelfTest to any chart of that terminal."
    return Finding("SelfTest", state, detail, "the DLL in MetaTrader", cure, required=False)


def _compiled(compilation: metaeditor.Compilation) -> Finding:
    warnings = sum(each.severity == "warning" for each in compilation.remarks)
    head = compilation.problem or f"compiled, {warnings} warning{'' if warnings == 1 else 's'}"
    shown = [str(each) for each in compilation.remarks[:_MOST_REMARKS]]
    if len(compilation.remarks) > _MOST_REMARKS:
        shown.append(f"... and {len(compilation.remarks) - _MOST_REMARKS} more")
    return Finding(
        compilation.expert,
        State.OK if compilation.ok else State.WRONG,
        "\n".join([head, *shown]),
        "running it in MetaTrader",
        "" if compilation.ok else "Mend the lines above, or report them with MetaEditor's version.",
    )
