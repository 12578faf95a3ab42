"""A gateway between SIP and the telephone network: what is left of a refusal that has crossed it.

A refusal that arises beyond a network which speaks ISUP goes into it as a cause and comes out of it as a status of RFC
3398's choice (`simcarrier.sip.isup`), with the cause in a Reason header field (RFC 6432) and where it arose (RFC 8606).
Phrase, header fields and body are lost on the way; a redirection does not pass by this way at all and stays as it is.

`through_isup` is one such hop. A refusal that already carries a Q.850 cause keeps it, so a second hop changes nothing.
"""

from __future__ import annotations

import re

from simcarrier.conditions import MEANINGS, Condition, Party
from simcarrier.scenario.actions import Action, MixAction, MixEntry, RespondAction, StepsAction
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

_MEDIA_WARNING = re.compile(r"30[45]\b")  # media type, media format not available (RFC 3261 section 20.43)


def place_of(condition: Condition) -> str:
    """The location that goes with a condition."""
    return PLACES[MEANINGS[condition].refused_by]


def through_isup(step: Respond, profile: Profile, location: str) -> Respond:
    """One hop through ISUP.

    Args:
        step: the refusal as it was before. A Reason with a Q.850 cause in it, and a location, count as they are.
        profile: whose word counts for 607 and 608.
        location: where it arose, if the step does not say so itself; a name of `simcarrier.sip.isup.LOCATIONS`.

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
    place = (said.location if said is not None else None) or location
    reason = str(ReasonValue("Q.850", cause, Q850_CAUSES.get(cause), place))
    headers = (("Reason", Template((reason,), reason)),)
    return Respond(code=status_for(cause, place), headers=headers, delay=step.delay, trying=step.trying)


def action_through_isup(action: Action, profile: Profile, location: str) -> Action:
    """The same for every refusal in an action; provisional responses and answers pass."""
    if isinstance(action, RespondAction):
        return RespondAction(respond=through_isup(action.respond, profile, location))
    if isinstance(action, StepsAction):
        return StepsAction(
            steps=tuple(
                through_isup(step, profile, location) if isinstance(step, Respond) else step for step in action.steps
            )
        )
    if isinstance(action, MixAction):
        return MixAction(
            entries=tuple(
                MixEntry(share=entry.share, action=action_through_isup(entry.action, profile, location))
                for entry in action.entries
            )
        )
    return action


def _constant(step: Respond, name: str) -> list[str]:
    """The values of a header that are the same for every call."""
    return [value.constant for key, value in step.headers if key.lower() == name and value.constant is not None]
