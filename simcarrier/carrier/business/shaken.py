"""STIR/SHAKEN: who vouches for the caller, and what this carrier makes of it (RFC 8224, RFC 8588, RFC 9410).

The number that calls is that of P-Asserted-Identity where there is one, else of From; the number called is the one that
the numbering plan has made of the Request-URI. What a call's Identity turns out to be is noted on the call, and feeds
the caller ID's reputation: a full attestation (A) speaks for it; that of a gateway (C), or one that does not hold,
against it. A partial one (B) says neither.

A call that fails goes on, or is refused, by the policy. If it goes on with a label, its responses say what was wrong by
a Reason of the protocol STIR, with the code that a refusal would have had.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from simcarrier.conditions import Condition
from simcarrier.scenario.business.shaken import ShakenModel
from simcarrier.scenario.models import CarrierConfig
from simcarrier.sip.address import NameAddr
from simcarrier.sip.errors import Malformed
from simcarrier.sip.grammar import split_salvaging
from simcarrier.sip.reason import ReasonValue
from simcarrier.sip.uri import UnknownScheme

from ..behaviours.respond import ANSWER
from ..call import Call
from .finding import Finding
from .reputation import Reputation, Sign

if TYPE_CHECKING:
    from simcarrier.trust.passport import IdentityVerdict

    from . import Check, World

MOST_ASSERTED = 2
"""P-Asserted-Identity fields that are looked at: a sip and a tel URI (RFC 3325 section 9.1)."""

MISSING = "missing"
VERIFIED = "verified"


class Shaken:
    """Verifies the Identity of calls.

    Args:
        model: as the scenario has it.
        reputation: what is thought of caller IDs; None if nobody thinks.
        wall: the time of the carrier's start, seconds since 1970 UTC.

    Raises:
        simcarrier.extras.MissingExtra: a package is missing.
        simcarrier.trust.pki.PkiError: a file does not hold what it did when the scenario was read.
    """

    def __init__(self, model: ShakenModel, reputation: Reputation | None, wall: float) -> None:
        # Slow to import, and for those only who verify.
        from simcarrier.trust import passport
        from simcarrier.trust.pki import load_chain
        from simcarrier.trust.store import Certificates, TrustList

        self._verify = passport.verify_identity
        self._trust = TrustList(load_chain(model.trust) if model.trust is not None else ())
        self._certificates = Certificates((x5u, load_chain(path)) for x5u, path in model.certificates.items())
        self._demand = model.demand
        self._policy = model.policy
        self._freshness = model.freshness
        self._reputation = reputation
        self._wall = wall

    def examine(self, call: Call, now: float) -> Finding | None:
        """Verify, note, and by the policy refuse."""
        invite = call.invite
        verdict = self._verify(
            invite.get_all("identity"),
            from_tn=_asserted(call),
            to_tn=call.destination,
            now=self._wall + now,
            certificate_for=self._certificates,
            trust=self._trust,
            freshness=self._freshness,
            date=_date(invite.get("date")),
            demanded=self._demand,
        )
        call.attestation = verdict.attestation
        call.identity = ", ".join(verdict.names) or (VERIFIED if verdict.verified else MISSING)
        self._feed(call, verdict)
        if verdict.answer is None:
            return None
        if self._policy == "label":
            call.extra += f"Reason: {ReasonValue('STIR', verdict.answer, verdict.phrase)}\r\n"
        if self._policy != "answer":
            return None
        why = f"Identity: {verdict.faults[0]}"
        return Finding(Condition.IDENTITY_REFUSED, why, {ANSWER: f"{verdict.answer} {verdict.phrase}"})

    def _feed(self, call: Call, verdict: IdentityVerdict) -> None:
        if self._reputation is None:
            return
        if verdict.attestation == "A":
            self._reputation.note(call.caller, Sign.TRUSTED, call.received)
        elif verdict.faults or verdict.attestation == "C":
            self._reputation.note(call.caller, Sign.DOUBTED, call.received)


def _asserted(call: Call) -> str:
    """The calling number: what the networks assert (RFC 3325), else what the caller says."""
    for value in call.invite.get_all("p-asserted-identity")[:MOST_ASSERTED]:
        for part in split_salvaging(value, ","):
            try:
                user = NameAddr.parse(part).uri.user
            except (Malformed, UnknownScheme):
                continue
            if user:
                return user
    return call.caller


def _date(value: str | None) -> float | None:
    """The Date header field in seconds since 1970; None if there is none that can be read."""
    if value is None:
        return None
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def check(config: CarrierConfig, world: World) -> Check | None:
    """The check that somebody vouches for the caller."""
    if config.shaken is None:
        return None
    reputation = None if world.analytics is None else world.analytics.reputation
    return Shaken(config.shaken, reputation, world.wall)
