"""The arrows between the rooms, as ARCHITECTURE.md draws them: down only."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

BELOW_SESSION = {"quality", "wire", "outbox", "transport", "model", "platform"}

# Which rooms the files of a C++ room may include.
CPP_ARROWS = {
    "include": set[str](),
    "model": set[str](),
    "platform": set[str](),
    "quality": {"model", "platform"},
    "wire": {"model", "platform"},
    "outbox": {"model", "platform"},
    "transport": {"model", "platform"},
    "session": BELOW_SESSION,
    "abi": {"include", "session"} | BELOW_SESSION,
    "bindings": {"session"} | BELOW_SESSION,
}

# What only one C++ room may name, in an include or in code.
CPP_OWNERS = {
    r"google[/:]+protobuf|\babsl[/:]|\.pb\.h": {"wire"},
    r"\bboost[/:]+(beast|asio)\b|\bopenssl/|\bSSL_|\bwincrypt\.h|\bCert[A-Z]\w+\(": {"transport"},
    r"\bpybind11\b": {"bindings"},
    r"\bnlohmann\b": set[str](),
}

# Which rooms a Python room may import; "tpb" stands for the modules directly in the package.
PYTHON_ARROWS = {
    "tpb": {"tpb"},
    "wire": set[str](),
    "native": set[str](),
    "terminal": {"tpb"},
    "account": {"tpb"},
    "gateway": {"tpb", "wire", "account"},
    "testing": {"tpb", "wire", "account", "gateway"},
    "feed": {"tpb", "native", "account", "gateway"},
    "bench": {"tpb", "wire", "native", "gateway", "feed"},
    "doctor": {"tpb", "native", "terminal", "account", "gateway"},
    "faults": {"tpb", "native", "account", "gateway"},
    "cli": {
        "tpb",
        "wire",
        "native",
        "terminal",
        "account",
        "gateway",
        "testing",
        "feed",
        "bench",
        "doctor",
        "faults",
    },
}

# The gateway's protocol decides; its shells do the I/O.
PURE_MODULES = {
    *(
        f"gateway/{name}.py"
        for name in (
            "protocol",
            "standing",
            "upgrade",
            "quality",
            "admission",
            "bucket",
            "chain",
            "control",
        )
    ),
    *(
        f"gateway/market/{name}.py"
        for name in (
            "indicators",
            "bars",
            "trading_hours",
            "tiers",
            "framing",
            "mailbox",
            "series",
            "history",
            "audience",
            "channel",
            "hub",
            "protocol",
        )
    ),
    *(f"account/{name}.py" for name in ("tier", "pairs", "correlation")),
}
IO_MODULES = {
    "aiohttp",
    "asyncio",
    "http",
    "io",
    "logging",
    "os",
    "pathlib",
    "queue",
    "select",
    "selectors",
    "shutil",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
}


# ---- C++ -----------------------------------------------------------------------------------------


def cpp_code(path: Path) -> str:
    """A source without its comments, line by line as it was."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)
    return re.sub(r"//[^\n]*", "", text)


def cpp_violations(root: Path) -> Iterator[str]:
    for path in sorted(root.glob("*/**/*.*")):
        if path.suffix not in {".h", ".c", ".cc"}:
            continue
        name = path.relative_to(root)
        room = name.parts[0]
        if room not in CPP_ARROWS:
            yield f"{name}: {room}/ is no room of the architecture"
            continue
        code = cpp_code(path)
        for included in re.findall(r'^\s*#\s*include\s+"([^"]+)"', code, re.MULTILINE):
            if included == "trading_protobuf.h":
                included = f"include/{included}"
            target = included.split("/")[0]
            generated = included.endswith(".pb.h")  # judged by who may name protobuf
            if not generated and target != room and target not in CPP_ARROWS[room]:
                yield f"{name}: {room}/ must not include {included}"
        for pattern, owners in CPP_OWNERS.items():
            found = re.search(pattern, code)
            if found and room not in owners:
                yield f"{name}: {room}/ must not name {found[0]}"


def test_cpp_arrows_point_down(repository: Path) -> None:
    root = repository / "cpp/TradingProtobuf"
    assert list(root.glob("session/*.cc"))
    assert list(cpp_violations(root)) == []


