"""`tpb gateway`, `tpb token` and `tpb export`, as processes."""

import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

from tpb.account.secret import read_or_make_secret
from tpb.gateway.auth import Authenticator
from tpb.gateway.upgrade import SUBPROTOCOL
from tpb.wire.trading.market_data_pb2 import MarketDataStream

Environment = dict[str, str]


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """A home of its own, so that no test meets the user's secret or store."""
    return {
        **os.environ,
        "HOME": str(tmp_path / "home"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "LOCALAPPDATA": str(tmp_path / "data"),
    }


def tpb(environment: Environment, *arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tpb", *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=100,
        check=False,
    )


class Serving:
    """`tpb gateway --json` until the test ends."""

    def __init__(self, environment: Environment, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tpb", "gateway", "--json", "--port", "0", *map(str, arguments)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())

    def end(self, number: signal.Signals) -> tuple[int, str, str]:
        """Exit code, rest of stdout, stderr."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@pytest.fixture
def serving(environment: Environment, tmp_path: Path) -> Iterator[Serving]:
    gateway = Serving(environment, "--store", tmp_path / "ticks.db")
    yield gateway
    if gateway.process.poll() is None:
        gateway.process.kill()
        gateway.process.communicate()


def connect(endpoint: str, token: str, **options: Any) -> websocket.WebSocket:
    client = websocket.create_connection(
        endpoint,
        timeout=20,
        header=[f"Authorization: Bearer {token}", "x-user-id: ann", "x-session-id: s1"],
        subprotocols=[SUBPROTOCOL],
        **options,
    )
    client.recv()
    return client


def send_ticks(endpoint: str, token: str, bids: list[float]) -> None:
    client = connect(endpoint, token)
    stream = MarketDataStream(batch_sequence=1, tenant_id="acme")
    for number, bid in enumerate(bids, 1):
        stream.ticks.add(symbol="EURUSD", bid=bid, sequence_number=number)
    client.send_binary(stream.SerializeToString())
    client.recv()
    client.shutdown()


def make_token(environment: Environment) -> str:
    made = tpb(environment, "token", "--user", "ann", "--tenant", "acme")
    assert (made.returncode, made.stderr) == (0, "")
    return made.stdout.strip()


# ---- tpb gateway ------------------------------------------------------------------------------


def test_token_gateway_export(serving: Serving, environment: Environment, tmp_path: Path) -> None:
    """The three verbs together, with the secret that the gateway made itself."""
    assert serving.ready["event"] == "ready"
    assert serving.ready["store"] == str(tmp_path / "ticks.db")
    assert serving.ready["ca_file"] is None
    bids = [1.1, 0.1 + 0.2, 1e-300, 123456789.123456789]
    send_ticks(serving.ready["endpoint"], make_token(environment), bids)
    while_it_runs = tpb(environment, "export", "--store", tmp_path / "ticks.db")
    rows = list(csv.DictReader(io.StringIO(while_it_runs.stdout)))
    assert [float(row["bid"]) for row in rows] == bids
    assert [row["tenant"] for row in rows] == ["acme"] * 4
    code, _, messages = serving.end(signal.SIGTERM)
    assert code == 0, messages
    assert tpb(environment, "export", "--store", tmp_path / "ticks.db").stdout == (
        while_it_runs.stdout
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_gracefully(
    serving: Serving, environment: Environment, number: signal.Signals
) -> None:
    client = connect(serving.ready["endpoint"], make_token(environment))
    serving.process.send_signal(number)
    opcode, payload = client.recv_data(control_frame=True)
    assert (opcode, payload[:2]) == (websocket.ABNF.OPCODE_CLOSE, (1001).to_bytes(2))
    client.shutdown()
    _, err = serving.process.communicate(timeout=60)
    assert serving.process.returncode == 0, err
    assert "Traceback" not in err


def test_tls(environment: Environment, tmp_path: Path) -> None:
    gateway = Serving(environment, "--store", tmp_path / "t.db", "--tls")
    try:
        assert gateway.ready["endpoint"].startswith("wss://127.0.0.1:")
        assert str(tmp_path / "data") in gateway.ready["ca_file"]
        client = connect(
            gateway.ready["endpoint"],
            make_token(environment),
            sslopt={"ca_certs": gateway.ready["ca_file"]},
        )
        client.shutdown()
    finally:
        gateway.end(signal.SIGTERM)


def test_people_read_stderr(environment: Environment, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tpb", "gateway", "--port", "0", "--store", str(tmp_path / "t.db")],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stderr is not None
        told = [process.stderr.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        out, rest = process.communicate(timeout=60)
    assert "serving ws://127.0.0.1:" in told[0]
    assert str(tmp_path / "t.db") in told[1]
    assert "0 batches" in rest
    assert out == ""
    assert process.returncode == 0


def test_second_gateway_is_told_that_the_store_is_busy(
    serving: Serving, environment: Environment, tmp_path: Path
) -> None:
    second = tpb(environment, "gateway", "--port", 0, "--store", tmp_path / "ticks.db")
    assert second.returncode == 5
    assert "in use" in second.stderr
    assert "Traceback" not in second.stderr


def test_port_in_use(environment: Environment, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = tpb(environment, "gateway", "--port", port, "--store", tmp_path / "t.db")
    assert refused.returncode == 5
    assert f"port {port}" in refused.stderr


@pytest.mark.parametrize(
    "arguments, code, told",
    [
        (["--host", "0.0.0.0"], 2, "--tls"),
        (["--host", "::"], 2, "--tls"),
        (["--store", "{tmp}/missing/t.db"], 1, "missing/t.db"),
        (["--jwt-public-key", "{tmp}/none.pem"], 1, "none.pem"),
        (["--jwt-secret-file", "{tmp}/weak"], 1, "no usable secret"),
        (["--port", "70000"], 2, "--port"),
        (["--user-service", "users.example.com"], 2, "--user-service"),
        (["--user-service", "http://users.example.com"], 2, "https://"),
    ],
)
def test_what_cannot_be_served(
    environment: Environment, tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    (tmp_path / "weak").write_text("weak")
    (tmp_path / "weak").chmod(0o600)
    given = [argument.format(tmp=tmp_path) for argument in arguments]
    if "--store" not in given:
        given += ["--store", str(tmp_path / "t.db")]
    if "--port" not in given:
        given += ["--port", "0"]
    refused = tpb(environment, "gateway", *given)
    assert refused.returncode == code, refused.stderr
    assert told in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""


def test_event_log(environment: Environment, tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    gateway = Serving(environment, "--store", tmp_path / "t.db", "--event-log", log)
    try:
        connect(gateway.ready["endpoint"], make_token(environment)).shutdown()
    finally:
        gateway.end(signal.SIGTERM)
    kinds = [json.loads(line)["kind"] for line in log.read_text().splitlines()]
    assert kinds == ["connected", "disconnected"]


def test_event_log_that_cannot_be(environment: Environment, tmp_path: Path) -> None:
    refused = tpb(
        environment,
        *("gateway", "--port", 0, "--store", tmp_path / "t.db"),
        *("--event-log", tmp_path / "no" / "e.jsonl"),
    )
    assert refused.returncode == 1
    assert "--event-log" in refused.stderr


# ---- tpb token --------------------------------------------------------------------------------


def test_token_is_all_of_stdout(environment: Environment, tmp_path: Path) -> None:
    secret_file = tmp_path / "jwt-secret"
    made = tpb(
        environment,
        *("token", "--user", "ann", "--tenant", "acme", "--tier", "enterprise"),
        *("--ttl", "2h", "--jwt-secret-file", secret_file),
    )
    assert made.returncode == 0
    assert made.stdout.count("\n") == 1
    assert made.stderr == ""
    authenticator = Authenticator(read_or_make_secret(secret_file))
    identity = authenticator.identify(f"Bearer {made.stdout.strip()}")
    assert (identity.user, identity.tenant, identity.tier) == ("ann", "acme", "enterprise")


@pytest.mark.skipif(os.name != "posix", reason="a pseudo terminal is POSIX's")
def test_token_on_a_terminal_comes_with_a_warning(environment: Environment) -> None:
    import pty

    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tpb", "token", "--user", "ann", "--tenant", "acme"],
            env=environment,
            stdout=theirs,
            stderr=subprocess.PIPE,
            timeout=100,
            check=True,
        )
        assert b"secret" in done.stderr
        assert os.read(ours, 4096).startswith(b"eyJ")
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--user", "ann"],
        ["--user", "", "--tenant", "acme"],
        ["--user", "ann", "--tenant", "a\nb"],
        ["--user", "ann", "--tenant", "acme", "--tier", "gold"],
        ["--user", "ann", "--tenant", "acme", "--ttl", "0"],
        ["--user", "ann", "--tenant", "acme", "--ttl", "soon"],
        ["--user", "ann", "--tenant", "acme", "--ttl", "400d"],
    ],
)
def test_token_that_cannot_be_made(environment: Environment, arguments: list[str]) -> None:
    refused = tpb(environment, "token", *arguments)
    assert refused.returncode == 2
    assert refused.stdout == ""


# ---- tpb export -------------------------------------------------------------------------------


@pytest.fixture
def store(serving: Serving, environment: Environment, tmp_path: Path) -> Path:
    send_ticks(serving.ready["endpoint"], make_token(environment), [1.5, 2.5])
    serving.end(signal.SIGTERM)
    return tmp_path / "ticks.db"


def test_export_to_files(store: Path, environment: Environment, tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    assert tpb(environment, "export", "--store", store, "--output", output).returncode == 0
    text = output.read_text()
    assert text == tpb(environment, "export", "--store", store).stdout
    assert text.count("\n") == 3
    of_nobody = tpb(environment, "export", "--store", store, "--tenant", "nobody")
    assert of_nobody.stdout.count("\n") == 1

    parquet = pytest.importorskip("pyarrow.parquet")
    output = tmp_path / "out.parquet"
    made = tpb(environment, "export", "--store", store, "--format", "parquet", "--output", output)
    assert made.returncode == 0, made.stderr
    assert parquet.read_table(output)["bid"].to_pylist() == [1.5, 2.5]
    assert not list(tmp_path.glob(".*partial"))


def test_export_of_several_stores(store: Path, environment: Environment, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(store.read_bytes())
    done = tpb(environment, "export", "--store", store, "--store", copy)
    assert done.returncode == 0
    assert done.stdout == tpb(environment, "export", "--store", store).stdout


def test_export_that_fails_leaves_the_old_file(
    store: Path, environment: Environment, tmp_path: Path
) -> None:
    output = tmp_path / "out.csv"
    output.write_text("old")
    store.write_bytes(b"damaged" * 1000)
    refused = tpb(environment, "export", "--store", store, "--output", output)
    assert refused.returncode == 1
    assert "no store" in refused.stderr
    assert output.read_text() == "old"


def test_export_that_cannot_be(store: Path, environment: Environment, tmp_path: Path) -> None:
    assert tpb(environment, "export", "--store", store, "--format", "parquet").returncode == 2
    assert tpb(environment, "export", "--store", tmp_path / "none.db").returncode == 1
    unwritable = tpb(environment, "export", "--store", store, "--output", tmp_path / "no" / "x.csv")
    assert unwritable.returncode == 2
    assert "Cannot write" in unwritable.stderr
