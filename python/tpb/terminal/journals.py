"""The journals of this machine, and what their sessions say of themselves.

A session that keeps a journal writes its status into the journal's folder once a second
(`status.json`); it stays there when the session has ended.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STATUS_FILE = "status.json"
# A session that lives writes anew every second.
_FRESH_S = 5.0


@dataclass(frozen=True, slots=True)
class JournalStatus:
    folder: Path
    age_s: float  # since the status was written
    status: dict[str, Any]  # as TpbStatusJson

    @property
    def lives(self) -> bool:
        """Whether a session writes it now."""
        return self.age_s < _FRESH_S


def state_folder(
    home: Path | None = None,
    env: Mapping[str, str] | None = None,
    platform: str = sys.platform,
) -> Path | None:
    """Where the library keeps the journals of journal=auto; None where the system names no place.

    The same rule as in the library (trading_protobuf.h, TpbOpen).
    """
    env = os.environ if env is None else env
    if own := env.get("TPB_STATE_DIR"):
        return Path(own)
    if platform == "win32":
        return Path(env["LOCALAPPDATA"]) / "tpb" if env.get("LOCALAPPDATA") else None
    if (state := env.get("XDG_STATE_HOME", "")).startswith("/"):
        return Path(state) / "tpb"
    return (home or Path.home()) / ".local" / "state" / "tpb"


def journals(state: Path) -> list[Path]:
    """The folders of journals there, by name."""
    return sorted(path for path in (state / "journal").glob("*") if path.is_dir())


def read_status(folder: Path, now: float) -> JournalStatus | None:
    """What a journal's session said last; None where it said nothing that can be read.

    now: Unix time in seconds.
    """
    file = folder / STATUS_FILE
    try:
        status = json.loads(file.read_text(encoding="utf-8"))
        age_s = max(0.0, now - file.stat().st_mtime)
    except (OSError, ValueError):
        return None
    return JournalStatus(folder, age_s, status) if isinstance(status, dict) else None
