"""Whether a JSON Web Token is to be believed, and whom it names.

Each algorithm has its own key, given by the operator: a token chooses among the configured keys by
its `alg`, and can neither ask for `none` nor have a public key taken for a secret.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tpb.account.secret import SigningSecret
from tpb.gateway.upgrade import Identity, Refused, is_name
from tpb.problem import Problem

MAX_TOKEN_BYTES = 8192
LEEWAY_S = 10
_MAX_KEY_FILE_BYTES = 65536
_MIN_RSA_BITS = 2048


class KeyProblem(Problem):
    """The public key file cannot be used."""


def read_public_key(path: Path) -> RSAPublicKey:
    """Reads the PEM file of an RSA public key."""
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_KEY_FILE_BYTES)
    except OSError as problem:
        raise KeyProblem(
            f"Cannot read the public key {path}.",
            f"{problem.strerror or problem}.",
            "Check the path given with --jwt-public-key.",
        ) from problem
    try:
        key = load_pem_public_key(text)
    except (ValueError, UnsupportedAlgorithm) as problem:
        why = (
            "It holds a private key; a gateway needs, and should have, only the public one."
            if b"PRIVATE KEY" in text
            else "It is no PEM file with a public key."
        )
        raise _unfit(path, why) from problem
    if not isinstance(key, RSAPublicKey):
        raise _unfit(path, "It is no RSA key; RS256 tokens need one.")
    if key.key_size < _MIN_RSA_BITS:
        raise _unfit(path, f"It has {key.key_size} bits; {_MIN_RSA_BITS} is the least.")
    return key


def _unfit(path: Path, why: str) -> KeyProblem:
    return KeyProblem(
        f"The file {path} cannot verify tokens.",
        why,
        "Write the public key with `openssl rsa -in PRIVATE.pem -pubout -out PUBLIC.pem`.",
    )


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Verifies tokens with a local secret (HS256), a public key (RS256), or either."""

    secret: SigningSecret | None = None
    public_key: RSAPublicKey | None = None

    def __post_init__(self) -> None:
        if self.secret is None and self.public_key is None:
            raise ValueError("an authenticator needs a key")

    def identify(self, authorization: str | None) -> Identity:
        """Reads the header `Authorization: Bearer TOKEN`; raises Refused."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refused(401, "the header Authorization must hold `Bearer` and a token")
        return _identity(self._claims(token.strip()))

    def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_TOKEN_BYTES:
            raise Refused(401, "the token is too long")
        try:
            algorithm, key = self._key_for(jwt.get_unverified_header(token))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                leeway=LEEWAY_S,
                # The contract has no audience.
                options={"require": ["sub", "exp"], "verify_aud": False},
            )
        except jwt.ExpiredSignatureError:
            raise Refused(401, "the token has expired") from None
        except jwt.InvalidSignatureError:
            raise Refused(401, "the token was not signed with this gateway's key") from None
        except jwt.MissingRequiredClaimError as problem:
            raise Refused(401, f"the token has no claim {problem.claim}") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            # What is in a forged token is not worth telling apart.
            raise Refused(401, "the token is not valid") from None
        return claims

    def _key_for(self, header: dict[str, Any]) -> tuple[str, bytes | RSAPublicKey]:
        match header.get("alg"):
            case "HS256" if self.secret is not None:
                return "HS256", self.secret.key
            case "RS256" if self.public_key is not None:
                return "RS256", self.public_key
        raise Refused(401, "the token's algorithm is not accepted here")


def _identity(claims: dict[str, Any]) -> Identity:
    user, tenant = claims.get("sub"), claims.get("tenant_id")
    if not (isinstance(user, str) and is_name(user)):
        raise Refused(401, "the token's claim sub is no user name")
    if not (isinstance(tenant, str) and is_name(tenant)):
        raise Refused(403, "the token names no tenant (tenant_id)")
    tier, roles = claims.get("tier"), claims.get("roles")
    return Identity(
        user=user,
        tenant=tenant,
        tier=tier if isinstance(tier, str) else "free",
        roles=tuple(role for role in roles if isinstance(role, str))
        if isinstance(roles, list)
        else (),
        expires_at_s=float(claims["exp"]) + LEEWAY_S,
    )
