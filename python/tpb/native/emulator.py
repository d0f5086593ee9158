"""Runs one Windows program as if it were ours: `python -m tpb.native.emulator PROGRAM ARG…`.

CMake puts this before the programs that ctest starts when it builds for Windows elsewhere.
"""

import sys
from pathlib import Path

from tpb.native import wine


def main() -> int:
    program, *arguments = sys.argv[1:]
    try:
        with wine.Popen([Path(program), *arguments]) as process:
            try:
                return process.wait()
            except BaseException:
                process.kill()
                raise
    except wine.WineError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
