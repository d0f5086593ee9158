"""The symbol that a tick file's name tells, by the habits of the files' makers."""

import re

_HISTDATA = re.compile(
    r"(?:DAT|HISTDATA_COM)_(?:ASCII|NT|MT|XLSX)_([A-Z0-9]{3,12})_", re.IGNORECASE
)
# MT5 names an export SYMBOL_FROM_TO.csv, the times as digits.
_MT5_EXPORT = re.compile(r"([^\s,/\\]{1,64}?)_\d{8,14}(?:_\d{8,14})?$")
_WORD = re.compile(r"[A-Za-z]+")
_CURRENCIES = frozenset(
    re.findall(
        r"\w{3}",
        "AUD BRL BTC CAD CHF CLP CNH CNY CZK DKK ETH EUR GBP HKD HUF ILS INR JPY KRW LTC MXN NOK"
        " NZD PLN RON RUB SEK SGD THB TRY TWD USD XAG XAU XPD XPT XRP ZAR",
    )
)
_EXTENSIONS = (".gz", ".zip", ".csv", ".txt", ".tsv")


def symbol_in(file_name: str) -> str | None:
    """EURUSD for eurusd-ticks-2020-01.csv; None where the name does not tell for sure."""
    stem = _without_extensions(file_name)
    if found := _HISTDATA.match(stem):
        return found[1].upper()
    if found := _MT5_EXPORT.match(stem):
        return found[1].upper() if _is_pair(found[1]) else found[1]
    word = _WORD.match(stem)
    return word[0].upper() if word and _is_pair(word[0]) else None


def _is_pair(word: str) -> bool:
    upper = word.upper()
    return len(upper) == 6 and upper[:3] in _CURRENCIES and upper[3:] in _CURRENCIES


def _without_extensions(name: str) -> str:
    while name.lower().endswith(_EXTENSIONS):
        name = name[: name.rindex(".")]
    return name
