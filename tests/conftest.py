"""What tests of every room share."""

import itertools
import os
import signal
from pathlib import Path

import pytest

# A shell's background jobs ignore Ctrl+C, and so would the programs that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

REPOSITORY = Path(__file__).resolve().parents[1]
REAL_TICKS = "eurusd-ticks-2020-01.csv"


_test_number = itertools.count()


@pytest.fixture(autouse=True)
def _state_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Journals of journal=auto stay within the test."""
    folder = tmp_path_factory.getbasetemp() / f"state-{next(_test_number)}"
    monkeypatch.setenv("TPB_STATE_DIR", str(folder))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def real_ticks() -> Path:
    """9,500 real EURUSD quotes in HistData's format, where they stand beside the checkout.

    They are not part of the product: TPB_SHARED_DATA names their folder if it is elsewhere.
    """
    folder = Path(os.environ.get("TPB_SHARED_DATA") or REPOSITORY / "../shared/data")
    path = (folder / REAL_TICKS).resolve()
    if not path.is_file():
        pytest.skip(f"{REAL_TICKS} is not in {folder}; set TPB_SHARED_DATA to its folder")
    return path
