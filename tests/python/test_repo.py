"""What holds for the repository as a whole: its files, and that the documents tell the truth."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import tpb
from tpb.cli.main import VERBS

DOCUMENTS = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md", "SECURITY.md"]
HEADER = "cpp/TradingProtobuf/include/trading_protobuf.h"

# Written so that this file does not hold what it looks for.
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|root|tmp|home/[a-z]\w*)/(?=\w)")
REGISTRY_HOSTS = re.compile(r"\b(?:pypi[.]org|pythonhosted[.]org|deb[.]debian[.]org)\b")
PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE[ ]KEY-----")
JWT = re.compile(r"\beyJ[\w-]{16,}[.]eyJ[\w-]{16,}[.]")

FIVE = {
    "InitializeProtobuf",
    "ConnectWebSocket",
    "SendTickBatch",
    "GetConnectionStatus",
    "CleanupProtobuf",
}
MQL5_TYPES = {
    "int32_t": "int",
    "int64_t": "long",
    "TpbHandle": "long",
    "double": "double",
    "TpbTick": "MqlTick",
}


@pytest.fixture(scope="module")
def texts(repository: Path) -> dict[str, str]:
    """Every text file that is or would be in git, by its name."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True)
    found = {}
    for name in listing.stdout.splitlines():
        path = repository / name
        if name.startswith("cpp/fuzz/corpus/"):
            continue  # bytes as fuzzers like them
        if path.is_file() and path.suffix not in {".bin", ".png", ".gz", ".zip"}:
            found[name] = path.read_text(encoding="utf-8")
    assert HEADER in found
    return found


def lines_with(texts: dict[str, str], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize("pattern", [MACHINE_PATHS, REGISTRY_HOSTS, PRIVATE_KEY])
def test_nothing_private_is_in_the_repository(
    texts: dict[str, str], pattern: re.Pattern[str]
) -> None:
    assert lines_with(texts, pattern) == []


def test_no_token_is_in_the_repository(texts: dict[str, str]) -> None:
    product = {name: text for name, text in texts.items() if not name.startswith("tests/")}
    assert lines_with(product, JWT) == []


@pytest.mark.parametrize(
    "pattern,line",
    [
        (MACHINE_PATHS, "see " + "/ro" + "ot/main/file"),
        (REGISTRY_HOSTS, "https://pypi" + ".org/simple"),
        (PRIVATE_KEY, "-----BEGIN RSA PRIVATE" + " KEY-----"),
        (JWT, "token=eyJ" + "h" * 20 + ".eyJ" + "h" * 20 + ".x"),
    ],
)
def test_something_private_would_be_found(pattern: re.Pattern[str], line: str) -> None:
    assert lines_with({"a.md": f"fine\n{line}\n"}, pattern) != []


def test_cpp_is_ascii_and_has_no_long(texts: dict[str, str]) -> None:
    sources = {
        name: re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", "", text, flags=re.DOTALL)
        for name, text in texts.items()
        if name.startswith("cpp/") and name.endswith((".h", ".c", ".cc"))
    }
    assert [name for name in sources if not texts[name].isascii()] == []
    assert lines_with(sources, re.compile(r"\blong\b")) == []


def test_the_commands_of_the_documents_exist(texts: dict[str, str]) -> None:
    dev_verbs = set(re.findall(r"^  \./dev (\w+)", texts["dev"], re.MULTILINE))
    assert dev_verbs >= {"demo", "test", "lint", "bench", "run", "lock", "clean"}
    for document in DOCUMENTS:
        named = set(re.findall(r"\./dev ([a-z]+)", texts[document]))
        assert named <= dev_verbs, document
        verbs = set(re.findall(r"(?:`|^|run )tpb ([a-z]+)\b", texts[document], re.MULTILINE))
        assert verbs <= VERBS.keys(), document


def test_the_readme_lists_every_config_key(texts: dict[str, str]) -> None:
    options = texts["cpp/TradingProtobuf/session/options.cc"]
    known = set(re.findall(r'^\s*\{"([a-z_]+)",', options, re.MULTILINE))
    assert {"endpoint", "token", "batch_ticks", "outbox_bytes"} <= known
    table = texts["README.md"].split("## Config keys")[1].split("\n## ")[0]
    first_column = "".join(re.findall(r"^\|([^|]+)\|", table, re.MULTILINE))
    assert set(re.findall(r"`([a-z_]+)`", first_column)) == known


def test_versions_agree(texts: dict[str, str]) -> None:
    version = tomllib.loads(texts["pyproject.toml"])["project"]["version"]
    assert version == tpb.__version__
    assert f"\n## {version} " in texts["CHANGELOG.md"]


def mql5_prototype(result: str, name: str, parameters: str) -> tuple[str, ...]:
    """A function of the header as MQL5 declares it: result, name, then the types."""
    types = []
    for parameter in [] if parameters == "void" else parameters.split(","):
        text_in = re.fullmatch(r"\s*const TpbChar\* \w+", parameter)
        found = re.fullmatch(r"\s*(const )?(\w+)(\*?) (\w+)", parameter)
        assert found, parameter
        const, kind, pointer, argument = found.groups()
        if text_in:
            types.append("const string")
        elif kind == "TpbChar":
            types.append("ushort &[]")
        elif pointer and const:
            types.append(f"const {MQL5_TYPES[kind]} &[]")
        elif pointer:
            types.append(f"{MQL5_TYPES[kind]} &")
        else:
            types.append(MQL5_TYPES[kind])
        assert argument
    return (MQL5_TYPES[result], name, *types)


def test_the_readme_s_import_block_is_the_header_s(texts: dict[str, str]) -> None:
    header = re.sub(r"/\*.*?\*/", "", texts[HEADER], flags=re.DOTALL)
    exports = {
        name: mql5_prototype(result, name, " ".join(parameters.split()))
        for result, name, parameters in re.findall(
            r"TPB_API (\w+) (\w+)\(([^)]*)\) TPB_NOEXCEPT;", header
        )
        if name in FIVE
    }
    block = texts["README.md"].split("#import ")[1].split("#import")[0]
    declared = {}
    for result, name, parameters in re.findall(r"^(\w+) +(\w+)\(([^)]*)\);", block, re.MULTILINE):
        types = [
            re.sub(r"\b\w+(\[\])?$", r"\1", parameter.strip()).strip()
            for parameter in filter(None, parameters.split(","))
        ]
        declared[name] = (result, name, *types)
    assert len(declared) == 5
    assert declared == {name: exports[name] for name in declared}
