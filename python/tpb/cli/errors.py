"""Every error a user can meet: what happened, why, and what to type next."""

from pathlib import Path

from tpb.native.errors import NativeError, ToolMissing
from tpb.problem import Problem

FAILED = 1
USAGE = 2
NOTHING_TO_DO = 3
TOOL_MISSING = 4
BUSY = 5
INTERRUPTED = 130

# Where the package index calls a package otherwise than Python does.
_DISTRIBUTION = {"google": "protobuf", "jwt": "PyJWT", "websocket": "websocket-client"}


class UserError(Exception):
    """Ends a verb with a message in three parts and an exit code; never holds a secret."""

    def __init__(self, what: str, why: str, next_step: str, exit_code: int = FAILED) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step
        self.exit_code = exit_code


def from_problem(problem: Problem, exit_code: int = FAILED) -> UserError:
    """What a room below the command line reports."""
    return UserError(problem.what, problem.why, problem.next_step, exit_code)


# ---- Any verb ---------------------------------------------------------------------------------


def unexpected(problem: BaseException) -> UserError:
    return UserError(
        "tpb met an error it did not expect.",
        f"{type(problem).__name__}: {problem}",
        "Run it again as `tpb --verbose …` and report the traceback.",
    )


def usage(what: str, why: str, next_step: str) -> UserError:
    """Options that do not fit together, or a value outside its range."""
    return UserError(what, why, next_step, USAGE)


def missing_package(problem: ModuleNotFoundError) -> UserError:
    name = problem.name or "?"
    if name == "tpb._core":
        return UserError(
            "The native module is not built.",
            "tpb._core, the C++ core, is compiled from this tree.",
            "Type `tpb build --target native`.",
            TOOL_MISSING,
        )
    if name.startswith("tpb.wire."):
        return UserError(
            "The generated schemas are missing.",
            f"{name} is made from proto/ and is not kept in git.",
            "Type `tpb generate`.",
            TOOL_MISSING,
        )
    package = name.split(".")[0]
    if package == "tpb":
        return unexpected(problem)
    package = _DISTRIBUTION.get(package, package)
    return UserError(
        f"The Python package {package} is not installed.",
        "This verb needs it; others do not.",
        f"Type `pip install {package}`.",
        TOOL_MISSING,
    )


def file_unreadable(path: Path, problem: OSError) -> UserError:
    return UserError(
        f"Cannot read {path}.",
        problem.strerror or str(problem),
        "Check the path and its permissions.",
        USAGE,
    )


def file_unwritable(path: Path, problem: OSError) -> UserError:
    return UserError(
        f"Cannot write {path}.",
        problem.strerror or str(problem),
        "Check that its folder exists and may be written to.",
        USAGE,
    )


# ---- generate, build --------------------------------------------------------------------------


def native(problem: NativeError) -> UserError:
    code = TOOL_MISSING if isinstance(problem, ToolMissing) else FAILED
    return UserError(problem.what, problem.why, problem.next_step, code)
