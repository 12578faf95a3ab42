"""The record of one call: what is told of it when it has ended.

A record holds facts and no opinion. Times are seconds: `started` on the wall clock since 1970, all others relative
to it, as measured on the carrier's monotonic clock. Unknown is None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from simcarrier.conditions import Condition

from .media import MediaRecord


class NearMiss(NamedTuple):
    """A rule that would have taken a call but for one thing.

    Attributes:
        rule: its name.
        field: which of its conditions did not hold.
        got: what the call brought.
        wanted: what the rule wants, as written.
    """

    rule: str
    field: str
    got: str
    wanted: str

    def __str__(self) -> str:
        return f"rule {self.rule}: {self.field} is {self.got or 'empty'}, wanted {self.wanted}"


@dataclass(slots=True)
class CallRecord:
    """One call.

    Attributes:
        number: the carrier's count of calls, from 1.
        call_id: its Call-ID.
        transport: UDP, TCP or TLS.
        source: the address that the INVITE came from.
        caller, called: the user parts of From and of the Request-URI.
        started: when the INVITE came, seconds since 1970 UTC.
        rule: the name of the rule that took it; None if none did.
        why: what decided where it was not a rule alone, such as ``lines 30 of 30``.
        code, phrase: the final response sent; None if none was.
        provisional: the provisional codes sent, in order.
        responded_after: from the INVITE to the final response.
        acknowledged_after: from the INVITE to the ACK.
        ended_after: from the INVITE to the end of the call.
        ending: how it ended, see `simcarrier.sip.session.Ending`.
        condition: what really happened; None for a ladder that a scenario spells out.
        dialect: the carrier's way of saying it.
        customer, trunk: whose call it was and by which trunk it came, where the carrier has such.
        cut: why the carrier itself ended the call while it was up.
        charged: what it cost its customer, such as ``0.09 EUR``; None for nothing.
        near_misses: rules that would have taken it but for one thing; looked for where it got a default.
        attestation: A, B or C: how well the caller's network knows the caller, if that was verified (STIR/SHAKEN).
        identity: what became of the caller's Identity: ``verified``, ``missing``, or what is wrong with it; None if
            nobody looked.
        listener: the address of the carrier's that it came in at.
        trying_after, progress_after: from the INVITE to the first 100, and to the first of 101 to 199.
        cancelled_after: from the INVITE to the caller's CANCEL, or to its BYE before the call was up.
        retry_after: the seconds of the final response's Retry-After.
        reason: the values of its Reason header fields, as sent.
        media: what became of its audio; None where the carrier had no end for it.
    """

    number: int
    call_id: str
    transport: str
    source: tuple[str, int]
    caller: str
    called: str
    started: float
    rule: str | None = None
    why: str | None = None
    code: int | None = None
    phrase: str | None = None
    provisional: tuple[int, ...] = ()
    responded_after: float | None = None
    acknowledged_after: float | None = None
    ended_after: float | None = None
    ending: str | None = None
    condition: Condition | None = None
    dialect: str | None = None
    customer: str | None = None
    trunk: str | None = None
    cut: str | None = None
    charged: str | None = None
    near_misses: tuple[NearMiss, ...] = ()
    attestation: str | None = None
    identity: str | None = None
    listener: tuple[str, int] | None = None
    trying_after: float | None = None
    progress_after: float | None = None
    cancelled_after: float | None = None
    retry_after: float | None = None
    reason: tuple[str, ...] = ()
    media: MediaRecord | None = None

    @property
    def digits(self) -> str:
        """The digits that the caller sent as events (RFC 4733), in order; the last 64."""
        return "" if self.media is None else self.media.digits

    @property
    def matched(self) -> bool:
        """Whether a rule took the call, or the business decided on it; if not it got the default."""
        return self.rule is not None or self.why is not None

    def as_dict(self) -> dict[str, Any]:
        """The record as the JSON event ``call`` tells it; times in seconds, rounded to microseconds."""
        return {
            "number": self.number,
            "from": self.caller,
            "to": self.called,
            "code": self.code,
            "phrase": self.phrase,
            "rule": self.rule,
            "why": self.why,
            "matched": self.matched,
            "condition": self.condition,
            "dialect": self.dialect,
            "customer": self.customer,
            "trunk": self.trunk,
            "cut": self.cut,
            "charged": self.charged,
            "attestation": self.attestation,
            "identity": self.identity,
            "near_misses": [miss._asdict() for miss in self.near_misses],
            "provisional": list(self.provisional),
            "ending": self.ending,
            "call_id": self.call_id,
            "transport": self.transport,
            "source": _address(self.source),
            "listener": None if self.listener is None else _address(self.listener),
            "started": round(self.started, 6),
            "trying_after": _rounded(self.trying_after),
            "progress_after": _rounded(self.progress_after),
            "cancelled_after": _rounded(self.cancelled_after),
            "retry_after": self.retry_after,
            "reason": list(self.reason),
            "responded_after": _rounded(self.responded_after),
            "acknowledged_after": _rounded(self.acknowledged_after),
            "ended_after": _rounded(self.ended_after),
            "media": None if self.media is None else self.media._asdict(),
        }


def _address(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
