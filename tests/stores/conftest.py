"""Makes `tests.stores` importable wherever pytest is started from, and its fixtures known."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[2])
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

from tests.stores.postgres import database, postgres  # noqa: E402 - after the path is set

__all__ = ["database", "postgres"]
