"""One run: its schedule played against a sender and two gateways, and what came of it."""

import asyncio
import shutil
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tpb.account.secret import read_or_make_secret
from tpb.account.token import make_token
from tpb.faults import sanitizer
from tpb.faults.comparison import Comparison, Findings
from tpb.faults.event_log import EventLog
from tpb.faults.explanation import explained
from tpb.faults.failure import RunFailed
from tpb.faults.gateway_process import GatewayProcess
from tpb.faults.injection import Injector
from tpb.faults.market import Market, made_up
from tpb.faults.schedule import DROPPING, Schedule
from tpb.faults.sender_process import SenderProcess
from tpb.faults.shim import Levers
from tpb.faults.zygote import Zygote
from tpb.gateway.reading import read_ticks

# Generous: it only says how long a run that hangs is waited for.
_LIMIT_S = 60.0
_SETTLE_S = 20.0
_POLL_S = 0.02
# A fail-over counts where the other endpoint was well for so long before.
_WELL_S = 0.1
_LOG_LINES_SHOWN = 6
_FIRST_TTL_S = 3600
_STATUS_SHOWN = (
    "state_name",
    "endpoint",
    "problem_text",
    "outbox_bytes",
    "ticks_accepted",
    "batches_closed",
    "batches_acknowledged",
    "connect_attempts",
    "reconnects",
)


@dataclass
class Result:
    schedule: Schedule
    ticks: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    altered: int = 0
    destroyed_reported: int = 0  # gone with a damaged disk, and said to be so
    dropped_reported: int = 0  # by an outbox that may, and said to be so
    lives: int = 0
    faults: Counter[str] = field(default_factory=Counter)  # that were done
    reported: Counter[str] = field(default_factory=Counter)  # the sender's events
    failover_ms: list[int] = field(default_factory=list)
    elapsed_s: float = 0.0
    diagnosis: str = ""

    @property
    def passed(self) -> bool:
        return not self.diagnosis


@dataclass(frozen=True)
class Tools:
    """What runs share."""

    senders: Zygote
    gateways: Zygote
    dll_build: Path


async def play(schedule: Schedule, tools: Tools) -> Result:
    """Plays a run to its end. A failed one leaves its folder behind; its diagnosis names it."""
    folder = Path(tempfile.mkdtemp(prefix=f"tpb-faults-{schedule.seed}-{schedule.run}-"))
    begun = time.monotonic()
    run = _Run(schedule, folder, tools)
    result = run.result
    try:
        async with asyncio.timeout(_LIMIT_S):
            await run.play()
        run.compare()
    except RunFailed as problem:
        result.diagnosis = str(problem)
    except TimeoutError:
        result.diagnosis = f"it did not end within {_LIMIT_S:.0f} s: {run.where()}"
    if found := sanitizer.report(run.sender_log):
        result.diagnosis = "\n".join(filter(None, (found, result.diagnosis)))
    result.elapsed_s = time.monotonic() - begun
    if result.passed:
        shutil.rmtree(folder)
    else:
        result.diagnosis += f"\nleft in {folder}\n{run.story()}"
    return result


