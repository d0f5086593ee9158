"""Stands in for MetaEditor64.exe: same switches, same log, same lying exit code.

A program of its own, started as `python metaeditor_double.py /compile:FILE /include:DIR /log:FILE`
with the Windows paths that MetaEditor would get. It follows includes, and reports what comments of
the form `//! error 256: text` ask it to. METAEDITOR_DOUBLE chooses a failing: no-log, no-result,
no-ex5.
"""

import os
import re
import sys
from pathlib import Path

failing = os.environ.get("METAEDITOR_DOUBLE", "")
lines: list[str] = []
count = {"error": 0, "warning": 0}


def here(windows_path: str) -> Path:
    drive, _, rest = windows_path.partition(":\\")
    root = Path(os.environ["WINEPREFIX"], "drive_c") if drive == "C" else Path("/")
    return root.joinpath(*rest.split("\\"))


def read(windows_path: str, include: str) -> None:
    text = here(windows_path).read_text(encoding="ascii")
    for number, line in enumerate(text.splitlines(), 1):
        if asked := re.search(r"//! (error|warning) (\d+: .*)", line):
            count[asked[1]] += 1
            lines.append(f"{windows_path}({number},{asked.start() + 1}) : {asked[1]} {asked[2]}")
        if found := re.match(r"#include ([<\"])(.+)[>\"]", line):
            folder = f"{include}\\Include" if found[1] == "<" else windows_path.rpartition("\\")[0]
            included = f"{folder}\\{found[2]}"
            if here(included).is_file():
                lines.append(f"{windows_path} : information: including {included}")
                read(included, include)
            else:
                count["error"] += 1
                lines.append(
                    f"{windows_path}({number},1) : error 106: can't open file '{included}'"
                )


switches = dict(each[1:].split(":", 1) for each in sys.argv[1:])
source = switches["compile"]
lines.append(f"{source} : information: compiling {source}")
read(source, switches["include"])
if not count["error"]:
    lines += [" : information: generating code 100%", " : information: code generated"]
    if failing != "no-ex5":
        here(source).with_suffix(".ex5").write_bytes(b"EX5")
if failing != "no-result":
    lines.append(
        f"Result: {count['error']} errors, {count['warning']} warnings"
        + ("" if count["error"] else ", 312 msec elapsed, cpu='X64 Regular'")
    )
if failing != "no-log":
    log = "".join(f"{line}\r\n" for line in lines)
    here(switches["log"]).write_bytes(b"\xff\xfe" + log.encode("utf-16-le"))
sys.exit(0 if count["error"] else 1)
