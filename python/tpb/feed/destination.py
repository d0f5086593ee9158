"""Where a replay goes: a gateway of its own, or any other that speaks the wire contract."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tpb.feed.problem import NotUsable
from tpb.gateway.runner import GatewayThread, running_gateway

# Longer than any token a gateway takes.
MAX_TOKEN_BYTES = 65536


@dataclass(frozen=True)
class Destination:
    endpoint: str
    token: str = field(repr=False)
    ca_file: Path | None = None
    allow_plaintext: bool = False  # ws:// beyond loopback
    store: Path | None = None  # what the gateway stored, where we may look into it
    cut_connections: Callable[[], int] | None = None  # returns how many were cut


@contextmanager
def own_gateway(*, tls: bool, cuttable: bool = False) -> Iterator[Destination]:
    """A gateway with an empty store, which goes at the end of the `with`.

    It has a process of its own, except where its connections are to be cut.
    """
    with running_gateway(tls=tls, process=not cuttable) as gateway:
        yield Destination(
            gateway.endpoint,
            gateway.token(),
            gateway.ca_file,
            store=gateway.store_path,
            cut_connections=(
                gateway.cut_connections if isinstance(gateway, GatewayThread) else None
            ),
        )


def other_gateway(endpoint: str, token_file: Path, ca_file: Path | None) -> Destination:
    return Destination(endpoint, _token_in(token_file), ca_file)


def _token_in(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            text = opened.read(MAX_TOKEN_BYTES + 1)
    except OSError as problem:
        raise NotUsable(
            f"Cannot read the token file {file}.",
            problem.strerror or str(problem),
            "Write the token there, for you alone to read: `tpb token … > FILE`.",
        ) from problem
    token = text.decode("ascii", "replace").strip()
    if not token or len(text) > MAX_TOKEN_BYTES or not token.isascii() or "\n" in token:
        raise NotUsable(
            f"{file} holds no token.",
            "It should hold one line: a JWT.",
            "Write one there: `tpb token … > FILE`.",
        )
    return token
