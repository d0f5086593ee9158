"""Damage to a journal's files: where it is done, and that it is done."""

from pathlib import Path

import pytest

from tpb.faults import journal_damage


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    folder.mkdir()
    (folder / "00000000000000000001.seg").write_bytes(b"\1" * 100 + bytes(900))
    (folder / "00000000000000000050.seg").write_bytes(bytes(1000))
    (folder / "state").write_bytes(b"\2" * 64)
    (folder / "lock").write_bytes(b"")
    (folder / "status.json").write_text("{}")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("file", [0.0, 0.4, 0.99])
@pytest.mark.parametrize("place", [0.0, 0.5, 0.99])
def test_one_bit_turns_in_what_was_written(journal: Path, file: float, place: float) -> None:
    before = contents(journal)
    told = journal_damage.flip(journal, file, place, 3)
    after = contents(journal)
    (changed,) = [name for name in before if before[name] != after[name]]
    assert changed not in ("lock", "status.json")
    assert changed in told
    (offset,) = [
        index for index, byte in enumerate(before[changed]) if byte != after[changed][index]
    ]
    assert after[changed][offset] == before[changed][offset] ^ 8
    assert offset < max(1, len(before[changed].rstrip(b"\0")))


@pytest.mark.parametrize("file", [0.0, 0.4, 0.99])
def test_a_file_is_cut_in_what_was_written(journal: Path, file: float) -> None:
    before = contents(journal)
    journal_damage.cut(journal, file, 0.5)
    after = contents(journal)
    (changed,) = [name for name in before if before[name] != after[name]]
    assert before[changed].startswith(after[changed])
    assert len(after[changed]) == len(before[changed].rstrip(b"\0")) // 2


def test_an_older_copy_comes_back_whole(journal: Path, tmp_path: Path) -> None:
    before = contents(journal)
    journal_damage.copy(journal, tmp_path / "copy")
    (journal / "00000000000000000001.seg").unlink()
    (journal / "00000000000000000099.seg").write_bytes(b"new")
    journal_damage.restore(journal, tmp_path / "copy")
    assert contents(journal) == before
