"""Keeps MQL5 sources within what both MetaEditor and our translator take.

Passing is no proof of MetaEditor: what only it knows, it alone can tell.
"""

from tests.mql5.lint.check import check
from tests.mql5.lint.finding import Finding

__all__ = ["Finding", "check"]
