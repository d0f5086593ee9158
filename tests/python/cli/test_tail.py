"""`tpb tail`, as a process beside a gateway: what is shown, told and refused, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tpb.account.secret import SigningSecret, read_or_make_secret
from tpb.account.token import make_token
from tpb.cli.tail_view import TailView, document
from tpb.market_data import MARKET_DTYPE, MarketData

pytestmark = pytest.mark.timeout(90)

Environment = dict[str, str]


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return {
        **os.environ,
        "HOME": str(tmp_path / "home"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "LOCALAPPDATA": str(tmp_path / "data"),
    }


class Serving:
    """`tpb gateway --feed simulator`, until the test ends."""

    def __init__(self, environment: Environment, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tpb", "gateway", "--json", "--port", "0"),
                *("--feed", "simulator", "--feed-speed", "5", "--feed-history", "0"),
                *map(str, arguments),
            ],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.endpoint: str = self.ready["endpoint"]

    def token(self, tier: str = "pro") -> str:
        secret = read_or_make_secret(Path(self.ready["secret_file"]))
        return make_token(secret, user="ann", tenant="acme", tier=tier)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.communicate(timeout=60)


@pytest.fixture
def gateway(environment: Environment) -> Iterator[Serving]:
    serving = Serving(environment)
    yield serving
    serving.end()


@pytest.fixture
def token_file(tmp_path: Path) -> Callable[[str], Path]:
    def write(token: str) -> Path:
        path = tmp_path / "token.txt"
        path.write_text(token, encoding="ascii")
        return path

    return write


@contextmanager
def started(environment: Environment, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tpb", "tail", *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def run(environment: Environment, *arguments: object) -> tuple[int, list[str], str]:
    """Exit code, lines of stdout, stderr."""
    with started(environment, *arguments) as process:
        out, told = process.communicate(timeout=60)
    assert "Traceback" not in told
    assert "eyJ" not in out + told
    return process.returncode, out.splitlines(), told


# ---- What comes ----------------------------------------------------------------------------------


def test_json_is_an_object_a_message(gateway: Serving, environment: Environment) -> None:
    """Without any token, by the secret that the gateway has made."""
    code, lines, told = run(
        environment,
        *("EURUSD", "GBPUSD", "--endpoint", gateway.endpoint, "--json", "--count", 8),
        *("--timeframe", "tick"),
    )
    assert code == 0, told
    messages = [json.loads(line) for line in lines]
    assert len(messages) == 8
    assert {message["symbol"] for message in messages} <= {"EURUSD", "GBPUSD"}
    for message in messages:
        assert message["ask"] > message["bid"] > 0
        assert (message["timeframe"], message["live"], message["shared"]) == ("tick", True, True)


def test_lines_are_for_people(gateway: Serving, environment: Environment) -> None:
    code, lines, told = run(environment, "EURUSD", "--endpoint", gateway.endpoint, "--count", 3)
    assert code == 0, told
    assert len(lines) == 3
    assert all(line.startswith("EURUSD ") and line.endswith("  live") for line in lines)


def test_over_tls_with_the_local_authority(environment: Environment) -> None:
    gateway = Serving(environment, "--tls")
    try:
        for given in ([], ["--ca-file", gateway.ready["ca_file"]]):
            code, lines, told = run(
                environment, "EURUSD", "--endpoint", gateway.endpoint, "--count", 1, *given
            )
            assert (code, len(lines)) == (0, 1), told
    finally:
        gateway.end()


def test_without_symbols_the_usual_ones_come(gateway: Serving, environment: Environment) -> None:
    code, lines, told = run(environment, "--endpoint", gateway.endpoint, "--count", 30)
    assert code == 0, told
    assert {line.split()[0] for line in lines} == {"EURUSD", "GBPUSD", "USDJPY"}
    assert "chosen no symbols" in told


def test_without_symbols_those_that_were_chosen_come(
    gateway: Serving, environment: Environment, token_file: Callable[[str], Path]
) -> None:
    token = gateway.token()
    name = urllib.request.Request(
        gateway.ready["health_url"].replace("/healthz", "/api/v1/pairs"),
        data=b'{"primary": ["GBPJPY"]}',
        headers={"Authorization": f"Bearer {token}"},
        method="PUT",
    )
    with urllib.request.urlopen(name, timeout=30) as answer:
        chosen = {pair["symbol"] for pair in json.load(answer)["pairs"]}
    code, lines, told = run(
        environment,
        *("--endpoint", gateway.endpoint, "--token-file", token_file(token), "--count", 60),
    )
    assert code == 0, told
    shown = {line.split()[0] for line in lines}
    assert "GBPJPY" in shown <= chosen
    assert "chosen no symbols" not in told


# ---- What is refused -----------------------------------------------------------------------------


def test_a_refused_symbol_is_told_and_the_others_come(
    gateway: Serving, environment: Environment, token_file: Callable[[str], Path]
) -> None:
    code, lines, told = run(
        environment,
        *("EURUSD", "DE40", "--endpoint", gateway.endpoint, "--count", 20),
        *("--token-file", token_file(gateway.token("pro"))),
    )
    assert code == 0
    assert {line.split()[0] for line in lines} == {"EURUSD"}
    assert "DE40 is refused: " in told


def test_nothing_but_refusals_is_a_failure(
    gateway: Serving, environment: Environment, token_file: Callable[[str], Path]
) -> None:
    code, lines, told = run(
        environment,
        *("DE40", "US500", "--endpoint", gateway.endpoint, "--json"),
        *("--token-file", token_file(gateway.token("pro"))),
    )
    assert (code, lines) == (1, [])
    assert "refuses every symbol" in told


def test_a_refused_token_is_a_failure(
    gateway: Serving, environment: Environment, token_file: Callable[[str], Path]
) -> None:
    foreign = make_token(SigningSecret(b"x" * 32), user="ann", tenant="acme")
    code, lines, told = run(
        environment,
        *("EURUSD", "--endpoint", gateway.endpoint, "--token-file", token_file(foreign)),
    )
    assert (code, lines) == (1, [])
    assert "does not take the token" in told


@pytest.mark.parametrize(
    "arguments, code, told",
    [
        (["EURUSD", "--endpoint", "wss://gw.example"], 2, "--token-file"),
        (["EURUSD", "--endpoint", "ws://127.0.0.1:1", "--token-file", "none"], 2, "none"),
        (["EURUSD", "--timeframe", "2m"], 2, "2m"),
        (["EURUSD", "--endpoint", "http://127.0.0.1:1"], 2, "http"),
        (["EUR,USD", "--endpoint", "ws://127.0.0.1:1"], 2, "EUR,USD"),
    ],
)
def test_what_does_not_fit_is_usage(
    environment: Environment, tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    read_or_make_secret(tmp_path / "data" / "tpb" / "jwt-secret")
    ended, lines, said = run(environment, *arguments)
    assert (ended, lines) == (code, [])
    assert told in said


def test_without_a_secret_it_says_who_makes_one(environment: Environment) -> None:
    code, _, told = run(environment, "EURUSD")
    assert code == 1
    assert "tpb gateway" in told


# ---- How it ends ---------------------------------------------------------------------------------


def test_a_lost_connection_is_told_and_ctrl_c_is_no_failure(
    gateway: Serving, environment: Environment
) -> None:
    with started(environment, "EURUSD", "--endpoint", gateway.endpoint) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("EURUSD")
        gateway.end()
        told = ""
        while "what is kept is stale" not in told:
            told = process.stderr.readline()
            assert told
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in rest


# ---- The view ------------------------------------------------------------------------------------


def message(**fields: object) -> MarketData:
    row = np.full(1, 0, MARKET_DTYPE)[0]
    row["bid"], row["ask"], row["rsi"], row["live"], row["market_session"] = 1.5, 1.501, 40, 1, 3
    for name in ("sma_20", "macd_line"):
        row[name] = float("nan")
    for name, value in fields.items():
        row[name] = value
    return MarketData.from_row("EURUSD", "1m", row)


def cells(view: TailView) -> list[list[str]]:
    return [[str(cell) for cell in column.cells] for column in view.table().columns]


def test_the_table_shows_direction_age_and_what_is_stale() -> None:
    newest: dict[str, MarketData] = {}
    view = TailView("1m", newest.get)
    view.expect("EURUSD")
    assert cells(view)[1] == ["…"]
    for bid in (1.5, 1.49):
        newest["EURUSD"] = message(bid=bid)
        view.take(newest["EURUSD"])
    shown = [column[0] for column in cells(view)]
    assert shown == ["EURUSD", "1.490", "1.501", "▼", "…", "…", "40.0", "(london)", "0 ms", "live"]
    newest["EURUSD"] = message(bid=1.49, live=0, age_ms=61_000, session_open=1)
    shown = [column[0] for column in cells(view)]
    assert shown[-3:] == ["london", "61 s", "STALE"]


def test_a_refusal_stands_in_the_table_until_a_price_comes() -> None:
    newest: dict[str, MarketData] = {}
    view = TailView("1m", newest.get)
    view.refuse("EURUSD", "the tier allows no more")
    assert cells(view)[1] == ["the tier allows no more"]
    newest["EURUSD"] = message()
    view.take(newest["EURUSD"])
    assert cells(view)[1] == ["1.500"]
    view.drop("EURUSD")
    assert cells(view)[1] == []


def test_a_programs_message_has_null_for_what_is_not_known() -> None:
    found = json.loads(json.dumps(document(message()), allow_nan=False))
    assert (found["sma_20"], found["rsi"], found["live"]) == (None, 40.0, True)
