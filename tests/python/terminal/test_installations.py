"""Where MetaTrader 5 is looked for."""

from pathlib import Path

import pytest

from tpb.terminal.installations import mql5_folders, program_folders, wine_prefix

ID = "D0E8209F77C8CF37AD8BF550E51FF075"


def make(base: Path, *folders: str) -> list[Path]:
    made = [base / folder for folder in folders]
    for folder in made:
        folder.mkdir(parents=True)
    return made


def test_windows(tmp_path: Path) -> None:
    made = make(
        tmp_path,
        f"AppData/Roaming/MetaQuotes/Terminal/{ID}/MQL5",
        "Program Files/MetaTrader 5/MQL5",
        "Program Files/MetaTrader 5 EXNESS/MQL5",
    )
    make(tmp_path, "AppData/Roaming/MetaQuotes/Terminal/Common", "Program Files/Other/MQL5")
    env = {
        "APPDATA": str(tmp_path / "AppData/Roaming"),
        "PROGRAMFILES": str(tmp_path / "Program Files"),
    }
    assert mql5_folders(tmp_path, env, "win32") == sorted(made)


def test_wine_prefixes_of_linux_and_of_the_mac(tmp_path: Path) -> None:
    mac = "Library/Application Support/net.metaquotes.wine.metatrader5"
    roaming = f"AppData/Roaming/MetaQuotes/Terminal/{ID}/MQL5"
    made = make(
        tmp_path,
        ".mt5/drive_c/Program Files/MetaTrader 5/MQL5",
        f".wine/drive_c/users/me/{roaming}",
        f"{mac}/drive_c/Program Files/MetaTrader 5/MQL5",
        "own/drive_c/Program Files/MetaTrader 5/MQL5",
    )
    found = mql5_folders(tmp_path, {"WINEPREFIX": str(tmp_path / "own")}, "linux")
    assert found == sorted(made)


def test_none(tmp_path: Path) -> None:
    assert mql5_folders(tmp_path, {}, "linux") == []
    assert mql5_folders(tmp_path, {}, "win32") == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8", "utf-8-sig"])
def test_the_program_folder_that_a_data_folder_names(tmp_path: Path, encoding: str) -> None:
    drive = tmp_path / "prefix/drive_c"
    (program,) = make(drive, "Program Files/Broker MT5")
    (mql5,) = make(drive, f"users/me/AppData/Roaming/MetaQuotes/Terminal/{ID}/MQL5")
    origin = mql5.parent / "origin.txt"
    origin.write_bytes("C:\\Program Files\\Broker MT5\r\n".encode(encoding))
    assert program_folders([mql5]) == [program]


def test_a_portable_terminal_is_its_own_program_folder(tmp_path: Path) -> None:
    (mql5,) = make(tmp_path, "MetaTrader 5/MQL5")
    assert program_folders([mql5]) == [mql5.parent]
    assert wine_prefix(mql5) is None
