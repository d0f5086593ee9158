"""Third-party archives: downloaded with pip, verified by hash, kept in the cache, unpacked."""

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tpb.native import cache
from tpb.native.errors import NativeError, ToolMissing
from tpb.native.sources import Source

DOWNLOAD_TIMEOUT_S = 600


def archive(source: Source) -> Path:
    """The archive's file in the cache, downloaded where it is not there yet, and verified."""
    folder = cache.made_once(
        cache.directory() / "archives" / source.sha256, lambda new: _download(source, new)
    )
    path = folder / source.file
    _verify(source, path)
    return path


def unpack(source: Source, folder: Path) -> None:
    """Writes what sources.toml keeps of the archive into the folder."""
    count = 0
    for name, content in _members(archive(source)):
        kept = source.kept_path(name)
        if kept is None:
            continue
        if ".." in Path(kept).parts:
            raise NativeError(
                f"{source.file} holds a path out of its folder: {name}.",
                "No honest archive does.",
                "Check the pin in sources.toml.",
            )
        path = folder / kept
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.read())
        count += 1
    if count == 0:
        raise NativeError(
            f"{source.file} holds nothing that is to be kept.",
            f"No path in it fits the `strip` and `keep` of [{source.name}].",
            "Mend sources.toml.",
        )


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_folder(folder: Path) -> str:
    """One hash over the names and contents of the files below a folder, caches aside."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            total.update(f"{path.relative_to(folder).as_posix()} {sha256(path)}\n".encode())
    return total.hexdigest()


def _download(source: Source, folder: Path) -> None:
    is_wheel = source.file.endswith(".whl")
    with tempfile.TemporaryDirectory(prefix="tpb-fetch-") as scratch:
        # pip itself compares the hash before it looks into an archive: it runs an sdist's setup.py
        # for its metadata, which is also why an sdist needs setuptools in this environment.
        pinned = Path(scratch, "pinned.txt")
        pinned.write_text(
            f"{source.distribution}=={source.version} --hash=sha256:{source.sha256}\n",
            encoding="utf-8",
        )
        form = ["--only-binary=:all:", *_wheel_tags(source)] if is_wheel else ["--no-binary=:all:"]
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-build-isolation"]
        options = ["--require-hashes", "--progress-bar=off", "--no-input", "--dest", str(folder)]
        run = subprocess.run(
            [*pip, *form, *options, "--requirement", str(pinned)],
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=DOWNLOAD_TIMEOUT_S,
            env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            check=False,
        )
    if run.returncode != 0:
        raise _download_failed(source, run.stdout)
    _verify(source, folder / source.file)


def _wheel_tags(source: Source) -> list[str]:
    """protoc's wheels are for one platform each, and sources.toml says for which."""
    platform = source.file.removesuffix(".whl").rsplit("-", 1)[1]
    return [] if platform == "any" else ["--platform", platform]


def _download_failed(source: Source, output: str) -> NativeError:
    if "No module named pip" in output:
        return ToolMissing(
            "pip is missing.",
            f"{sys.executable} has no module pip, which fetches the third-party sources.",
            "Type `python3 -m ensurepip`, or on Debian `apt-get install python3-pip`.",
        )
    for module in ("setuptools", "Cython", "cython"):
        if f"No module named '{module}" in output:
            return ToolMissing(
                f"The Python package {module.lower()} is missing.",
                f"pip needs it to read the archive of {source.distribution}.",
                "Type `pip install 'setuptools>=80' cython`.",
            )
    if "DO NOT MATCH THE HASHES" in output:
        return _wrong_hash(source, "The package index offers another file under that name.")
    tail = "\n".join(output.strip().splitlines()[-8:])
    return NativeError(
        f"Cannot download {source.distribution} {source.version}.",
        f"pip says:\n{tail}",
        "Check the connection to the package index (`pip download` uses pip's own settings).",
    )


def _verify(source: Source, path: Path) -> None:
    if not path.is_file():
        raise NativeError(
            f"pip did not download {source.file}.",
            f"It stored {', '.join(sorted(p.name for p in path.parent.iterdir())) or 'nothing'}.",
            "Mend the file name in sources.toml.",
        )
    found = sha256(path)
    if found != source.sha256:
        raise _wrong_hash(source, f"{path} has {found}.")


def _wrong_hash(source: Source, why: str) -> NativeError:
    return NativeError(
        f"{source.file} is not the pinned file: its SHA-256 is not {source.sha256}.",
        why,
        "Remove it and try again; if it comes back, do not use that package index.",
    )


def _members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The regular files of an archive. Links are passed over: no source needs one."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            for info in wheel.infolist():
                if not info.is_dir():
                    with wheel.open(info) as content:
                        yield info.filename, content
        return
    with tarfile.open(path) as sdist:
        for member in sdist:
            file = sdist.extractfile(member) if member.isfile() else None
            if file:
                yield member.name, file
