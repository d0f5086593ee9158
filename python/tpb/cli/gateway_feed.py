"""The feed of `tpb gateway --feed`: what is played, and how it comes to the gateway."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tpb.account.token import make_token
from tpb.cli import errors
from tpb.cli.replay import user_error
from tpb.feed.destination import Destination
from tpb.feed.live import LiveFeed
from tpb.feed.problem import FeedError
from tpb.feed.simulator import MAJORS, Simulator
from tpb.feed.source import Source
from tpb.feed.tick_file import TickFile
from tpb.gateway.server import GatewayOptions, GatewayServer

SIMULATOR = "simulator"
# Whose ticks they are; all tenants may have them.
TENANT = "feed"
_TICKS_PER_S = 20.0


@dataclass(frozen=True)
class Feed:
    source: Source
    speed: float
    history_s: float

    @classmethod
    def chosen(cls, name: str, symbol: str | None, speed: float, history_s: float) -> "Feed":
        """Of a file, or `simulator`; raises UserError where the file cannot be used."""
        if name == SIMULATOR:
            # Made up as it is needed: from now on, and without an end.
            market = Simulator(
                ticks=None, start_msc=0, ticks_per_s=_TICKS_PER_S, instruments=MAJORS
            )
            return cls(market, speed, history_s)
        try:
            return cls(TickFile(Path(name), symbol=symbol), speed, history_s)
        except FeedError as problem:
            raise user_error(problem) from problem
        except OSError as problem:
            raise errors.file_unreadable(Path(name), problem) from problem

    def check(self, options: GatewayOptions) -> None:
        if options.authenticator.secret is None:
            raise errors.usage(
                "A feed needs a secret to sign its token with.",
                "With --jwt-public-key alone the gateway believes only what others have signed.",
                "Add --jwt-secret-file FILE, or leave --feed out.",
            )

    def play(self, server: GatewayServer, ended: Callable[[], object]) -> LiveFeed:
        """Streams to the gateway as any terminal does. ended: called if it fails."""
        secret = server.options.authenticator.secret
        assert secret is not None

        def to() -> Destination:
            return Destination(
                _seen_from_here(server),
                make_token(secret, user=TENANT, tenant=TENANT),
                server.ca_file,
                allow_plaintext=True,  # it does not leave this machine
            )

        playing = LiveFeed(self.source, to, speed=self.speed, history_s=self.history_s, ended=ended)
        playing.start()
        return playing


def _seen_from_here(server: GatewayServer) -> str:
    """The endpoint; where all addresses are served, by the one that surely leads here."""
    if server.options.reachable_host == server.options.host:
        return server.endpoint
    return urlsplit(server.endpoint)._replace(netloc=f"localhost:{server.port}").geturl()
