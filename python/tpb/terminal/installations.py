"""Finds the folders where MetaTrader 5 keeps its MQL5 programs, and those it is installed in.

The terminal's data folder has an id that is not to be computed; so they are looked for where the
terminal is known to put them: on Windows, in Wine prefixes, in the macOS application.
"""

import codecs
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

_IN_DRIVE = (
    "Program Files/MetaTrader 5*/MQL5",
    "users/*/AppData/Roaming/MetaQuotes/Terminal/*/MQL5",
)
_IN_APPDATA = "MetaQuotes/Terminal/*/MQL5"
_MAC_APP = "Library/Application Support/net.metaquotes.wine.metatrader5"


def mql5_folders(
    home: Path | None = None,
    env: Mapping[str, str] | None = None,
    platform: str = sys.platform,
) -> list[Path]:
    """Every MQL5 folder found, sorted; those of portable installations only in usual places."""
    home = home or Path.home()
    env = os.environ if env is None else env
    found: set[Path] = set()
    if platform == "win32":
        if appdata := env.get("APPDATA"):
            found.update(Path(appdata).glob(_IN_APPDATA))
        if programs := env.get("PROGRAMFILES"):
            found.update(Path(programs).glob("MetaTrader 5*/MQL5"))
    else:
        for prefix in _prefixes(home, env):
            for pattern in _IN_DRIVE:
                found.update((prefix / "drive_c").glob(pattern))
    return sorted(folder for folder in found if folder.is_dir())


def program_folders(mql5: Iterable[Path]) -> list[Path]:
    """Where the terminals of these MQL5 folders are installed, sorted.

    A data folder names its terminal's in origin.txt; a portable terminal's MQL5 stands beside it.
    """
    found = set()
    for folder in mql5:
        origin = folder.parent / "origin.txt"
        found.add(_as_seen_here(text_of(origin), folder) if origin.is_file() else folder.parent)
    return sorted(folder for folder in found if folder.is_dir())


def wine_prefix(path: Path) -> Path | None:
    """The Wine prefix that holds a file, or None where it is in none."""
    for folder in path.parents:
        if folder.name == "drive_c":
            return folder.parent
    return None


def text_of(file: Path) -> str:
    """A text as the terminal writes it: UTF-16, mostly with a byte order mark, or UTF-8."""
    written = file.read_bytes()
    if written.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return written.decode("utf-16", "replace")
    if b"\0" in written[:64]:
        return written.decode("utf-16-le", "replace")
    return written.decode("utf-8-sig", "replace")


def _as_seen_here(windows_path: str, beside: Path) -> Path:
    """A path of drive C: of the prefix that `beside` is in; on Windows the path itself."""
    prefix = wine_prefix(beside)
    drive, _, rest = windows_path.strip().partition(":")
    if prefix is None or drive.lower() != "c":
        return Path(windows_path.strip())
    return prefix.joinpath("drive_c", *filter(None, re.split(r"[\\/]", rest)))


def _prefixes(home: Path, env: Mapping[str, str]) -> list[Path]:
    chosen = [Path(env["WINEPREFIX"])] if env.get("WINEPREFIX") else []
    return [*chosen, home / ".mt5", home / ".wine", home / _MAC_APP]
