"""Running gateways that a test can look into, stop, restart, kill and cut off."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal, NamedTuple, overload

from tpb.gateway.reading import (
    StoredBatch,
    StoredTicks,
    concatenate,
    read_batches,
    read_ticks,
)
from tpb.gateway.runner import GatewayProcess, GatewayThread, RunningGateway


class _LookedInto(RunningGateway):
    """endpoint, market_endpoint, health_url, ca_file, store_path: where it is. token(user, tenant,
    tier): a token for it. health(), quality(): what it says of itself.
    """

    def batches(
        self, *, tenant: str | None = None, session: str | None = None
    ) -> list[StoredBatch]:
        """What is stored, in order of tenant, session, batch_sequence."""
        return list(read_batches(self.store_path, tenant=tenant, session=session))

    def ticks(self, *, tenant: str | None = None, session: str | None = None) -> StoredTicks:
        """The stored ticks of one session, which must be the only one that fits."""
        return concatenate(list(read_ticks(self.store_path, tenant=tenant, session=session)))


class GatewayFixture(_LookedInto, GatewayThread):
    """In this process. stop(), restart(), cut_connections(): what happens to gateways."""


class GatewayProcessFixture(_LookedInto, GatewayProcess):
    """In a process of its own. stop(), restart(), kill(): what happens to those."""


class GatewayPair(NamedTuple):
    """Two gateways with stores of their own; a token or a certificate of one is good for both."""

    primary: GatewayFixture
    backup: GatewayFixture


class Gateways:
    """Makes gateways in one folder that trust the same tokens and have the same authority."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack

    @overload
    def __call__(
        self,
        name: str,
        *,
        tls: bool = False,
        process: Literal[False] = False,
        events: bool = False,
        shared_tenants: tuple[str, ...] = (),
    ) -> GatewayFixture: ...
    @overload
    def __call__(
        self,
        name: str,
        *,
        tls: bool = False,
        process: Literal[True],
        events: bool = False,
        shared_tenants: tuple[str, ...] = (),
    ) -> GatewayProcessFixture: ...
    def __call__(
        self,
        name: str,
        *,
        tls: bool = False,
        process: bool = False,
        events: bool = False,
        shared_tenants: tuple[str, ...] = (),
    ) -> GatewayFixture | GatewayProcessFixture:
        """Starts one; it is stopped when the test ends. events: keeps NAME/events.jsonl."""
        own = self._folder / name
        own.mkdir(parents=True)
        kind = GatewayProcessFixture if process else GatewayFixture
        gateway = kind(
            own / "ticks.db",
            secret_file=self._folder / "jwt-secret",
            tls_dir=self._folder / "tls" if tls else None,
            event_log=own / "events.jsonl" if events else None,
            shared_tenants=shared_tenants,
        )
        gateway.start()
        self._stack.callback(gateway.stop)
        return gateway


@contextmanager
def gateways_in(folder: Path) -> Iterator[Gateways]:
    with ExitStack() as stack:
        yield Gateways(folder, stack)


@contextmanager
def gateway_in(folder: Path, *, tls: bool) -> Iterator[GatewayFixture]:
    with gateways_in(folder) as new_gateway:
        yield new_gateway("gateway", tls=tls)
