"""Runs a gateway beside other Python code: in a thread, or in a process of its own."""

import asyncio
import json
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tpb.account.secret import read_or_make_secret
from tpb.account.token import make_token
from tpb.gateway.auth import Authenticator
from tpb.gateway.server import HEALTH_PATH, QUALITY_PATH, GatewayOptions, GatewayServer

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 15.0


class RunningGateway(ABC):
    """A gateway that serves, and where its things are."""

    def __init__(
        self,
        store: Path,
        *,
        secret_file: Path,
        tls_dir: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        event_log: Path | None = None,
        shared_tenants: tuple[str, ...] = (),
        user_service: str | None = None,
    ) -> None:
        self.store_path = store
        self.secret_file = secret_file
        self.endpoint = ""
        self.market_endpoint = ""
        self.health_url = ""
        self.ca_file: Path | None = None
        self._tls_dir = tls_dir
        self._host = host
        self._port = port
        self._event_log = event_log
        self._shared_tenants = shared_tenants
        self._user_service = user_service

    @abstractmethod
    def start(self) -> None:
        """Returns once it serves; raises a Problem, or RuntimeError for a process."""

    @abstractmethod
    def stop(self) -> None:
        """Acknowledges what is committed and closes connections with 1001. Again is fine."""

    def restart(self) -> None:
        """Stops and serves again on the same port and store."""
        self.stop()
        self.start()

    def token(
        self, user: str = "demo", tenant: str = "demo", tier: str = "pro", *, ttl_s: int = 3600
    ) -> str:
        secret = read_or_make_secret(self.secret_file)
        return make_token(secret, user=user, tenant=tenant, tier=tier, ttl_s=ttl_s)

    def health(self, token: str | None = None) -> dict[str, Any]:
        """What /healthz says, with a token also of its tenant: sessions and newest events."""
        return self._ask(self.health_url, token)

    def quality(self, token: str) -> list[dict[str, Any]]:
        """What /api/v1/quality says of the token's tenant: a symbol and hour an entry."""
        address = self.health_url.removesuffix(HEALTH_PATH) + QUALITY_PATH
        periods: list[dict[str, Any]] = self._ask(address, token)["periods"]
        return periods

    def _ask(self, address: str, token: str | None) -> dict[str, Any]:
        request = urllib.request.Request(address)
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        context = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None
        try:
            with urllib.request.urlopen(request, timeout=10, context=context) as answer:
                report = answer.read()
        except urllib.error.HTTPError as degraded:
            report = degraded.read()
            degraded.close()
        found: dict[str, Any] = json.loads(report)
        return found


class GatewayThread(RunningGateway):
    """In a thread of this process, where a test can also cut its connections."""

    _thread: threading.Thread | None = None

    def start(self) -> None:
        ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(ready)), name="tpb-gateway", daemon=True
        )
        self._thread.start()
        ready.result(_START_TIMEOUT_S)

    def stop(self) -> None:
        if self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_STOP_TIMEOUT_S)
        if self._thread.is_alive():
            raise RuntimeError("the gateway's thread did not end in time")
        self._thread = None

    def cut_connections(self) -> int:
        """Resets every TCP connection at once, as a broken network does; tells how many."""
        return asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(_STOP_TIMEOUT_S)

    async def _cut(self) -> int:
        return self._server.cut_connections()

    async def _serve(self, ready: "Future[None]") -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        try:
            options = GatewayOptions(
                store=self.store_path,
                authenticator=Authenticator(secret=read_or_make_secret(self.secret_file)),
                host=self._host,
                port=self._port,
                tls_dir=self._tls_dir,
                event_log=self._event_log,
                shared_tenants=self._shared_tenants,
                user_service=self._user_service,
            )
            self._server = GatewayServer(options)
            await self._server.start()
        except BaseException as problem:  # noqa: BLE001 (start() raises it)
            self._thread = None
            ready.set_exception(problem)
            return
        self._port = self._server.port
        self.endpoint = self._server.endpoint
        self.market_endpoint = self._server.market_endpoint
        self.health_url = self._server.health_url
        self.ca_file = self._server.ca_file
        ready.set_result(None)
        await self._stopping.wait()
        await self._server.stop()


class GatewayProcess(RunningGateway):
    """`tpb gateway` as a child: with a processor of its own, and gone when this process is."""

    _process: "subprocess.Popen[str] | None" = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        # The line comes, or the end of the output does.
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait(_STOP_TIMEOUT_S)
            self._close_pipes()
            raise RuntimeError(f"the gateway ended with exit code {code} before it served")
        ready = json.loads(line)
        self.endpoint = ready["endpoint"]
        self.market_endpoint = ready["market_endpoint"]
        self.health_url = ready["health_url"]
        self.ca_file = Path(ready["ca_file"]) if ready["ca_file"] else None
        self._port = ready["port"]

    @property
    def pid(self) -> int:
        """Of the process, while it runs."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(_STOP_TIMEOUT_S)
        self._close_pipes()

    def kill(self) -> None:
        """Ends it as a crash or a power cut does; start() serves the same store again."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(_STOP_TIMEOUT_S)
        self._close_pipes()

    def _command(self) -> list[str]:
        command = [sys.executable, "-m", "tpb", "gateway", "--json", "--until-stdin-closes"]
        command += ["--host", self._host, "--port", str(self._port)]
        command += ["--store", str(self.store_path), "--jwt-secret-file", str(self.secret_file)]
        if self._tls_dir is not None:
            command += ["--tls", "--tls-dir", str(self._tls_dir)]
        if self._event_log is not None:
            command += ["--event-log", str(self._event_log)]
        for tenant in self._shared_tenants:
            command += ["--shared-tenant", tenant]
        if self._user_service is not None:
            command += ["--user-service", self._user_service]
        return command

    def _close_pipes(self) -> None:
        assert self._process is not None
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None


@contextmanager
def running_gateway(
    *,
    store: Path | None = None,
    tls: bool = False,
    tls_dir: Path | None = None,
    secret_file: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    process: bool = False,
    shared_tenants: tuple[str, ...] = (),
    user_service: str | None = None,
) -> Iterator[RunningGateway]:
    """Serves while the block runs; what is not named is kept in a temporary folder.

    process: in a process of its own, for load; else in a thread.
    """
    with tempfile.TemporaryDirectory(prefix="tpb-gateway-") as folder:
        kind = GatewayProcess if process else GatewayThread
        gateway = kind(
            store or Path(folder) / "ticks.db",
            secret_file=secret_file or Path(folder) / "jwt-secret",
            tls_dir=tls_dir or (Path(folder) / "tls" if tls else None),
            host=host,
            port=port,
            shared_tenants=shared_tenants,
            user_service=user_service,
        )
        gateway.start()
        try:
            yield gateway
        finally:
            gateway.stop()
