"""Python and its packages."""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from tpb.doctor.finding import Finding, State

DISTRIBUTION = "trading-protobuf"
MINIMUM = (3, 11)

# Of the optional dependencies, those that a user may want, and for what.
_EXTRAS = {"parquet": "tpb export to Parquet", "bench": "tpb bench's comparison with JSON"}


class Requirement(NamedTuple):
    """As far as a doctor needs to understand it: a name and its bounds."""

    name: str
    at_least: str
    below: str

    @classmethod
    def parse(cls, text: str) -> "Requirement":
        head = text.partition(";")[0]
        found = re.match(r"\s*([\w.-]+)", head)
        if found is None:
            raise ValueError(f"no requirement: {text!r}")
        bounds = dict(re.findall(r"(>=|<|==)\s*([\w.]+)", head))
        return cls(found[1], bounds.get(">=") or bounds.get("==") or "", bounds.get("<") or "")

    def allows(self, version: str) -> bool:
        numbers = _numbers(version)
        return numbers >= _numbers(self.at_least) and (
            not self.below or numbers < _numbers(self.below)
        )


def interpreter(version: tuple[int, ...] = sys.version_info[:3]) -> Iterable[Finding]:
    good = version[:2] >= MINIMUM
    yield Finding(
        "Python",
        State.OK if good else State.WRONG,
        ".".join(map(str, version)),
        "everything",
        "" if good else f"Install Python {MINIMUM[0]}.{MINIMUM[1]} or newer.",
    )


def packages(project_file: Path | None) -> Iterator[Finding]:
    """The packages this one names; from the source tree, or from what is installed."""
    required, extras = _requirements(project_file)
    for requirement in required:
        yield _package(requirement, "everything", required=True)
    for extra, purpose in _EXTRAS.items():
        for requirement in extras.get(extra, []):
            yield _package(requirement, purpose, required=False)


def _package(requirement: Requirement, purpose: str, *, required: bool) -> Finding:
    name = f"package {requirement.name}"
    cure = f"pip install --upgrade {requirement.name}"
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return Finding(name, State.MISSING, "not installed", purpose, cure, required)
    if not requirement.allows(version):
        bounds = f"at least {requirement.at_least}"
        if requirement.below:
            bounds += f", below {requirement.below}"
            cure = f"pip install '{requirement.name}>={requirement.at_least},<{requirement.below}'"
        return Finding(name, State.WRONG, f"{version}, not {bounds}", purpose, cure, required)
    return Finding(name, State.OK, version, purpose, required=required)


def _requirements(
    project_file: Path | None,
) -> tuple[list[Requirement], dict[str, list[Requirement]]]:
    if project_file:
        project = tomllib.loads(project_file.read_text(encoding="utf-8"))["project"]
        extras = project.get("optional-dependencies", {})
        return _parsed(project["dependencies"]), {name: _parsed(extras[name]) for name in extras}
    lines = metadata.requires(DISTRIBUTION) or []
    optional = re.compile(r"extra\s*==\s*['\"]([\w-]+)['\"]")
    by_extra: dict[str, list[Requirement]] = {}
    required = []
    for line in lines:
        if found := optional.search(line):
            by_extra.setdefault(found[1], []).append(Requirement.parse(line))
        else:
            required.append(Requirement.parse(line))
    return required, by_extra


def _parsed(lines: list[str]) -> list[Requirement]:
    return [Requirement.parse(line) for line in lines]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:3])
