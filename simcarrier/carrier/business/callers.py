"""Caller policy: which caller IDs the carrier lets through.

A caller has two identities. From is what the called person is shown, and anybody can write anything there;
P-Asserted-Identity (RFC 3325) is what the network before this one vouches for. Who hides the number writes
``anonymous@anonymous.invalid`` in From, or asks for it by a Privacy field (RFC 3323 section 4.1); then only
P-Asserted-Identity can tell who calls.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from simcarrier.conditions import Condition
from simcarrier.scenario.business.callers import CallersModel
from simcarrier.scenario.models import CarrierConfig
from simcarrier.scenario.patterns import NumberPattern
from simcarrier.sip.address import NameAddr
from simcarrier.sip.errors import Malformed
from simcarrier.sip.message import Request
from simcarrier.sip.uri import SipUri

from ..call import Call
from .finding import Finding
from .numbering_plan import ALL_FORMS, NumberingPlan, told
from .prefixes import NumberSet

if TYPE_CHECKING:
    from . import Check, World

NOBODY: Final = frozenset({"anonymous", "unavailable", "restricted"})
"""User parts that stand for a hidden number. RFC 3323 has the first; gateways write the others too."""

NOWHERE: Final = "anonymous.invalid"
"""The host of a hidden address (RFC 3323 section 4.1.1.3)."""

HIDING: Final = frozenset({"id", "user"})
"""Privacy values that hide the caller (RFC 3323 section 4.2, RFC 3325 section 9.3)."""

NUMERIC: Final = frozenset("+0123456789")
"""What numbers begin with: a From that tells one hides nobody, whatever its host."""

MOST_IDENTITIES: Final = 4
"""Values of P-Asserted-Identity that are looked at. RFC 3325 section 9.1 allows two, one sip and one tel."""

_PRIVACY_SEPARATOR = re.compile(r"[;,\s]+")
# The usual shape of P-Asserted-Identity: one number.
_ONE_NUMBER = re.compile(
    r'(?:"[^"\\]*+"|[A-Za-z0-9 ]*+)[ \t]*+<(?:sips?:(\+?[0-9]++)@[^\s<>",;?%]++|tel:(\+?[0-9]++))>'
)


def asserted(invite: Request) -> list[str]:
    """The users of P-Asserted-Identity, as sent; what can't be read is passed over."""
    first = invite.get("p-asserted-identity")
    if first is None:
        return []
    if not invite.has_several("p-asserted-identity"):
        usual = _ONE_NUMBER.fullmatch(first)
        if usual is not None:
            return [usual[1] or usual[2]]
    users = []
    for value in invite.values("p-asserted-identity")[:MOST_IDENTITIES]:
        try:
            user = NameAddr.parse(value).uri.user
        except Malformed:
            continue
        if user:
            users.append(user)
    return users


def hidden(caller: str, invite: Request) -> str | None:
    """The field that makes a call anonymous, ``From`` or ``Privacy: id``; None if it is not.

    Args:
        caller: the user part of From.
        invite: the INVITE.
    """
    if caller[:1] not in NUMERIC and (caller.lower() in NOBODY or _is_nowhere(invite)):
        return "From"
    if invite.get("privacy") is not None:
        wishes = [wish.lower() for line in invite.get_all("privacy") for wish in _PRIVACY_SEPARATOR.split(line)]
        for wish in wishes:
            if wish in HIDING and "none" not in wishes:
                return f"Privacy: {wish}"
    return None


def _is_nowhere(invite: Request) -> bool:
    try:
        uri = invite.from_.uri
    except Malformed:
        return False
    return isinstance(uri, SipUri) and uri.host == NOWHERE


class RoutedCallers:
    """The caller IDs that are routed.

    Args:
        pattern: which they are.
        plan: brings caller IDs into E.164 form; None to compare them as they are sent.

    Attributes:
        usual: who begins with one of these is routed, however the rest is written; there may be others.
    """

    __slots__ = ("_has", "_normal", "usual")

    def __init__(self, pattern: NumberPattern, plan: NumberingPlan | None) -> None:
        self._normal = None if plan is None else plan.normal
        numbers = NumberSet(pattern if plan is None else plan.normal_pattern(pattern))
        self._has = numbers.has
        self.usual = tuple(prefix for prefix in numbers.few or () if prefix[:1] in NUMERIC)

    def __contains__(self, caller: str) -> bool:
        normal = self._normal
        return self._has(caller if normal is None else normal(caller))


