"""The code of the schemas."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tpb.native import generate
from tpb.native.errors import NativeError

QUOTE = 'syntax = "proto3";\npackage market.v1;\nmessage Quote { double bid = 1; }\n'
BOOK = """syntax = "proto3";
package desk.v1;
import public "market/quote.proto";
import "google/protobuf/timestamp.proto";
message Book { repeated market.v1.Quote quotes = 1; google.protobuf.Timestamp at = 2; }
"""


@pytest.fixture
def proto(tmp_path: Path) -> Path:
    folder = tmp_path / "proto"
    for name, text in {"market/quote.proto": QUOTE, "desk/book.proto": BOOK}.items():
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return folder


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with a name of its own: the modules must not care."""
    folder = tmp_path / "code/anything"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    return folder


def run(package: Path, program: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=package.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


@pytest.mark.parametrize(
    "line,expected",
    [
        ("from common import base_pb2 as c", "from ..common import base_pb2 as c"),
        ("from common.base_pb2 import *", "from ..common.base_pb2 import *"),
        ("from common.deep import x_pb2 as x", "from ..common.deep import x_pb2 as x"),
        ("import top_pb2 as top__pb2", "from .. import top_pb2 as top__pb2"),
        ("from google.protobuf import message", "from google.protobuf import message"),
        ("from commonplace import x_pb2", "from commonplace import x_pb2"),
        ("DESCRIPTOR = b'from common import x'", "DESCRIPTOR = b'from common import x'"),
    ],
)
def test_imports_become_relative(line: str, expected: str) -> None:
    module = Path("trading/orders_pb2.py")
    assert generate.relative_imports(f"{line}\n", module, {"common", "trading"}) == f"{expected}\n"


def test_imports_climb_out_of_deeper_folders() -> None:
    module = Path("trading/fx/spot_pb2.py")
    text = generate.relative_imports("from common import base_pb2 as b\n", module, {"common"})
    assert text == "from ...common import base_pb2 as b\n"


def test_modules_work_inside_any_package(proto: Path, package: Path) -> None:
    assert generate.python(proto, package) > 0
    program = """
from anything.desk.book_pb2 import Book, Quote
book = Book(quotes=[Quote(bid=1.5)])
print(Book.FromString(book.SerializeToString()).quotes[0].bid)
"""
    assert run(package, program) == "1.5"
    assert "quotes: _containers" in (package / "desk/book_pb2.pyi").read_text()


def test_unchanged_schemas_change_no_file(proto: Path, package: Path) -> None:
    generate.python(proto, package)
    before = {path: path.stat().st_mtime_ns for path in package.rglob("*.py*")}
    assert generate.python(proto, package) == 0
    assert {path: path.stat().st_mtime_ns for path in package.rglob("*.py*")} == before


def test_a_changed_schema_changes_its_module(proto: Path, package: Path) -> None:
    generate.python(proto, package)
    schema = proto / "market/quote.proto"
    schema.write_text(QUOTE.replace("bid = 1;", "bid = 1; double ask = 2;"))
    assert generate.python(proto, package) == 2  # the module and its stub
    program = "from anything.market.quote_pb2 import Quote; print(Quote(ask=2.5).ask)"
    assert run(package, program) == "2.5"


def test_modules_of_a_removed_schema_go(proto: Path, package: Path) -> None:
    generate.python(proto, package)
    (proto / "desk/book.proto").rename(proto / "desk/depth.proto")
    generate.python(proto, package)
    assert sorted(path.name for path in package.glob("desk/*_pb2.py")) == ["depth_pb2.py"]


def test_a_broken_schema_is_named_and_changes_nothing(proto: Path, package: Path) -> None:
    generate.python(proto, package)
    before = {path: path.read_bytes() for path in package.rglob("*.py*")}
    (proto / "market/quote.proto").write_text("message {\n")
    with pytest.raises(NativeError) as caught:
        generate.python(proto, package)
    assert "market/quote.proto:1:9" in caught.value.why
    assert {path: path.read_bytes() for path in package.rglob("*.py*")} == before


def test_a_folder_without_schemas_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NativeError, match="no schemas"):
        generate.python(tmp_path, tmp_path)


def test_cpp_is_for_the_lite_runtime(proto: Path, tmp_path: Path) -> None:
    generate.cpp(proto, tmp_path / "cpp")
    header = (tmp_path / "cpp/market/quote.pb.h").read_text()
    assert re.search(r"class .*Quote final : public ::google::protobuf::MessageLite", header)


def test_the_tree_is_up_to_date(repository: Path) -> None:
    assert generate.python(repository / "proto", repository / "python/tpb/wire") == 0
