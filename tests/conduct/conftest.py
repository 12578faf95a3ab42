"""Makes `tests.conduct.kit` importable wherever pytest is started from (import-mode=importlib adds no path)."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[2])
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)
