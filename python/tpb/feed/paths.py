"""The two paths into the library, by name."""

import os
from enum import StrEnum
from pathlib import Path

import tpb
from tpb.feed.destination import Destination
from tpb.feed.sender import DEFAULT_OPTIONS, Sender, SessionOptions

_TREE = Path(tpb.__file__).resolve().parents[2]


class PathName(StrEnum):
    NATIVE = "native"  # the library in this process
    DLL = "dll"  # TradingProtobuf.dll in a Windows process, under Wine where this is no Windows


def windows_build() -> Path:
    """Where the DLL and its host are: as `tpb build --target windows-x64` leaves them."""
    return Path(os.environ.get("TPB_WINDOWS_BUILD") or _TREE / "build" / "windows-x64")


def open_sender(
    path: PathName, to: Destination, options: SessionOptions = DEFAULT_OPTIONS
) -> Sender:
    """Raises FeedError where the library refuses; an unreachable gateway is no error yet."""
    if path is PathName.DLL:
        from tpb.feed.dll_sender import DllSender

        return DllSender(to, options, windows_build())
    from tpb.feed.native_sender import NativeSender

    return NativeSender(to, options)
