"""tpb_bench, the part of the benchmark that is written in C++."""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import Any

from tpb.feed.chunks import Chunk
from tpb.problem import Problem

_U32 = Struct("<I")
# Measuring takes seconds; on a machine that does ten other things, not minutes.
_TIMEOUT_S = 300


class ProgramError(Problem):
    """tpb_bench could not measure."""


class NotBuilt(ProgramError):
    """There is no tpb_bench yet."""


@dataclass(frozen=True)
class Program:
    file: Path

    def encode(self, chunks: Iterable[Chunk]) -> dict[str, Any]:
        """Time and size a tick of every C++ encoder."""
        return self._run("encode", _ticks(chunks))

    def send(self, chunks: Iterable[Chunk], endpoint: str, token: str) -> dict[str, Any]:
        """Times of single calls of SendTickBatch while a gateway takes the ticks."""
        return self._run("send", _text(endpoint) + _text(token) + _ticks(chunks))

    def _run(self, what: str, stdin: bytes) -> dict[str, Any]:
        if not self.file.exists():
            raise NotBuilt(
                f"{self.file.name} is not built.",
                f"There is no {self.file}.",
                "Type `tpb build --target native --bench`.",
            )
        try:
            ran = subprocess.run(
                [self.file, what], input=stdin, capture_output=True, timeout=_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise ProgramError(
                f"{self.file.name} {what} came to no end.",
                f"It was stopped after {_TIMEOUT_S} s.",
                "Measure on a machine with less to do.",
            ) from None
        if ran.returncode != 0:
            raise ProgramError(
                f"{self.file.name} {what} could not measure.",
                ran.stderr.decode("utf-8", "replace").strip() or f"exit code {ran.returncode}",
                "Build it anew: `tpb build --target native --bench`.",
            )
        figures: dict[str, Any] = json.loads(ran.stdout)
        return figures


def built_in(build: Path) -> Program:
    return Program(build / ("tpb_bench.exe" if sys.platform == "win32" else "tpb_bench"))


def _text(text: str) -> bytes:
    encoded = text.encode()
    return _U32.pack(len(encoded)) + encoded


def _ticks(chunks: Iterable[Chunk]) -> bytes:
    return b"".join(
        _text(chunk.symbol) + _U32.pack(len(chunk.ticks)) + chunk.ticks.tobytes()
        for chunk in chunks
    )
