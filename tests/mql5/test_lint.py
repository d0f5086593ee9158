"""The lint finds what it must, in files that are wrong on purpose, and nothing in ours."""

import re
import subprocess
from pathlib import Path

import pytest
from tests.mql5.compiler import SOURCES
from tests.mql5.lint import check
from tests.mql5.lint.check import rules

from tpb.native.toolchain import find_program

BAD = sorted((SOURCES / "bad").glob("*.mq5"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_file(path: Path) -> None:
    """Each line that a comment calls wrong is found, and no other."""
    lines = path.read_text(encoding="utf-8").split("\n")
    expected = {
        (number, found[1])
        for number, line in enumerate(lines, 1)
        if (found := re.search(r"lint: ([\w-]+)", line))
    }
    assert expected
    assert {(finding.line, finding.rule) for finding in check([path])} == expected
    assert {rule for _, rule in expected} == {path.stem}


def test_every_rule_has_its_bad_file() -> None:
    assert {path.stem for path in BAD} == rules()


def test_the_products_sources(repository: Path) -> None:
    sources = sorted((repository / "mql5").rglob("*.mq[5h]"))
    assert sources
    assert [str(finding) for finding in check(sources)] == []


def test_the_tests_experts() -> None:
    findings = check(SOURCES.glob("experts/*.mq5"))
    # Language.mq5 shows that the translator takes more than one class.
    assert {str(finding).split(": ")[1] for finding in findings} <= {"second-class"}


def test_the_sources_are_formatted(repository: Path) -> None:
    """clang-format takes MQL5 for C++, with the style that stands beside the sources."""
    formatter = find_program("clang-format")
    if formatter is None:
        pytest.skip("needs clang-format: pip install .[dev]")
    sources = [*sorted((repository / "mql5").rglob("*.mq[5h]")), *SOURCES.glob("experts/*.mq5")]
    style = f"--style=file:{repository / 'mql5/.clang-format'}"
    command = [formatter, style, "--dry-run", "-Werror", *map(str, sources)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
