"""A gateway between SIP and the telephone network: what is left of a refusal that has crossed it.

A refusal that arises beyond a network which speaks ISUP goes into it as a cause and comes out of it as a status of RFC
3398's choice (`simcarrier.sip.isup`), with the cause in a Reason header field (RFC 6432) and where it arose (RFC 8606).
Phrase, header fields and body are lost on the way; a redirection does not pass by this way at all and stays as it is.

`through_isup` is one such hop. A refusal that already carries a Q.850 cause keeps it, so a second hop changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from simcarrier.conditions import MEANINGS, Condition, Party
from simcarrier.scenario.actions import Action, MixAction, MixEntry, RespondAction, SequenceAction, StepsAction
from simcarrier.scenario.path import HopModel
from simcarrier.scenario.steps import Respond
from simcarrier.scenario.template import Template
from simcarrier.sip.isup import Q850_CAUSES, Profile, cause_for, status_for
from simcarrier.sip.reason import ReasonValue, parse_reason

PLACES: dict[Party, str] = {
    Party.CALLEE: "U",
    Party.NETWORK: "RLN",
    Party.CARRIER: "LN",
    Party.CALLER: "LN",
    Party.NOBODY: "LN",
}
"""Where a cause arises, by who refused: at the user, in the network that serves the callee, in the carrier's own."""

BEYOND = "BI"
"""Where something arose of which no more is known: in a network beyond the interworking point."""

_MEDIA_WARNING = re.compile(r"30[45]\b")  # media type, media format not available (RFC 3261 section 20.43)


def place_of(condition: Condition) -> str:
    """The location that goes with a condition."""
    return PLACES[MEANINGS[condition].refused_by]


def through_isup(step: Respond, profile: Profile, location: str, *, tells_location: bool = True) -> Respond:
    """One hop through ISUP.

    Args:
        step: the refusal as it was before. A Reason with a Q.850 cause in it, and a location, count as they are. A
            block (603+) arises at the user, as the rules of the United States have it for networks that are not IP.
        profile: whose word counts for 607 and 608.
        location: where it arose, if the step does not say so itself; a name of `simcarrier.sip.isup.LOCATIONS`.
        tells_location: whether the Reason tells it (RFC 8606). The gateway itself knows it either way.

    Returns:
        The refusal as the caller hears it: status and phrase by the cause, a Reason, the times of before.
    """
    if step.code < 400:
        return step
    said = parse_reason(_constant(step, "reason")).of("Q.850")
    cause = said.cause if said is not None else None
    if cause is None:
        media = any(_MEDIA_WARNING.match(value) for value in _constant(step, "warning"))
        cause = cause_for(step.code, profile, warning_bearer=media)
    if cause is None:
        return step
    place = (said.location if said is not None else None) or ("U" if step.block is not None else location)
    reason = str(ReasonValue("Q.850", cause, Q850_CAUSES.get(cause), place if tells_location else None))
    headers = (("Reason", Template((reason,), reason)),)
    return Respond(code=status_for(cause, place), headers=headers, delay=step.delay, trying=step.trying)


def through_path(step: Respond, hops: Sequence[HopModel], location: str) -> Respond:
    """Every hop through ISUP, from the network of the person called back to the carrier.

    Args:
        step: the refusal where it arises.
        hops: the networks that speak ISUP, the carrier's side first.
        location: where it arises. Once a hop has lost that, a later one knows no more than that it was beyond (BI).
    """
    for hop in reversed(hops):
        step = through_isup(step, Profile(hop.profile), location, tells_location=hop.location == "kept")
        location = BEYOND
    return step


def refusals_changed(action: Action, change: Callable[[Respond], Respond]) -> Action:
    """An action with each of its refusals changed; what it names (an outcome, a ladder) is not looked into."""
    if isinstance(action, RespondAction):
        return RespondAction(respond=change(action.respond))
    if isinstance(action, StepsAction):
        return StepsAction(steps=tuple(change(step) if isinstance(step, Respond) else step for step in action.steps))
    if isinstance(action, MixAction):
        return MixAction(
            entries=tuple(
                MixEntry(share=entry.share, action=refusals_changed(entry.action, change)) for entry in action.entries
            )
        )
    if isinstance(action, SequenceAction):
        entries = tuple(refusals_changed(entry, change) for entry in action.entries)
        return SequenceAction(entries=entries, by=action.by, then=action.then)
    return action


def action_through_isup(action: Action, profile: Profile, location: str) -> Action:
    """One hop for every refusal in an action; provisional responses and answers pass."""
    return refusals_changed(action, lambda step: through_isup(step, profile, location))


def _constant(step: Respond, name: str) -> list[str]:
    """The values of a header that are the same for every call."""
    return [value.constant for key, value in step.headers if key.lower() == name and value.constant is not None]
