"""Gateways beside other code: a thread, a process, and a process that is killed."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tpb.gateway.reading import read_batches, read_sessions
from tpb.gateway.runner import GatewayProcess, GatewayThread, running_gateway
from tpb.gateway.schema import StoreBusy, StoreProblem

if TYPE_CHECKING:
    from tests.python.gateway.conftest import Connect


@pytest.mark.parametrize("process", [False, True], ids=["thread", "process"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_running_gateway(tmp_path: Path, connect: "Connect", process: bool, tls: bool) -> None:
    store = tmp_path / "ticks.db"
    with running_gateway(store=store, tls=tls, process=process) as gateway:
        assert gateway.endpoint.startswith("wss://127.0.0.1:" if tls else "ws://127.0.0.1:")
        assert (gateway.ca_file is not None) is tls
        client = connect(gateway)
        client.ack()
        client.send(1, 2)
        client.acks_up_to(2)
        endpoint = gateway.endpoint
        gateway.restart()
        assert gateway.endpoint == endpoint
        assert gateway.health()["batches"] == 2
    assert [batch.batch_sequence for batch in read_batches(store)] == [1, 2]


def test_killed_gateway_has_all_it_acknowledged(tmp_path: Path, connect: "Connect") -> None:
    """kill -9 in the middle of the stream, several times, on one store."""
    store = tmp_path / "ticks.db"
    with running_gateway(store=store, process=True) as gateway:
        assert isinstance(gateway, GatewayProcess)
        acknowledged = 0
        for _ in range(4):
            client = connect(gateway)
            resume = client.ack().batch_sequence
            assert resume >= acknowledged
            client.send(*range(resume + 1, resume + 401))
            acknowledged = client.ack().batch_sequence
            gateway.kill()
            found = [batch.batch_sequence for batch in read_batches(store)]
            assert found == list(range(1, len(found) + 1)), "no hole, no double"
            assert len(found) >= acknowledged > resume
            gateway.start()
        client = connect(gateway)
        assert client.ack().batch_sequence == len(found)
    assert read_sessions(store)[0].gaps == 0


def test_gateway_process_ends_with_its_parent(tmp_path: Path) -> None:
    """Even where the parent is killed: its end of the pipe closes."""
    script = (
        "import pathlib, sys, time\n"
        "from tpb.gateway.runner import running_gateway\n"
        "with running_gateway(store=pathlib.Path(sys.argv[1]), process=True) as gateway:\n"
        "    print(gateway.endpoint, flush=True); sys.stdin.read()\n"
    )
    store = tmp_path / "ticks.db"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline().startswith(b"ws://")
        parent.kill()
    # Its store is free once it is gone; the test's time limit is the limit.
    while True:
        try:
            with running_gateway(store=store):
                return
        except StoreBusy:
            continue


def test_start_that_fails_is_told(tmp_path: Path) -> None:
    (tmp_path / "ticks.db").write_bytes(b"something else" * 100)
    with (
        pytest.raises(StoreProblem, match="no store"),
        running_gateway(store=tmp_path / "ticks.db"),
    ):
        pass
    with (
        pytest.raises(RuntimeError, match="exit code 1"),
        running_gateway(store=tmp_path / "ticks.db", process=True),
    ):
        pass


def test_stop_twice(tmp_path: Path) -> None:
    with running_gateway() as gateway:
        assert isinstance(gateway, GatewayThread)
        gateway.stop()
        gateway.stop()
