"""The sender of a fault run: what an EA does with the library, in a process that gets killed.

It streams a made-up market at its pace. After a restart it asks the library for the cursor of each
symbol and goes on from there, as an EA goes on from the terminal's history.
"""

import dataclasses
import json
import select
import socket
import time
from pathlib import Path
from typing import Any, Protocol

import tpb
from tpb.faults import shim
from tpb.faults.dll_session import DllSession
from tpb.faults.market import Call, Ticks, made_up
from tpb.session import Cursor

_RETRY_S = 0.005
_TELL_EVERY_S = 0.01
_OPEN_RETRY_S = 0.02
_CLOSE_S = 1.0
# What may be tried again: the ticks stay with the caller.
_TRY_AGAIN = (-201, -202)
_DISK, _IN_USE = -202, -304


class Library(Protocol):
    """What a sender needs of a session: the native one's, or the DLL's."""

    @property
    def pid(self) -> int | None:
        """Of the process it has of its own."""

    def send(self, symbol: str, ticks: Ticks) -> int: ...

    def cursor(self, symbol: str) -> Cursor | None: ...

    def flush(self) -> object: ...

    def set_token(self, token: str) -> None: ...

    def report(self) -> dict[str, Any]: ...

    def close(self, timeout: float) -> int: ...


class NativeSession:
    """tpb.Session, with its status as a dictionary."""

    pid = None

    def __init__(self, config: dict[str, Any]) -> None:
        self._session = tpb.Session(**config)
        self.cursor = self._session.cursor
        self.flush = self._session.flush
        self.set_token = self._session.set_token
        self.close = self._session.close

    def send(self, symbol: str, ticks: Ticks) -> int:
        return self._session.send(symbol, ticks)

    def report(self) -> dict[str, Any]:
        return dataclasses.asdict(self._session.status())


class Sender:
    """Streams the market into the library and tells the harness how far it is."""

    def __init__(self, channel: socket.socket, settings: dict[str, Any]) -> None:
        self._channel = channel
        self._orders = b""
        self._finishing = False
        self._fed = False
        self._told_at = 0.0
        self._retried = 0
        self._market = made_up(**settings["market"])
        self._tick_s = 1.0 / settings["ticks_per_s"]
        self._library = self._open(settings)
        self._positions = {symbol: self._resume(symbol) for symbol in self._market.symbols}

    def run(self) -> None:
        """Until the harness is satisfied."""
        self._tell(opened=True)
        for call in self._market.calls:
            self._make(call)
        self._library.flush()
        self._fed = True
        while not self._finishing:
            self._tell()
            self._listen(_TELL_EVERY_S)
        left = self._library.close(_CLOSE_S)
        self._say({"closed": True, "unacknowledged": left})

    def _make(self, call: Call) -> None:
        begin = max(call.begin, self._positions[call.symbol])
        if begin >= call.end:
            return
        ticks = self._market.ticks[call.symbol][begin : call.end]
        while not self._accepted(call.symbol, ticks):
            self._tell()
            self._listen(_RETRY_S)
        self._positions[call.symbol] = call.end
        self._tell(soon=True)
        self._listen(len(ticks) * self._tick_s)

    def _accepted(self, symbol: str, ticks: Ticks) -> bool:
        try:
            self._library.send(symbol, ticks)
        except tpb.TpbError as problem:
            if problem.code not in _TRY_AGAIN:
                raise
            self._retried += 1
            return False
        return True

    def _open(self, settings: dict[str, Any]) -> Library:
        """Tries again while the disk is full, as a restarted terminal would.

        A process of the DLL's that was killed under Wine may hold its files for a moment more.
        """
        dll_build = settings["dll_build"]
        while True:
            try:
                if dll_build:
                    return DllSession(Path(dll_build), settings["config"])
                return NativeSession(settings["config"])
            except tpb.TpbError as problem:
                if problem.code != _DISK and not (dll_build and problem.code == _IN_USE):
                    raise
                self._say({"waiting": str(problem)})
                self._listen(_OPEN_RETRY_S)

    def _resume(self, symbol: str) -> int:
        cursor = self._library.cursor(symbol)
        return self._market.position(symbol, cursor.time_msc, cursor.count) if cursor else 0

    def _tell(self, *, opened: bool = False, soon: bool = False) -> None:
        """Where it stands; with `soon` not more often than is of use."""
        now = time.monotonic()
        if soon and now - self._told_at < _TELL_EVERY_S / 4:
            return
        self._told_at = now
        self._say(
            {
                "opened": opened,
                "library_pid": self._library.pid,
                "fed": self._fed,
                "positions": self._positions,
                "retried": self._retried,
                "status": self._library.report(),
            }
        )

    def _say(self, message: dict[str, Any]) -> None:
        self._channel.sendall(json.dumps(message).encode() + b"\n")

    def _listen(self, seconds: float) -> None:
        """Waits so long, and does what is ordered meanwhile."""
        deadline = time.monotonic() + seconds
        while True:
            left = max(0.0, deadline - time.monotonic())
            readable, _, _ = select.select([self._channel], [], [], left)
            if not readable:
                return
            data = self._channel.recv(65536)
            if not data:
                raise SystemExit("the harness hung up")
            *orders, self._orders = (self._orders + data).split(b"\n")
            for order in orders:
                self._obey(json.loads(order))

    def _obey(self, order: dict[str, Any]) -> None:
        if "token" in order:
            self._library.set_token(order["token"])
        if "hurry" in order:
            self._tick_s = 0.0
        self._finishing |= "finish" in order


def play(channel: socket.socket) -> None:
    """The whole life of a sender."""
    # Without a buffer, in which an order that comes close behind would be lost.
    settings = json.loads(channel.makefile("rb", buffering=0).readline())
    if settings["control"]:
        shim.arm(Path(settings["control"]), Path(settings["journal"]))
    Sender(channel, settings).run()
