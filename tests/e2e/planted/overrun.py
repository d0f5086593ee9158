"""A sender that hands over one tick more than it has: the library reads behind the end."""

import socket
from unittest import mock

from numpy.lib.stride_tricks import as_strided

from tpb.faults import sender
from tpb.faults.market import Ticks


class OneTickTooMany(sender.NativeSession):
    def send(self, symbol: str, ticks: Ticks) -> int:
        alone = ticks.copy()  # with nothing of the market behind it
        return self._session.send(symbol, as_strided(alone, shape=(len(alone) + 1,)))


def play(channel: socket.socket) -> None:
    with mock.patch.object(sender, "NativeSession", OneTickTooMany):
        sender.play(channel)
