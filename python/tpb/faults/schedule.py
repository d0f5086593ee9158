"""What happens in a run: drawn from the seed and the run's number alone. Pure."""

import math
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from random import Random
from typing import Any


class Kind(StrEnum):
    SENDER_KILLED = "sender_killed"
    GATEWAY_KILLED = "gateway_killed"
    ALL_KILLED = "all_killed"
    RESET = "reset"
    STALL = "stall"
    HALF_OPEN = "half_open"
    TRICKLE = "trickle"
    DELAY = "delay"
    BYTE_CORRUPTED = "byte_corrupted"
    UPGRADE_REFUSED = "upgrade_refused"
    TOKEN_REFUSED = "token_refused"
    SLOW_READER = "slow_reader"
    DISK_FULL = "disk_full"
    SYNC_FAILS = "sync_fails"
    CLOCK_SET = "clock_set"
    PRIMARY_DOWN = "primary_down"
    BACKUP_DOWN = "backup_down"
    BOTH_DOWN = "both_down"
    JOURNAL_CUT = "journal_cut"
    JOURNAL_FLIPPED = "journal_flipped"
    JOURNAL_RESTORED = "journal_restored"
    STORE_RESTORED = "store_restored"
    OUTBOX_OVERFLOWS = "outbox_overflows"


# What makes a part forget: at most one of these a run, so that it is plain who must report what.
FORGETTING = (
    Kind.JOURNAL_CUT,
    Kind.JOURNAL_FLIPPED,
    Kind.JOURNAL_RESTORED,
    Kind.STORE_RESTORED,
    Kind.OUTBOX_OVERFLOWS,
)
# What is done by a library loaded before the sender's own, which Windows has not.
BY_SHIM = (Kind.DISK_FULL, Kind.SYNC_FAILS, Kind.CLOCK_SET)

DROPPING = "drop_oldest"  # of the option outbox_full

_LEAST_TICKS, _MOST_TICKS = 2000, 5000
_MOST_FAULTS = 5
_DAY_MS = 24 * 3600 * 1000
_LEAST_OUTBOX_BYTES = 4 * 65536
# More than the least outbox holds, and the time that the slowest sender takes for them.
_OVERFLOWING_TICKS, _OVERFLOWING_MS = 6000, 20_000


@dataclass(frozen=True)
class Fault:
    """Begins when so many ticks are accepted and lasts for so many more, or `limit_ms` at most."""

    kind: Kind
    at: int
    span: int = 0
    limit_ms: int = 0
    endpoint: int = 0  # 0 the primary, 1 the backup
    details: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        where = f" endpoint {self.endpoint}" if self.endpoint else ""
        details = "".join(f" {key}={value}" for key, value in self.details.items())
        return f"{self.kind} at {self.at}+{self.span}{where}{details}"


@dataclass(frozen=True)
class Schedule:
    seed: int
    run: int
    through_dll: bool
    ticks: int
    symbols: int
    ticks_per_s: int
    options: dict[str, int | str]  # of the session
    faults: tuple[Fault, ...]

    @property
    def market_seed(self) -> str:
        return f"{self.seed} {self.run}"

    def document(self) -> dict[str, Any]:
        return asdict(self)


def draw(seed: int, run: int, dll_share: float) -> Schedule:
    random = Random(f"faults {seed} {run}")
    through_dll = random.random() < dll_share
    ticks = random.randint(_LEAST_TICKS, _MOST_TICKS)
    kinds = _chosen(random, run, through_dll)
    overflows = Kind.OUTBOX_OVERFLOWS in kinds
    if overflows:
        ticks += _OVERFLOWING_TICKS
    return Schedule(
        seed=seed,
        run=run,
        through_dll=through_dll,
        ticks=ticks,
        symbols=random.randint(2, 6),
        ticks_per_s=random.randint(2000, 6000),
        options=_options(random, overflows),
        faults=_faults(random, kinds, ticks),
    )


def _options(random: Random, overflows: bool) -> dict[str, int | str]:
    """Short times, so that a run is short, and small files, so that it has several."""
    options: dict[str, int | str] = {
        "batch_ticks": random.choice([1, 5, 5, 20, 64]),
        "flush_ms": random.randint(2, 40),
        "stamp": random.choice(["tick", "batch"]),
        "journal_segment_bytes": 65536,
        "journal_sync_ms": random.randint(5, 50),
        "connect_timeout_ms": 500,
        "heartbeat_ms": 400,
        "backoff_min_ms": 10,
        "backoff_max_ms": 100,
        "return_after_ms": random.randint(100, 400),
    }
    if random.random() < 0.3 or overflows:  # it fills while both gateways are away
        options["outbox_bytes"] = _LEAST_OUTBOX_BYTES
    if overflows:
        options["outbox_full"] = DROPPING
    return options


