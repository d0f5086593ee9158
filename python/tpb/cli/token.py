"""`tpb token`."""

import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tpb.account.secret import default_secret_file, read_or_make_secret
from tpb.account.token import make_token
from tpb.cli import console, errors
from tpb.gateway.upgrade import MAX_NAME, is_name

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MAX_TTL_S = 366 * 86400


class Tier(StrEnum):
    FREE = "free"
    PRO = "pro"
    ENTERPRISE = "enterprise"


def token(
    user: Annotated[str, typer.Option(help="User: the claim sub.")],
    tenant: Annotated[str, typer.Option(help="Tenant: the claim tenant_id.")],
    tier: Annotated[Tier, typer.Option(help="Subscription.")] = Tier.PRO,
    ttl: Annotated[
        str, typer.Option(help="How long it is good: seconds, or such as 90s, 30m, 12h, 7d.")
    ] = "24h",
    jwt_secret_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The gateway's secret; made where there is none."),
    ] = None,
) -> None:
    """Print a token for development, signed with the local secret of `tpb gateway`.

    \b
    To a file that only you can read:
      (umask 077; tpb token --user U --tenant T > token.txt)
    """
    for option, name in (("--user", user), ("--tenant", tenant)):
        if not is_name(name):
            raise errors.usage(
                f"{option} {name!r} is no name.",
                f"A name has 1 to {MAX_NAME} printable characters, no space at either end.",
                f"Give {option} NAME.",
            )
    secret = read_or_make_secret(jwt_secret_file or default_secret_file())
    made = make_token(secret, user=user, tenant=tenant, tier=tier.value, ttl_s=_seconds(ttl))
    if sys.stdout.isatty():
        console.warn("A token is a secret: who has it can send as this user. Do not paste it.")
    console.data(made)


def _seconds(ttl: str) -> int:
    match = re.fullmatch(r"([0-9]{1,9})([smhd]?)", ttl)
    seconds = int(match[1]) * _UNITS_S[match[2] or "s"] if match else 0
    if not 1 <= seconds <= _MAX_TTL_S:
        raise errors.usage(
            f"--ttl {ttl!r} is no duration that a token can have.",
            "It is a number of seconds, or a number with s, m, h or d; at most 366 days.",
            "For example `--ttl 12h`.",
        )
    return seconds