class _Run:
    def __init__(self, schedule: Schedule, folder: Path, tools: Tools) -> None:
        self.result = Result(schedule)
        self._schedule = schedule
        self._folder = folder
        self._market = made_up(schedule.market_seed, schedule.ticks, schedule.symbols)
        secret_file = folder / "jwt-secret"
        self._secret = read_or_make_secret(secret_file)
        self._tokens = 0
        self._gateways = (
            GatewayProcess(folder / "primary", secret_file, tools.gateways),
            GatewayProcess(folder / "backup", secret_file, tools.gateways),
        )
        self._levers = Levers(folder / "levers")
        self._events = EventLog(folder / "events.jsonl")
        self.sender_log = folder / "sender.log"
        self._sender = SenderProcess(
            tools.senders, self.sender_log, self._settings(tools), self._market
        )
        self._injector = Injector(
            folder, self._sender, self._gateways, self._levers, self._events, self._new_token
        )

    @property
    def market(self) -> Market:
        return self._market

    async def play(self) -> None:
        async with AsyncExitStack() as stack:
            stack.enter_context(self._levers)
            for gateway in self._gateways:
                await stack.enter_async_context(gateway.proxy)
                await gateway.start()
                stack.push_async_callback(gateway.kill)
            stack.push_async_callback(self._sender.kill)
            watching = asyncio.create_task(self._watch())
            stack.callback(watching.cancel)
            await self._sender.start()
            await self._inject_all()
            await self._settle()
            await self._sender.finish()
            for gateway in self._gateways:
                await gateway.stop()
        self._watch_once()
        self.result.lives = self._sender.lives
        self.result.reported.update(event["kind"] for event in self._events.events)

    def compare(self) -> None:
        comparison = Comparison()
        comparison.take(read_ticks([gateway.store for gateway in self._gateways]))
        findings = comparison.findings(self._market)
        self._count(findings, comparison)

    def where(self) -> str:
        """For a diagnosis: how far everything is."""
        sender = self._sender
        status = {key: sender.status.get(key) for key in _STATUS_SHOWN}
        return (
            f"{sender.accepted} of {self._market.size} ticks accepted in life {sender.lives},"
            f" {sender.retried} calls retried; {status}"
        )

    def story(self) -> str:
        """The last events and lines of the logs."""
        events = [
            f"  {event['time']} {event['kind']} endpoint {event['endpoint']}: {event['text']}"
            for event in self._events.events[-2 * _LOG_LINES_SHOWN :]
        ]
        logs = [f"  {note}" for note in self._injector.notes]
        logs += [
            f"  {gateway.store.parent.name}: {line}"
            for gateway in self._gateways
            for line in gateway.told()
        ]
        for path in sorted(self._folder.glob("**/*.log")):
            lines = path.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
            logs += [f"  {path.parent.name}/{path.name}: {line}" for line in lines]
        return "\n".join([*events, *logs])

    async def _inject_all(self) -> None:
        """Plays the faults side by side; the first thing that goes wrong ends them all."""
        try:
            async with asyncio.TaskGroup() as group:
                for fault in self._schedule.faults:
                    group.create_task(self._injector.inject(fault))
        except* RunFailed as problems:
            raise problems.exceptions[0] from None
        self.result.faults.update(fault.kind for fault in self._schedule.faults)

    async def _settle(self) -> None:
        """Waits until the source is exhausted and all of it acknowledged."""
        deadline = time.monotonic() + _SETTLE_S + self._schedule.ticks / self._schedule.ticks_per_s
        while not self._sender.done:
            self._sender.check()
            if time.monotonic() > deadline:
                raise RunFailed(f"not everything was acknowledged: {self.where()}")
            await asyncio.sleep(_POLL_S)

    async def _watch(self) -> None:
        while True:
            self._watch_once()
            await asyncio.sleep(_POLL_S)

    def _watch_once(self) -> None:
        now = time.monotonic()
        for found in self._events.fail_overs():
            lost_at = now - found.ms / 1000
            if self._injector.well_since(found.endpoint) < lost_at - _WELL_S:
                self.result.failover_ms.append(found.ms)

    def _count(self, findings: Findings, comparison: Comparison) -> None:
        result = self.result
        stores = [gateway.store for gateway in self._gateways]
        may_drop = self._schedule.options.get("outbox_full") == DROPPING
        destroyed = explained(
            findings.lost,
            comparison,
            stores,
            self._injector.stores_before,
            self._events,
            may_drop=may_drop,
        )
        if may_drop and self._sender.lives == 1:  # what earlier lives counted is gone with them
            self._compare_with_count(len(destroyed))
        result.ticks = self._market.size
        if may_drop:
            result.dropped_reported = len(destroyed)
        else:
            result.destroyed_reported = len(destroyed)
        result.lost = len(findings.lost - destroyed)
        result.duplicated = findings.duplicated
        result.reordered = findings.reordered
        result.altered = findings.altered
        for place in sorted(findings.lost - destroyed)[:3]:
            findings.note(f"{place.symbol} {place.number} is nowhere")
        if result.lost or findings.duplicated or findings.reordered or findings.altered:
            counts = f"lost {result.lost}, duplicated {result.duplicated}"
            counts += f", reordered {result.reordered}, altered {result.altered}: "
            raise RunFailed(counts + "; ".join(findings.faults))

    def _compare_with_count(self, dropped: int) -> None:
        counted = self._sender.status["ticks_dropped"]
        if dropped > counted:
            raise RunFailed(f"{dropped} ticks were dropped, of which the client counted {counted}")

    def _new_token(self) -> str:
        self._tokens += 1
        ttl_s = _FIRST_TTL_S + self._tokens  # another token, and not only another time of day
        return make_token(self._secret, user="fault", tenant="faults", ttl_s=ttl_s)

    def _settings(self, tools: Tools) -> dict[str, Any]:
        schedule = self._schedule
        journal = self._folder / "journal"
        journal.mkdir()
        config: dict[str, Any] = {
            "endpoint": self._gateways[0].endpoint,
            "backup_endpoint": self._gateways[1].endpoint,
            "token": self._new_token(),
            "journal": str(journal),
            "event_log": str(self._folder / "events.jsonl"),
            **schedule.options,
        }
        return {
            "config": config,
            "journal": str(journal),
            "control": None if schedule.through_dll else str(self._levers.path),
            "dll_build": str(tools.dll_build) if schedule.through_dll else None,
            "ticks_per_s": schedule.ticks_per_s,
            "market": {
                "seed": schedule.market_seed,
                "ticks": schedule.ticks,
                "symbols": schedule.symbols,
            },
        }
