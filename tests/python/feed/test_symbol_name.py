"""Which symbol a file's name tells."""

import pytest

from tpb.feed.symbol_name import symbol_in


@pytest.mark.parametrize(
    "name, symbol",
    [
        ("eurusd-ticks-2020-01.csv", "EURUSD"),
        ("EURUSD.csv", "EURUSD"),
        ("EURUSD-2020-01.csv.gz", "EURUSD"),
        ("xauusd_ticks.txt", "XAUUSD"),
        ("DAT_ASCII_EURUSD_T_202001.csv", "EURUSD"),
        ("HISTDATA_COM_ASCII_EURUSD_T202001.zip", "EURUSD"),
        ("DAT_ASCII_NSXUSD_T_202001.zip", "NSXUSD"),
        ("EURUSD.m_202001020000_202001022359.csv", "EURUSD.m"),
        ("US30_20200102.csv", "US30"),
        ("eurusd_202001020000.csv", "EURUSD"),
        ("ticks.csv", None),
        ("quotes.csv", None),
        ("export-2020.csv", None),
        ("2020-01.csv", None),
        ("", None),
    ],
)
def test_the_name_tells_the_symbol_or_nothing(name: str, symbol: str | None) -> None:
    assert symbol_in(name) == symbol
