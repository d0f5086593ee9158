"""Where MetaTrader 5 is looked for."""

from pathlib import Path

from tpb.terminal.installations import mql5_folders

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
