"""The sender as the harness has it: started, followed, killed and started again."""

import asyncio
import time
from pathlib import Path
from typing import Any

from tpb.faults.failure import RunFailed
from tpb.faults.market import Market
from tpb.faults.zygote import Child, Zygote, end_process

CONNECTED = "connected"


class SenderProcess:
    """All methods on the event loop. What goes wrong with it ends the run, through check()."""

    def __init__(self, zygote: Zygote, log: Path, settings: dict[str, Any], market: Market) -> None:
        self.settings = settings
        self.lives = 0
        self.retried = 0  # calls that had to be made again, in this life
        self.status: dict[str, Any] = {}
        self.alive = asyncio.Lock()  # held by whoever kills it and starts it again
        self._zygote = zygote
        self._log = log
        self._market = market
        self._child: Child | None = None
        self._following: asyncio.Task[None] | None = None
        self._positions = dict.fromkeys(market.symbols, 0)
        self._may_forget = False
        self._fed = False
        self._library_pid: int | None = None  # of the process that has the DLL loaded
        self._problem: str | None = None
        self._moved = asyncio.Event()

    @property
    def accepted(self) -> int:
        return sum(self._positions.values())

    @property
    def done(self) -> bool:
        """The source is exhausted and everything that was accepted is acknowledged."""
        return (
            self._fed
            and self._child is not None
            and self.accepted == self._market.size
            and self.status["batches_acknowledged"] >= self.status["batches_closed"]
        )

    async def start(self, *, may_forget: bool = False) -> None:
        """may_forget: the journal was damaged, so the cursors may stand further back."""
        # A life that ended before it told its cursors leaves this to the next one.
        self._may_forget |= may_forget
        self._fed = False
        self._library_pid = None
        self.status = {}
        self.lives += 1
        child = await self._zygote.start(self._log)
        child.tell(self.settings)
        self._child = child
        self._following = asyncio.create_task(self._follow(child))

    async def kill(self) -> None:
        """kill -9; what it had said before is heard."""
        if self._child is not None and self._following is not None:
            child, self._child = self._child, None
            if self._library_pid is not None:
                await end_process(self._library_pid)
            await child.kill()
            await self._following

    async def finish(self) -> None:
        """Lets it close in good order and end."""
        assert self._child
        assert self._following
        child = self._child
        child.tell({"finish": True})
        await self._following
        self._child = None
        status = await child.end()
        if status:
            self._problem = self._problem or f"the sender ended with {status}"
        self.check()

    def hurry(self) -> None:
        """For the rest of this life it does not keep its pace."""
        if self._child is not None:
            self._child.tell({"hurry": True})

    def set_token(self, token: str) -> None:
        """For this life and the next ones."""
        self.settings["config"]["token"] = token
        if self._child is not None:
            self._child.tell({"token": token})

    async def reached(self, accepted: int, limit_s: float | None = None) -> None:
        """Waits until so many ticks are accepted, or for so long."""
        deadline = None if limit_s is None else time.monotonic() + limit_s
        while self.accepted < accepted:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return
            self._moved.clear()
            try:
                await asyncio.wait_for(self._moved.wait(), left)
            except TimeoutError:
                return
            self.check()

    def streams_to(self, endpoint: int) -> bool:
        streams = self.status.get("state_name") == CONNECTED
        return streams and self.status["endpoint"] == endpoint

    def check(self) -> None:
        if self._problem:
            raise RunFailed(self._problem)

    async def _follow(self, child: Child) -> None:
        closed = False
        while (message := await child.hear()) is not None:
            closed |= "closed" in message
            if "positions" in message:
                self._note(message)
            self._moved.set()
        if self._child is child and not closed:
            self._child = None
            status = await child.end()
            self._problem = self._problem or f"the sender ended by itself with {status}"
        self._moved.set()

    def _note(self, message: dict[str, Any]) -> None:
        if message["opened"]:
            self._compare_with_before(message["positions"])
        self._library_pid = message["library_pid"]
        self._positions = message["positions"]
        self._fed = message["fed"]
        self.retried = message["retried"]
        self.status = message["status"]

    def _compare_with_before(self, positions: dict[str, int]) -> None:
        """A killed sender forgets nothing that it accepted."""
        for symbol, before in self._positions.items():
            if positions[symbol] < before and not self._may_forget:
                self._problem = (
                    f"the journal forgot accepted ticks: {symbol} stood at {before}, after the"
                    f" restart at {positions[symbol]}"
                )
        self._may_forget = False
