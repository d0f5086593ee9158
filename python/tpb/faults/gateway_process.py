"""A gateway in a process of its own, forked warm, that can be killed and comes back."""

import asyncio
import json
import logging
import socket
import sqlite3
from pathlib import Path

from tpb.account.secret import read_or_make_secret
from tpb.faults.proxy import ChaosProxy
from tpb.faults.zygote import Child, Zygote
from tpb.gateway.auth import Authenticator
from tpb.gateway.reading import reading
from tpb.gateway.server import GatewayOptions, GatewayServer

_SIDE_FILES = ("-wal", "-shm")


class GatewayProcess:
    """One endpoint: a gateway with a store of its own, behind a proxy whose port stays."""

    def __init__(self, folder: Path, secret_file: Path, zygote: Zygote) -> None:
        folder.mkdir()
        self.proxy = ChaosProxy()
        self.store = folder / "ticks.db"
        self.log = folder / "gateway.log"
        self._secret_file = secret_file
        self._zygote = zygote
        self._child: Child | None = None
        self._away = asyncio.Lock()  # held by whoever has taken it down

    @property
    def endpoint(self) -> str:
        return f"ws://127.0.0.1:{self.proxy.port}/ws/mt5"

    async def start(self) -> None:
        child = await self._zygote.start(self.log)
        child.tell({"store": str(self.store), "secret_file": str(self._secret_file)})
        ready = await child.hear()
        if ready is None:
            raise RuntimeError(f"the gateway of {self.store} ended before it served")
        self._child = child
        self.proxy.gateway_port = ready["port"]

    async def kill(self) -> None:
        if self._child is not None:
            child, self._child = self._child, None
            await child.kill()

    async def stop(self) -> None:
        """In good order."""
        if self._child is not None:
            child, self._child = self._child, None
            status = await child.end()
            if status:
                raise RuntimeError(f"the gateway of {self.store} ended with {status}")

    @property
    def away(self) -> asyncio.Lock:
        """One fault at a time takes it down."""
        return self._away

    def copy_store(self, to: Path) -> None:
        """As a backup program does it: consistent, also while the gateway writes."""
        source = sqlite3.connect(f"{self.store.as_uri()}?mode=ro", uri=True)
        target = sqlite3.connect(to)
        try:
            source.backup(target)
        finally:
            target.close()
            source.close()

    def told(self) -> list[str]:
        """What the store says of its sessions and gaps, for a diagnosis."""
        if not self.store.exists():
            return []
        with reading(self.store) as database:
            database.row_factory = sqlite3.Row
            rows = [
                *database.execute(
                    "SELECT session, continues, epoch, acknowledged, batches, repeats, corrections"
                    " FROM sessions"
                ),
                *database.execute("SELECT session, expected, received, reason FROM gaps"),
                *database.execute("SELECT session, first, last FROM handovers"),
            ]
        return [str(dict(row)) for row in rows]

    def restore_store(self, copy: Path) -> None:
        """Puts the copy in the place of the store, of a gateway that does not run."""
        for suffix in _SIDE_FILES:
            self.store.with_name(self.store.name + suffix).unlink(missing_ok=True)
        self.store.write_bytes(copy.read_bytes())


# ---- In the child --------------------------------------------------------------------------------


def play(channel: socket.socket) -> None:
    """Serves until the harness hangs up."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    asyncio.run(_serve(channel))


async def _serve(channel: socket.socket) -> None:
    reader, writer = await asyncio.open_connection(sock=channel)
    settings = json.loads(await reader.readline())
    authenticator = Authenticator(secret=read_or_make_secret(Path(settings["secret_file"])))
    options = GatewayOptions(store=Path(settings["store"]), authenticator=authenticator)
    async with GatewayServer(options) as server:
        writer.write(json.dumps({"port": server.port}).encode() + b"\n")
        await reader.read()
    writer.close()
