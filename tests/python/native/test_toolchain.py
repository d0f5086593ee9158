"""A missing tool is named together with what brings it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tpb.native import toolchain
from tpb.native.errors import NativeError, ToolMissing


@pytest.fixture
def bare_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for name in ("CC", "CXX"):
        monkeypatch.delenv(name, raising=False)
    return folder


def program(folder: Path, name: str, says: str = "") -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="there the DLL is the native target")
@pytest.mark.usefixtures("bare_path")
@pytest.mark.parametrize(
    "target,package",
    [
        ("native", "gcc"),
        ("windows-x64", "g++-mingw-w64-x86-64-posix"),
        ("tsan", "gcc"),
        ("fuzz", "clang-19 libclang-rt-19-dev"),
    ],
)
def test_a_missing_compiler_is_named_with_its_package(target: str, package: str) -> None:
    with pytest.raises(ToolMissing) as caught:
        toolchain.find(target)
    assert f"apt-get install --no-install-recommends {package}" in caught.value.next_step


@pytest.mark.skipif(sys.platform == "win32", reason="there the DLL is the native target")
def test_windows_needs_an_assembler_too(bare_path: Path) -> None:
    for name in ("gcc-posix", "g++-posix"):
        program(bare_path, f"{toolchain.MINGW}{name}")
    with pytest.raises(ToolMissing, match="nasm is missing"):
        toolchain.find("windows-x64")


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(NativeError, match="no target windows-arm"):
        toolchain.find("windows-arm")


@pytest.mark.skipif(sys.platform == "win32", reason="writes shell scripts")
def test_another_compiler_has_another_identity(
    bare_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(bare_path, "gcc")
    program(bare_path, "g++", "g++ 12.2.0")
    first = toolchain.find("native").identity
    other = tmp_path / "other"
    other.mkdir()
    program(other, "gcc")
    program(other, "g++", "g++ 14.1.0")
    monkeypatch.setenv("PATH", f"{other}:{bare_path}")
    assert "12.2.0" in first
    assert "14.1.0" in toolchain.find("native").identity


def test_flags_of_the_environment_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXXFLAGS", "-O0")
    monkeypatch.setenv("CXX", "another")
    assert not {"CXXFLAGS", "CXX"} & toolchain.build_environment().keys()


@pytest.mark.skipif(sys.platform == "win32", reason="there the DLL is the native target")
def test_the_command_ends_with_4_and_the_cure(bare_path: Path, repository: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tpb", "build", "--target", "windows-x64"],
        cwd=repository,
        env=os.environ | {"PATH": str(bare_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 4
    assert "apt-get install --no-install-recommends g++-mingw-w64-x86-64-posix" in ran.stderr
    assert "Traceback" not in ran.stderr
