"""Makes `tests.diagnosis.kit` and the benchmarks' modules importable wherever pytest is started from."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
for _folder in (_ROOT, _ROOT / "benchmarks"):
    if str(_folder) not in sys.path:
        sys.path.append(str(_folder))
