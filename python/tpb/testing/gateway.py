"""A running gateway that a test can look into, stop, restart and cut off."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tpb.gateway.reading import (
    StoredBatch,
    StoredTicks,
    concatenate,
    read_batches,
    read_ticks,
)
from tpb.gateway.runner import GatewayThread


class GatewayFixture(GatewayThread):
    """What the fixtures `gateway` and `gateway_tls` give.

    endpoint, health_url, ca_file, store_path: where it is. token(user, tenant, tier): a token for
    it. stop(), restart(), cut_connections(): what happens to gateways.
    """

    def batches(
        self, *, tenant: str | None = None, session: str | None = None
    ) -> list[StoredBatch]:
        """What is stored, in order of tenant, session, batch_sequence."""
        return list(read_batches(self.store_path, tenant=tenant, session=session))

    def ticks(self, *, tenant: str | None = None, session: str | None = None) -> StoredTicks:
        """The stored ticks of one session, which must be the only one that fits."""
        return concatenate(list(read_ticks(self.store_path, tenant=tenant, session=session)))


@contextmanager
def gateway_in(folder: Path, *, tls: bool) -> Iterator[GatewayFixture]:
    folder.mkdir()
    gateway = GatewayFixture(
        folder / "ticks.db",
        secret_file=folder / "jwt-secret",
        tls_dir=folder / "tls" if tls else None,
        host="127.0.0.1",
        port=0,
    )
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()
