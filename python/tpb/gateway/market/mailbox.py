"""What waits to be sent to one client: everything while it keeps up, else the newest. Pure."""

from collections.abc import Callable

# From so many waiting frames on only the newest of each subscription is kept: one batch may bring
# thousands of ticks.
MAX_IN_ORDER = 512
# Results, bars and notices are never left out; a reader that lets so much of them pile up is lost.
MAX_SURE_BYTES = 1 << 20


class Mailbox:
    """Filled by many, emptied by the one that writes to the client."""

    __slots__ = (
        "_in_order",
        "_lost",
        "_newest",
        "_newest_only",
        "_sure_bytes",
        "_wake",
        "_woken",
        "conflated",
        "messages",
        "overflowed",
    )

    def __init__(self, wake: Callable[[], None], lost: Callable[[], None]) -> None:
        """wake: there is something to take, called once until take(); lost: the reader is."""
        self.messages = 0  # taken
        self.conflated = 0  # left out, for a newer one of the same subscription
        self.overflowed = False
        self._wake = wake
        self._woken = False
        self._lost = lost
        self._in_order: list[bytes] = []
        self._newest: dict[object, bytes] = {}
        self._newest_only = False
        self._sure_bytes = 0

    def offer(self, subscription: object, frame: bytes) -> None:
        """Data: a newer frame of the same subscription may take its place."""
        if self._newest_only:
            if subscription in self._newest:
                self.conflated += 1
            self._newest[subscription] = frame
            return
        self._in_order.append(frame)
        if not self._woken:
            self._woken = True
            self._wake()
        elif len(self._in_order) >= MAX_IN_ORDER:
            self._newest_only = True

    def put(self, frame: bytes) -> None:
        """What must arrive."""
        if self.overflowed:
            return
        self._in_order.append(frame)
        self._sure_bytes += len(frame)
        if self._newest_only and self._sure_bytes > MAX_SURE_BYTES:
            self.overflowed = True
            self._lost()
        elif not self._woken:
            self._woken = True
            self._wake()

    def forget(self, subscription: object) -> None:
        """What waits of an ended subscription is not wanted any more."""
        self._newest.pop(subscription, None)

    def hold(self) -> None:
        """The client reads too slowly: nobody is woken until the next take()."""
        self._woken = True
        self._newest_only = True

    @property
    def is_empty(self) -> bool:
        return not self._in_order and not self._newest

    def take(self) -> bytes:
        """All that waits, as one piece; who is woken next begins anew."""
        frames = [*self._in_order, *self._newest.values()] if self._newest else self._in_order
        self.messages += len(frames)
        taken = b"".join(frames)
        self._in_order.clear()
        self._newest.clear()
        self._newest_only = False
        self._sure_bytes = 0
        self._woken = False
        return taken
