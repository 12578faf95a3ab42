"""A rule of the RFCs that a caller can break on the wire, and how it is asked.

One rule, one function. The function looks at a `Scene` and says in words what is wrong, with the values seen and what
they should have been, or None. When it is asked is its `Moment`. Each theme has a file of its own with its rules and
its checks; `registry` lists them all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .scene import Scene


@dataclass(frozen=True, slots=True)
class Rule:
    """What a caller has to keep to.

    Attributes:
        name: short, such as ``ack_branch``.
        section: where it stands, such as ``RFC 3261 section 17.1.1.3``.
        means: what the caller does that breaks it, in words.
        remedy: what to do about it.
    """

    name: str
    section: str
    means: str
    remedy: str


class Moment(Enum):
    """When a check is asked."""

    FORM = "a request is heard for the first time, however broken it may be"
    REQUEST = "a request with Via, Call-ID and CSeq is heard for the first time"
    CREDENTIALS = "such a request answers a challenge"
    REPEATED = "a request is heard once more"
    ACK = "an ACK is heard"
    CANCEL = "a CANCEL is heard for the first time"
    WITHIN = "a request within a dialog is heard for the first time, ACK to a 2xx included"
    ANSWER = "the caller responds to a request of the carrier's"
    SETTLED = "some seconds have passed since the first response to a request"
    ENDED = "some seconds have passed since the final response to a request"
    UNACKNOWLEDGED = "64 T1 have passed since the final response to an INVITE"
    UNPRACKED = "64 T1 have passed since a reliable provisional response"
    UNANSWERED = "64 T1 have passed since a request of the carrier's own"


@dataclass(frozen=True, slots=True)
class Check:
    """A rule and the question that finds it broken.

    Attributes:
        moment: when it is asked.
        rule: which rule.
        wrong: what is wrong, in words; None if nothing is.
    """

    moment: Moment
    rule: Rule
    wrong: Callable[[Scene], str | None]
