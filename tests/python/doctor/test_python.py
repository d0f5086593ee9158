"""Python and packages, as the doctor sees them."""

from importlib import metadata
from pathlib import Path

import pytest

from tpb.doctor.finding import State
from tpb.doctor.python import Requirement, interpreter, packages


def test_an_old_python_is_wrong() -> None:
    (old,) = interpreter((3, 10, 9))
    (new,) = interpreter((3, 11, 0))
    assert (old.state, new.state) == (State.WRONG, State.OK)
    assert "3.11" in old.cure


@pytest.mark.parametrize(
    "text, name, good, bad",
    [
        ("numpy>=2.0,<3", "numpy", ["2.0", "2.4.6"], ["1.26.4", "3.0"]),
        ("protobuf>=7.35.1,<8", "protobuf", ["7.35.1", "7.36"], ["7.35.0", "8.0"]),
        ("PyJWT[crypto]>=2.10,<3", "PyJWT", ["2.10", "2.15.1"], ["2.9.9"]),
        ("ruff==0.17.6", "ruff", ["0.17.6"], ["0.17.5"]),
        ("crc32c", "crc32c", ["0.1", "2.9.post0"], []),
        ('MetaTrader5>=5.0.45; sys_platform == "win32"', "MetaTrader5", ["5.0.45"], ["5.0.44"]),
    ],
)
def test_requirements(text: str, name: str, good: list[str], bad: list[str]) -> None:
    requirement = Requirement.parse(text)
    assert requirement.name == name
    for version in good:
        assert requirement.allows(version), version
    for version in bad:
        assert not requirement.allows(version), version


def test_each_package_of_the_project_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text(
        '[project]\ndependencies = ["there>=2", "old>=2", "gone>=1,<2"]\n'
        '[project.optional-dependencies]\nparquet = ["gone-too>=1"]\n',
        encoding="utf-8",
    )

    def version(name: str) -> str:
        if name.startswith("gone"):
            raise metadata.PackageNotFoundError(name)
        return {"there": "2.1", "old": "1.9"}[name]

    monkeypatch.setattr(metadata, "version", version)
    there, old, gone, gone_too = packages(project)
    assert [each.state for each in (there, old, gone, gone_too)] == [
        State.OK,
        State.WRONG,
        State.MISSING,
        State.MISSING,
    ]
    assert there.cure == ""
    assert "pip install" in old.cure
    assert "pip install" in gone.cure
    assert (gone.required, gone_too.required) == (True, False)


def test_the_projects_own_requirements_can_be_read(repository: Path) -> None:
    names = [each.name for each in packages(repository / "pyproject.toml")]
    assert "package numpy" in names
    assert "package pyarrow" in names
