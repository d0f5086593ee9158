"""The local secret that signs development tokens (HS256): a file that only its owner may read."""

import contextlib
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from tpb.problem import Problem

# RFC 7518, 3.2: at least as many bits as the hash has.
MIN_SECRET_BYTES = 32
_MAX_FILE_BYTES = 4096


class SecretProblem(Problem):
    """The secret cannot be read, made or trusted."""


@dataclass(frozen=True, slots=True)
class SigningSecret:
    key: bytes = field(repr=False)


def default_secret_file() -> Path:
    return Path(platformdirs.user_data_dir("tpb", appauthor=False)) / "jwt-secret"


def read_secret(path: Path) -> SigningSecret:
    """Reads a secret; a file that others may read or that is too short is refused."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(_MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise SecretProblem(
            f"There is no secret file {path}.",
            "A gateway makes one when it starts first.",
            "Start `tpb gateway`, or name the gateway's file with --jwt-secret-file.",
        ) from None
    except OSError as problem:
        raise SecretProblem(
            f"Cannot read the secret file {path}.",
            f"{problem.strerror or problem}.",
            "Check the path and its permissions.",
        ) from problem
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise SecretProblem(
            f"The secret file {path} may be read by others.",
            f"Its mode is {stat.S_IMODE(mode):04o}; whoever reads it can make tokens.",
            f"Type `chmod 600 {path}`; if others have read it, delete it to have a new one made.",
        )
    key = text.strip()
    if len(text) > _MAX_FILE_BYTES or len(key) < MIN_SECRET_BYTES or b"-----BEGIN" in key:
        raise SecretProblem(
            f"The secret file {path} holds no usable secret.",
            f"A secret is one line of {MIN_SECRET_BYTES} to {_MAX_FILE_BYTES} bytes, no PEM file.",
            "Delete the file to have a new one made, or name another one.",
        )
    return SigningSecret(key)


def read_or_make_secret(path: Path) -> SigningSecret:
    """Reads a secret, or makes one of 256 bits where there is no file yet."""
    if not path.exists():
        _make(path)
    return read_secret(path)


def _make(path: Path) -> None:
    # Written aside and then linked: of two that start at once, both read the same whole file.
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(MIN_SECRET_BYTES) + "\n")
            with contextlib.suppress(FileExistsError):
                os.link(aside, path)
        finally:
            aside.unlink()
    except OSError as problem:
        raise SecretProblem(
            f"Cannot make the secret file {path}.",
            f"{problem.strerror or problem}.",
            "Name a place that may be written to with --jwt-secret-file.",
        ) from problem
