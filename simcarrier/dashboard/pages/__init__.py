"""One module a page: its name and path, its routes, and what it makes of its sources.

`PAGES` is the one list of them, in the order in which they stand at the top of each.
"""

from __future__ import annotations

from types import ModuleType
from typing import Final

from . import calls, deliverability, now, scenario

PAGES: Final[tuple[ModuleType, ...]] = (now, calls, deliverability, scenario)
"""Each has ``NAME``, ``PATH`` and ``routes(site)``."""
