"""MT5's tick flags: what a tick changed."""

BID = 2
ASK = 4
LAST = 8
VOLUME = 16
BUY = 32
SELL = 64

# A quote of both sides, from a source that does not say which one moved.
QUOTE = BID | ASK


def changed(bid: bool, ask: bool) -> int:
    """The flags of a quote; one that repeats the one before counts as new on both sides."""
    return (BID if bid else 0) | (ASK if ask else 0) or QUOTE
