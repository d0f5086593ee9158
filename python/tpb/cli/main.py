"""`tpb VERB`: each verb is a file of this folder, loaded when it is called.

A verb is added as one line of VERBS and a file of its name that holds a function (or a typer.Typer)
of its name.
"""

import sys
import traceback
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import tpb
from tpb.cli import console, errors
from tpb.problem import Problem

VERBS = {
    "demo": "Show ticks travel to a gateway, on this machine, in ten seconds.",
    "replay": "Replay a file of real ticks into a gateway and verify what it stored.",
    "doctor": "Tell what is installed, what is missing and how to mend it.",
    "generate": "Make the C++ and Python code of the schemas in proto/.",
    "build": "Build the native library: for this machine, or the DLL for MetaTrader.",
    "gateway": "Serve the gateway that stores and acknowledges ticks.",
    "tail": "Show live market data of a gateway.",
    "status": "Tell how the sessions of this machine are.",
    "token": "Print a token for development.",
    "export": "Write the ticks a gateway stored as CSV or Parquet.",
    "merge": "Make one store out of several, such as a primary's and a backup's.",
    "quality": "Tell how complete and how quick the stored ticks are.",
    "pairs": "Tell which symbols are chosen for a user, and why.",
    "faults": "Break everything on purpose, and count what was lost: nothing.",
    "bench": "Measure encoding, calls and throughput.",
}

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class LazyVerbs(TyperGroup):
    """Lists every verb, loads the one that is called, and turns its errors into messages."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, load_verb(name) if name in VERBS else command, rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except errors.UserError as problem:
            raise _refuse(ctx, problem, problem) from problem
        except Problem as problem:
            raise _refuse(ctx, errors.from_problem(problem), problem) from problem
        except ModuleNotFoundError as problem:
            raise _refuse(ctx, errors.missing_package(problem), problem) from problem
        except KeyboardInterrupt as problem:
            console.note("Stopped.")
            raise typer.Exit(errors.INTERRUPTED) from problem
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as problem:
            if _is_usage_error(problem):
                raise
            raise _refuse(ctx, errors.unexpected(problem), problem) from problem


def _is_usage_error(problem: Exception) -> bool:
    """What typer itself reports, with exit code 2."""
    return hasattr(problem, "format_message")


def _refuse(ctx: Any, message: errors.UserError, problem: BaseException) -> typer.Exit:
    if ctx.params.get("verbose"):
        console.note("".join(traceback.format_exception(problem)))
    console.error(message)
    return typer.Exit(message.exit_code)


def load_verb(name: str) -> Any:
    """The command of one verb, from its file."""
    verb = getattr(import_module(f"tpb.cli.{name}"), name)
    if isinstance(verb, typer.Typer):
        return typer.main.get_command(verb)
    one = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=CONTEXT,
    )
    one.command(name)(verb)
    return typer.main.get_command(one)


def _show_version(wanted: bool) -> None:
    if wanted:
        console.data(f"tpb {tpb.__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=LazyVerbs,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=CONTEXT,
)


@app.callback()
def tpb_(
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show tracebacks and detail of errors.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Stream MetaTrader 5 ticks to a gateway: acknowledged, stored, verified.

    \b
    See it work:           tpb demo
    Replay your own ticks: tpb replay ticks.csv
    Check this machine:    tpb doctor

    Each verb teaches itself: `tpb VERB --help`. Data goes to stdout, messages to stderr.
    Exit codes: 0 done, 1 failed, 2 usage, 3 nothing to do, 4 a tool is missing, 5 target busy.
    """


def _register_for_help() -> None:
    """Lists a verb without importing it; resolve_command puts the real one in its place."""
    for name, summary in VERBS.items():
        app.command(name, short_help=summary)(lambda: None)


_register_for_help()


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        # A Windows console or pipe may default to a code page without the check mark.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    app(prog_name="tpb")
