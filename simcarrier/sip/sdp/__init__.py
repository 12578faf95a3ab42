"""Session descriptions and how two sides agree on one (RFC 8866, RFC 3264), as far as audio calls need it.

`model` holds the description as values and writes it, `parse` reads it, `offer_answer` makes offers and
answers.
"""

from .model import (
    G722,
    PCMA,
    PCMU,
    TELEPHONE_EVENT,
    Attribute,
    Codec,
    Connection,
    Direction,
    Media,
    Origin,
    SessionDescription,
)
from .offer_answer import DEFAULT_CODECS, NotAcceptable, answer, codecs_of, offer
from .parse import parse_sdp

__all__ = [
    "DEFAULT_CODECS",
    "G722",
    "PCMA",
    "PCMU",
    "TELEPHONE_EVENT",
    "Attribute",
    "Codec",
    "Connection",
    "Direction",
    "Media",
    "NotAcceptable",
    "Origin",
    "SessionDescription",
    "answer",
    "codecs_of",
    "offer",
    "parse_sdp",
]
