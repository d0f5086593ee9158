"""Does what a schedule says to the processes of a run: one method a fault.

Each is a context: the fault begins with it and is over at its end. All on the event loop.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from tpb.faults import journal_damage
from tpb.faults.event_log import EventLog
from tpb.faults.failure import RunFailed
from tpb.faults.gateway_process import GatewayProcess
from tpb.faults.schedule import Fault
from tpb.faults.sender_process import SenderProcess
from tpb.faults.shim import Levers

_VISIT_S = 10.0
_POLL_S = 0.005
_CORRUPTION_S = 1.0


class Injector:
    def __init__(
        self,
        folder: Path,
        sender: SenderProcess,
        gateways: tuple[GatewayProcess, GatewayProcess],
        levers: Levers,
        events: EventLog,
        new_token: Callable[[], str],
    ) -> None:
        self.notes: list[str] = []  # what was done, where the schedule leaves it to the moment
        self.stores_before: list[Path] = []  # stores as they were before an older copy came back
        self._folder = folder
        self._sender = sender
        self._gateways = gateways
        self._levers = levers
        self._events = events
        self._new_token = new_token
        self._ill = [0, 0]  # faults that concern an endpoint now
        self._well_since = [0.0, 0.0]

    async def inject(self, fault: Fault) -> None:
        """From its beginning to its end."""
        await self._sender.reached(fault.at)
        method = getattr(self, f"_{fault.kind}")
        context: AbstractAsyncContextManager[None] = method(fault)
        async with context:
            await self._sender.reached(fault.at + fault.span, fault.limit_ms / 1000)

    def well_since(self, endpoint: int) -> float:
        """By time.monotonic(); in the future while something is wrong with it."""
        return float("inf") if self._ill[endpoint] else self._well_since[endpoint]

    @asynccontextmanager
    async def _illness(self, *endpoints: int) -> AsyncIterator[None]:
        for endpoint in endpoints:
            self._ill[endpoint] += 1
        try:
            yield
        finally:
            for endpoint in endpoints:
                self._ill[endpoint] -= 1
                self._well_since[endpoint] = time.monotonic()

    # ---- Processes ----------------------------------------------------------------------------

    @asynccontextmanager
    async def _sender_killed(self, fault: Fault) -> AsyncIterator[None]:
        await self._kill_sender(fault)
        yield

    @asynccontextmanager
    async def _gateway_killed(self, fault: Fault) -> AsyncIterator[None]:
        async with self._gateways_gone(fault.endpoint):
            yield

    @asynccontextmanager
    async def _all_killed(self, fault: Fault) -> AsyncIterator[None]:
        async with self._gateways_gone(0, 1):
            await self._kill_sender(fault)
            yield

    async def _kill_sender(self, fault: Fault) -> None:
        if fault.details["hurry"]:
            self._sender.hurry()
        for after_ms in fault.details["after_ms"]:
            await asyncio.sleep(after_ms / 1000)
            await self._restart_sender()

    async def _restart_sender(
        self, *, while_down: Callable[[], str] | None = None, may_forget: bool = False
    ) -> None:
        async with self._sender.alive:
            await self._sender.kill()
            if while_down is not None:
                self.notes.append(while_down())
            await self._sender.start(may_forget=may_forget)

    @asynccontextmanager
    async def _gateways_gone(self, *endpoints: int, refusing: bool = False) -> AsyncIterator[None]:
        """Killed, and served again at the end; `refusing`: connecting is refused meanwhile."""
        async with AsyncExitStack() as stack:
            for endpoint in endpoints:
                await stack.enter_async_context(self._gateways[endpoint].away)
            await stack.enter_async_context(self._illness(*endpoints))
            for endpoint in endpoints:
                if refusing:
                    self._gateways[endpoint].proxy.down()
                await self._gateways[endpoint].kill()
            yield
            for endpoint in endpoints:
                await self._gateways[endpoint].start()
                await self._gateways[endpoint].proxy.up()

    # ---- The network --------------------------------------------------------------------------

    @asynccontextmanager
    async def _reset(self, fault: Fault) -> AsyncIterator[None]:
        async with self._illness(fault.endpoint):
            for _ in range(fault.details["times"]):
                self._gateways[fault.endpoint].proxy.reset()
                await asyncio.sleep(0)
            yield

    @asynccontextmanager
    async def _stall(self, fault: Fault) -> AsyncIterator[None]:
        proxy = self._gateways[fault.endpoint].proxy
        async with self._illness(fault.endpoint):
            with proxy.towards_gateway.held(), proxy.towards_sender.held():
                yield

    @asynccontextmanager
    async def _half_open(self, fault: Fault) -> AsyncIterator[None]:
        proxy = self._gateways[fault.endpoint].proxy
        async with self._illness(fault.endpoint):
            with proxy.line(fault.details["towards"]).held():
                yield

    @asynccontextmanager
    async def _trickle(self, fault: Fault) -> AsyncIterator[None]:
        proxy = self._gateways[fault.endpoint].proxy
        async with self._illness(fault.endpoint):
            with proxy.towards_gateway.trickling(), proxy.towards_sender.trickling():
                yield

    @asynccontextmanager
    async def _delay(self, fault: Fault) -> AsyncIterator[None]:
        proxy = self._gateways[fault.endpoint].proxy
        async with self._illness(fault.endpoint):
            with proxy.towards_gateway.delayed(0.5), proxy.towards_sender.delayed(0.5):
                yield

    @asynccontextmanager
    async def _slow_reader(self, fault: Fault) -> AsyncIterator[None]:
        proxy = self._gateways[fault.endpoint].proxy
        async with self._illness(fault.endpoint):
            with proxy.line(fault.details["towards"]).slow():
                yield

    @asynccontextmanager
    async def _byte_corrupted(self, fault: Fault) -> AsyncIterator[None]:
        proxy = self._gateways[fault.endpoint].proxy
        line = proxy.line(fault.details["towards"])
        async with self._illness(fault.endpoint):
            before = line.flipped
            line.flip(fault.details["after_bytes"], fault.details["bit"])
            if fault.details["anew"]:
                proxy.reset()
            with suppress(TimeoutError):
                await asyncio.wait_for(line.flip_done.wait(), _CORRUPTION_S)
            self.notes.append(f"{'a' if line.flipped > before else 'no'} byte corrupted")
            yield

    @asynccontextmanager
    async def _upgrade_refused(self, fault: Fault) -> AsyncIterator[None]:
        proxy = self._gateways[fault.endpoint].proxy
        async with self._illness(fault.endpoint):
            with proxy.refusing_upgrades(fault.details["status"]):
                proxy.reset()
                yield

    @asynccontextmanager
    async def _token_refused(self, fault: Fault) -> AsyncIterator[None]:
        """In the middle of the stream; after a while the operator brings a new one."""
        endpoints = (0, 1) if fault.details["at_both"] else (fault.endpoint,)
        token = self._sender.settings["config"]["token"]
        async with self._illness(*endpoints):
            for endpoint in endpoints:
                self._gateways[endpoint].proxy.refuse_token(token)
            yield
            self._sender.set_token(self._new_token())

    @asynccontextmanager
    async def _primary_down(self, fault: Fault) -> AsyncIterator[None]:
        async with self._down(fault, 0):
            yield

    @asynccontextmanager
    async def _backup_down(self, fault: Fault) -> AsyncIterator[None]:
        async with self._down(fault, 1):
            yield

    @asynccontextmanager
    async def _both_down(self, fault: Fault) -> AsyncIterator[None]:
        async with self._down(fault, 0, 1):
            yield

    @asynccontextmanager
    async def _down(self, fault: Fault, *endpoints: int) -> AsyncIterator[None]:
        if fault.details["killed"]:
            async with self._gateways_gone(*endpoints, refusing=True):
                yield
            return
        async with AsyncExitStack() as stack:
            for endpoint in endpoints:
                await stack.enter_async_context(self._unreachable(endpoint))
            yield

    @asynccontextmanager
    async def _unreachable(self, endpoint: int) -> AsyncIterator[None]:
        gateway = self._gateways[endpoint]
        async with gateway.away, self._illness(endpoint):
            gateway.proxy.down()
            yield
            await gateway.proxy.up()

    # ---- The sender's disk and clock -----------------------------------------------------------

    @asynccontextmanager
    async def _disk_full(self, fault: Fault) -> AsyncIterator[None]:
        with self._levers.disk_full(fault.details["room_bytes"]):
            yield

    @asynccontextmanager
    async def _sync_fails(self, fault: Fault) -> AsyncIterator[None]:
        with self._levers.sync_fails():
            yield

    @asynccontextmanager
    async def _clock_set(self, fault: Fault) -> AsyncIterator[None]:
        self._levers.set_clock(fault.details["shift_ms"])
        yield
        self._levers.set_clock(0)

    # ---- What forgets -------------------------------------------------------------------------

    @property
    def _journal(self) -> Path:
        return Path(self._sender.settings["config"]["journal"])

    @asynccontextmanager
    async def _journal_cut(self, fault: Fault) -> AsyncIterator[None]:
        file, place = fault.details["file"], fault.details["place"]
        async with self._journal_damaged(
            fault, lambda: journal_damage.cut(self._journal, file, place)
        ):
            yield

    @asynccontextmanager
    async def _journal_flipped(self, fault: Fault) -> AsyncIterator[None]:
        file, place, bit = (fault.details[key] for key in ("file", "place", "bit"))
        async with self._journal_damaged(
            fault, lambda: journal_damage.flip(self._journal, file, place, bit)
        ):
            yield

    @asynccontextmanager
    async def _journal_damaged(
        self, fault: Fault, damage: Callable[[], str]
    ) -> AsyncIterator[None]:
        """A fault that lasts keeps both gateways away, so that there is something to damage."""
        async with AsyncExitStack() as stack:
            for endpoint in (0, 1) if fault.span else ():
                await stack.enter_async_context(self._unreachable(endpoint))
            yield
            await self._restart_sender(while_down=damage, may_forget=True)

    @asynccontextmanager
    async def _journal_restored(self, fault: Fault) -> AsyncIterator[None]:
        copied = self._folder / "journal-copy"

        def copy() -> str:
            journal_damage.copy(self._journal, copied)
            return "journal copied"

        def restore() -> str:
            journal_damage.restore(self._journal, copied)
            return "journal restored"

        if fault.details["copied_live"]:
            async with self._sender.alive:  # not between two lives: that is the other case
                self.notes.append(copy())
        else:
            await self._restart_sender(while_down=copy)
        yield
        await self._restart_sender(while_down=restore, may_forget=True)

    @asynccontextmanager
    async def _outbox_overflows(self, fault: Fault) -> AsyncIterator[None]:
        """Both gateways are away for so long that the outbox gives up its oldest batches."""
        async with self._unreachable(0), self._unreachable(1):
            yield

    @asynccontextmanager
    async def _store_restored(self, fault: Fault) -> AsyncIterator[None]:
        """The sender streams there before and after, so that it finds out."""
        gateway = self._gateways[fault.endpoint]
        copied = self._folder / f"store-copy-{fault.endpoint}.db"
        before = self._folder / f"store-before-{fault.endpoint}.db"
        async with AsyncExitStack() as stack:
            if fault.endpoint == 1:
                await stack.enter_async_context(self._unreachable(0))
            await self._until(lambda: self._sender.streams_to(fault.endpoint))
            gateway.copy_store(copied)
            yield
            async with self._gateways_gone(fault.endpoint):
                gateway.copy_store(before)
                self.stores_before.append(before)
                gateway.restore_store(copied)
                self._events.read()
                seen = len(self._events.events)
            await self._until(lambda: self._comes_to(fault.endpoint, seen))

    def _comes_to(self, endpoint: int, since: int) -> bool:
        self._events.read()
        return self._events.streams(endpoint, since)

    async def _until(self, connected: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _VISIT_S
        while not connected():
            self._sender.check()
            if time.monotonic() > deadline:
                raise RunFailed("the sender did not connect to the gateway that was restored")
            await asyncio.sleep(_POLL_S)
