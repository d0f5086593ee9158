"""The pinned third-party sources of sources.toml."""

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """An archive on the package index, and what of it is used."""

    name: str
    distribution: str
    version: str
    file: str
    sha256: str
    strip: str
    keep: tuple[str, ...]

    def kept_path(self, member: str) -> str | None:
        """Where a member of the archive belongs below the unpacked folder; None: nowhere."""
        if not member.startswith(self.strip):
            return None
        path = member.removeprefix(self.strip)
        return path if any(_matches(path, pattern) for pattern in self.keep) else None


def _matches(path: str, pattern: str) -> bool:
    if pattern.endswith("/"):
        return path.startswith(pattern)
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)


@cache
def load() -> dict[str, Source]:
    text = (Path(__file__).parent / "sources.toml").read_text(encoding="utf-8")
    return {
        name: Source(name=name, **(table | {"keep": tuple(table["keep"])}))
        for name, table in tomllib.loads(text).items()
    }
