"""Tokens for other gateways: read from a file, never shown."""

from pathlib import Path

import pytest

from tpb.feed.destination import MAX_TOKEN_BYTES, other_gateway
from tpb.feed.problem import NotUsable

ENDPOINT = "wss://gateway.example:8000"


def test_the_token_is_the_files_one_line(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("abc.def.ghi\n", encoding="utf-8")
    destination = other_gateway(ENDPOINT, file, None)
    assert destination.token == "abc.def.ghi"
    assert destination.store is None
    assert destination.cut_connections is None


def test_the_token_is_not_in_the_repr(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("abc.def.ghi", encoding="utf-8")
    assert "def" not in repr(other_gateway(ENDPOINT, file, None)).replace("default", "")


@pytest.mark.parametrize(
    "content", [b"", b"  \n", b"a\nb", b"\xff\xfea", b"x" * (MAX_TOKEN_BYTES + 1)]
)
def test_what_is_no_token_is_refused_and_not_shown(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(NotUsable, match="holds no token") as caught:
        other_gateway(ENDPOINT, file, None)
    assert "xxx" not in str(caught.value)


def test_a_missing_token_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotUsable, match="token"):
        other_gateway(ENDPOINT, tmp_path / "token", None)
