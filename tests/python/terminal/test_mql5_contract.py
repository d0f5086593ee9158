"""Native.mqh says in MQL5 what trading_protobuf.h says in C: it cannot drift from it."""

import ctypes
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

HEADER = "cpp/TradingProtobuf/include/trading_protobuf.h"
NATIVE = "mql5/Include/TradingProtobuf/Native.mqh"

# What a value is, in both languages: its size in bytes and its kind.
C_TYPES = {
    "int32_t": "i4",
    "uint32_t": "u4",
    "int64_t": "i8",
    "uint64_t": "u8",
    "double": "f8",
    "TpbHandle": "i8",
    "TpbChar": "u2",
}
MQL5_TYPES = {
    "int": "i4",
    "uint": "u4",
    "color": "u4",
    "long": "i8",
    "ulong": "u8",
    "datetime": "i8",
    "double": "f8",
    "ushort": "u2",
}
# The terminal's own struct, which goes to the library as TpbTick (MQL5 Reference, MqlTick).
MQL_TICK = (
    "datetime time; double bid; double ask; double last; ulong volume; long time_msc; uint flags; "
    "double volume_real;"
)
# Both languages leave a struct's name to itself; MqlTick alone has another in C.
SAME_STRUCT = {"TpbTick": "MqlTick"}

Field = tuple[str, str, int]  # name, type, offset in bytes


@dataclass(frozen=True)
class Contract:
    functions: dict[str, tuple[str, ...]]  # result, then each parameter: "name: type"
    structs: dict[str, list[Field]]
    enums: dict[str, dict[str, int]]
    constants: dict[str, int]


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.DOTALL)


def fields(body: str, types: dict[str, str]) -> list[Field]:
    """Packed to 1 byte: each begins where the one before it ends."""
    found: list[Field] = []
    offset = 0
    for declaration in filter(None, (each.strip() for each in body.split(";"))):
        type_name, name = declaration.split()
        found.append((name, types[type_name], offset))
        offset += int(types[type_name][1:])
    return found


def size(layout: list[Field]) -> int:
    _, kind, offset = layout[-1]
    return offset + int(kind[1:])


def enums(text: str) -> dict[str, dict[str, int]]:
    return {
        name: {key: int(value) for key, value in re.findall(r"(\w+)\s*=\s*(-?\d+)", body)}
        for name, body in re.findall(r"enum (\w+)\s*\{([^}]*)\}", text)
    }


def constants(text: str) -> dict[str, int]:
    value = r"^#define (TPB_[A-Z_]+) (?:\(\(TpbHandle\))?\(?(-?\d+)\)* *$"
    found = re.findall(value, text, re.MULTILINE)
    return {name: int(value) for name, value in found}


def c_parameters(text: str) -> tuple[str, ...]:
    """The header's convention: what is constant, or has its capacity behind it, is an array."""
    parameters = [" ".join(each.split()) for each in text.split(",") if each != "void"]
    return tuple(
        c_parameter(each, has_capacity=follower == "int32_t capacity")
        for each, follower in pairwise([*parameters, ""])
    )


def c_parameter(text: str, *, has_capacity: bool) -> str:
    found = re.fullmatch(r"(const )?(\w+)(\*?) (\w+)", text)
    assert found, text
    const, type_name, pointer, name = found.groups()
    if not pointer:
        return f"{name}: {C_TYPES[type_name]}"
    if const and type_name == "TpbChar":
        return f"{name}: text"
    kind = C_TYPES.get(type_name) or SAME_STRUCT.get(type_name, type_name)
    form = "array of" if const or has_capacity else "reference to"
    return f"{name}: {const or ''}{form} {kind}"


def mql5_parameter(text: str) -> str:
    found = re.fullmatch(r"(const )?(\w+) (&?)(\w+)(\[\])?", text)
    assert found, text
    const, type_name, reference, name, array = found.groups()
    if type_name == "string":
        assert const, f"{name}: the library never writes into a string"
        assert not reference
        assert not array
        return f"{name}: text"
    assert bool(reference) or not array
    if not reference:
        return f"{name}: {MQL5_TYPES[type_name]}"
    form = "array of" if array else "reference to"
    return f"{name}: {const or ''}{form} {MQL5_TYPES.get(type_name, type_name)}"


def of_header(text: str) -> Contract:
    text = without_comments(text)
    prototypes = re.findall(r"TPB_API (\w+) (\w+)\(([^)]*)\) TPB_NOEXCEPT;", text)
    return Contract(
        functions={
            name: (C_TYPES[result], *c_parameters(parameters))
            for result, name, parameters in prototypes
        },
        structs={
            SAME_STRUCT.get(name, name): fields(body, C_TYPES)
            for name, body in re.findall(r"typedef struct (\w+) \{([^}]*)\}", text)
        },
        enums=enums(text),
        constants=constants(text),
    )


