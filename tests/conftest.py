"""Settings for all tests: Hypothesis draws anew at a desk and repeatably in CI, and never judges by the clock."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")
