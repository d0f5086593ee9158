"""All the checks, in the order in which one needs the other."""

from collections.abc import Iterator
from pathlib import Path

import platformdirs

import tpb
from tpb.account.secret import default_secret_file
from tpb.doctor import building, machine, python, terminal
from tpb.doctor.finding import Finding
from tpb.native import checkout
from tpb.native.errors import NativeError
from tpb.terminal.installations import mql5_folders


def examine() -> Iterator[Finding]:
    tree = source_tree()
    yield from python.interpreter()
    yield from python.packages(tree and tree / "pyproject.toml")
    if tree:
        yield from building.schemas(tree / "proto", Path(tpb.__file__).parent / "wire")
    module = building.native_module()
    yield module
    if tree:
        yield from building.tools(required=not module.ok)
        yield from building.abi_version(
            tree / "build" / "native" / "libTradingProtobuf.so",
            tree / "cpp" / "TradingProtobuf" / "include" / "trading_protobuf.h",
        )
        yield from building.dll(tree / "build" / "windows-x64")
    yield from building.windows_programs()
    yield from machine.loopback()
    yield from machine.clock()
    yield from machine.secrets(_secret_files())
    mql5 = mql5_folders()
    yield terminal.terminals(mql5)
    yield from terminal.self_tests(mql5)


def compile_experts(editor: Path | None) -> Iterator[Finding]:
    """Only when asked for: it takes some seconds and needs MetaTrader's own compiler."""
    tree = source_tree()
    return terminal.experts(editor, tree and tree / "mql5")


def source_tree() -> Path | None:
    try:
        return checkout.root()
    except NativeError:
        return None


def _secret_files() -> list[Path]:
    tls = Path(platformdirs.user_data_dir("tpb", appauthor=False)) / "tls"
    return [default_secret_file(), tls / "authority.pem", tls / "server.pem"]
