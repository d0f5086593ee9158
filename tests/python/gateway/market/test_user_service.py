"""A user's tier from a user service: asked with the user's token, kept, and done without."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tpb.gateway.market.user_service import (
    CONFIG_PATH,
    KEPT_S,
    UserService,
    UserServiceProblem,
    check_url,
)
from tpb.gateway.upgrade import Identity

ANN = Identity("ann", "acme", "free", roles=("trader",))
TOKEN = "Bearer eyJhbGciOiJI.eyJzdWIiOiJh.c2ln"


class Service:
    """A user service on a real socket."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.tier: object = "pro"
        self.answer: web.Response | None = None
        self.arrived = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.url = ""

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get(CONFIG_PATH, self._tell)
        app.router.add_get("/elsewhere", self._tell)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        self.gate.set()
        await self._runner.cleanup()

    async def _tell(self, request: web.Request) -> web.Response:
        self.asked.append(request.headers["Authorization"])
        self.arrived.set()
        await self.gate.wait()
        if self.answer is not None:
            return self.answer
        return web.json_response({"user_id": "ann", "tier": self.tier})


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    service = Service()
    await service.start()
    yield service
    await service.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def users(service: Service, clock: Clock) -> AsyncIterator[UserService]:
    users = UserService(service.url, clock=clock)
    yield users
    await users.close()


async def test_the_service_knows_the_tier(service: Service, users: UserService) -> None:
    service.tier = "enterprise"
    found = await users.identify(ANN, TOKEN)
    assert found == Identity("ann", "acme", "enterprise", roles=("trader",))
    assert service.asked == [TOKEN]
    assert users.failures == 0


async def test_an_answer_is_kept_a_minute_for_each_user(
    service: Service, users: UserService, clock: Clock
) -> None:
    await users.identify(ANN, TOKEN)
    service.tier = "enterprise"
    clock.now_s = KEPT_S - 0.001
    assert (await users.identify(ANN, TOKEN)).tier == "pro"
    assert len(service.asked) == 1
    assert (await users.identify(Identity("ann", "brix"), TOKEN)).tier == "enterprise"
    assert (await users.identify(Identity("bob", "acme"), TOKEN)).tier == "enterprise"
    clock.now_s = KEPT_S
    assert (await users.identify(ANN, TOKEN)).tier == "enterprise"
    assert len(service.asked) == 4


async def test_many_connections_of_a_user_ask_once(service: Service, users: UserService) -> None:
    service.gate.clear()
    waiting = [asyncio.create_task(users.identify(ANN, TOKEN)) for _ in range(20)]
    await service.arrived.wait()
    service.gate.set()
    assert {found.tier for found in await asyncio.gather(*waiting)} == {"pro"}
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "answer,why",
    [
        (web.Response(status=500), "status 500"),
        (web.Response(status=401), "status 401"),
        (web.Response(status=302, headers={"Location": "/elsewhere"}), "status 302"),
        (web.Response(text="<html>"), "no JSON"),
        (web.Response(text="[" * 20_000), "no JSON"),
        (web.Response(text="[1]"), "no tier"),
        (web.Response(text='{"tier": 3}'), "no tier"),
        (web.Response(text=" " * 70_000), "longer than"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_an_answer_that_is_none(
    service: Service,
    users: UserService,
    caplog: pytest.LogCaptureFixture,
    answer: web.Response,
    why: str,
) -> None:
    service.answer = answer
    assert await users.identify(ANN, TOKEN) == ANN
    assert users.failures == 1
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert why in record.getMessage()
    assert "eyJ" not in record.getMessage()
    assert len(service.asked) == 1


async def test_a_service_that_hangs(service: Service) -> None:
    users = UserService(service.url, time_limit_s=0.05)
    service.gate.clear()
    assert await users.identify(ANN, TOKEN) == ANN
    assert users.failures == 1
    await users.close()


async def test_a_service_that_is_not_there(
    service: Service, users: UserService, caplog: pytest.LogCaptureFixture
) -> None:
    await service.stop()
    caplog.set_level(logging.INFO)
    for _ in range(3):
        assert await users.identify(ANN, TOKEN) == ANN
    assert users.failures == 3
    # One warning for a row of them.
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO", "INFO"]


async def test_a_failure_is_not_kept(service: Service, users: UserService) -> None:
    service.answer = web.Response(status=503)
    await users.identify(ANN, TOKEN)
    service.answer = None
    assert (await users.identify(ANN, TOKEN)).tier == "pro"


@pytest.mark.parametrize(
    "url", ["https://users.example.com", "https://x/base/", "http://127.0.0.1:8080", "http://[::1]"]
)
def test_addresses_that_can_be_used(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize("url", ["", "users.example.com", "ftp://x", "https://", "https://x?a=b"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(UserServiceProblem, match="is no address"):
        check_url(url)


def test_tokens_do_not_travel_in_the_clear() -> None:
    with pytest.raises(UserServiceProblem, match="without TLS"):
        check_url("http://users.example.com")
    check_url("http://users.example.com", allow_plaintext=True)
