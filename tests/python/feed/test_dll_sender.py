"""The DLL path's half on this side of the pipe: what it does when the host goes wrong.

The host is played by a Python script here; tests/e2e runs the real one.
"""

import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tpb.feed import sender as patience
from tpb.feed.destination import Destination
from tpb.feed.dll_sender import DllSender
from tpb.feed.problem import FeedError, NotUsable, ToolMissing
from tpb.feed.receipt import Receipt
from tpb.feed.sender import DEFAULT_OPTIONS
from tpb.feed.simulator import Simulator
from tpb.native import wine

TOKEN = "not-to-be-seen"
TO = Destination("ws://127.0.0.1:1", TOKEN)
Host = Callable[[str], DllSender]

READ_INPUT = """
    import json, struct, sys, time
    def number():
        return struct.unpack("<I", sys.stdin.buffer.read(4))[0]
    def tell(**event):
        print(json.dumps(event), flush=True)
    config = sys.stdin.buffer.read(number()).decode()
    tell(event="open", abi_version=1)
    ticks = 0
    def read_ticks():
        global ticks
        while (size := number()) != 0xFFFFFFFF:
            sys.stdin.buffer.read(size)
            count = number()
            sys.stdin.buffer.read(60 * count)
            ticks += count
        return number()
"""


def receipt(**fields: Any) -> dict[str, Any]:
    return asdict(Receipt(**{"state": 1, "delivery": 1, **fields}))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A sender whose host runs the given lines."""

    def start(lines: str) -> DllSender:
        for name in ("terminal_host.exe", "TradingProtobuf.dll"):
            (tmp_path / name).touch()
        script = tmp_path / "host.py"
        script.write_text(textwrap.dedent(READ_INPUT) + textwrap.dedent(lines), encoding="utf-8")

        def popen(command: Sequence[Any], **pipes: Any) -> subprocess.Popen[bytes]:
            assert TOKEN not in str(command)
            return subprocess.Popen([sys.executable, str(script)], **pipes)

        monkeypatch.setattr(wine, "Popen", popen)
        return DllSender(TO, DEFAULT_OPTIONS, tmp_path)

    return start


def send_some(sender: DllSender, ticks: int = 1000) -> None:
    for chunk in Simulator(ticks=ticks, start_msc=1_700_000_000_000).chunks():
        sender.send(chunk)


def send_and_finish(sender: DllSender, ticks: int) -> Receipt:
    send_some(sender, ticks)
    return sender.finish()


def test_the_frames_and_the_events_of_a_good_run(host: Host) -> None:
    lines = f"""
        assert config == (
            "endpoint=ws://127.0.0.1:1;token={TOKEN};batch_ticks=5;flush_ms=100;"
            "outbox_bytes=67108864"
        ), config
        status = {receipt()!r}
        tell(event="status", **status)
        assert read_ticks() > 60_000
        status |= dict(ticks_accepted=ticks, ticks_sent=ticks, ticks_acknowledged=ticks)
        tell(event="closed", unacknowledged=0, status=status)
    """
    with host(lines) as sender:
        send_some(sender)
        last = sender.finish()
    assert (last.ticks_accepted, last.ticks_acknowledged) == (1000, 1000)
    assert last.settled


def test_without_acknowledgements_the_host_need_not_wait(host: Host) -> None:
    lines = f"""
        status = {receipt(delivery=2, ticks_accepted=1000, ticks_sent=1000)!r}
        tell(event="status", **status)
        assert read_ticks() == 0
        tell(event="closed", unacknowledged=1000, status=status)
    """
    with host(lines) as sender:
        send_some(sender)
        last = sender.finish()
    assert last.best_effort
    assert last.settled


def test_a_config_that_the_library_refuses_is_told_at_once(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = READ_INPUT.replace('tell(event="open", abi_version=1)', "")
    monkeypatch.setattr(sys.modules[__name__], "READ_INPUT", refused)
    lines = """
        tell(event="error", code=-102, text="The endpoint is no URL.")
        sys.exit(1)
    """
    sender = host(lines)
    with pytest.raises(FeedError, match="The endpoint is no URL"):
        sender.__enter__()


def test_what_the_library_refuses_is_told(host: Host) -> None:
    lines = """
        tell(event="error", code=-102, text="The endpoint is no URL.")
        sys.exit(1)
    """
    with host(lines) as sender, pytest.raises(FeedError, match="The endpoint is no URL"):
        send_and_finish(sender, 10_000)


def test_a_host_that_dies_is_told_with_its_code_and_last_words(host: Host) -> None:
    lines = """
        print("out of memory", file=sys.stderr)
        sys.exit(57)
    """
    with host(lines) as sender, pytest.raises(FeedError, match=r"exit code 57.*out of memory"):
        send_and_finish(sender, 10_000)


@pytest.mark.parametrize(
    "said", ["no json", "{}", "[]", '{"event":"closed"}', '{"event":"status","status":{}}']
)
def test_a_host_that_talks_nonsense_is_ended(host: Host, said: str) -> None:
    lines = f"""
        print({said!r}, flush=True)
        read_ticks()
        time.sleep(600)
    """
    with host(lines) as sender, pytest.raises(FeedError, match="no event"):
        send_and_finish(sender, 10_000)


def test_a_halted_session_ends_the_wait(host: Host) -> None:
    halted = receipt(state=4, problem_text="The gateway refused the token (401).")
    lines = f"""
        tell(event="status", **{halted!r})
        time.sleep(600)
    """
    with host(lines) as sender, pytest.raises(FeedError, match="refused the token"):
        send_and_finish(sender, 20_000)  # more than the pipe holds


def test_a_host_that_stands_still_is_given_up(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE_S", 0.5)
    with host("time.sleep(600)") as sender, pytest.raises(FeedError, match="before its work"):
        send_and_finish(sender, 20_000)


def test_leaving_early_ends_the_host(host: Host) -> None:
    with host("time.sleep(600)") as sender:
        process = sender._process
    assert process.poll() is not None


def test_what_is_not_built_is_named_with_its_command(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="tpb build --target windows-x64"):
        DllSender(TO, DEFAULT_OPTIONS, tmp_path)


def test_a_semicolon_cannot_slip_a_setting_in(tmp_path: Path) -> None:
    for name in ("terminal_host.exe", "TradingProtobuf.dll"):
        (tmp_path / name).touch()
    to = Destination("ws://127.0.0.1:1;allow_plaintext=yes", TOKEN)
    with pytest.raises(NotUsable, match="semicolon"):
        DllSender(to, DEFAULT_OPTIONS, tmp_path)