def of_native(text: str) -> Contract:
    text = without_comments(text)
    block = re.search(r'#import "TradingProtobuf\.dll"\n([^#]*)\n#import\s*\Z', text)
    assert block, "one #import block, at the end"
    prototypes = re.findall(r"(\w+) (\w+)\(([^)]*)\);", block[1])
    return Contract(
        functions={
            name: (
                MQL5_TYPES[result],
                *(
                    mql5_parameter(" ".join(each.split()))
                    for each in filter(None, parameters.split(","))
                ),
            )
            for result, name, parameters in prototypes
        },
        structs={"MqlTick": fields(MQL_TICK, MQL5_TYPES)}
        | {
            name: fields(body, MQL5_TYPES)
            for name, body in re.findall(r"struct (\w+)\s*\{([^}]*)\}", text)
        },
        enums=enums(text),
        constants=constants(text),
    )


@pytest.fixture(scope="module")
def header(repository: Path) -> Contract:
    return of_header((repository / HEADER).read_text(encoding="ascii"))


@pytest.fixture(scope="module")
def native_text(repository: Path) -> str:
    return (repository / NATIVE).read_text(encoding="ascii")


def test_the_header_was_read_whole(repository: Path, header: Contract) -> None:
    text = (repository / HEADER).read_text(encoding="ascii")
    assert len(header.functions) == len(re.findall(r"^TPB_API ", text, re.MULTILINE)) >= 26
    assert len(header.structs) == len(re.findall(r"^typedef struct ", text, re.MULTILINE)) == 6
    assert len(header.enums) == len(re.findall(r"^enum ", text, re.MULTILINE)) == 9
    assert header.constants.keys() >= {"TPB_ABI_VERSION", "TPB_THIS_THREAD"}


@pytest.mark.parametrize("part", ["functions", "structs", "enums", "constants"])
def test_native_mqh_is_the_header(header: Contract, native_text: str, part: str) -> None:
    expected, found = getattr(header, part), getattr(of_native(native_text), part)
    assert found == expected
    assert list(found) == list(expected), "in the header's order"


def test_sizes_are_the_librarys(repository: Path, native_text: str) -> None:
    library = repository / "build/native/libTradingProtobuf.so"
    if not library.exists():
        pytest.skip("the native library is not built")
    size_of = ctypes.CDLL(str(library)).TpbSizeOf
    structs = of_native(native_text).structs
    layouts = {
        1: "MqlTick",
        2: "TpbStatusInfo",
        3: "TpbEventInfo",
        4: "TpbMarketData",
        5: "TpbMarketStatusInfo",
        6: "TpbIndicatorInfo",
    }
    assert {layout: size_of(layout) for layout in layouts} == {
        layout: size(structs[name]) for layout, name in layouts.items()
    }


def test_the_terminals_tick_has_sixty_bytes() -> None:
    assert size(fields(MQL_TICK, MQL5_TYPES)) == 60


@pytest.mark.parametrize(
    "part,before,after",
    [
        ("functions", "int TpbFlush(long handle);\n", ""),
        ("functions", "int TpbFlush(long handle);", "int TpbFlush(int handle);"),
        ("functions", "long handle, int timeout_ms", "int timeout_ms, long handle"),
        ("functions", "const long &timestamps[]", "const int &timestamps[]"),
        ("functions", "const MqlTick &ticks[]", "MqlTick &ticks[]"),
        ("functions", "long &time_msc, int &count", "long &time_msc, int count"),
        (
            "functions",
            "long handle, TpbMarketData &data[], int",
            "long handle, TpbMarketData &data, int",
        ),
        ("functions", "TpbMarketStatusInfo &status", "TpbMarketStatusInfo &status[]"),
        ("functions", "TpbIndicatorInfo &indicators", "const TpbIndicatorInfo &indicators[]"),
        ("structs", "   long ticks_sent;\n", ""),
        ("structs", "   long ticks_sent;", "   int ticks_sent;"),
        ("structs", "   int kind;\n   int severity;", "   int severity;\n   int kind;"),
        ("enums", "TPB_E_DISK = -202", "TPB_E_DISK = -203"),
        ("enums", "TPB_EVENT_NOTICE = 18", "TPB_EVENT_OTHER = 18"),
        ("structs", "int tier;\n   int market_session;", "int market_session;\n   int tier;"),
        ("constants", "#define TPB_ABI_VERSION 2", "#define TPB_ABI_VERSION 3"),
    ],
)
def test_a_drift_is_found(
    header: Contract, native_text: str, part: str, before: str, after: str
) -> None:
    assert native_text.count(before) == 1
    drifted = of_native(native_text.replace(before, after))
    assert getattr(drifted, part) != getattr(header, part)


def test_a_string_that_the_library_would_write_into_is_found(native_text: str) -> None:
    with pytest.raises(AssertionError, match="never writes"):
        of_native(native_text.replace("const string config", "string config"))
