"""A terminal for the experts: their sources, compiled and run; and the table of how it went."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import wait_until, windows_build
from tests.mql5.compiler import SOURCES, Compiler
from tests.mql5.delivery import Delivery, table
from tests.mql5.terminal import Terminal
from tests.mql5.translator import Unit, translate

from tpb.native.errors import ToolMissing

__all__ = ["wait_until", "windows_build"]

OpenTerminal = Callable[..., Terminal]
Judge = Callable[[Delivery], None]
Wait = Callable[..., Any]

_DELIVERIES = pytest.StashKey[list[Delivery]]()


@pytest.fixture(scope="session")
def include_folder(repository: Path) -> Path:
    return repository / "mql5/Include"


@pytest.fixture(scope="session")
def compiler(repository: Path, windows_build: Path) -> Compiler:
    folder = repository / "build/mql5"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return Compiler(folder)
    except ToolMissing as missing:
        if os.environ.get("TPB_TEST_ALL"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def units(repository: Path, include_folder: Path) -> list[Unit]:
    """Every expert of the product and of these tests."""
    sources = sorted([*repository.glob("mql5/Experts/*.mq5"), *SOURCES.glob("experts/*.mq5")])
    return [translate(source, include_folder) for source in sources]


@pytest.fixture(scope="session")
def host(compiler: Compiler, units: list[Unit]) -> Path:
    return compiler.host(units)


@pytest.fixture
def open_terminal(host: Path, windows_build: Path, tmp_path: Path) -> Iterator[OpenTerminal]:
    """Opens terminals that are closed at the test's end: open_terminal(folder=..., library=...)."""
    with ExitStack() as terminals:

        def open_one(
            folder: Path = tmp_path / "terminal",
            library: Path = windows_build / "TradingProtobuf.dll",
        ) -> Terminal:
            return terminals.enter_context(Terminal(host, folder, library))

        yield open_one


@pytest.fixture
def delivered(request: pytest.FixtureRequest) -> Judge:
    """Puts a delivery into the table at the end, and fails where it is not all, once, in order."""

    def judge(delivery: Delivery) -> None:
        request.config.stash.setdefault(_DELIVERIES, []).append(delivery)
        assert (delivery.lost, delivery.duplicated) == (0, 0), delivery
        assert delivery.is_in_order, delivery

    return judge


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    deliveries = terminalreporter.config.stash.get(_DELIVERIES, [])
    if deliveries:
        terminalreporter.section("experts")
        for line in table(deliveries):
            terminalreporter.write_line(line)
