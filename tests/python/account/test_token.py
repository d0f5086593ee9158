"""Development tokens."""

import jwt
import pytest

from tpb.account.secret import SigningSecret
from tpb.account.token import DEFAULT_TTL_S, make_token

SECRET = SigningSecret(b"a secret of the tests, long enough for HS256")


def test_claims() -> None:
    token = make_token(
        SECRET, user="ann", tenant="acme", tier="enterprise", roles=["trader"], now_s=1_700_000_000
    )
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    claims = jwt.decode(token, SECRET.key, algorithms=["HS256"], options={"verify_exp": False})
    assert claims == {
        "sub": "ann",
        "tenant_id": "acme",
        "tier": "enterprise",
        "roles": ["trader"],
        "iat": 1_700_000_000,
        "exp": 1_700_000_000 + DEFAULT_TTL_S,
    }


def test_tier_that_is_none() -> None:
    with pytest.raises(ValueError, match="free, pro, enterprise"):
        make_token(SECRET, user="ann", tenant="acme", tier="gold")
