"""Where journals are, and what their sessions say."""

import json
import os
from pathlib import Path

from tpb.terminal.journals import journals, read_status, state_folder


def test_the_library_s_places(tmp_path: Path) -> None:
    assert state_folder(tmp_path, {"TPB_STATE_DIR": "/x"}, "linux") == Path("/x")
    assert state_folder(tmp_path, {"XDG_STATE_HOME": "/s"}, "linux") == Path("/s/tpb")
    # Relative ones are invalid, says the XDG specification.
    assert state_folder(tmp_path, {"XDG_STATE_HOME": "s"}, "linux") == tmp_path / ".local/state/tpb"
    assert state_folder(tmp_path, {"LOCALAPPDATA": "/a"}, "win32") == Path("/a/tpb")
    assert state_folder(tmp_path, {}, "win32") is None


def test_a_status_is_read_with_its_age(tmp_path: Path) -> None:
    folder = tmp_path / "journal" / "gateway-1"
    folder.mkdir(parents=True)
    assert journals(tmp_path) == [folder]
    assert read_status(folder, 0.0) is None
    file = folder / "status.json"
    file.write_text(json.dumps({"state_name": "connected"}), encoding="utf-8")
    os.utime(file, (1000.0, 1000.0))
    fresh = read_status(folder, 1001.5)
    assert fresh is not None
    assert (fresh.age_s, fresh.lives, fresh.status) == (1.5, True, {"state_name": "connected"})
    old = read_status(folder, 2000.0)
    assert old is not None
    assert not old.lives


def test_what_is_no_status_is_none(tmp_path: Path) -> None:
    for text in ("", "{", "[]", '"connected"'):
        (tmp_path / "status.json").write_text(text, encoding="utf-8")
        assert read_status(tmp_path, 0.0) is None