class CallerPolicy:
    """Finds callers that hide, and caller IDs that are not routed.

    Args:
        model: the policy, but for the caller IDs that are routed.
        routed: the caller IDs that are; None for all.
        own: those of customers that have some, by the customer's name.
        plan: brings caller IDs into E.164 form; None to compare them as they are sent.
    """

    def __init__(
        self,
        model: CallersModel,
        routed: NumberPattern | None,
        own: dict[str, NumberPattern],
        plan: NumberingPlan | None,
    ) -> None:
        self._look_in = model.look_in
        self._shown_suffices = model.look_in in ("from", "either")
        self._refuses_hidden = model.anonymous == "refuse"
        self._common = None if routed is None else RoutedCallers(routed, plan)
        self._own = {name: RoutedCallers(pattern, plan) for name, pattern in own.items()}

    def examine(self, call: Call, now: float) -> Finding | None:
        """Anonymity refused, or the caller ID not routed."""
        routed = self._common
        if self._own and call.customer is not None:
            routed = self._own.get(call.customer.name, routed)
        if routed is None and not self._refuses_hidden:
            return None
        caller, invite = call.caller, call.invite
        if (
            self._shown_suffices
            and routed is not None
            and caller.startswith(routed.usual)
            and invite.get("privacy") is None
        ):
            return None  # as nearly all are; a number hides nobody
        hiding = hidden(caller, invite)
        if hiding is not None and self._refuses_hidden:
            return Finding(Condition.ANONYMITY_REFUSED, f"anonymous caller ({hiding})")
        if routed is None:
            return None
        if hiding is not None:
            # Privacy leaves From as it is: where nobody vouches for a number, the one that is hidden counts.
            fallback = None if hiding == "From" or invite.get("p-asserted-identity") is not None else caller
            why = _shown(routed, fallback) if fallback else _asserted(routed, invite)
            if why is not None:
                why = f"{why}, From is anonymous" if hiding == "From" else why
        elif self._look_in == "from":
            why = _shown(routed, caller)
        elif self._look_in == "p_asserted_identity":
            why = _asserted(routed, invite)
        elif self._look_in == "both":
            why = _shown(routed, caller) or _asserted(routed, invite)
        else:
            why = _shown(routed, caller)
            if why is not None:
                also = _asserted(routed, invite)
                why = None if also is None else f"{why}, {also}"
        return None if why is None else Finding(Condition.CALLER_ID_NOT_ROUTED, why)


def _shown(routed: RoutedCallers, caller: str) -> str | None:
    """Why the number in From won't do; None if it will."""
    if caller and caller in routed:
        return None
    return f"caller ID {told(caller)} is not routed (From)" if caller else "no caller ID (From)"


def _asserted(routed: RoutedCallers, invite: Request) -> str | None:
    """Why P-Asserted-Identity won't do; None if one of its values will."""
    users = asserted(invite)
    for user in users:
        if user in routed:
            return None
    if users:
        return f"caller ID {told(users[0])} is not routed (P-Asserted-Identity)"
    return "no caller ID (P-Asserted-Identity)"


def check(config: CarrierConfig, world: World) -> Check | None:
    """The check of the caller ID."""
    model = config.callers or CallersModel()
    routed = model.routed if config.routed_callers is None else config.routed_callers
    own: dict[str, NumberPattern] = {}
    for customer in config.customers:
        if customer.routed_callers is not None:
            own[customer.name] = customer.routed_callers
    if routed is None and not own and model.anonymous == "allow":
        return None
    numbering = config.numbering
    normalises = numbering is not None and numbering.country is not None and model.forms == "normalised"
    plan = NumberingPlan(numbering, ALL_FORMS) if numbering is not None and normalises else None
    return CallerPolicy(model, routed, own, plan)
