"""sources.toml pins everything the build stands on."""

import re

import pytest

from tpb.native import deps, fetch, sources

LOADED = sources.load()
HOSTS = ["linux-x86_64", "linux-aarch64", "darwin", "windows"]


def test_every_part_of_the_build_is_pinned() -> None:
    parts = {deps.PROTOBUF.name, deps.BORINGSSL.name, *deps.HEADERS}
    assert set(LOADED) == parts | {f"protoc-{host}" for host in HOSTS}


@pytest.mark.parametrize("source", LOADED.values(), ids=LOADED)
def test_a_pin_is_exact(source: sources.Source) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", source.sha256)
    assert re.fullmatch(r"[0-9.]+", source.version)
    assert source.version in source.file
    assert source.file.startswith(source.distribution.replace("-", "_"))
    assert source.strip
    assert source.keep


def test_hashes_are_of_different_files() -> None:
    assert len({source.sha256 for source in LOADED.values()}) == len(LOADED)


def test_protoc_is_of_one_version() -> None:
    assert len({LOADED[f"protoc-{host}"].version for host in HOSTS}) == 1


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [deps.PROTOBUF.name, deps.BORINGSSL.name, *deps.HEADERS])
def test_an_archive_is_what_the_pin_says(name: str) -> None:
    source = LOADED[name]
    assert fetch.sha256(fetch.archive(source)) == source.sha256


@pytest.mark.parametrize(
    "member,kept",
    [
        ("libboost_headers/include/boost/asio/post.hpp", "include/boost/asio/post.hpp"),
        ("libboost_headers/include/boost/beast.hpp", "include/boost/beast.hpp"),
        ("libboost_headers/include/boost/geometry/point.hpp", None),
        ("libboost_headers/include/boost/asio", None),
        ("libboost_headers-1.88.0.dist-info/RECORD", None),
        ("include/boost/asio/post.hpp", None),
    ],
)
def test_only_what_is_kept_is_unpacked(member: str, kept: str | None) -> None:
    assert LOADED["boost"].kept_path(member) == kept
