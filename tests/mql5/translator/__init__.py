"""MQL5 to C++: a source and its includes become one translation unit over the prelude.

Most of MQL5 is C++ as it stands. What is not is rewritten by one pass a file here, token by token;
`#line` keeps the compiler's messages in the MQL5 source.
"""

from tests.mql5.translator.source import SourceError
from tests.mql5.translator.unit import Unit, translate

__all__ = ["SourceError", "Unit", "translate"]
