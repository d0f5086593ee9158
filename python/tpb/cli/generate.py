"""`tpb generate`: the code of the schemas."""

import time
from pathlib import Path
from typing import Annotated

import typer

from tpb.cli import console, errors
from tpb.native import checkout, fetch
from tpb.native import generate as schemas
from tpb.native.errors import NativeError


def generate(
    proto: Annotated[
        Path | None, typer.Option(help="Folder of the schemas; left out: proto/ of the tree.")
    ] = None,
    python_out: Annotated[
        Path | None, typer.Option(help="Package folder of the modules; left out: tpb/wire/.")
    ] = None,
    cpp_out: Annotated[
        Path | None, typer.Option(help="Write C++ for protobuf's lite runtime there too.")
    ] = None,
) -> None:
    """Make the Python modules and stubs of the schemas, and C++ where asked.

    Only files whose content changes are written. (`tpb build` makes its own C++.)

    \b
    After a change in proto/:        tpb generate
    From the backend's registry:     tpb generate --proto ../registry --python-out build/wire
    C++ for another program:         tpb generate --cpp-out build/proto
    """
    begun = time.monotonic()
    try:
        proto = proto or checkout.root() / "proto"
        python_out = python_out or checkout.root() / "python/tpb/wire"
        changed = schemas.python(proto, python_out)
        if cpp_out:
            schemas.cpp(proto, cpp_out)
    except NativeError as problem:
        raise errors.native(problem) from problem
    count = len(schemas.schemas_in(proto))
    what = f"{changed} files changed" if changed else "all up to date"
    console.done(f"{count} schemas: {what}", time.monotonic() - begun)
    console.data(f"{python_out}  sha256 {fetch.sha256_of_folder(python_out)}")
