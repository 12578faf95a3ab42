"""Makes `tests.testing` importable whatever directory pytest is started from (import-mode=importlib adds none)."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[2])
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)
