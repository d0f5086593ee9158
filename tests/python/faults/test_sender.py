"""What the sender of a fault run makes of what the harness says."""

import json
import socket
from typing import Any

import pytest

from tpb.faults import sender


def test_an_order_close_behind_the_settings_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []

    class Listener:
        def __init__(self, channel: socket.socket, settings: dict[str, Any]) -> None:
            self._channel = channel

        def run(self) -> None:
            self._channel.setblocking(False)
            heard.append(self._channel.recv(100))

    monkeypatch.setattr(sender, "Sender", Listener)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        order = json.dumps({"token": "new"}).encode()
        ours.sendall(json.dumps({"control": None}).encode() + b"\n" + order)
        sender.play(theirs)
    assert heard == [order]
