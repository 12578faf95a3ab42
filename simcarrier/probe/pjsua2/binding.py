"""pjproject's binding, imported with a word on how to get it, and the limits that it was compiled with."""

from __future__ import annotations

import warnings
from typing import Final

from simcarrier.extras import needed

with (
    needed("pjsua2", {"pjsua2": "the engine pjsua2 needs"}, "build it from source: make pjsua2"),
    warnings.catch_warnings(),
):
    warnings.simplefilter("ignore", DeprecationWarning)  # SWIG's classes, on some versions of Python
    import pjsua2 as pj

__all__ = ["MOST_ACCOUNTS", "MOST_CALLS", "MOST_RECORDERS", "RESAMPLES", "pj"]

MOST_CALLS: int = getattr(pj, "PJSUA_MAX_CALLS", 4)
"""At once. It is set when pjproject is compiled: 4 by default; what ``make pjsua2`` builds says how many it takes."""

MOST_RECORDERS: Final = 32
"""At once, too (PJSUA_MAX_RECORDERS); nobody raises it."""

MOST_ACCOUNTS: int = getattr(pj, "PJSUA_MAX_ACC", 8)

RESAMPLES = not hasattr(pj, "PJSUA_MAX_CALLS")
"""Whether it can speak codecs of another clock than 8 kHz. What `make pjsua2` builds tells its limits, and cannot."""
