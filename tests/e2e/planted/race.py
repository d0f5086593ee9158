"""A sender whose ticks are written to by a thread while the library reads them."""

import ctypes
import socket
from unittest import mock

from tpb.faults import sender
from tpb.faults.market import Ticks

_BID_OFFSET = 8


class WrittenMeanwhile(sender.NativeSession):
    def send(self, symbol: str, ticks: Ticks) -> int:
        # Not a thread of Python's: what is handed over with its lock would order the two.
        libc, thread = ctypes.CDLL(None), ctypes.c_void_p()
        bid = ctypes.c_void_p(ticks.ctypes.data + _BID_OFFSET)
        libc.pthread_create(ctypes.byref(thread), None, libc.time, bid)  # time(&bid) writes to it
        return self._session.send(symbol, ticks)


def play(channel: socket.socket) -> None:
    with mock.patch.object(sender, "NativeSession", WrittenMeanwhile):
        sender.play(channel)