def _chosen(random: Random, run: int, through_dll: bool) -> list[Kind]:
    """Every kind has its turn as the first one of a run; what else happens is drawn."""
    kinds = [kind for kind in Kind if not (through_dll and kind in BY_SHIM)]
    chosen = [kinds[run % len(kinds)]]
    for _ in range(random.randint(0, _MOST_FAULTS - 1)):
        kind = random.choice(kinds)
        if kind not in FORGETTING or not set(chosen) & set(FORGETTING):
            chosen.append(kind)
    return chosen


def _faults(random: Random, kinds: list[Kind], ticks: int) -> tuple[Fault, ...]:
    faults = [_fault(random, kind, ticks) for kind in kinds]
    return tuple(sorted(faults, key=lambda fault: fault.at))


def _fault(random: Random, kind: Kind, ticks: int) -> Fault:
    at = random.randint(1, ticks * 9 // 10)
    span = random.randint(ticks // 20, ticks // 3)
    limit_ms = random.randint(100, 900)
    endpoint = int(random.random() < 0.25)
    details: dict[str, Any] = {}
    match kind:
        case Kind.SENDER_KILLED | Kind.ALL_KILLED:
            # hurry: it sends as fast as it can, so that the kill meets it at work. Killed again
            # and again it is met while it recovers.
            span = 0
            details = {"hurry": random.random() < 0.5, "after_ms": _moments(random)}
        case Kind.RESET:
            span, details = 0, {"times": random.randint(1, 3)}
        case Kind.HALF_OPEN | Kind.SLOW_READER:
            details = {"towards": random.choice(["gateway", "sender"])}
        case Kind.BYTE_CORRUPTED:
            # Of the bytes that follow; a connection made anew begins with its upgrade.
            span = 0
            details = {
                "towards": random.choice(["gateway", "sender"]),
                "after_bytes": _small_or_large(random, 6000),
                "bit": random.randrange(8),
                "anew": random.random() < 0.3,
            }
        case Kind.UPGRADE_REFUSED:
            details = {"status": random.choice([503, 503, 502, 429])}
        case Kind.TOKEN_REFUSED:
            details = {"at_both": random.random() < 0.6}
        case Kind.DISK_FULL:
            details = {"room_bytes": random.choice([0, 0, 1, 4096, 70000])}
        case Kind.CLOCK_SET:
            shift_ms = random.choice([1000, 3600_000, _DAY_MS, 30 * _DAY_MS])
            details = {"shift_ms": random.choice([-1, 1]) * random.randint(1, shift_ms)}
        case Kind.JOURNAL_CUT | Kind.JOURNAL_FLIPPED:
            # Which file and where in it: fractions of what is there then.
            span = 0 if random.random() < 0.3 else span
            details = {
                "file": random.random(),
                "place": random.random(),
                "bit": random.randrange(8),
            }
        case Kind.JOURNAL_RESTORED:
            details = {"copied_live": random.random() < 0.5}
        case Kind.OUTBOX_OVERFLOWS:
            at = random.randint(1, ticks - _OVERFLOWING_TICKS)
            span, limit_ms, endpoint = _OVERFLOWING_TICKS, _OVERFLOWING_MS, 0
        case Kind.PRIMARY_DOWN | Kind.BACKUP_DOWN | Kind.BOTH_DOWN:
            endpoint = int(kind is Kind.BACKUP_DOWN)
            details = {"killed": random.random() < 0.3}
        case _:
            pass
    return Fault(kind, at, min(span, ticks - at), limit_ms, endpoint, details)


def _moments(random: Random) -> list[float]:
    """How long after the trigger, and then after each new start, it is killed."""
    times = 1 if random.random() < 0.6 else random.randint(2, 4)
    return [round(random.uniform(0.0, 30.0 if n else 4.0), 3) for n in range(times)]


def _small_or_large(random: Random, most: int) -> int:
    """As many small numbers as large ones: what stands at the beginning deserves the same care."""
    return int(math.exp(random.uniform(0.0, math.log(most)))) - 1
