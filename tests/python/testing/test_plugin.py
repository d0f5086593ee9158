"""The pytest plugin, in a pytest of its own as users run it."""

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points

import pytest

pytest_plugins = ["pytester"]

HEAVY = ("aiohttp", "cryptography", "google", "jwt", "numpy", "tpb.gateway", "tpb.wire")


RunPytest = Callable[..., pytest.RunResult]


@pytest.fixture
def run_pytest(pytester: pytest.Pytester) -> RunPytest:
    """Runs pytest as a process of its own, where the plugin is not installed by its name."""
    installed = {point.value for point in entry_points(group="pytest11")}
    named = () if "tpb.testing.plugin" in installed else ("-p", "tpb.testing.plugin")

    def run(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest_subprocess(*named, *arguments, timeout=100)

    return run


def test_gateway_fixture(pytester: pytest.Pytester, run_pytest: RunPytest) -> None:
    pytester.makepyfile(
        """
        import pytest
        import websocket
        from tpb.wire.tpb.stream_control_pb2 import StreamControl
        from tpb.wire.trading.market_data_pb2 import MarketDataStream

        def connect(gateway):
            connection = websocket.create_connection(
                gateway.endpoint,
                timeout=20,
                header=[
                    f"Authorization: Bearer {gateway.token('ann', 'acme')}",
                    "x-user-id: ann",
                    "x-session-id: s1",
                ],
                subprotocols=["tpb.ack.v1"],
                sslopt={"ca_certs": str(gateway.ca_file)} if gateway.ca_file else None,
            )
            return connection, resume_point(connection)

        def resume_point(connection):
            while True:
                control = StreamControl.FromString(connection.recv())
                if control.HasField("ack"):  # others are to be passed over
                    return control.ack.batch_sequence

        def send(connection, sequence):
            stream = MarketDataStream(batch_sequence=sequence, tenant_id="acme")
            stream.ticks.add(symbol="EURUSD", bid=1.5, sequence_number=sequence)
            connection.send_binary(stream.SerializeToString())
            assert resume_point(connection) == sequence

        def test_plain(gateway):
            assert gateway.endpoint.startswith("ws://")
            connection, point = connect(gateway)
            assert point == 0
            send(connection, 1)
            assert gateway.cut_connections() == 1
            with pytest.raises((ConnectionError, websocket.WebSocketException)):
                connection.recv()
            connection.shutdown()
            connection, point = connect(gateway)
            assert point == 1
            gateway.restart()
            connection.shutdown()
            connection, point = connect(gateway)
            assert point == 1
            send(connection, 2)
            connection.shutdown()
            gateway.stop()
            assert gateway.ticks().ticks["bid"].tolist() == [1.5, 1.5]
            assert [batch.batch_sequence for batch in gateway.batches()] == [1, 2]

        def test_tls(gateway_tls):
            assert gateway_tls.endpoint.startswith("wss://")
            connection, point = connect(gateway_tls)
            send(connection, 1)
            connection.shutdown()
            assert len(gateway_tls.ticks()) == 1

        def test_both_are_apart(gateway, gateway_tls):
            assert gateway.batches() == gateway_tls.batches() == []

        def test_pair(gateway_pair):
            primary, backup = gateway_pair
            assert primary.token() != "" and primary.endpoint != backup.endpoint
            connection, _ = connect(primary)
            send(connection, 1)
            connection.shutdown()
            primary.stop()
            # A token of the one is good for the other.
            backup.token = primary.token
            connection, point = connect(backup)
            assert point == 0
            connection.shutdown()
            assert (len(primary.batches()), len(backup.batches())) == (1, 0)
            assert primary.health_url != backup.health_url
            assert backup.quality(primary.token("ann", "acme")) == []

        def test_more_gateways(new_gateway):
            one, other = new_gateway("one", tls=True), new_gateway("other", tls=True, process=True)
            assert one.ca_file == other.ca_file
            connection, _ = connect(other)
            send(connection, 1)
            connection.shutdown()
            other.kill()
            assert [batch.batch_sequence for batch in other.batches()] == [1]
            other.start()
            connection, point = connect(other)
            assert point == 1
            connection.shutdown()
        """
    )
    run_pytest("-q").assert_outcomes(passed=5)


def test_fixtures_are_listed(run_pytest: RunPytest) -> None:
    result = run_pytest("--fixtures", "-q")
    result.stdout.fnmatch_lines(["gateway*", "*A gateway on ws://*"])
    result.stdout.fnmatch_lines(["gateway_tls*", "*A gateway on wss://*"])
    result.stdout.fnmatch_lines(["new_gateway*", "*Starts gateways*"])
    result.stdout.fnmatch_lines(["gateway_pair*", "*A primary and a backup*"])


def test_plugin_imports_nothing_until_a_test_asks() -> None:
    script = (
        "import sys, tpb.testing.plugin\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert loaded.stdout.strip() == "[]"
