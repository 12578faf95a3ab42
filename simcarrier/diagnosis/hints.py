"""What carriers let slip in words: in the phrase, the text of a Reason, a Warning, or a header field of their own.

No standard says what stands there, so `TOPICS` is a list of words as people write them, by what they speak of. One
counts where a word begins with it: ``prepaid`` is found in "Prepaid limit", ``cli`` is not found in "decline". What a
status code's usual phrase says counts as nothing, for every carrier sends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Topic(StrEnum):
    """What a word speaks of."""

    BALANCE = "balance"
    CALLER_ID = "caller_id"
    ANONYMOUS = "anonymous"
    IDENTITY = "identity"
    LINES = "lines"
    RATE = "rate"
    ROUTE = "route"
    REGISTRATION = "registration"
    CREDENTIALS = "credentials"
    CUSTOMER = "customer"
    DIRECTION = "direction"
    NUMBER = "number"
    FORMAT = "format"
    GONE = "gone"
    PORTED = "ported"
    BLOCKED = "blocked"
    UNWANTED = "unwanted"
    CODEC = "codec"
    FAULT = "fault"
    AWAY = "away"


TOPICS: Final[dict[Topic, tuple[str, ...]]] = {
    Topic.BALANCE: (
        "balance", "credit", "fund", "money", "prepaid", "pre-paid", "payment", "top up", "top-up", "unpaid", "debt",
        "insufficient",
    ),
    Topic.CALLER_ID: (
        "caller id", "caller-id", "callerid", "cli", "clip", "calling number", "calling party", "a-number", "anumber",
        "from number", "origination number", "source number", "ani",
    ),
    Topic.ANONYMOUS: ("anonym", "withheld", "privacy", "private caller", "hidden number"),
    Topic.IDENTITY: (
        "stir", "shaken", "passport", "attestation", "identity", "stale date", "signature", "unsigned",
    ),
    Topic.LINES: (
        "channel limit", "channels", "all lines", "lines busy", "line limit", "concurrent", "simultaneous", "max calls",
        "maximum calls", "call limit", "capacity limit", "session limit", "port limit", "trunk busy", "trunk full",
    ),
    Topic.RATE: ("cps", "calls per second", "rate limit", "rate exceeded", "too many calls", "too many requests",
                 "flood"),
    Topic.ROUTE: ("route", "routing", "no route", "congest", "no circuit", "overload", "capacity"),
    Topic.REGISTRATION: ("not registered", "unregistered", "registration", "no registration", "peer offline"),
    Topic.CREDENTIALS: ("password", "credential", "authentication", "auth fail", "bad auth", "wrong digest"),
    Topic.CUSTOMER: ("unknown peer", "unknown customer", "unknown user", "unknown ip", "ip not", "not a customer",
                     "account disabled", "account suspended", "not provisioned", "acl"),
    Topic.DIRECTION: ("destination not", "destination barred", "barred", "international", "direction", "not permitted",
                      "no permission", "not subscribed", "restricted destination", "country", "tariff", "no rate"),
    Topic.NUMBER: ("unallocated", "unassigned", "no such number", "invalid number", "number does not exist",
                   "unknown number", "vacant"),
    Topic.FORMAT: ("prefix", "number format", "wrong format", "e.164", "e164", "incomplete", "misdialled", "dial plan",
                   "dialplan"),
    Topic.GONE: ("disconnected", "no longer", "out of service number", "number changed", "deactivated"),
    Topic.PORTED: ("ported", "porting", "mnp", "lnp", "non-selected user"),
    Topic.BLOCKED: ("network blocked", "analytics", "spam", "robocall", "fraud", "scam", "blacklist", "blocklist",
                    "blocked", "nuisance", "reputation"),
    Topic.UNWANTED: ("unwanted", "do not call", "do not disturb"),
    Topic.CODEC: ("codec", "media", "sdp", "bearer"),
    Topic.FAULT: ("internal error", "database", "timeout", "time-out", "exception", "backend", "gateway error",
                  "out of order", "temporary failure"),
    Topic.AWAY: ("absent", "switched off", "unreachable", "not reachable", "out of coverage", "offline",
                 "no user responding", "not logged in"),
}  # fmt: skip
"""The words of each topic, in lower case. What fits two topics counts for both."""

LONGEST_READ: Final = 2000
"""Characters that are looked at, over all texts of a call."""

MOST_TOPICS: Final = 3
"""More topics than this say nothing any more: a text that speaks of everything."""

_NEVER: Final = frozenset({"x-real-ip", "x-forwarded-for", "p-asserted-identity", "p-preferred-identity"})
"""Fields whose values are addresses, not words."""


def _pattern() -> re.Pattern[str]:
    words = sorted(((word, topic) for topic, found in TOPICS.items() for word in found), key=lambda one: -len(one[0]))
    return re.compile("|".join(rf"\b{re.escape(word)}" for word in dict(words)))


_WORDS: Final = _pattern()
_TOPICS_OF: Final = {
    word: tuple(topic for topic, words in TOPICS.items() if word in words)
    for words in TOPICS.values()
    for word in words
}
# "Routing" is no word of codecs, and "cli" none of "client": short words have to stand alone.
_ALONE: Final = frozenset(word for word in _TOPICS_OF if len(word) <= 4 and word != "fund")


def is_own_field(name: str) -> bool:
    """Whether a header field is one of those in which carriers write what they like."""
    return name.startswith(("x-", "p-")) and name not in _NEVER


def topics_in(texts: Iterable[str]) -> tuple[tuple[Topic, str], ...]:
    """The topics that these texts speak of, each with the text in which it was found; three at most."""
    found: dict[Topic, str] = {}
    left = LONGEST_READ
    for text in texts:
        if left <= 0:
            break
        looked_at = text[:left].lower().replace("_", " ")
        left -= len(looked_at)
        for match in _WORDS.finditer(looked_at):
            word, end = match.group(), match.end()
            if word in _ALONE and end < len(looked_at) and looked_at[end].isalpha():
                continue
            for topic in _TOPICS_OF[word]:
                found.setdefault(topic, text[:80])
    return tuple(found.items())[:MOST_TOPICS]
