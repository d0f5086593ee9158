"""What the libraries need and offer: nothing but the system's own, nothing but the C contract."""

import os
import re
from pathlib import Path

import pefile
import pytest

from tpb.native import binary, build
from tpb.native.errors import NativeError

# What every 64-bit Windows has had since Windows 10.
WINDOWS_OWN = {
    "advapi32.dll",
    "bcrypt.dll",
    "crypt32.dll",
    "dbghelp.dll",
    "kernel32.dll",
    "msvcrt.dll",
    "mswsock.dll",
    "user32.dll",
    "ws2_32.dll",
}
# What every Linux with a C++ program has.
LINUX_OWN = r"(libc|libm|libstdc\+\+|libgcc_s|ld-linux-[\w-]+)\.so\.\d+"


@pytest.fixture(scope="module")
def declared(repository: Path) -> set[str]:
    """The functions of the C header."""
    header = repository / "cpp/TradingProtobuf/include/trading_protobuf.h"
    text = re.sub(r"/\*.*?\*/", "", header.read_text(encoding="utf-8"), flags=re.DOTALL)
    names = set(re.findall(r"^TPB_API\s+[\w ]+?(\w+)\(", text, re.MULTILINE))
    assert len(names) >= 15
    return names


def built(repository: Path, target: str) -> list[Path]:
    paths = build.artefacts(target, repository / "build" / target)
    missing = [path for path in paths if not path.exists()]
    if missing and not os.environ.get("TPB_TEST_ALL"):
        pytest.skip(f"not built: `tpb build --target {target}`")
    assert not missing
    return paths


@pytest.fixture(scope="module")
def dll(repository: Path) -> Path:
    return built(repository, "windows-x64")[0]


@pytest.fixture(scope="module")
def terminal_host(repository: Path) -> Path:
    return built(repository, "windows-x64")[1]


@pytest.fixture(scope="module")
def shared_object(repository: Path) -> Path:
    path = built(repository, "native")[0]
    if path.suffix != ".so":
        pytest.skip("no Linux library on this machine")
    return path


def test_the_dll_needs_only_what_windows_has(dll: Path) -> None:
    needed = {name.lower() for name in binary.read(dll).imported_libraries}
    assert {"kernel32.dll", "ws2_32.dll"} <= needed
    assert needed - WINDOWS_OWN == set()


def test_the_terminal_host_needs_only_what_windows_has(terminal_host: Path) -> None:
    needed = {name.lower() for name in binary.read(terminal_host).imported_libraries}
    assert needed - WINDOWS_OWN == set()


def test_the_dll_exports_the_header(dll: Path, declared: set[str]) -> None:
    names = binary.read(dll).exported_names
    assert len(names) == len(set(names))
    assert set(names) == declared


def test_the_shared_object_exports_the_header(shared_object: Path, declared: set[str]) -> None:
    assert set(binary.read(shared_object).exported_names) == declared


def test_the_shared_object_needs_only_what_linux_has(shared_object: Path) -> None:
    needed = binary.read(shared_object).imported_libraries
    assert needed
    assert [name for name in needed if not re.fullmatch(LINUX_OWN, name)] == []


def test_our_reader_agrees_with_pefile(dll: Path) -> None:
    ours = binary.read(dll)
    with pefile.PE(str(dll)) as theirs:
        imported = [entry.dll.decode() for entry in theirs.DIRECTORY_ENTRY_IMPORT]
        exported = [symbol.name.decode() for symbol in theirs.DIRECTORY_ENTRY_EXPORT.symbols]
        assert theirs.FILE_HEADER.Machine == pefile.MACHINE_TYPE["IMAGE_FILE_MACHINE_AMD64"]
    assert ours.imported_libraries == tuple(imported)
    assert ours.exported_names == tuple(exported)


def test_the_dll_may_be_moved_in_memory(dll: Path) -> None:
    with pefile.PE(str(dll)) as image:
        flags = image.OPTIONAL_HEADER
        assert flags.IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE
        assert flags.IMAGE_DLLCHARACTERISTICS_NX_COMPAT


@pytest.mark.parametrize("content", [b"", b"MZ", b"MZ" + bytes(100), b"\x7fELF", b"hello"])
def test_what_is_no_library_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "quotes.dll"
    path.write_bytes(content)
    with pytest.raises(NativeError):
        binary.read(path)
