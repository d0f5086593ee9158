"""Asks a running gateway for /api/v1/pairs."""

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tpb.gateway.market.pairs_api import PATH
from tpb.problem import Problem

_TIMEOUT_S = 20.0
_MAX_ANSWER_BYTES = 1 << 20
_SCHEMES = {"ws": "http", "wss": "https", "http": "http", "https": "https"}


class PairsProblem(Problem):
    """The gateway did not tell what it has chosen."""


def pairs_of(
    gateway: str, token: str, *, ca_file: Path | None = None, name: Sequence[str] | None = None
) -> dict[str, Any]:
    """What is chosen for the token's user, after `name` is named where it is given.

    gateway: any address of it, such as wss://HOST:PORT or its endpoint.
    """
    address = _address(gateway)
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
    if name is not None:
        request.method = "PUT"
        request.data = json.dumps({"primary": list(name)}).encode()
        request.add_header("Content-Type", "application/json")
    try:
        with _opener(address, ca_file).open(request, timeout=_TIMEOUT_S) as answer:
            found = json.loads(answer.read(_MAX_ANSWER_BYTES))
    except urllib.error.HTTPError as refused:
        with refused:
            raise _refused(gateway, refused) from None
    except (OSError, ValueError, http.client.HTTPException) as problem:
        reason = getattr(problem, "reason", problem)
        raise PairsProblem(
            f"The gateway {gateway} did not answer.",
            f"{reason}.",
            "Check its address, and that it runs; with TLS, that --ca-file names the ca_file"
            " it tells when it starts.",
        ) from problem
    if not isinstance(found, dict) or not isinstance(found.get("pairs"), list):
        raise PairsProblem(
            f"{gateway} is no gateway that chooses pairs.",
            f"Its answer to {PATH} was another than a gateway's.",
            "Check the address; an older gateway has to be updated.",
        )
    return found


def _address(gateway: str) -> str:
    try:
        parts = urlsplit(gateway)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if host is None or parts.scheme not in _SCHEMES:
        raise PairsProblem(
            f"{gateway!r} is no address of a gateway.",
            "It must be such as wss://HOST:PORT.",
            "Give the endpoint that `tpb gateway` tells when it starts.",
        )
    scheme = _SCHEMES[parts.scheme]
    if scheme == "http" and not _is_loopback(host):
        raise PairsProblem(
            f"{gateway} is not asked without TLS.",
            "The token would travel in the clear beyond this machine.",
            "Use the gateway's wss:// address.",
        )
    named = f"[{host}]" if ":" in host else host
    return f"{scheme}://{named}{'' if port is None else f':{port}'}{PATH}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token is for this gateway alone."""

    def redirect_request(self, *_: object) -> None:
        return None


def _opener(address: str, ca_file: Path | None) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect(), urllib.request.ProxyHandler({})]
    if address.startswith("https"):
        try:
            context = ssl.create_default_context(cafile=ca_file)
        except OSError as problem:
            raise PairsProblem(
                f"Cannot trust the authorities in {ca_file}.",
                f"{problem.strerror or problem}.",
                "Name the ca_file that the gateway tells when it starts.",
            ) from problem
        handlers.append(urllib.request.HTTPSHandler(context=context))
    return urllib.request.build_opener(*handlers)


def _refused(gateway: str, refused: urllib.error.HTTPError) -> PairsProblem:
    try:
        text = json.loads(refused.read(_MAX_ANSWER_BYTES))["message"]
    except (OSError, ValueError, TypeError, KeyError, http.client.HTTPException):
        text = refused.reason
    step = {
        401: "Make a token with that gateway's secret, or ask whoever runs it for one.",
        404: "Check the address; an older gateway, which chooses no pairs, has to be updated.",
        429: "Try again in a few seconds.",
        503: "Try again in a few seconds.",
    }.get(refused.code, "Give what it asks for.")
    return PairsProblem(f"The gateway {gateway} refused.", f"{refused.code}: {text}.", step)
