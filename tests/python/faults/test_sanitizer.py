"""What a process needs to run under a sanitizer, and what of its stderr is a report."""

from pathlib import Path

import pytest

from tpb.faults.sanitizer import Sanitizer, SanitizerProblem, instrumented, report
from tpb.native import binary

_MODULE = "_core.so"


@pytest.fixture
def needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What the module needs; there is a file of its name."""
    names = ["libasan.so.8", "libstdc++.so.6", "libubsan.so.1", "libc.so.6"]
    monkeypatch.setattr(binary, "read", lambda path: binary.Binary(tuple(names), ()))
    (tmp_path / _MODULE).touch()
    return names


def test_the_sanitizer_comes_first_and_the_standard_library_with_it(
    needed: list[str], tmp_path: Path
) -> None:
    watched = instrumented(Sanitizer.ASAN, tmp_path / _MODULE)
    assert watched.preload == ("libasan.so.8", "libstdc++.so.6")
    assert watched.module == tmp_path / _MODULE


def test_without_the_module_the_build_is_named(tmp_path: Path) -> None:
    with pytest.raises(SanitizerProblem, match="tpb build --target tsan"):
        instrumented(Sanitizer.TSAN, tmp_path / _MODULE)


def test_a_sanitizer_that_is_linked_in_is_of_no_use(needed: list[str], tmp_path: Path) -> None:
    needed.remove("libasan.so.8")
    with pytest.raises(SanitizerProblem, match="Build it with g"):
        instrumented(Sanitizer.ASAN, tmp_path / _MODULE)


@pytest.mark.parametrize(
    "begin",
    [
        "==17==ERROR: AddressSanitizer: heap-use-after-free on address 0x6020 at pc 0x7f67",
        "WARNING: ThreadSanitizer: data race (pid=17)",
        "cpp/TradingProtobuf/wire/a.cc:4:2: runtime error: signed integer overflow",
    ],
)
def test_a_report_is_found_behind_other_lines(tmp_path: Path, begin: str) -> None:
    log = tmp_path / "sender.log"
    log.write_text(f"Traceback\n{begin}\n  #0 tpb::Session\n")
    assert report(log) == f"{begin}\n  #0 tpb::Session"


def test_other_lines_are_no_report(tmp_path: Path) -> None:
    log = tmp_path / "sender.log"
    assert report(log) == ""
    log.write_text("RuntimeError: the harness hung up\n")
    assert report(log) == ""
