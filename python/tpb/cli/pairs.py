"""`tpb pairs`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from tpb.account.correlation import THRESHOLD, Closes, Measured, Relations, correlate
from tpb.account.pairs import choose, partners_of
from tpb.account.tier import limits_of
from tpb.cli import console, errors
from tpb.cli.token import Tier
from tpb.feed.destination import other_gateway
from tpb.feed.problem import FeedError
from tpb.gateway.market.pairs_api import selection_document
from tpb.gateway.market.pairs_client import pairs_of
from tpb.gateway.market.stored_closes import most_streamed, only_tenant, read_closes
from tpb.gateway.reading import read_sessions


def pairs(
    primary: Annotated[
        str | None,
        typer.Option(metavar="SYMBOLS", help="Primary symbols, such as EURUSD,GBPUSD."),
    ] = None,
    tier: Annotated[Tier | None, typer.Option(help="Whose limits hold.")] = None,
    store: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Database of a gateway: correlations are measured here."),
    ] = None,
    tenant: Annotated[
        str | None, typer.Option(help="Whose symbols, where the store has several tenants.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(min=0.05, max=1.0, help=f"Correlation to be chosen for; {THRESHOLD}."),
    ] = None,
    gateway: Annotated[
        str | None, typer.Option(metavar="URL", help="A running gateway: what it has chosen.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the token of the user, with it.")
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The authority it has, with TLS.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the choice to stdout as JSON.")
    ] = False,
) -> None:
    """Tell which symbols are chosen for a user, and why.

    Primary symbols come first, as they were named. Then those that move with a primary one, or
    against it: by a table of known pairs, until an hour of common ticks is there to measure their
    correlation from (log returns of one-minute closes, over the newest eight hours of trading).
    Last the context of the market. A tier cuts: free has 2 primary and 4 symbols and no correlated
    ones, pro 5 and 10, enterprise has no limit and any symbol, not only standard pairs.

    Exit code 0: shown; 3: nothing is chosen.

    \b
    By the table:           tpb pairs --primary EURUSD,GBPUSD --tier pro
    Measured in a store:    tpb pairs --store ticks.db --tenant T --primary EURUSD
    Chosen by a gateway:    tpb pairs --gateway wss://HOST:8001 --token-file token.txt
    To name them there:     … --primary EURUSD,GBPUSD
    To name none again:     … --primary ""     (then: those that its sessions stream most)
    For a program:          … --json | jq -r '.pairs[].symbol'
    """
    named = None if primary is None else _symbols(primary)
    if gateway is not None:
        _refuse(
            {"--store": store, "--tenant": tenant, "--tier": tier, "--threshold": threshold},
            "cannot be given with --gateway",
            "A gateway chooses by what it has itself.",
        )
        found = _of_gateway(gateway, token_file, ca_file, named)
    else:
        _refuse(
            {"--token-file": token_file, "--ca-file": ca_file},
            "cannot be given without --gateway",
            "There is nobody to show it to.",
        )
        found = _by_options(named, tier or Tier.PRO, store, tenant, threshold or THRESHOLD)
    if as_json:
        console.json_document(found)
    else:
        _show(found)
    if not found["pairs"]:
        console.note("Nothing is chosen: no primary symbols are named, and none are streamed yet.")
        raise typer.Exit(errors.NOTHING_TO_DO)


def _symbols(text: str) -> list[str]:
    return [symbol for part in text.split(",") if (symbol := part.strip())]


def _refuse(options: Mapping[str, object], what: str, why: str) -> None:
    given = [option for option, value in options.items() if value is not None]
    if given:
        raise errors.usage(
            f"{', '.join(given)} {what}.", why, "See `tpb pairs --help` for what goes together."
        )


def _of_gateway(
    gateway: str, token_file: Path | None, ca_file: Path | None, named: list[str] | None
) -> dict[str, Any]:
    if token_file is None:
        raise errors.usage(
            f"No token for {gateway}.",
            "A gateway tells a user its own pairs only.",
            "Write the token to a file and name that: --token-file FILE.",
        )
    try:
        token = other_gateway(gateway, token_file, ca_file).token
    except FeedError as problem:
        raise errors.from_problem(problem, errors.USAGE) from problem
    return pairs_of(gateway, token, ca_file=ca_file, name=named)


def _by_options(
    named: list[str] | None, tier: Tier, store: Path | None, tenant: str | None, threshold: float
) -> dict[str, Any]:
    closes: dict[str, Closes] = {}
    because = "you named it"
    if store is not None:
        if tenant is None:
            sessions = read_sessions(store)
            tenant = only_tenant(sorted({session.tenant for session in sessions}), store)
        with console.step(f"reading {store}"):
            closes = read_closes(store, tenant)
        if named is None:
            named, because = most_streamed(store, tenant), "streamed most"
    elif tenant is not None:
        raise errors.usage(
            "--tenant without --store.",
            "It says whose symbols of a store are compared.",
            "Name the gateway's database with --store FILE.",
        )
    if named is None:
        raise errors.usage(
            "There is nothing to choose from.",
            "Neither primary symbols nor a store or gateway are named.",
            "For example `tpb pairs --primary EURUSD,GBPUSD`; `tpb pairs --help` has more.",
        )
    relations = Relations(threshold)
    partners = {
        symbol: partners_of(symbol, relations.update(symbol, _measured(symbol, closes)), closes)
        for symbol in named
    }
    selection = choose(named, limits_of(tier.value), partners, visible=closes, because=because)
    return selection_document(selection)


def _measured(primary: str, closes: dict[str, Closes]) -> dict[str, Measured]:
    of = closes.get(primary, Closes())
    others = ((symbol, each) for symbol, each in closes.items() if symbol != primary)
    return {symbol: found for symbol, each in others if (found := correlate(of, each)) is not None}


def _show(found: dict[str, Any]) -> None:
    table = Table(box=None, padding=(0, 2))
    table.add_column("", justify="right")
    table.add_column("symbol", style="bold")
    table.add_column("role")
    table.add_column("correlation", justify="right")
    table.add_column("weight", justify="right")
    table.add_column("why", overflow="fold")
    for pair in found["pairs"]:
        correlation = pair["correlation"]
        table.add_row(
            str(pair["priority"]),
            pair["symbol"],
            pair["role"],
            "" if correlation is None else f"{correlation:+.2f}",
            f"{pair['weight']:.2f}",
            pair["reason"],
        )
    if found["pairs"]:
        console.show(table)
    for left in found["left_out"]:
        console.warn(f"{left['symbol']} is left out: {left['reason']}.")
    most = found["max_symbols"]
    limit = (
        "any number of" if most is None else f"at most {found['max_primary']} primary and {most}"
    )
    console.note(f"Tier {found['tier']}: {limit} symbols.")
