"""The pytest plugin: running gateways for each test, by the fixtures below.

    def test_my_sender_arrives(gateway):
        send(gateway.endpoint, gateway.token(user="ann", tenant="acme"))
        assert len(gateway.ticks()) == 1000

Loaded by every pytest run where tpb is installed, so that it imports nothing until a test asks.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tpb.testing.gateway import GatewayFixture, GatewayPair, Gateways


@pytest.fixture
def gateway(tmp_path: Path) -> "Iterator[GatewayFixture]":
    """A gateway on ws://127.0.0.1 with a store of its own."""
    from tpb.testing.gateway import gateway_in

    with gateway_in(tmp_path / "gateway", tls=False) as running:
        yield running


@pytest.fixture
def gateway_tls(tmp_path: Path) -> "Iterator[GatewayFixture]":
    """A gateway on wss://127.0.0.1; clients trust its `ca_file`."""
    from tpb.testing.gateway import gateway_in

    with gateway_in(tmp_path / "gateway_tls", tls=True) as running:
        yield running


@pytest.fixture
def new_gateway(tmp_path: Path) -> "Iterator[Gateways]":
    """Starts gateways: new_gateway("name", tls=False, process=False, events=False).

    A token or certificate of one is good for all of them; each has a store of its own. With
    process=True one can be killed.
    """
    from tpb.testing.gateway import gateways_in

    with gateways_in(tmp_path / "gateways") as start:
        yield start


@pytest.fixture
def gateway_pair(new_gateway: "Gateways") -> "GatewayPair":
    """A primary and a backup on ws://127.0.0.1."""
    from tpb.testing.gateway import GatewayPair

    return GatewayPair(new_gateway("primary"), new_gateway("backup"))
