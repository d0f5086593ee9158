"""What the headers of an upgrade may say."""

import pytest

from tpb.gateway.upgrade import MAX_NAME, Identity, Refused, is_name, read_upgrade

ANN = Identity("ann", "acme")
HEADERS = {"x-user-id": "ann", "x-session-id": "s-1"}


def test_plain_upgrade() -> None:
    upgrade = read_upgrade(ANN, HEADERS)
    assert (upgrade.session, upgrade.first_batch, upgrade.acknowledges) == ("s-1", None, False)


@pytest.mark.parametrize(
    "offer, acknowledges",
    [
        ("tpb.ack.v1", True),
        ("chat, tpb.ack.v1", True),
        ("tpb.ack.v10", False),
        ("chat", False),
        ("", False),
    ],
)
def test_subprotocol_is_taken_only_where_offered(offer: str, acknowledges: bool) -> None:
    upgrade = read_upgrade(ANN, {**HEADERS, "Sec-WebSocket-Protocol": offer})
    assert upgrade.acknowledges is acknowledges


@pytest.mark.parametrize("text, first", [("1", 1), ("42", 42), (str(2**63 - 1), 2**63 - 1)])
def test_first_batch(text: str, first: int) -> None:
    assert read_upgrade(ANN, {**HEADERS, "x-first-batch": text}).first_batch == first


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "x", "٣", str(2**63), "9" * 8000])
def test_first_batch_that_is_none(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_upgrade(ANN, {**HEADERS, "x-first-batch": text})
    assert refused.value.status == 400


@pytest.mark.parametrize("header", ["x-user-id", "x-session-id"])
@pytest.mark.parametrize("value", [None, "", "a\x00b", "x" * (MAX_NAME + 1), " a", "a\udcff"])
def test_header_that_names_nothing(header: str, value: str | None) -> None:
    headers = {name: text for name, text in HEADERS.items() if name != header}
    if value is not None:
        headers[header] = value
    with pytest.raises(Refused) as refused:
        read_upgrade(ANN, headers)
    assert refused.value.status == 400


def test_user_other_than_the_tokens() -> None:
    with pytest.raises(Refused) as refused:
        read_upgrade(ANN, {**HEADERS, "x-user-id": "bob"})
    assert refused.value.status == 403


def test_names() -> None:
    assert is_name("Ünïcode name")
    assert is_name("x" * MAX_NAME)
    assert not is_name("two\nlines")
