"""Finds the folders where MetaTrader 5 keeps its MQL5 programs.

The terminal's data folder has an id that is not to be computed; so they are looked for where the
terminal is known to put them: on Windows, in Wine prefixes, in the macOS application.
"""

import os
import sys
from collections.abc import Mapping
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


def _prefixes(home: Path, env: Mapping[str, str]) -> list[Path]:
    chosen = [Path(env["WINEPREFIX"])] if env.get("WINEPREFIX") else []
    return [*chosen, home / ".mt5", home / ".wine", home / _MAC_APP]
