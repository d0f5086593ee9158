"""What waits for one client: all while it keeps up, the newest when it does not."""

import pytest

from tpb.gateway.market.mailbox import MAX_IN_ORDER, MAX_SURE_BYTES, Mailbox


class Box:
    """A mailbox, and how often it has called."""

    def __init__(self) -> None:
        self.woken = self.lost = 0
        self.mailbox = Mailbox(self._wake, self._lose)

    def _wake(self) -> None:
        self.woken += 1

    def _lose(self) -> None:
        self.lost += 1


@pytest.fixture
def box() -> Box:
    return Box()


def test_who_keeps_up_gets_everything_in_order(box: Box) -> None:
    mailbox = box.mailbox
    mailbox.offer("EURUSD", b"a")
    mailbox.put(b"bar")
    mailbox.offer("EURUSD", b"b")
    assert box.woken == 1
    assert mailbox.take() == b"abarb"
    mailbox.offer("EURUSD", b"c")
    assert (box.woken, mailbox.take()) == (2, b"c")
    assert (mailbox.messages, mailbox.conflated) == (4, 0)
    assert mailbox.is_empty


def test_who_is_held_gets_the_newest_of_each_subscription(box: Box) -> None:
    mailbox = box.mailbox
    mailbox.hold()
    for number in range(1000):
        mailbox.offer("EURUSD", b"e%d " % number)
        mailbox.offer("GBPUSD", b"g%d " % number)
    mailbox.put(b"bar ")
    assert box.woken == 0
    assert mailbox.take() == b"bar e999 g999 "
    assert (mailbox.messages, mailbox.conflated) == (3, 1998)
    # And is a client like any other again.
    mailbox.offer("EURUSD", b"x")
    mailbox.offer("EURUSD", b"y")
    assert (box.woken, mailbox.take()) == (1, b"xy")


def test_one_turn_of_very_many_ticks_is_bounded(box: Box) -> None:
    for number in range(10 * MAX_IN_ORDER):
        box.mailbox.offer("EURUSD", b"%d " % number)
    taken = box.mailbox.take().split()
    assert taken[:MAX_IN_ORDER] == [b"%d" % number for number in range(MAX_IN_ORDER)]
    assert taken[MAX_IN_ORDER:] == [b"%d" % (10 * MAX_IN_ORDER - 1)]
    assert box.mailbox.conflated == 9 * MAX_IN_ORDER - 1


def test_nothing_comes_after_the_end_of_a_subscription(box: Box) -> None:
    box.mailbox.hold()
    box.mailbox.offer("EURUSD", b"e")
    box.mailbox.offer("GBPUSD", b"g")
    box.mailbox.forget("EURUSD")
    box.mailbox.put(b"unsubscribed ")
    assert box.mailbox.take() == b"unsubscribed g"


def test_what_must_arrive_is_bounded_while_it_is_not_read(box: Box) -> None:
    mailbox = box.mailbox
    mailbox.hold()
    piece = b"x" * (MAX_SURE_BYTES // 4)
    for _ in range(4):
        mailbox.put(piece)
    assert not mailbox.overflowed
    mailbox.put(b"y")
    mailbox.put(b"y")
    assert (mailbox.overflowed, box.lost) == (True, 1)


def test_a_long_history_is_no_reader_lost(box: Box) -> None:
    box.mailbox.put(b"x" * (2 * MAX_SURE_BYTES))
    assert box.lost == 0
    assert len(box.mailbox.take()) == 2 * MAX_SURE_BYTES
