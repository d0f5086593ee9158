"""The local secret: made once, its owner's alone, never weak."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tpb.account.secret import (
    MIN_SECRET_BYTES,
    SecretProblem,
    default_secret_file,
    read_or_make_secret,
    read_secret,
)

posix = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "jwt-secret"


def test_made_once(path: Path) -> None:
    secret = read_or_make_secret(path)
    assert len(secret.key) >= MIN_SECRET_BYTES
    assert read_or_make_secret(path) == secret == read_secret(path)
    assert [file.name for file in path.parent.iterdir()] == ["jwt-secret"]


def test_no_two_are_alike(tmp_path: Path) -> None:
    assert read_or_make_secret(tmp_path / "a") != read_or_make_secret(tmp_path / "b")


def test_of_many_that_start_at_once_all_have_the_same(path: Path) -> None:
    with ThreadPoolExecutor(16) as starters:
        secrets = list(starters.map(read_or_make_secret, [path] * 64))
    assert len(set(secrets)) == 1


@posix
def test_its_owners_alone(path: Path) -> None:
    previous = os.umask(0)
    try:
        read_or_make_secret(path)
    finally:
        os.umask(previous)
    assert path.stat().st_mode & 0o777 == 0o600


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_file_that_others_may_read(path: Path, mode: int) -> None:
    read_or_make_secret(path)
    path.chmod(mode)
    with pytest.raises(SecretProblem, match="chmod 600"):
        read_or_make_secret(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"short", b"x" * 31 + b"\n", b"x" * 5000, b"-----BEGIN PUBLIC KEY-----\n" + b"A" * 64],
    ids=["empty", "short", "31 bytes", "long", "pem"],
)
def test_content_that_is_no_secret(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "jwt-secret"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SecretProblem) as problem:
        read_or_make_secret(path)
    assert "short" not in str(problem.value)
    assert path.read_bytes() == content


def test_secret_is_in_no_repr(path: Path) -> None:
    secret = read_or_make_secret(path)
    assert secret.key.decode() not in repr(secret)


def test_missing_file_is_not_made_by_reading(path: Path) -> None:
    with pytest.raises(SecretProblem, match="no secret file"):
        read_secret(path)
    assert not path.exists()


def test_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SecretProblem, match="Cannot make"):
        read_or_make_secret(tmp_path / "file" / "jwt-secret")


def test_default_place_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_secret_file().name == "jwt-secret"
