"""Makes `tests` importable wherever pytest is started from, and the databases known."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[2])
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

from tests.deliverability.databases import books  # noqa: E402 - after the path is set
from tests.stores.postgres import postgres  # noqa: E402 - after the path is set

__all__ = ["books", "postgres"]
