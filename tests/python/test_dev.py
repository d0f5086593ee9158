"""`./dev`: what it decides before it installs and builds."""

import importlib.machinery
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def dev(repository: Path) -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("dev", str(repository / "dev"))
    spec = importlib.util.spec_from_loader("dev", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # no cache beside ./dev
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes
    return module


def run(repository: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(repository / "dev"), *arguments]
    environment = {**os.environ, **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_without_a_verb_it_explains_itself(repository: Path) -> None:
    for arguments in ([], ["dance"]):
        told = run(repository, *arguments)
        assert told.returncode == 2
        assert "./dev demo" in told.stderr
    assert run(repository, "--help").returncode == 0


def test_what_it_may_not_install_it_names_with_the_command(
    repository: Path, tmp_path: Path
) -> None:
    told = run(repository, "demo", PATH=str(tmp_path), XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert told.returncode == 4
    assert "g++" in told.stderr
    assert "Next:" in told.stderr
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    "variables,expected",
    [
        ({"TPB_CACHE_DIR": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"TPB_CACHE_DIR": "", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/tpb"),
        ({"TPB_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": "/c"}, "/c/.cache/tpb"),
    ],
)
def test_the_cache_is_where_the_user_says(
    dev: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    expected: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert dev.cache_dir() == Path(expected)


@pytest.mark.parametrize(
    "arguments,targets",
    [
        (["--runs", "9"], ["native", "windows-x64"]),
        (["--dll-share", "0"], ["native"]),
        (["--sanitize", "asan", "--runs", "9"], ["native", "asan-ubsan"]),
        (["--sanitize=tsan"], ["native", "tsan"]),
    ],
)
def test_fault_runs_get_the_builds_they_need(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, arguments: list[str], targets: list[str]
) -> None:
    built: list[str] = []
    monkeypatch.setattr(dev, "prepare", lambda lock, packages: {})
    monkeypatch.setattr(dev, "build", lambda environment, *asked: built.extend(asked))
    monkeypatch.setattr(dev, "hand_over", lambda environment, command: command)
    dev.faults(arguments)
    assert built == targets


def test_an_empty_home_is_no_root_folder(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TPB_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(name, "")
    assert dev.cache_dir() != Path("/.cache/tpb")


def test_another_lock_is_another_environment(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    (tmp_path / "requirements").mkdir()
    lock = tmp_path / "requirements/run.txt"
    lock.write_text("rich==1\n")
    first = dev.environment_key()
    assert dev.environment_key() == first
    lock.write_text("rich==2\n")
    assert dev.environment_key() != first


def test_progress_of_the_installers_only_rises(dev: ModuleType) -> None:
    lines = ["dlstatus:1:50.0:Retrieving", "pmstatus:g++:20.0:Unpacking", "pmstatus:g++:100.0:Done"]
    assert [dev.apt_progress(line) for line in lines] == [0.25, 0.6, 1.0]
    assert dev.apt_progress("Setting up g++ ...") is None
    seen = dev.counted(3)
    lines = ["Collecting rich==1", "  Downloading rich", "Collecting numpy==2", "Collecting typer"]
    assert [seen(line) for line in lines] == [0.25, None, 0.5, 0.75]


def test_results_are_counted_from_the_reports(dev: ModuleType, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    assert dev.junit_counts(report) == {"passed": 0, "failed": 0, "skipped": 0}
    report.write_text(
        "<testsuites><testsuite><testcase/><testcase><failure/></testcase>"
        "<testcase><error/></testcase><testcase><skipped/></testcase><testcase>"
        "<system-out/></testcase></testsuite></testsuites>"
    )
    assert dev.junit_counts(report) == {"passed": 2, "failed": 2, "skipped": 1}


def test_a_failed_suite_fails_the_whole(
    dev: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    write = "import sys; open(sys.argv[1], 'w').write('<a><testcase/></a>')"
    passes = [sys.executable, "-c", write]
    fails = [sys.executable, "-c", "raise SystemExit(1)"]
    assert dev.run_suites({"good": passes}, dict(os.environ)) == 0
    assert dev.run_suites({"good": passes, "bad": fails}, dict(os.environ)) == 1
    assert "1 passed, 0 failed, 0 skipped" in capsys.readouterr().err


def test_a_failed_step_shows_its_last_lines(
    dev: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not dev.step("work", [sys.executable, "-c", "print('the reason'); raise SystemExit(3)"])
    told = capsys.readouterr().err
    assert "✗ work" in told
    assert "the reason" in told
