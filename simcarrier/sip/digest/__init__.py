"""Digest authentication (RFC 3261 section 22, RFC 8760, RFC 7616), both sides.

Three files, one theme each: `challenge` reads what a server asks, `response` computes what a client answers,
and `server` asks and judges. Nothing here draws random numbers or reads a clock: the cnonce and ``now`` come
in.
"""

from .challenge import Algorithm, Challenge, choose, choose_each
from .response import Credentials, Secret, authorize
from .server import DigestServer, Outcome, Verdict

__all__ = [
    "Algorithm",
    "Challenge",
    "Credentials",
    "DigestServer",
    "Outcome",
    "Secret",
    "Verdict",
    "authorize",
    "choose",
    "choose_each",
]
