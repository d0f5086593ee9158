"""A gateway that does anything but its work: the session says so, keeps the ticks, and goes on."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import tpb
from tpb.testing import scripted
from tpb.testing.scripted import ScriptedServer
from tpb.testing.ticks import made_up

CREDENTIALS, PROTOCOL, NETWORK = -401, -402, -403
HALTED, WAITING = 4, 3

pytestmark = pytest.mark.timeout(60)

# behaviour, code of the problem, state after it, a part of the sentence
CASES = {
    "never_answers": (scripted.never_answers, NETWORK, "did not answer"),
    "answers_500": (lambda: scripted.answers(500), NETWORK, "500"),
    "answers_503": (lambda: scripted.answers(503, {"Retry-After": "7"}), NETWORK, "503"),
    "answers_429": (lambda: scripted.answers(429, {"Retry-After": "7"}), NETWORK, "429"),
    "answers_404": (lambda: scripted.answers(404), PROTOCOL, "404"),
    "answers_401": (lambda: scripted.answers(401), CREDENTIALS, "401"),
    "answers_403": (lambda: scripted.answers(403), CREDENTIALS, "403"),
    "closes_with_1008": (lambda: scripted.closes_with(1008, "no"), PROTOCOL, "1008"),
    "sends_garbage": (scripted.sends_garbage, NETWORK, "connection ended"),
    "stalls": (scripted.stalls_after_upgrade, NETWORK, "silent"),
    "acknowledges_out_of_range": (scripted.acknowledges_out_of_range, PROTOCOL, "batch"),
    "hangs_up": (scripted.hangs_up, NETWORK, "connection"),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Iterator[tuple[ScriptedServer, int, str]]:
    behaviour, code, part = CASES[request.param]
    with ScriptedServer(behaviour()) as server:
        yield server, code, part


TOKEN = "e30.eyJzdWIiOiJ1IiwidGVuYW50X2lkIjoidCJ9.c2VjcmV0"


def test_from_python(case: tuple[ScriptedServer, int, str], wait_until: Callable[..., Any]) -> None:
    server, code, part = case
    with tpb.Session(
        server.endpoint, TOKEN, connect_timeout_ms=1000, heartbeat_ms=1000, backoff_min_ms=50
    ) as session:
        session.send("EURUSD", made_up(5))
        status = wait_until(lambda: session.status(), lambda status: status.problem != 0)
        assert status.problem == code, status
        assert part in status.problem_text, status
        assert TOKEN not in repr(session) + session.last_error
        assert status.state_name == ("halted" if code == CREDENTIALS else status.state_name)
        assert status.ticks_accepted == 5
        assert status.ticks_acknowledged == 0
        assert session.close(0) == 5


def test_from_the_dll(case: tuple[ScriptedServer, int, str], play: Callable[..., Any]) -> None:
    server, code, part = case
    steps = {line["step"]: line for line in play("first-problem", server.endpoint, TOKEN)}
    assert steps["problem"]["result"] == 1
    assert steps["code"]["result"] == code
    assert part in steps["state"]["error"]
    assert (steps["state"]["result"] == HALTED) == (code == CREDENTIALS)
    assert steps["left"]["result"] == 5


def test_retry_after_is_obeyed(wait_until: Callable[..., Any]) -> None:
    busy = scripted.answers(503, {"Retry-After": "1"})
    with ScriptedServer(busy, busy, scripted.best_effort()) as server:
        opened_at_ms = time.time() * 1000
        with tpb.Session(server.endpoint, TOKEN, backoff_min_ms=10) as session:
            status = wait_until(session.status, lambda status: status.state_name == "connected")
            assert status.connect_attempts == 3
            # Two waits of a second each: the connection stands no sooner.
            assert status.state_since_ms - opened_at_ms >= 2000


def test_a_gateway_without_acknowledgements_is_best_effort(wait_until: Callable[..., Any]) -> None:
    with ScriptedServer(scripted.best_effort()) as server:
        with tpb.Session(server.endpoint, TOKEN) as session:
            session.send("EURUSD", made_up(10))
            status = wait_until(session.status, lambda status: status.ticks_sent == 10)
            assert status.delivery == 2
            status = wait_until(session.status, lambda status: status.outbox_bytes == 0)
            assert status.ticks_acknowledged == 0
        assert len(server.frames) == 2


def test_the_upgrade_says_who_and_what(wait_until: Callable[..., Any]) -> None:
    with ScriptedServer(scripted.best_effort()) as server:
        with tpb.Session(server.endpoint, TOKEN) as session:
            wait_until(session.status, lambda status: status.state_name == "connected")
            session_id = session.status().session_id
        request = server.requests[0]
    assert request.target == "/ws/mt5"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["x-user-id"] == "u"
    assert request.headers["x-session-id"] == session_id
    assert request.headers["x-first-batch"] == "1"
    assert request.headers["sec-websocket-protocol"] == "tpb.ack.v1"
