"""Which symbols are chosen, in which order, and why."""

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from tpb.account.correlation import Relation
from tpb.account.pairs import (
    CONTEXT,
    KNOWN,
    Choice,
    Partner,
    Role,
    Selection,
    choose,
    named,
    partners_of,
    restore,
)
from tpb.account.tier import is_standard_pair, limits_of


def by_table(primary: Sequence[str]) -> dict[str, list[Partner]]:
    return {symbol: partners_of(symbol) for symbol in primary}


def chosen(
    *primary: str, tier: str = "pro", partners: Mapping[str, Sequence[Partner]] | None = None
) -> Selection:
    return choose(primary, limits_of(tier), by_table(primary) if partners is None else partners)


def names(selection: Selection, role: Role | None = None) -> list[str]:
    return [pair.symbol for pair in selection.pairs if role in (None, pair.role)]


def test_primary_then_correlation_then_context() -> None:
    found = chosen("EURUSD")
    assert [(pair.symbol, pair.role, pair.correlates_with) for pair in found.pairs] == [
        ("EURUSD", Role.PRIMARY, ""),
        ("USDCHF", Role.CORRELATION, "EURUSD"),
        ("EURGBP", Role.CORRELATION, "EURUSD"),
        ("GBPUSD", Role.CORRELATION, "EURUSD"),
        ("USDJPY", Role.CONTEXT, ""),
    ]
    assert [pair.priority for pair in found.pairs] == [1, 2, 3, 4, 5]
    assert [pair.weight for pair in found.pairs] == [1.0, 0.5, 0.5, 0.5, 0.25]
    assert {pair.correlation for pair in found.pairs} == {0.0}


def test_each_primary_symbol_gets_its_best_before_any_its_second() -> None:
    assert names(chosen("EURUSD", "USDJPY"), Role.CORRELATION) == [
        "USDCHF",
        "EURJPY",
        "EURGBP",
        "GBPJPY",
        "GBPUSD",
        "AUDJPY",
    ]


def test_the_order_of_the_user_stands() -> None:
    assert names(chosen("USDJPY", "AUDUSD", "EURUSD"), Role.PRIMARY) == [
        "USDJPY",
        "AUDUSD",
        "EURUSD",
    ]


def test_free() -> None:
    found = chosen("EURUSD", "AUDUSD", "NZDUSD", tier="free")
    assert names(found) == ["EURUSD", "AUDUSD", "GBPUSD", "USDJPY"]
    assert names(found, Role.CORRELATION) == []
    ((symbol, reason),) = found.left_out
    assert symbol == "NZDUSD"
    assert "free tier has 2" in reason


