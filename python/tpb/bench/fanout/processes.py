"""What processes cost, as Linux tells it, and how many sockets one may have."""

import os
import sys
from pathlib import Path

from tpb.problem import Problem

# Besides its sockets: the store's files, pipes, the interpreter's own.
_OTHER_DESCRIPTORS = 100


class TooFewDescriptors(Problem):
    """The system does not allow so many connections."""


def allow_descriptors(connections: int) -> None:
    """Raises this process's limit, which its children inherit, as far as the system allows."""
    if sys.platform == "win32":
        return
    import resource

    needed = connections + _OTHER_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise TooFewDescriptors(
            f"{connections:,} connections cannot be opened here.",
            f"A process may have {hard:,} open files, and {needed:,} are needed.",
            f"Raise the limit (`ulimit -Hn {needed}`, as root), or name fewer with --clients.",
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def resident_bytes(pid: int) -> int | None:
    """The memory a process holds; None where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def processor_s(pid: int) -> float | None:
    """Seconds of processor a process has used in all its threads; None as above."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    user, system = told.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
