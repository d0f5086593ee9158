"""The real library in all its forms, for tests that cross processes."""

import json
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tpb.native import wine
from tpb.testing.gateway import GatewayFixture

Play = Callable[..., list[dict[str, Any]]]

BUILD = "build/windows-x64"


_LIMIT_S = 30.0
_POLL_S = 0.002


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    """Asks again and again until the answer is right: wait_until(ask, is_right) -> answer."""

    def wait(ask: Callable[[], Any], is_right: Callable[[Any], bool]) -> Any:
        deadline = time.monotonic() + _LIMIT_S
        while True:
            answer = ask()
            if is_right(answer):
                return answer
            assert time.monotonic() < deadline, f"not so within {_LIMIT_S} s: {answer}"
            time.sleep(_POLL_S)

    return wait


@pytest.fixture(scope="session")
def windows_build(repository: Path) -> Path:
    """The folder with TradingProtobuf.dll and terminal_host.exe."""
    folder = Path(os.environ.get("TPB_WINDOWS_BUILD") or repository / BUILD)
    if not (folder / "TradingProtobuf.dll").is_file() or wine.find() is None:
        reason = "needs Wine and the DLL: tpb doctor, then tpb build --target windows-x64"
        if os.environ.get("TPB_TEST_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture
def play(windows_build: Path) -> Play:
    """Plays a scenario of the terminal host and returns its lines, by name: play(name, gateway)."""

    def run(
        scenario: str,
        endpoint: str = "ws://127.0.0.1:1",
        token: str = "e30.eyJzdWIiOiJ1IiwidGVuYW50X2lkIjoidCJ9.x",
        ca_file: Path | None = None,
    ) -> list[dict[str, Any]]:
        request = {
            "endpoint": endpoint,
            "token": token,
            "ca_file": wine.windows_path(ca_file) if ca_file else "",
        }
        frame = json.dumps(request).encode()
        finished = wine.run(
            [windows_build / "terminal_host.exe", windows_build / "TradingProtobuf.dll", scenario],
            input=struct.pack("<I", len(frame)) + frame,
            timeout=90,
        )
        output = finished.stdout.decode()
        assert finished.returncode == 0, f"{output}\n{finished.stderr.decode()}"
        lines: list[dict[str, Any]] = [json.loads(line) for line in output.splitlines()]
        assert lines[-1] == {"step": "end", "result": 0}
        assert token not in output
        return lines

    return run


@pytest.fixture
def play_with(play: Play) -> Callable[[str, GatewayFixture], list[dict[str, Any]]]:
    """The same with a running gateway."""

    def run(scenario: str, gateway: GatewayFixture) -> list[dict[str, Any]]:
        return play(scenario, gateway.endpoint, gateway.token(), gateway.ca_file)

    return run
