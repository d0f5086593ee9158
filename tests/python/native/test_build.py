"""One build, the same bytes: wherever the tree stands, whoever builds."""

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tpb.native import build, cmake, deps, toolchain
from tpb.native.errors import NativeError, ToolMissing
from tpb.native.progress import quiet

SOURCES = ("CMakeLists.txt", "LICENSE", "README.md", "cpp", "proto", "pyproject.toml", "tests/cpp")
GENERATED = shutil.ignore_patterns("__pycache__", "*_pb2.py*", "_core*.so", "_core*.pyd")


def copy_tree(repository: Path, to: Path) -> Path:
    to.mkdir()
    for name in SOURCES:
        if (repository / name).is_dir():
            shutil.copytree(repository / name, to / name)
        else:
            shutil.copy(repository / name, to / name)
    shutil.copytree(repository / "python", to / "python", ignore=GENERATED)
    return to


def require(target: str) -> None:
    try:
        toolchain.find(target)
    except ToolMissing as problem:
        pytest.skip(problem.what)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("target", ["native", "windows-x64"])
def test_the_same_sources_give_the_same_bytes(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    require(target)
    there = build.build(target)
    monkeypatch.setenv("CCACHE_DISABLE", "1")  # or the second would be a copy of the first
    tree = copy_tree(repository, tmp_path / "somewhere else")
    again = build.build(target, source=tree, folder=tmp_path / "deep/er/build")
    assert [each.path.name for each in again] == [each.path.name for each in there]
    assert [each.sha256 for each in again] == [each.sha256 for each in there]
    assert all(tmp_path in each.path.parents for each in again)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_wheel_is_complete(repository: Path, tmp_path: Path) -> None:
    tree = copy_tree(repository, tmp_path / "tree")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    wheel = [*pip, "wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(tree)]
    made = subprocess.run(wheel, capture_output=True, text=True, timeout=1700, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    [path] = tmp_path.glob("trading_protobuf-*.whl")
    names = set(zipfile.ZipFile(path).namelist())
    assert {
        f"tpb/{build.module(Path()).name}",
        "tpb/_core.pyi",
        "tpb/py.typed",
        "tpb/native/sources.toml",
        "tpb/wire/__init__.py",
        "tpb/wire/trading/market_data_pb2.py",
        "tpb/wire/trading/market_data_pb2.pyi",
    } <= names
    assert not [name for name in names if name.startswith(("cpp/", "proto/", "tests/"))]

    installed = tmp_path / "installed"
    install = [*pip, "install", "--no-deps", "--no-index", "--target", str(installed), str(path)]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    program = (
        "import tpb._core, tpb.wire.trading.market_data_pb2 as m\n"
        "print(tpb._core.__file__, m.__file__)"
    )
    # -S: without the links of editable installs, which would come first.
    search = [str(installed), sysconfig.get_path("purelib")]
    ran = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {search!r}\n{program}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count(str(installed)) == 2


@pytest.mark.timeout(1800)
def test_third_party_libraries_are_made_once() -> None:
    folder = deps.prefix("native")
    told: list[str] = []
    assert deps.prefix("native", progress=lambda step, fraction: told.append(step)) == folder
    assert told == []
    assert (folder / "dependencies.cmake").is_file()


def test_another_recipe_is_another_folder(repository: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "cpp/third_party"
    shutil.copytree(repository / "cpp/third_party", recipe)
    tools = toolchain.find("native")
    library = deps.PROTOBUF
    before = deps.compiled_folder(library, tools, tmp_path)
    assert before == deps.compiled_folder(library, tools, repository)
    with (recipe / "protobuf_lite.cmake").open("a") as file:
        file.write("# changed\n")
    assert deps.compiled_folder(library, tools, tmp_path) != before


def small_project(folder: Path, code: str) -> Path:
    (folder / "quote.cc").write_text(code)
    (folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.26)\n"
        "project(quote LANGUAGES CXX)\n"
        "add_library(quote STATIC quote.cc)\n"
    )
    return folder


def test_progress_goes_from_start_to_end(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    cmake.configure(small_project(tmp_path, "int Bid() { return 1; }\n"), tmp_path / "build", [])
    cmake.compile_targets(
        tmp_path / "build", ["all"], "quotes", lambda step, fraction: told.append((step, fraction))
    )
    fractions = [fraction for _, fraction in told]
    assert {step for step, _ in told} == {"quotes"}
    assert fractions[0] == 0.0
    assert fractions == sorted(fractions)
    assert fractions.count(1.0) == 1
    assert fractions[-1] == 1.0
    assert len(fractions) > 2


def test_a_compile_error_is_shown(tmp_path: Path) -> None:
    cmake.configure(small_project(tmp_path, "int Bid() { return no_such; }\n"), tmp_path / "b", [])
    with pytest.raises(NativeError, match="quotes: the build failed") as caught:
        cmake.compile_targets(tmp_path / "b", ["all"], "quotes", quiet)
    assert "no_such" in caught.value.why


def test_an_error_of_cmake_is_shown(tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text("no_such_command()\n")
    with pytest.raises(NativeError, match="CMake: the build failed") as caught:
        cmake.configure(tmp_path, tmp_path / "build", [])
    assert "no_such_command" in caught.value.why
