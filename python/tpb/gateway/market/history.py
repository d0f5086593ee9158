"""The newest bars of a series, as they are sent, within what a tenant may keep. Pure."""

from collections import deque

MAX_BARS = 1000
# Over all series of a tenant: about 100 MB.
MAX_TENANT_BARS = 1 << 19


class Room:
    """How many bars more a tenant may keep."""

    __slots__ = ("left",)

    def __init__(self, bars: int = MAX_TENANT_BARS) -> None:
        self.left = bars


class History:
    """Frames of the newest bars of one series."""

    __slots__ = ("_frames", "_room")

    def __init__(self, room: Room) -> None:
        self._frames: deque[bytes] = deque()
        self._room = room

    def add(self, frame: bytes) -> None:
        """Where there is no room, the series' own oldest makes some."""
        if self._room.left and len(self._frames) < MAX_BARS:
            self._room.left -= 1
        elif self._frames:
            self._frames.popleft()
        else:
            return
        self._frames.append(frame)

    def newest(self, bars: int) -> bytes:
        """Oldest first, as one piece."""
        frames = list(self._frames)
        return b"".join(frames[max(0, len(frames) - bars) :])

    def clear(self) -> None:
        self._room.left += len(self._frames)
        self._frames.clear()
