"""A package index of our own: a folder that pip may look into, and nothing else."""

import hashlib
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tpb.native.sources import Source

MakeWheel = Callable[[Mapping[str, str]], Source]


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path / "cache"
    monkeypatch.setenv("TPB_CACHE_DIR", str(cache))
    return cache


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def make_wheel(index: Path) -> MakeWheel:
    """Puts a wheel with these files into the index and returns its pin."""

    def make(files: Mapping[str, str]) -> Source:
        path = index / "quotes-1.0-py3-none-any.whl"
        info = {
            "quotes-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: quotes\nVersion: 1.0\n",
            "quotes-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
            "quotes-1.0.dist-info/RECORD": "",
        }
        with zipfile.ZipFile(path, "w") as wheel:
            for name, text in {**files, **info}.items():
                wheel.writestr(name, text)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return Source("quotes", "quotes", "1.0", path.name, digest, "quotes/", ("include/",))

    return make
