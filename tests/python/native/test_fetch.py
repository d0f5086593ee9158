"""Archives arrive whole and as pinned, or not at all."""

import dataclasses
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tpb.native import fetch
from tpb.native.errors import NativeError
from tpb.native.sources import Source

MakeWheel = Callable[[Mapping[str, str]], Source]

FILES = {"quotes/include/tick.h": "struct Tick;\n", "quotes/src/tick.cc": "// not kept\n"}


@pytest.mark.usefixtures("empty_cache")
def test_a_pinned_archive_is_fetched_and_unpacked(make_wheel: MakeWheel, tmp_path: Path) -> None:
    source = make_wheel(FILES)
    fetch.unpack(source, tmp_path / "out")
    found = {p.relative_to(tmp_path / "out").as_posix() for p in tmp_path.glob("out/**/*.*")}
    assert found == {"include/tick.h"}
    assert (tmp_path / "out/include/tick.h").read_text() == FILES["quotes/include/tick.h"]


@pytest.mark.usefixtures("empty_cache")
def test_a_second_fetch_needs_no_index(make_wheel: MakeWheel, index: Path) -> None:
    source = make_wheel(FILES)
    first = fetch.archive(source)
    (index / source.file).unlink()
    assert fetch.archive(source) == first


def test_another_file_of_that_name_is_refused(make_wheel: MakeWheel, empty_cache: Path) -> None:
    pinned = make_wheel(FILES)
    make_wheel({"quotes/include/tick.h": "struct Tampered;\n"})
    with pytest.raises(NativeError, match="not the pinned file"):
        fetch.archive(pinned)
    assert archives(empty_cache) == []


def test_an_archive_tampered_with_in_the_cache_is_refused(
    make_wheel: MakeWheel, empty_cache: Path, tmp_path: Path
) -> None:
    source = make_wheel(FILES)
    path = fetch.archive(source)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(NativeError, match="not the pinned file"):
        fetch.unpack(source, tmp_path / "out")
    assert archives(empty_cache) == [path.parent]
    assert not (tmp_path / "out").exists()


def test_a_missing_distribution_is_explained_and_leaves_nothing(
    index: Path, empty_cache: Path
) -> None:
    assert not any(index.iterdir())
    source = Source(
        "quotes", "quotes", "1.0", "quotes-1.0-py3-none-any.whl", "0" * 64, "q/", ("i/",)
    )
    with pytest.raises(NativeError, match=r"Cannot download quotes 1\.0") as caught:
        fetch.archive(source)
    assert "No matching distribution" in caught.value.why
    assert archives(empty_cache) == []


@pytest.mark.usefixtures("empty_cache")
def test_a_path_out_of_the_folder_is_refused(make_wheel: MakeWheel, tmp_path: Path) -> None:
    source = make_wheel({"quotes/include/../../../evil.h": "evil\n"})
    with pytest.raises(NativeError, match="out of its folder"):
        fetch.unpack(source, tmp_path / "a/b/out")
    assert not list(tmp_path.rglob("evil.h"))


@pytest.mark.usefixtures("empty_cache")
def test_a_pin_that_keeps_nothing_is_an_error(make_wheel: MakeWheel, tmp_path: Path) -> None:
    source = dataclasses.replace(make_wheel(FILES), keep=("elsewhere/",))
    with pytest.raises(NativeError, match="holds nothing"):
        fetch.unpack(source, tmp_path / "out")


def test_processes_at_once_share_one_archive(make_wheel: MakeWheel, empty_cache: Path) -> None:
    source = make_wheel(FILES)
    program = (
        "from tpb.native import fetch, sources\n"
        f"print(fetch.archive(sources.{source!r}).stat().st_ino)\n"
    )
    command = [sys.executable, "-c", program]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    inodes = {process.communicate(timeout=100)[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(inodes) == 1  # one of them downloaded it, the others waited
    [folder] = archives(empty_cache)
    assert zipfile.is_zipfile(folder / source.file)


def archives(cache: Path) -> list[Path]:
    """Everything beside the locks, leftovers of broken downloads too."""
    return [path for path in cache.glob("archives/*") if not path.name.endswith(".lock")]
