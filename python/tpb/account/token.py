"""Development tokens: JWTs that the local secret signs."""

import time
from collections.abc import Sequence

import jwt

from tpb.account.secret import SigningSecret

TIERS = ("free", "pro", "enterprise")
DEFAULT_TTL_S = 24 * 3600


def make_token(
    secret: SigningSecret,
    *,
    user: str,
    tenant: str,
    tier: str = "pro",
    roles: Sequence[str] = (),
    ttl_s: int = DEFAULT_TTL_S,
    now_s: int | None = None,
) -> str:
    """Makes a token for a gateway that has the same secret; now_s is the Unix time of issue."""
    if tier not in TIERS:
        raise ValueError(f"tier is one of {', '.join(TIERS)}, not {tier!r}")
    issued = int(time.time()) if now_s is None else now_s
    claims = {
        "sub": user,
        "tenant_id": tenant,
        "tier": tier,
        "roles": list(roles),
        "iat": issued,
        "exp": issued + ttl_s,
    }
    return jwt.encode(claims, secret.key, algorithm="HS256")
