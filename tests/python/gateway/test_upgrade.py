"""What the headers of an upgrade may say."""

import contextlib

import pytest
from crc32c import crc32c
from hypothesis import given
from hypothesis import strategies as st

from tpb.gateway.upgrade import (
    MAX_NAME,
    Attempt,
    Identity,
    Refused,
    Span,
    Upgrade,
    is_name,
    read_upgrade,
    verify_check,
)

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


# ---- Resuming ---------------------------------------------------------------------------------


def read(**headers: str) -> Upgrade:
    named = {f"x-{name.replace('_', '-')}": text for name, text in headers.items()}
    return read_upgrade(ANN, {**HEADERS, **named})


def test_a_client_that_says_nothing_of_resuming() -> None:
    assert read() == Upgrade(ANN, "s-1")


def test_all_there_is_to_say() -> None:
    upgrade = read(
        first_batch="20",
        acknowledged="12",
        given_up="3-7, 12-12",
        resend_from="18",
        connection="4",
        life="00ff",
        continues="s-0",
    )
    assert upgrade == Upgrade(
        ANN,
        "s-1",
        first_batch=20,
        acknowledged=12,
        given_up=(Span(3, 7), Span(12, 12)),
        resend_from=18,
        attempt=Attempt("00ff", 4),
        continues="s-0",
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"acknowledged": "-1"},
        {"acknowledged": str(2**63)},
        {"acknowledged": "9" * 8000},
        {"acknowledged": ""},
        {"resend_from": "0"},
        {"resend_from": "x"},
        {"given_up": "1-2"},
        {"given_up": "1-2", "first_batch": "2"},
        {"given_up": "1-10", "first_batch": "10"},
        {"given_up": "2-1", "first_batch": "10"},
        {"given_up": "0-1", "first_batch": "10"},
        {"given_up": "3", "first_batch": "10"},
        {"given_up": "", "first_batch": "10"},
        {"given_up": "1-", "first_batch": "10"},
        {"given_up": "3-4,4-5", "first_batch": "10"},
        {"given_up": "5-6,1-2", "first_batch": "10"},
        {"given_up": ",".join(f"{n}-{n}" for n in range(1, 100)), "first_batch": "1000"},
        {"connection": "1"},
        {"life": "ab"},
        {"connection": "0", "life": "ab"},
        {"connection": "1", "life": ""},
        {"connection": "1", "life": "AB"},
        {"connection": "1", "life": "a" * 65},
        {"continues": "s-1"},
        {"continues": ""},
        {"continues": "x" * (MAX_NAME + 1)},
    ],
)
def test_what_no_client_may_say(headers: dict[str, str]) -> None:
    with pytest.raises(Refused, match="header") as refused:
        read(**headers)
    assert refused.value.status == 400


@given(
    text=st.text(max_size=60),
    name=st.sampled_from(
        ["first_batch", "acknowledged", "given_up", "resend_from", "connection", "life"]
    ),
)
def test_any_text_is_read_or_refused(text: str, name: str) -> None:
    with contextlib.suppress(Refused):
        upgrade = read(**{"first_batch": "1000", "connection": "1", "life": "a", name: text})
        assert upgrade.session == "s-1"


def checked(headers: dict[str, str]) -> dict[str, str]:
    text = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    return {**headers, "x-check": f"{crc32c(text.encode()):08x}"}


def test_a_request_that_arrived_whole_is_believed() -> None:
    headers = checked({**HEADERS, "authorization": "Bearer t", "x-first-batch": "17"})
    verify_check({**headers, "x-forwarded-for": "192.0.2.1", "host": "gateway"})
    verify_check(HEADERS)  # it does not say


def test_no_damaged_header_is_believed() -> None:
    headers = checked({**HEADERS, "authorization": "Bearer t", "x-first-batch": "17"})
    for name, value in headers.items():
        for changed in (value[:-1] + chr(ord(value[-1]) ^ 1), value[1:], None):
            damaged = {key: text for key, text in headers.items() if key != name}
            if changed is not None:
                damaged[name] = changed
            if "x-check" not in damaged:
                continue
            with pytest.raises(Refused) as caught:
                verify_check(damaged)
            assert caught.value.status == 400
