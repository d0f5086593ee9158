"""The DLL path: TradingProtobuf.dll in a Windows process shaped like MetaTrader.

`terminal_host.exe DLL pump` takes frames on stdin and tells events, a JSON object a line, on
stdout. Its stdin is the back-pressure: while the outbox is full it reads no further.
"""

import json
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import Any, Self

from tpb.feed.chunks import Chunk
from tpb.feed.destination import Destination
from tpb.feed.problem import FeedError, NotUsable, ToolMissing
from tpb.feed.receipt import Receipt
from tpb.feed.sender import PATIENCE_S, Progress, SessionOptions
from tpb.native import wine

_U32 = Struct("<I")
_END = 0xFFFFFFFF
# The host's own limit on the last wait, where acknowledgements come; ours is PATIENCE_S.
_FINISH_MS = 24 * 3600 * 1000
_POLL_S = 0.01
_WATCH_S = 0.25
_EXIT_S = 15.0
_STDERR_SHOWN = 2000


class DllSender:
    path = "dll"

    def __init__(self, to: Destination, options: SessionOptions, build: Path) -> None:
        """`build` is the folder that holds the DLL and the host."""
        host, dll = (_built(build / name) for name in ("terminal_host.exe", "TradingProtobuf.dll"))
        self._config = _config(to, options).encode()
        self._receipt = Receipt()
        self._opened = threading.Event()
        self._closed = threading.Event()
        self._error: dict[str, Any] | None = None
        self._waiting = False
        self._given = 0
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        try:
            self._process = wine.Popen(
                [host, dll, "pump"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
            )
        except wine.WineError as problem:
            raise ToolMissing(problem.what, problem.why, problem.next_step) from problem
        self._reader = threading.Thread(target=self._read_events, daemon=True)
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._reader.start()
        self._watcher.start()

    def __enter__(self) -> Self:
        try:
            self._write(_framed(self._config))
            self._wait_for_open()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def send(self, chunk: Chunk) -> None:
        count = _U32.pack(len(chunk.ticks))
        self._given += len(chunk.ticks)
        self._write(_framed(chunk.symbol.encode()) + count + chunk.ticks.tobytes())

    def receipt(self) -> Receipt:
        return self._receipt

    def finish(self) -> Receipt:
        self._write(_U32.pack(_END) + _U32.pack(self._last_wait_ms()))
        self._waiting = True
        self._reader.join()
        self._waiting = False
        if not self._closed.is_set():
            raise self._ended()
        self._process.wait(_EXIT_S)
        return self._receipt

    def _wait_for_open(self) -> None:
        """The start of a Windows process, and of Wine, is no part of a replay's time."""
        deadline = time.monotonic() + PATIENCE_S
        while not self._opened.wait(_POLL_S):
            if not self._reader.is_alive() or time.monotonic() > deadline:
                raise self._ended()

    def _last_wait_ms(self) -> int:
        """Without acknowledgements the host would wait in vain: so all is sent before the end."""
        progress = Progress()
        while not self._receipt.delivery_known or (
            self._receipt.best_effort and not self._all_sent()
        ):
            if self._process.poll() is not None or not progress.made(self._receipt):
                break
            time.sleep(_POLL_S)
        return 0 if self._receipt.best_effort else _FINISH_MS

    def _all_sent(self) -> bool:
        return self._receipt.settled and self._receipt.ticks_accepted == self._given

    def _write(self, frame: bytes) -> None:
        stdin = self._process.stdin
        assert stdin
        self._waiting = True
        try:
            stdin.write(frame)
            stdin.flush()
        except OSError as problem:
            raise self._ended() from problem
        finally:
            self._waiting = False

    def _read_events(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError) as problem:
                self._error = {"text": f"It said what is no event: {problem!r}."}
                self._process.kill()
                return
            if self._closed.is_set():
                return

    def _take(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "open":
                self._opened.set()
            case "status":
                self._receipt = Receipt.of(event)
            case "closed":
                self._receipt = Receipt.of(event["status"])
                self._closed.set()
            case "error":
                self._error = event

    def _watch(self) -> None:
        """Ends the host when a write or the end waits for a session that gets nowhere."""
        progress = Progress()
        while self._process.poll() is None:
            time.sleep(_WATCH_S)
            if not self._waiting:
                progress = Progress()
            elif self._receipt.halted or not progress.made(self._receipt):
                self._process.kill()

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._watcher.join()
        for pipe in (self._process.stdin, self._process.stdout, self._stderr):
            if pipe:
                with suppress(OSError):  # a last write into the pipe of a process that is gone
                    pipe.close()

    def _ended(self) -> FeedError:
        """Why the host is gone, or was ended."""
        self._process.kill()
        code = self._process.wait()
        self._reader.join()
        if self._error:
            return FeedError(
                "The DLL refused.",
                str(self._error.get("text")),
                "Mend what it names, then replay again.",
            )
        if self._receipt.problem_text:
            return FeedError(
                "The session got nowhere.",
                self._receipt.problem_text,
                "Mend the cause, then replay again.",
            )
        self._stderr.seek(0)
        said = self._stderr.read(_STDERR_SHOWN).decode("utf-8", "replace").strip()
        return FeedError(
            f"terminal_host.exe ended before its work was done (exit code {code}).",
            said or f"It said nothing. Without any progress it is ended after {PATIENCE_S:.0f} s.",
            "Build it anew: `tpb build --target windows-x64`; `tpb doctor` checks the rest.",
        )


def _built(file: Path) -> Path:
    if not file.exists():
        raise ToolMissing(
            f"{file.name} is not built.",
            f"There is no {file}.",
            "Type `tpb build --target windows-x64`, or replay with --path native.",
        )
    return file


def _config(to: Destination, options: SessionOptions) -> str:
    """The text that TpbOpen takes. It holds the token, so it goes through the pipe alone."""
    settings = {
        "endpoint": to.endpoint,
        "token": to.token,
        "batch_ticks": str(options.batch_ticks),
        "flush_ms": str(options.flush_ms),
        "outbox_bytes": str(options.outbox_bytes),
    }
    if to.ca_file:
        settings["ca_file"] = wine.windows_path(to.ca_file)
    for key, value in settings.items():
        if ";" in value:
            raise NotUsable(
                f"The {key} holds a semicolon.",
                "It separates the library's settings.",
                "Use one without.",
            )
    return ";".join(f"{key}={value}" for key, value in settings.items())


def _framed(text: bytes) -> bytes:
    return _U32.pack(len(text)) + text
