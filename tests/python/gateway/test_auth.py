"""Which tokens are believed. Forged ones are made by hand, as a forger would."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tpb.account.secret import SigningSecret
from tpb.account.token import make_token
from tpb.gateway.auth import LEEWAY_S, Authenticator, KeyProblem, read_public_key
from tpb.gateway.upgrade import Refused

SECRET = SigningSecret(b"a secret of the tests, long enough for HS256")
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_PEM = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
BOTH = Authenticator(SECRET, RSA_KEY.public_key())


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    made = {"sub": "ann", "tenant_id": "acme", "tier": "pro", "exp": now + 60, "iat": now}
    made.update(changes)
    return {name: value for name, value in made.items() if value is not None}


def signed(**changes: Any) -> str:
    return jwt.encode(claims(**changes), SECRET.key, algorithm="HS256")


def encode(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def forged(header: bytes, body: bytes, key: bytes = SECRET.key) -> str:
    content = f"{encode(header)}.{encode(body)}"
    return f"{content}.{encode(hmac.digest(key, content.encode(), hashlib.sha256))}"


def refused(token: str | None, authenticator: Authenticator = BOTH) -> Refused:
    with pytest.raises(Refused) as problem:
        authenticator.identify(token if token is None else f"Bearer {token}")
    return problem.value


def test_token_of_our_own_making() -> None:
    token = make_token(SECRET, user="ann", tenant="acme", tier="enterprise", roles=["trader"])
    identity = BOTH.identify(f"Bearer {token}")
    assert (identity.user, identity.tenant) == ("ann", "acme")
    assert (identity.tier, identity.roles) == ("enterprise", ("trader",))


def test_rs256_token() -> None:
    token = jwt.encode(claims(), RSA_KEY, algorithm="RS256")
    assert BOTH.identify(f"bearer {token}").user == "ann"


def test_tier_and_roles_may_be_missing() -> None:
    identity = BOTH.identify(f"Bearer {signed(tier=None)}")
    assert (identity.tier, identity.roles) == ("free", ())


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer  ", "Basic YTpi", "Token x"])
def test_no_token(header: str | None) -> None:
    with pytest.raises(Refused) as problem:
        BOTH.identify(header)
    assert problem.value.status == 401


def test_expired_token() -> None:
    problem = refused(signed(exp=int(time.time()) - LEEWAY_S - 1))
    assert problem.status == 401
    assert "expired" in problem.text


def test_clock_a_little_behind() -> None:
    assert BOTH.identify(f"Bearer {signed(exp=int(time.time()) - 2)}").user == "ann"


def test_token_of_the_future() -> None:
    assert refused(signed(nbf=int(time.time()) + 600)).status == 401


@pytest.mark.parametrize("claim", ["sub", "exp"])
def test_required_claim(claim: str) -> None:
    problem = refused(signed(**{claim: None}))
    assert problem.status == 401
    assert claim in problem.text


@pytest.mark.parametrize("tenant", [None, "", 7, ["acme"], "x" * 200, "a\nb"])
def test_token_without_tenant_is_forbidden(tenant: object) -> None:
    assert refused(signed(tenant_id=tenant)).status == 403


@pytest.mark.parametrize("sub", ["", 7, "x" * 200])
def test_sub_that_is_no_name(sub: object) -> None:
    header = json.dumps({"alg": "HS256", "typ": "JWT"}).encode()
    assert refused(forged(header, json.dumps(claims(sub=sub)).encode())).status == 401


def test_another_key() -> None:
    token = jwt.encode(claims(), b"another secret, as long as the right one", algorithm="HS256")
    assert refused(token).status == 401
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert refused(jwt.encode(claims(), stranger, algorithm="RS256")).status == 401


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, 5, ["HS256"]])
def test_alg_none_is_refused(algorithm: object) -> None:
    body = json.dumps(claims()).encode()
    header = json.dumps({"alg": algorithm, "typ": "JWT"}).encode()
    assert refused(f"{encode(header)}.{encode(body)}.").status == 401
    assert refused(forged(header, body)).status == 401


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_algorithms_not_configured(algorithm: str) -> None:
    long_key = SigningSecret(b"k" * 64)
    token = jwt.encode(claims(), long_key.key, algorithm=algorithm)
    assert refused(token, Authenticator(long_key)).status == 401


def test_public_key_is_never_a_secret() -> None:
    """The classic confusion: HS256 signed with the public key that everybody knows."""
    header = json.dumps({"alg": "HS256", "typ": "JWT"}).encode()
    token = forged(header, json.dumps(claims()).encode(), key=PUBLIC_PEM)
    assert refused(token).status == 401
    assert refused(token, Authenticator(public_key=RSA_KEY.public_key())).status == 401


def test_each_algorithm_needs_its_key() -> None:
    assert refused(signed(), Authenticator(public_key=RSA_KEY.public_key())).status == 401
    token = jwt.encode(claims(), RSA_KEY, algorithm="RS256")
    assert refused(token, Authenticator(SECRET)).status == 401


HS256 = b'{"alg":"HS256","typ":"JWT"}'


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a.b.c",
        "....",
        "é.é.é",
        "A" * 1_000_000,
        forged(b"[" * 3000, b"{}"),
        forged(HS256, b"[" * 3000),
        forged(HS256, b"[]"),
        forged(HS256, b"\xff"),
        forged(HS256, b'{"sub":"ann","tenant_id":"acme","exp":Infinity}'),
        forged(HS256, b'{"sub":"ann","tenant_id":"acme","exp":NaN}'),
        forged(HS256, b'{"sub":"ann","tenant_id":"acme","exp":"soon"}'),
        forged(HS256, b'{"sub":"ann","tenant_id":"acme","exp":null}'),
        forged(b"[]", b"{}"),
        forged(b'{"alg":"HS256","crit":["x"]}', json.dumps(claims()).encode()),
    ],
    ids=range(15),
)
def test_malformed_token(token: str) -> None:
    problem = refused(token)
    assert problem.status == 401
    assert token not in problem.text


def test_secret_is_in_no_repr() -> None:
    assert b"secret of the tests".decode() not in repr(BOTH)


# ---- The public key's file --------------------------------------------------------------------


def test_public_key_file(tmp_path: Path) -> None:
    path = tmp_path / "public.pem"
    path.write_bytes(PUBLIC_PEM)
    token = jwt.encode(claims(), RSA_KEY, algorithm="RS256")
    authenticator = Authenticator(public_key=read_public_key(path))
    assert authenticator.identify(f"Bearer {token}").tenant == "acme"


def pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "content, why",
    [
        (b"", "no PEM"),
        (b"hello", "no PEM"),
        (
            RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            "private key",
        ),
        (pem_of(ec.generate_private_key(ec.SECP256R1())), "no RSA"),
        (pem_of(rsa.generate_private_key(public_exponent=65537, key_size=1024)), "1024 bits"),
    ],
    ids=["empty", "text", "private", "ec", "short"],
)
def test_public_key_file_that_is_none(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "public.pem"
    path.write_bytes(content)
    with pytest.raises(KeyProblem) as problem:
        read_public_key(path)
    assert why in problem.value.why


def test_public_key_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KeyProblem, match="Cannot read"):
        read_public_key(tmp_path / "nowhere.pem")
