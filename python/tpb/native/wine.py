"""Runs Windows programs: under Wine where there is no Windows, directly where there is.

Wine gets a prefix of its own in the cache, made once, so that nothing of the user's own Wine is
touched. Nothing here needs a display.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from tpb.native import cache
from tpb.native.errors import ToolMissing

ON_WINDOWS = sys.platform == "win32"
INSTALL = "apt-get install --no-install-recommends wine wine64"

# The first start writes some 700 MB; a busy machine takes its time.
PREFIX_TIMEOUT_S = 300.0

Argument = str | Path


class WineError(ToolMissing):
    """Wine is missing, or its prefix could not be made."""


def find() -> Path | None:
    """The Wine loader, or None where none is installed."""
    for name in ("wine", "wine64"):
        if found := shutil.which(name):
            return Path(found)
    debian = Path("/usr/lib/wine/wine64")
    return debian if debian.exists() else None


def version() -> str:
    """As `wine --version` says it: "wine-8.0"."""
    asked = subprocess.run(
        [_loader(), "--version"],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return asked.stdout.strip()


def prefix() -> Path:
    """The folder that plays the Windows machine: its drive C: and registry."""
    return cache.directory() / "wine"


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a Windows program is started with. Quiet, without a display, no questions asked."""
    env = dict(os.environ) | dict(extra or {})
    if ON_WINDOWS:
        return env
    for display in ("DISPLAY", "WAYLAND_DISPLAY"):
        env.pop(display, None)
    return env | {
        "WINEPREFIX": str(prefix()),
        "WINEARCH": "win64",
        "WINEDEBUG": "-all",
        # Neither .NET nor a browser is needed: without this Wine offers to download both.
        "WINEDLLOVERRIDES": "mscoree=;mshtml=",
    }


def is_ready() -> bool:
    """True if a program starts at once; False if ready() has to make the prefix first."""
    return ON_WINDOWS or (find() is not None and prefix().is_dir())


def ready() -> None:
    """Makes the prefix where there is none yet: 10 s, once. Safe from several processes."""
    if not ON_WINDOWS:
        _loader()
        cache.made_once(prefix(), _make_prefix)


def run(
    command: Sequence[Argument],
    *,
    timeout: float,
    input: bytes | None = None,  # noqa: A002 - as subprocess.run calls it
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Runs a Windows program to its end and captures what it writes.

    Arguments that are Paths are passed as the program sees them; strings are passed as they are.
    Raises subprocess.TimeoutExpired, after ending the program.
    """
    with Popen(
        command,
        stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        cwd=cwd,
    ) as process:
        try:
            stdout, stderr = process.communicate(input, timeout=timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(list(command), process.returncode, stdout, stderr)


def Popen(  # noqa: N802 - as subprocess.Popen
    command: Sequence[Argument],
    *,
    stdin: int | IO[Any] | None = None,
    stdout: int | IO[Any] | None = None,
    stderr: int | IO[Any] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a Windows program. The process is the program: its exit code, its kill()."""
    ready()
    _start_services()
    program, *arguments = command
    line = [windows_path(each) if isinstance(each, Path) else each for each in arguments]
    loader = [] if ON_WINDOWS else [str(_loader())]
    return subprocess.Popen(
        [*loader, str(program), *line],
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=environment(env),
        cwd=cwd,
        # Ctrl+C in the terminal is for the caller, who then ends the program in good order.
        start_new_session=not ON_WINDOWS,
    )


def windows_path(path: Path) -> str:
    """How a program of the prefix names a file of this machine: drive Z: is the root."""
    if ON_WINDOWS:
        return str(path)
    return "Z:" + str(path.absolute()).replace("/", "\\")


def stop() -> None:
    """Ends every program of our prefix, also those of other callers: for the end of a test run."""
    if not ON_WINDOWS and prefix().exists():
        _tell_server("--kill", environment())


def _start_services() -> None:
    """Starts Wine's own services apart from any program of ours.

    The first program of a quiet prefix starts them and they inherit its pipes: whoever reads its
    output to the end would wait for them to go too, seconds after the program.
    """
    if not ON_WINDOWS:
        # A server that goes with its last program can refuse the next one in that very moment.
        _tell_server("--persistent=10", environment())
        subprocess.run(
            [_loader(), "hostname"],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PREFIX_TIMEOUT_S,
            check=False,
        )


def _loader() -> Path:
    found = find()
    if found is None:
        raise WineError(
            "Wine is missing.", "It runs Windows programs on this machine.", f"Type `{INSTALL}`."
        )
    return found


def _tell_server(order: str, env: dict[str, str]) -> None:
    loader = find()
    beside = shutil.which("wineserver", path=loader.parent) if loader else None
    if server := beside or shutil.which("wineserver"):
        subprocess.run(
            [server, order],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )


def _make_prefix(folder: Path) -> None:
    env = environment() | {"WINEPREFIX": str(folder)}
    try:
        boot = subprocess.run(
            [_loader(), "wineboot", "--init"],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=PREFIX_TIMEOUT_S,
            check=False,
        )
        # It writes the registry when it ends, some seconds after the last program.
        _tell_server("--wait", env)
    except subprocess.TimeoutExpired as problem:
        _tell_server("--kill", env)
        raise WineError(
            f"Wine did not make its prefix in {PREFIX_TIMEOUT_S:.0f} s.",
            "It is slow when the machine or the disk is busy.",
            "Try again when it is quieter.",
        ) from problem
    if boot.returncode != 0 or not (folder / "system.reg").exists():
        raise WineError(
            "Wine could not make its prefix.",
            f"`wineboot --init` ended with exit code {boot.returncode} for {folder}.",
            "Check that the folder may be written to and the disk has 1 GB free.",
        )