@pytest.mark.parametrize(
    "name,line",
    [
        ("model/tick.h", '#include "platform/clock.h"'),
        ("outbox/a.cc", '#include "wire/batch_writer.h"'),
        ("outbox/a.cc", '#include "session/machine.h"'),
        ("session/a.cc", '#include "abi/handles.h"'),
        ("session/a.h", "#  include <boost/asio/post.hpp>"),
        ("session/a.cc", '#include "trading_protobuf.h"'),
        ("session/a.cc", '#include "trading/market_data.pb.h"'),
        ("transport/a.cc", "#include <google/protobuf/message_lite.h>"),
        ("wire/a.cc", "using namespace boost::beast;"),
        ("abi/a.cc", "#include <pybind11/pybind11.h>"),
        ("utils/a.h", ""),
    ],
)
def test_a_cpp_violation_is_found(tmp_path: Path, name: str, line: str) -> None:
    path = tmp_path / name
    path.parent.mkdir()
    path.write_text(f"#pragma once\n{line}\n")
    assert len(list(cpp_violations(tmp_path))) == 1


def test_cpp_comments_may_name_anything(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/a.h").write_text("// boost::asio\n/* google::protobuf\n*/\n")
    assert list(cpp_violations(tmp_path)) == []


# ---- Python --------------------------------------------------------------------------------------


def imports(path: Path, package: list[str]) -> Iterator[str]:
    """Every module a file imports, dotted, wherever in the file it does so."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            # `from tpb import gateway` names a room only in what it imports.
            yield from (
                f"{module}.{alias.name}" if module == "tpb" else module for alias in node.names
            )


def python_violations(root: Path) -> Iterator[str]:
    rooms = {path.name for path in root.iterdir() if path.is_dir()} - {"__pycache__"}
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root)
        room = name.parts[0] if len(name.parts) > 1 else "tpb"
        if room == "wire":  # generated
            continue
        if room not in PYTHON_ARROWS:
            yield f"{name}: {room}/ is no room of the architecture"
            continue
        for module in sorted(set(imports(path, ["tpb", *name.parts[:-1]]))):
            top, *rest = module.split(".")
            if top == "tpb":
                target = rest[0] if rest and rest[0] in rooms else "tpb"
                own = target == room or (room == "native" and module == "tpb.__version__")
                entry = str(name) == "__main__.py" and target == "cli"
                if not own and not entry and target not in PYTHON_ARROWS[room]:
                    yield f"{name}: {room}/ must not import {module}"
            elif room == "native" and top not in sys.stdlib_module_names:
                yield f"{name}: native/ runs in a bare environment and must not import {module}"
            if name.as_posix() in PURE_MODULES and top in IO_MODULES:
                yield f"{name}: decides only and must not import {module}"


def test_python_arrows_point_down(repository: Path) -> None:
    root = repository / "python/tpb"
    assert (root / "gateway/protocol.py").exists()
    assert list(python_violations(root)) == []


@pytest.mark.parametrize(
    "name,line",
    [
        ("gateway/server.py", "from tpb.cli.console import note"),
        ("gateway/server.py", "from tpb.cli import console"),
        ("gateway/server.py", "from ..cli import console"),
        ("gateway/server.py", "from tpb import cli"),
        ("gateway/server.py", "import tpb.feed.replay"),
        ("native/build.py", "import numpy"),
        ("native/build.py", "from tpb.tick import TICK_DTYPE"),
        ("session.py", "def f():\n    from tpb.feed import reader"),
        ("gateway/protocol.py", "import asyncio"),
        ("gateway/protocol.py", "from urllib.request import urlopen"),
        ("helpers/a.py", ""),
    ],
)
def test_a_python_violation_is_found(tmp_path: Path, name: str, line: str) -> None:
    for room in PYTHON_ARROWS.keys() - {"tpb"}:
        (tmp_path / room).mkdir()
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{line}\n")
    assert len(list(python_violations(tmp_path))) == 1


def test_what_python_rooms_may_import(tmp_path: Path) -> None:
    for room in PYTHON_ARROWS.keys() - {"tpb"}:
        (tmp_path / room).mkdir()
    (tmp_path / "cli/demo.py").write_text("from tpb.gateway import server\nimport asyncio\n")
    (tmp_path / "gateway/protocol.py").write_text("from tpb.wire.trading import a\nimport enum\n")
    (tmp_path / "native/build.py").write_text("from tpb.native import fetch\nimport tomllib\n")
    assert list(python_violations(tmp_path)) == []
