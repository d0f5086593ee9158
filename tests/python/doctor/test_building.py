"""What is built and what building takes, as the doctor sees it."""

import os
import sys
from pathlib import Path

import pytest

from tpb.doctor import building
from tpb.doctor.finding import State
from tpb.native import toolchain, wine


@pytest.fixture
def schemas(tmp_path: Path) -> tuple[Path, Path]:
    proto, generated = tmp_path / "proto", tmp_path / "wire"
    for folder, name in ((proto, "tick.proto"), (generated, "tick_pb2.py")):
        (folder / "trading").mkdir(parents=True)
        (folder / "trading" / name).touch()
    return proto, generated


def test_generated_schemas_are_there_stale_or_missing(schemas: tuple[Path, Path]) -> None:
    proto, generated = schemas
    code = generated / "trading" / "tick_pb2.py"
    os.utime(proto / "trading" / "tick.proto", (1000, 1000))
    states = []
    for age in (2000, 500):
        os.utime(code, (age, age))
        states += [each.state for each in building.schemas(proto, generated)]
    code.unlink()
    (last,) = building.schemas(proto, generated)
    assert [*states, last.state] == [State.OK, State.WRONG, State.MISSING]
    assert last.cure == "tpb generate"
    assert "trading/tick.proto" in last.detail.replace(os.sep, "/")


def test_a_native_module_that_cannot_be_imported_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "_probe", lambda code: "ImportError: undefined symbol")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    found = building.native_module()
    assert found.state is State.WRONG
    assert "undefined symbol" in found.detail


def test_a_native_module_that_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found = building.native_module()
    assert (found.state, found.cure) == (State.MISSING, "tpb build --target native")


def test_a_probe_tells_the_last_complaint_and_survives_a_crash() -> None:
    assert building._probe("pass") == ""
    assert building._probe("raise ValueError('odd')") == "ValueError: odd"
    assert "exit code" in building._probe("import os; os._exit(9)")


def test_missing_tools_are_named_with_their_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "find_program", lambda program: None)
    findings = {each.name: each for each in building.tools(required=True)}
    assert {each.state for each in findings.values()} == {State.MISSING}
    assert findings["cmake"].cure == "pip install cmake ninja"
    assert all(each.cure for each in findings.values())
    assert findings["compiler"].required
    assert not findings["compiler for Windows"].required


@pytest.mark.skipif(sys.platform != "linux", reason="builds a library with the system's compiler")
@pytest.mark.parametrize("spoken, state", [(7, State.OK), (6, State.WRONG)])
def test_the_librarys_abi_is_compared_with_the_header(
    tmp_path: Path, spoken: int, state: State
) -> None:
    import subprocess

    source, library, header = (tmp_path / name for name in ("x.c", "x.so", "x.h"))
    source.write_text(f"int TpbAbiVersion(void) {{ return {spoken}; }}", encoding="ascii")
    header.write_text("#define TPB_ABI_VERSION 7\n", encoding="ascii")
    compiler = toolchain.find("native").c_compiler
    subprocess.run([compiler, "-shared", "-fPIC", source, "-o", library], check=True, timeout=60)
    (found,) = building.abi_version(library, header)
    assert found.state is state
    assert list(building.abi_version(tmp_path / "none.so", header)) == []


def test_the_dll_is_there_or_to_be_built(tmp_path: Path) -> None:
    (tmp_path / "TradingProtobuf.dll").write_bytes(b"MZ")
    there, missing = building.dll(tmp_path)
    assert (there.state, missing.state) == (State.OK, State.MISSING)
    assert missing.cure == "tpb build --target windows-x64"


def test_a_missing_wine_is_no_fault_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wine, "find", lambda: None)
    monkeypatch.setattr(wine, "ON_WINDOWS", False)
    (found,) = building.windows_programs()
    assert (found.state, found.required, found.cure) == (State.MISSING, False, wine.INSTALL)
