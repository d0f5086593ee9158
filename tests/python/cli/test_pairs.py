"""`tpb pairs`: by options, by a store, and of a running gateway."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import crc32c
import numpy as np
import pytest
import typer
from numpy.typing import NDArray
from typer.testing import CliRunner, Result

from tpb.cli import errors
from tpb.cli.pairs import pairs
from tpb.gateway.market.pairs_client import PairsProblem
from tpb.gateway.market.stored_closes import read_closes
from tpb.gateway.protocol import Batch
from tpb.gateway.quality import numbers_of
from tpb.gateway.runner import RunningGateway, running_gateway
from tpb.gateway.schema import StoreProblem
from tpb.gateway.store import Store
from tpb.gateway.upgrade import Identity, Upgrade
from tpb.wire.trading.market_data_pb2 import MarketDataStream

MONDAY_S = 1_700_438_400
MINUTES = 90
PLANTED = {"NZDUSD": 0.95, "USDCHF": -0.9, "GBPUSD": 0.1}


def run(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(pairs)
    return CliRunner().invoke(app, list(map(str, arguments)))


def chosen(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def symbols(found: dict[str, Any]) -> list[str]:
    return [pair["symbol"] for pair in found["pairs"]]


class Deaf:
    def settled(self, committed: int | None) -> None: ...


def planted(**with_eurusd: float) -> dict[str, NDArray[np.float64]]:
    """Log prices, one each 20 s; the others move with EURUSD as much as is said."""
    random = np.random.default_rng(1)
    moves = random.normal(0, 1e-4, MINUTES * 3)
    series = {"EURUSD": moves}
    for symbol, rho in with_eurusd.items():
        own = random.normal(0, 1e-4, len(moves))
        series[symbol] = rho * moves + math.sqrt(1 - rho**2) * own
    return {symbol: math.log(1.1) + np.cumsum(returns) for symbol, returns in series.items()}


def write_store(path: Path, tenant: str, **with_eurusd: float) -> Path:
    series = planted(**with_eurusd)
    store = Store(path, lambda receipts: None)
    upgrade = Upgrade(Identity("ann", tenant), f"of {tenant}")
    opened = store.open_session(upgrade, at_ms=1, receiver=Deaf()).result(20)
    for number in range(MINUTES * 3):
        stream = MarketDataStream(batch_sequence=number + 1, tenant_id=tenant)
        time_s = MONDAY_S + 20 * number
        for symbol, logs in series.items():
            bid = math.exp(logs[number])
            stream.ticks.add(
                symbol=symbol, sequence_number=number + 1, bid=bid, time_msc=time_s * 1000
            )
        payload = stream.SerializeToString()
        ticks, numbers = len(stream.ticks), numbers_of(stream)
        batch = Batch(number + 1, payload, crc32c.crc32c(payload), ticks, numbers=numbers)
        store.append(opened.lane, batch, 1)
    store.close()
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "ticks.db"
    return write_store(path, "acme", **PLANTED)


# ---- By options -------------------------------------------------------------------------------


def test_by_the_table() -> None:
    found = chosen("--primary", "EURUSD, GBPUSD", "--tier", "pro")
    assert symbols(found) == ["EURUSD", "GBPUSD", "USDCHF", "EURGBP", "GBPJPY", "USDJPY"]
    assert (found["tier"], found["max_primary"], found["max_symbols"]) == ("pro", 5, 10)


def test_for_a_person() -> None:
    result = run("--primary", "EURUSD,US500")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "USDCHF" in result.stderr
    assert "correlation" in result.stderr
    assert "US500 is left out" in result.stderr
    assert "at most 5 primary and 10 symbols" in result.stderr


def test_enterprise() -> None:
    found = chosen("--primary", "US500,EURUSD", "--tier", "enterprise")
    assert symbols(found)[:2] == ["US500", "EURUSD"]
    assert (found["max_symbols"], found["left_out"]) == (None, [])


@pytest.mark.parametrize(
    "arguments,what",
    [
        ((), "nothing to choose from"),
        (("--primary", "EURUSD", "--tenant", "acme"), "--tenant without --store"),
        (("--gateway", "ws://localhost:1", "--tier", "pro"), "--tier cannot be given"),
        (("--primary", "EURUSD", "--ca-file", "x"), "--ca-file cannot be given without"),
        (("--gateway", "ws://localhost:1"), "No token"),
        (("--gateway", "ws://localhost:1", "--token-file", "/none"), "Cannot read the token"),
    ],
)
def test_usage(arguments: tuple[str, ...], what: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, errors.UserError)
    assert result.exception.exit_code == errors.USAGE
    assert what in result.exception.what


# ---- By a store -------------------------------------------------------------------------------


def test_measured_in_a_store(store: Path) -> None:
    found = chosen("--store", store, "--primary", "EURUSD")
    assert symbols(found) == ["EURUSD", "NZDUSD", "USDCHF", "EURGBP", "GBPUSD", "USDJPY"]
    returns = {symbol: np.diff(logs[2::3]) for symbol, logs in planted(**PLANTED).items()}
    assert [pair["correlation"] for pair in found["pairs"]] == [
        None,
        pytest.approx(np.corrcoef(returns["EURUSD"], returns["NZDUSD"])[0, 1], abs=1e-4),
        pytest.approx(np.corrcoef(returns["EURUSD"], returns["USDCHF"])[0, 1], abs=1e-4),
        *[None] * 3,
    ]
    assert f"over {MINUTES - 1} one-minute returns" in found["pairs"][1]["reason"]


def test_the_closes_of_a_store_are_the_last_bids_of_its_minutes(store: Path) -> None:
    minutes, logs = read_closes(store, "acme")["EURUSD"].arrays()
    assert minutes.tolist() == [*range(MONDAY_S // 60, MONDAY_S // 60 + MINUTES)]
    assert logs == pytest.approx(planted()["EURUSD"][2::3], abs=1e-12)


def test_a_threshold(store: Path) -> None:
    found = chosen("--store", store, "--primary", "EURUSD", "--threshold", "0.93")
    assert [pair["symbol"] for pair in found["pairs"] if pair["correlation"]] == ["NZDUSD"]


def test_what_a_store_has_most_of_is_primary(store: Path) -> None:
    found = chosen("--store", store, "--tier", "free")
    assert found["pairs"][0]["reason"] == "streamed most"
    assert symbols(found)[:2] == ["EURUSD", "GBPUSD"]  # as many of each: by name


def test_a_store_of_several_tenants(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.db"
    path.write_bytes(store.read_bytes())
    write_store(path, "brix", AUDUSD=0.95)
    result = run("--store", path, "--primary", "EURUSD")
    assert isinstance(result.exception, StoreProblem)
    assert "acme, brix" in result.exception.why
    found = chosen("--store", path, "--primary", "EURUSD", "--tenant", "brix")
    assert symbols(found)[1] == "AUDUSD"


# ---- Of a gateway -----------------------------------------------------------------------------


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def gateway(request: pytest.FixtureRequest) -> Iterator[RunningGateway]:
    with running_gateway(tls=request.param) as gateway:
        yield gateway


@pytest.fixture
def access(gateway: RunningGateway, tmp_path: Path) -> list[object]:
    token_file = tmp_path / "token.txt"
    token_file.write_text(gateway.token("ann", "acme"))
    trust: list[object] = [] if gateway.ca_file is None else ["--ca-file", gateway.ca_file]
    return ["--gateway", gateway.endpoint, "--token-file", token_file, *trust]


def test_what_a_gateway_has_chosen(access: list[object]) -> None:
    nothing = run(*access, "--json")
    assert nothing.exit_code == errors.NOTHING_TO_DO
    assert json.loads(nothing.stdout)["pairs"] == []
    named = chosen(*access, "--primary", "EURUSD,AUDUSD")
    assert (named["user"], named["version"]) == ("ann", 1)
    assert chosen(*access) == named
    assert "AUDUSD" in run(*access).stderr
    assert run(*access, "--primary", "").exit_code == errors.NOTHING_TO_DO


def test_a_gateway_that_refuses(access: list[object], tmp_path: Path) -> None:
    (tmp_path / "token.txt").write_text("eyJhbGciOiJI.eyJzdWIiOiJh.c2ln")
    result = run(*access)
    assert isinstance(result.exception, PairsProblem)
    assert result.exception.why.startswith("401: ")
    assert "eyJ" not in str(result.exception.why)


def test_a_gateway_that_is_not_to_be_trusted(tmp_path: Path) -> None:
    token_file = tmp_path / "token.txt"
    with running_gateway(tls=True) as gateway:
        token_file.write_text(gateway.token())
        result = run("--gateway", gateway.endpoint, "--token-file", token_file)
    assert isinstance(result.exception, PairsProblem)
    assert "certificate" in result.exception.why.lower()
    assert "--ca-file" in result.exception.next_step


@pytest.mark.parametrize(
    "url,what",
    [
        ("ws://gateway.example.com:8001", "without TLS"),
        ("gateway.example.com", "no address"),
        ("ws://localhost:99999", "no address"),
        ("ftp://localhost", "no address"),
    ],
)
def test_an_address_that_is_not_asked(url: str, what: str, tmp_path: Path) -> None:
    token_file = tmp_path / "token.txt"
    token_file.write_text("eyJhbGciOiJI.eyJzdWIiOiJh.c2ln")
    result = run("--gateway", url, "--token-file", token_file)
    assert isinstance(result.exception, PairsProblem)
    assert what in result.exception.what
