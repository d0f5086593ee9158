"""The source tree: building needs one, an installed wheel does not hold it."""

from pathlib import Path

from tpb.native.errors import NativeError

_MARKS = ("CMakeLists.txt", "cpp/third_party/CMakeLists.txt", "proto", "python/tpb")


def root() -> Path:
    """The tree this package lies in, or else the one around the current folder."""
    candidates = [Path(__file__).absolute().parents[3], Path.cwd(), *Path.cwd().parents]
    for candidate in candidates:
        if all((candidate / mark).exists() for mark in _MARKS):
            return candidate
    raise NativeError(
        "There is no source tree here.",
        "The installed package holds no C++ sources and no schemas.",
        "Type this in a checkout of the project.",
    )