def test_pro_is_cut_to_ten() -> None:
    found = chosen("EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "NZDUSD", "USDCAD")
    assert len(found.pairs) == 10
    assert names(found, Role.PRIMARY) == ["EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "NZDUSD"]
    assert [left.symbol for left in found.left_out] == ["USDCAD"]


def test_enterprise_has_no_limit_and_any_symbol() -> None:
    many = [f"US{number}" for number in range(300)]
    found = chosen(*many, tier="enterprise")
    assert names(found, Role.PRIMARY) == many
    assert names(found, Role.CONTEXT) == list(CONTEXT)
    assert found.left_out == ()


def test_a_custom_symbol_is_left_out_below_enterprise() -> None:
    partners = {"EURUSD": [Partner("US500", 0.9, "…"), Partner("GBPUSD", 0.8, "…")]}
    found = chosen("US500", "EURUSD", partners=partners)
    assert names(found) == ["EURUSD", "GBPUSD", "USDJPY"]
    ((symbol, reason),) = found.left_out
    assert symbol == "US500"
    assert "enterprise" in reason


def test_nothing_named() -> None:
    assert names(chosen()) == list(CONTEXT)


def test_repeats_count_once() -> None:
    assert names(chosen("EURUSD", "EURUSD", "GBPUSD", tier="free"), Role.PRIMARY) == [
        "EURUSD",
        "GBPUSD",
    ]


# ---- Partners ---------------------------------------------------------------------------------

RELATIONS = [
    Relation("AUDUSD", 0.91, 300, correlates=True),
    Relation("USDCHF", -0.83, 250, correlates=True),
    Relation("GBPUSD", 0.31, 300, correlates=False),
]


def test_what_is_measured_goes_before_the_table() -> None:
    found = partners_of("EURUSD", RELATIONS)
    assert [(partner.symbol, partner.correlation) for partner in found] == [
        ("AUDUSD", 0.91),
        ("USDCHF", -0.83),
        # GBPUSD of the table was measured, and does not correlate.
        ("EURGBP", 0.0),
    ]


def test_reasons_are_words() -> None:
    selection = chosen("EURUSD", partners={"EURUSD": partners_of("EURUSD", RELATIONS)})
    assert [pair.reason for pair in selection.pairs] == [
        "you named it",
        "moves with EURUSD, correlation +0.91 over 300 one-minute returns",
        "moves against EURUSD, correlation -0.83 over 250 one-minute returns",
        "known to go with EURUSD; not measured here yet",
        "tells how the market as a whole is",
        "tells how the market as a whole is",
    ]
    assert [pair.weight for pair in selection.pairs] == [1.0, 0.91, 0.83, 0.5, 0.25, 0.25]


def test_a_selection_is_restored_as_it_was() -> None:
    selection = chosen("EURUSD", partners={"EURUSD": partners_of("EURUSD", RELATIONS)})
    choices = [Choice(*pair[:4]) for pair in selection.pairs]
    again = restore(choices, selection.limits, "you named it")
    assert [pair[:6] for pair in again.pairs] == [pair[:6] for pair in selection.pairs]
    assert [pair.reason for pair in again.pairs[1:4]] == [
        "moves with EURUSD, correlation +0.91 when it was measured last",
        "moves against EURUSD, correlation -0.83 when it was measured last",
        "known to go with EURUSD; not measured here yet",
    ]


def test_a_brokers_suffix() -> None:
    assert [partner.symbol for partner in partners_of("EURUSD.m")] == [
        "USDCHF.m",
        "EURGBP.m",
        "GBPUSD.m",
    ]
    assert names(chosen("EURUSD.m"))[-1] == "USDJPY.m"
    assert named("USDJPY", "", {"USDJPYpro", "EURUSDpro"}) == "USDJPYpro"
    assert named("USDJPY", ".m", {"USDJPY", "USDJPY.m"}) == "USDJPY.m"
    assert named("USDJPY", ".m", {"EURUSD.x"}) == "USDJPY.m"


def test_the_tables_are_of_standard_pairs() -> None:
    for primary, partners in KNOWN.items():
        assert all(map(is_standard_pair, (primary, *partners)))
        assert primary not in partners
    assert all(map(is_standard_pair, CONTEXT))


symbols = st.lists(
    st.sampled_from(["EURUSD", "GBPUSD", "USDJPY", "AUDUSD.m", "US500", "XAUUSD", "NZDCAD"]),
    max_size=12,
)


@given(
    primary=symbols,
    tier=st.sampled_from(["free", "pro", "enterprise", "none"]),
    found=st.dictionaries(
        st.sampled_from(["EURUSD", "GBPUSD", "US500"]),
        st.lists(
            st.builds(
                Partner,
                st.sampled_from(["EURUSD", "GBPUSD", "DE40", "CADJPY", "EURCAD", "EURAUD"]),
                st.floats(-1, 1),
                st.just("…"),
            ),
            max_size=8,
        ),
    ),
)
def test_always(primary: list[str], tier: str, found: dict[str, list[Partner]]) -> None:
    limits = limits_of(tier)
    selection = choose(primary, limits, found)
    chosen_names = names(selection)
    assert len(set(chosen_names)) == len(chosen_names)
    assert len(chosen_names) <= (limits.monitored or 1000)
    assert len(names(selection, Role.PRIMARY)) <= (limits.trading or 1000)
    assert limits.correlation or not names(selection, Role.CORRELATION)
    assert limits.custom or all(map(is_standard_pair, chosen_names))
    assert [pair.priority for pair in selection.pairs] == [*range(1, len(chosen_names) + 1)]
    roles = [list(Role).index(pair.role) for pair in selection.pairs]
    assert roles == sorted(roles)
    left = [left.symbol for left in selection.left_out]
    taken = names(selection, Role.PRIMARY)
    assert sorted(left + taken) == sorted(set(primary))
    for pair in selection.pairs:
        assert 0 <= pair.weight <= 1
        assert (pair.role is Role.CORRELATION) == (pair.correlates_with in taken)
        assert pair.reason
