"""Conduct: what a caller does wrong on the wire, with the section of the RFC that it breaks. Sans-IO.

    conduct = Conduct()
    carrier.watch(conduct.observe)
    ...
    conduct.finish(now)
    for breach in conduct.breaches: ...

A claim that is wrong costs more than one that is missing: somebody will look for a fault that is not there. So a rule
is told only where what was seen can't be explained by a network that loses, doubles and reorders datagrams, by a proxy
on the way, or by messages that were not seen.
"""

from __future__ import annotations

from .breach import Breach
from .conduct import Conduct
from .registry import RULES

__all__ = ["RULES", "Breach", "Conduct"]
