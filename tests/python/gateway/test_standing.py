"""Where a session stands when it connects."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpb.gateway.standing import Known, Standing, stand
from tpb.gateway.upgrade import Attempt, Identity, Refused, Span, Upgrade

ANN = Identity("ann", "acme")


def connect(known: Known | None = None, **headers: Any) -> Standing:
    return stand(Upgrade(ANN, "s1", acknowledges=True, **headers), known)


def at(acknowledged: int, **known: Any) -> Known:
    return Known("ann", known.pop("epoch", 1), acknowledged, **known)


def test_a_new_session() -> None:
    standing = connect()
    assert standing == Standing(Known("ann", 1, 0), is_new=True, point=0)


def test_a_session_of_another_user() -> None:
    with pytest.raises(Refused, match="another user") as refused:
        connect(Known("bob", 1, 5))
    assert refused.value.status == 403


@pytest.mark.parametrize("headers", [{}, {"first_batch": 3}, {"first_batch": 6, "acknowledged": 5}])
def test_the_session_goes_on_where_it_stood(headers: dict[str, int]) -> None:
    assert connect(at(5), **headers) == Standing(at(5), is_new=False, point=5)


def test_hand_over_keeps_the_epoch() -> None:
    standing = connect(at(5, epoch=3), first_batch=10, acknowledged=5)
    assert standing.handed_over == (Span(6, 9),)
    assert (standing.point, standing.epoch, standing.lost, standing.restored) == (9, 3, (), None)


# ---- A store that was restored ----------------------------------------------------------------


def test_what_was_acknowledged_and_is_missing_is_lost() -> None:
    standing = connect(at(50), first_batch=81, acknowledged=80)
    assert standing.restored == Span(51, 80)
    assert standing.lost == (Span(51, 80),)
    assert standing.handed_over == ()
    assert (standing.point, standing.epoch) == (80, 2)


def test_what_the_client_still_holds_is_not_lost() -> None:
    standing = connect(at(50), first_batch=61, acknowledged=80)
    assert standing.restored == Span(51, 80)
    assert standing.lost == (Span(51, 60),)
    assert (standing.point, standing.epoch) == (60, 2)


def test_what_another_gateway_acknowledged_meanwhile_is_handed_over() -> None:
    standing = connect(at(50), first_batch=101, acknowledged=80)
    assert standing.lost == (Span(51, 80),)
    assert standing.handed_over == (Span(81, 100),)
    assert (standing.point, standing.epoch) == (100, 2)


def test_a_restoration_is_counted_once() -> None:
    """Also where the client did not hear of it before its connection broke."""
    first = connect(at(50), first_batch=61, acknowledged=80)
    again = connect(first.known, first_batch=61, acknowledged=80)
    assert (again.restored, again.lost, again.epoch, again.point) == (None, (), 2, 60)
    told = connect(first.known, first_batch=61, acknowledged=60)
    assert (told.restored, told.epoch) == (None, 2)


def test_a_second_restoration_is_counted() -> None:
    first = connect(at(50), first_batch=61, acknowledged=80)
    second = connect(first.known, first_batch=91, acknowledged=90)
    assert (second.restored, second.lost, second.epoch) == (Span(61, 90), (Span(61, 90),), 3)


def test_a_store_made_anew() -> None:
    standing = connect(None, first_batch=11, acknowledged=10)
    assert (standing.lost, standing.epoch, standing.point) == ((Span(1, 10),), 2, 10)


# ---- Given up ---------------------------------------------------------------------------------


def test_what_the_client_gave_up_is_no_hand_over() -> None:
    standing = connect(
        at(10), first_batch=40, acknowledged=10, given_up=(Span(5, 15), Span(20, 29))
    )
    assert standing.given_up == (Span(11, 15), Span(20, 29))
    assert standing.handed_over == (Span(16, 19), Span(30, 39))
    assert (standing.lost, standing.epoch) == ((), 1)


def test_what_was_stored_is_not_given_up() -> None:
    assert connect(at(30), first_batch=10, given_up=(Span(3, 7),)).given_up == ()


@given(
    stood=st.integers(0, 40),
    oldest=st.integers(1, 60),
    promised=st.integers(0, 70),
    ends=st.lists(st.integers(1, 59), max_size=8, unique=True).map(sorted),
)
def test_every_batch_that_cannot_come_is_accounted_for_once(
    stood: int, oldest: int, promised: int, ends: list[int]
) -> None:
    spans = [Span(a, b) for a, b in zip(ends[::2], ends[1::2], strict=False) if b < oldest]
    standing = connect(at(stood), first_batch=oldest, acknowledged=promised, given_up=tuple(spans))
    accounts = [
        sequence
        for span in (*standing.lost, *standing.given_up, *standing.handed_over)
        for sequence in range(span.first, span.last + 1)
    ]
    assert sorted(accounts) == list(range(stood + 1, oldest))
    assert standing.point == standing.acknowledged == max(stood, oldest - 1)
    given_up = {n for span in spans for n in range(span.first, span.last + 1)}
    for sequence in accounts:
        of = next(
            name
            for name in ("lost", "given_up", "handed_over")
            if any(a <= sequence <= b for a, b in getattr(standing, name))
        )
        expected = "given_up" if sequence in given_up else "lost"
        assert of == (expected if sequence in given_up or sequence <= promised else "handed_over")


# ---- Sending again ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "resend_from, oldest, point", [(8, 1, 7), (1, 1, 0), (8, 9, 8), (11, 1, 10), (99, 1, 10)]
)
def test_the_point_goes_back_as_far_as_the_client_can(
    resend_from: int, oldest: int, point: int
) -> None:
    standing = connect(at(10), first_batch=oldest, resend_from=resend_from)
    assert (standing.point, standing.acknowledged) == (point, 10)


# ---- Delayed upgrades -------------------------------------------------------------------------


def test_an_older_connection_is_refused() -> None:
    known = connect(at(5), attempt=Attempt("aa", 7)).known
    with pytest.raises(Refused) as refused:
        connect(known, attempt=Attempt("aa", 6))
    assert refused.value.status == 409
    assert connect(known, attempt=Attempt("aa", 7)).point == 5
    assert connect(known, attempt=Attempt("bb", 1)).known.attempt == Attempt("bb", 1)
    assert connect(known).known.attempt == Attempt("aa", 7)


# ---- Forks ------------------------------------------------------------------------------------


def test_a_forked_session_begins_in_the_older_ones_numbers() -> None:
    standing = connect(None, first_batch=300, continues="s0")
    assert standing.forked
    assert (standing.handed_over, standing.lost, standing.epoch) == ((), (), 1)
    assert (standing.point, standing.known.continues) == (299, "s0")


def test_a_forked_session_is_handed_over_like_any_other() -> None:
    known = connect(None, first_batch=300, continues="s0").known
    standing = connect(known, first_batch=310, continues="s0")
    assert not standing.forked
    assert standing.handed_over == (Span(300, 309),)
    assert connect(known, continues="s9").known.continues == "s0"
