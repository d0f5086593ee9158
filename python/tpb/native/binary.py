"""What a library needs and offers: DLLs and their functions (PE), shared objects (ELF).

`python -m tpb.native.binary FILE` prints it.
"""

import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tpb.native import toolchain
from tpb.native.errors import NativeError


@dataclass(frozen=True)
class Binary:
    imported_libraries: tuple[str, ...]
    exported_names: tuple[str, ...]


def read(path: Path) -> Binary:
    start = path.read_bytes()[:4]
    if start[:2] == b"MZ":
        return _read_pe(path)
    if start == b"\x7fELF":
        return _read_elf(path)
    raise NativeError(
        f"{path} is neither a Windows nor a Linux library.",
        f"It starts with {start!r}.",
        "Give a .dll or .so file.",
    )


# ---- PE: the tables that Microsoft's "PE Format" describes ---------------------------------------

_EXPORTS, _IMPORTS = 0, 1


class _Image:
    """The bytes of a PE32+ file, addressed as the loader would."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.header = self.number("<I", 0x3C)
        if data[self.header : self.header + 4] != b"PE\0\0":
            raise ValueError("no PE signature")
        optional = self.header + 24
        if self.number("<H", optional) != 0x20B:
            raise ValueError("not a 64-bit image")
        self.directories = optional + 112
        first_section = optional + self.number("<H", self.header + 20)
        self.sections: list[tuple[int, int, int, int]] = [
            struct.unpack_from("<8xIIII", data, first_section + 40 * index)
            for index in range(self.number("<H", self.header + 6))
        ]

    def number(self, layout: str, offset: int) -> int:
        return int(struct.unpack_from(layout, self.data, offset)[0])

    def directory(self, index: int) -> int | None:
        """Where a table starts in the file; None: the image has none."""
        address = self.number("<I", self.directories + 8 * index)
        return self.offset(address) if address else None

    def offset(self, address: int) -> int:
        for size, start, raw_size, raw_start in self.sections:
            if start <= address < start + max(size, raw_size):
                return address - start + raw_start
        raise ValueError(f"address {address:#x} is in no section")

    def text(self, address: int) -> str:
        start = self.offset(address)
        return bytes(self.data[start : self.data.index(b"\0", start)]).decode("ascii")


def _read_pe(path: Path) -> Binary:
    try:
        image = _Image(path.read_bytes())
        return Binary(tuple(_pe_imports(image)), tuple(_pe_exports(image)))
    except (ValueError, struct.error) as problem:
        raise NativeError(
            f"{path} cannot be read as a Windows library.", f"{problem}.", "Build it again."
        ) from problem


def _pe_imports(image: _Image) -> Iterator[str]:
    entry = image.directory(_IMPORTS)
    while entry is not None and (name := image.number("<I", entry + 12)):
        yield image.text(name)
        entry += 20


def _pe_exports(image: _Image) -> Iterator[str]:
    table = image.directory(_EXPORTS)
    if table is None:
        return
    count, names = image.number("<I", table + 24), image.offset(image.number("<I", table + 32))
    for index in range(count):
        yield image.text(image.number("<I", names + 4 * index))


# ---- ELF: binutils read it -----------------------------------------------------------------------


def _read_elf(path: Path) -> Binary:
    dynamic = _output("readelf", "--dynamic", "--wide", str(path))
    needed = [line.split("[")[1].split("]")[0] for line in dynamic if "(NEEDED)" in line]
    symbols = _output("nm", "--dynamic", "--defined-only", "--format=posix", str(path))
    return Binary(tuple(needed), tuple(line.split()[0].split("@")[0] for line in symbols))


def _output(program: str, *arguments: str) -> list[str]:
    run = subprocess.run(
        [toolchain.require(program), *arguments],
        env=toolchain.build_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if run.returncode != 0:
        raise NativeError(f"{program} failed.", run.stderr.strip(), "Build the library again.")
    return run.stdout.splitlines()


def main() -> int:
    for argument in sys.argv[1:]:
        binary = read(Path(argument))
        lines = [f"{argument} needs", *(f"  {name}" for name in binary.imported_libraries)]
        lines += ["and offers", *(f"  {name}" for name in binary.exported_names)]
        sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
