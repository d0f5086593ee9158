"""A process that has loaded everything and forks warm children: a start costs milliseconds.

`python -m tpb.faults.zygote ROLE [MODULE]` serves its stdin, a Unix socket: an order is one line of
JSON with the descriptors the child needs, the answer one line. It ends, and its children with it,
when that socket does. ROLE is the Python module whose play() is a child's life; MODULE the file of
the native one where it is not the package's own.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tpb.faults.sanitizer import Instrumented

SENDER, GATEWAY = "tpb.faults.sender", "tpb.faults.gateway_process"
_NATIVE = "tpb._core"
_MAX_ORDER_BYTES = 65536

Role = Callable[[socket.socket], None]


class Zygote:
    """The parent's side. `preload` is loaded before their own libraries, or behind a sanitizer."""

    def __init__(
        self, role: str, preload: Path | None = None, watched: Instrumented | None = None
    ) -> None:
        self._asking = threading.Lock()  # one order, then its answer
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = [sys.executable, "-m", "tpb.faults.zygote", role]
        libraries = [] if preload is None else [str(preload)]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        if watched is not None:
            program = [*watched.launcher, *program, str(watched.module)]
            libraries = [*watched.preload, *libraries]
            environment |= watched.environment
        if libraries:
            environment["LD_PRELOAD"] = ":".join(libraries)
        with theirs:
            self._process = subprocess.Popen(
                program,
                stdin=theirs.fileno(),
                env=environment,
                start_new_session=True,  # Ctrl+C is for the harness, which then ends it
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()
        self._process.wait()

    async def start(self, log: Path) -> "Child":
        """Forks a child; what it writes to stderr is appended to `log`."""
        ours, theirs = socket.socketpair()
        with log.open("ab") as stderr, theirs:
            descriptors = [theirs.fileno(), stderr.fileno()]
            pid, process = await asyncio.to_thread(self._ask_for_child, descriptors)
        reader, writer = await asyncio.open_connection(sock=ours)
        return Child(self, pid, process, reader, writer)

    async def exit_status(self, pid: int) -> int:
        """Of a child that has ended, as Popen.returncode tells it."""
        order = json.dumps({"reap": pid}).encode()
        return await asyncio.to_thread(self._ask_for_status, order)

    def _ask_for_child(self, descriptors: list[int]) -> tuple[int, int]:
        with self._asking:
            socket.send_fds(self._socket, [b"{}"], descriptors)
            answer, passed, _, _ = socket.recv_fds(self._socket, _MAX_ORDER_BYTES, 1)
        return int(json.loads(answer)["pid"]), passed[0]

    def _ask_for_status(self, order: bytes) -> int:
        with self._asking:
            self._socket.send(order)
            return int(json.loads(self._socket.recv(_MAX_ORDER_BYTES))["status"])


class Child:
    """A child and the channel to it: lines of JSON both ways."""

    def __init__(
        self,
        zygote: Zygote,
        pid: int,
        process: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.pid = pid
        self._zygote = zygote
        self._process = process  # a pidfd: no other process can be meant
        self._reader = reader
        self._writer = writer
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(process, self._note_end)

    def tell(self, message: dict[str, Any]) -> None:
        """Never waits; to a child that is gone it says nothing."""
        if not self._writer.transport.is_closing():
            self._writer.write(json.dumps(message).encode() + b"\n")

    async def hear(self) -> dict[str, Any] | None:
        """The next message; None when no more will come."""
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        return json.loads(line) if line.endswith(b"\n") else None

    async def kill(self) -> None:
        """kill -9, and returns when nothing of it is left."""
        if not self._ended.is_set():
            signal.pidfd_send_signal(self._process, signal.SIGKILL)
        await self.end()

    async def end(self) -> int:
        """Hangs up, on which a child ends itself, and waits for that; tells its exit status."""
        self._writer.close()
        await self._ended.wait()
        return await self._zygote.exit_status(self.pid)

    def _note_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process)
        os.close(self._process)
        self._ended.set()


async def end_process(pid: int) -> None:
    """kill -9 of a child's child, and waits until nothing of it is left."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(process, ended.set)
    try:
        signal.pidfd_send_signal(process, signal.SIGKILL)
        await ended.wait()
    finally:
        loop.remove_reader(process)
        os.close(process)


# ---- The zygote itself ---------------------------------------------------------------------------


def main(role: str, module: str = "") -> None:
    if module:
        _load_native(module)
    play: Role = import_module(role).play
    orders = socket.socket(fileno=os.dup(0))
    children: set[int] = set()
    while True:
        order, descriptors, _, _ = socket.recv_fds(orders, _MAX_ORDER_BYTES, 2)
        if not order:
            break
        message = json.loads(order)
        if "reap" in message:
            _, status = os.waitpid(message["reap"], 0)
            children.discard(message["reap"])
            answer = {"status": os.waitstatus_to_exitcode(status)}
            orders.send(json.dumps(answer).encode())
            continue
        pid = os.fork()
        if pid == 0:
            orders.close()
            _play(play, *descriptors)
        children.add(pid)
        process = os.pidfd_open(pid)
        socket.send_fds(orders, [json.dumps({"pid": pid}).encode()], [process])
        for descriptor in (*descriptors, process):
            os.close(descriptor)
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _load_native(file: str) -> None:
    """Before anyone imports the package's own."""
    spec = spec_from_file_location(_NATIVE, file)
    assert spec
    assert spec.loader
    sys.modules[_NATIVE] = module = module_from_spec(spec)
    spec.loader.exec_module(module)


def _play(role: Role, channel: int, stderr: int) -> None:
    """The child's whole life."""
    status = 1
    try:
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - os.devnull is no Path
            os.dup2(nothing.fileno(), 0)
        os.dup2(stderr, 2)
        role(socket.socket(fileno=channel))
        status = 0
    except BaseException:  # noqa: BLE001 - told in the log; nothing of the zygote goes on here
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
