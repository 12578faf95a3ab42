"""How a carrier's own circumstances change what a scenario says: whom its blocks name, what its path leaves of them.

A step that blocks (603+) says so without the contact, which is the carrier's. A refusal from behind a network that
speaks ISUP comes back as what is left of it. Both are worked out once, when the carrier is made, so that a call finds
plain refusals.
"""

from __future__ import annotations

from collections.abc import Iterable

from simcarrier.media.program import LONGEST_TEXT, Item, Program, Spoken
from simcarrier.media.sit import ITU
from simcarrier.scenario.actions import Action, MixAction, SequenceAction, StepsAction
from simcarrier.scenario.blocks import USUAL_REDRESS, RedressModel
from simcarrier.scenario.models import CarrierConfig
from simcarrier.scenario.steps import Play, Respond, StepModel
from simcarrier.scenario.template import Template
from simcarrier.sip.block_codes import write_block

from .gateway import refusals_changed, through_path

_ID = "-the-id-of-the-call-"
"""Stands for the id while the Reason is written, since it differs from call to call."""

_USUAL_ID = "{uuid}"

_FROM_PEOPLE = frozenset({480, 486, 600, 603, 606, 607})
"""What a phone or a person says, where nobody tells what the condition is (RFC 3261 sections 21.4, 21.6)."""


def explained(step: Respond, redress: RedressModel = USUAL_REDRESS) -> Respond:
    """A refusal with its block spelled out: code, phrase and Reason. Others stay as they are."""
    block = step.block
    if block is None:
        return step
    answer = write_block(redress.redress(_ID), block.location, block.damage)
    reasons = []
    for reason in answer.reasons:
        text = reason.replace("{", "{{").replace("}", "}}").replace(_ID, str(block.id or _USUAL_ID))
        reasons.append(("Reason", Template.parse(text)))
    spelled = {"code": answer.status, "phrase": answer.phrase, "headers": (*reasons, *step.headers), "block": None}
    return step.model_copy(update=spelled)


def announcement(redress: RedressModel) -> Program:
    """What a caller hears that does not understand 608: the tone, and whom to ask if there is a voice to say it."""
    ways = []
    if redress.tel is not None:
        ways.append("telephone " + " ".join(redress.tel.removeprefix("+")))
    if redress.email is not None:
        ways.append("e-mail " + redress.email.replace("@", " at "))
    if redress.url is not None:
        ways.append("the web page " + redress.url.removeprefix("https://").rstrip("/"))
    text = f"Your call was blocked. Please contact {redress.name}, by {', or by '.join(ways)}."
    return Program([Item(ITU.tone()), Item(Spoken(text[:LONGEST_TEXT], needed=False))])


class Wording:
    """What becomes of the refusals of one carrier.

    Args:
        config: as loaded.

    Attributes:
        signs: whether any refusal that came by has a signed card.
        programs: what is to be played, as far as it came by; None once nobody collects it any more.
    """

    def __init__(self, config: CarrierConfig) -> None:
        self.signs = False
        self.programs: list[Program] | None = []
        self._redress = config.redress or USUAL_REDRESS
        self._hops = tuple(hop for hop in config.path if hop.through == "isup")

    def action(self, action: Action, place: str | None = None) -> Action:
        """An action with its refusals as this carrier's caller hears them.

        Args:
            action: as written.
            place: where the refusals arise, a name of `simcarrier.sip.isup.LOCATIONS`; by their code if None.
        """
        self._collect(action)
        return refusals_changed(action, lambda step: self._refusal(step, place))

    def steps(self, steps: Iterable[StepModel]) -> list[StepModel]:
        """The same for a ladder."""
        steps = tuple(steps)
        self._collect_steps(steps)
        return [self._refusal(step, None) if isinstance(step, Respond) else step for step in steps]

    def _refusal(self, step: Respond, place: str | None) -> Respond:
        if self._hops:
            step = through_path(step, self._hops, place or ("U" if step.code in _FROM_PEOPLE else "RLN"))
        step = explained(step, self._redress)
        self.signs = self.signs or step.call_info == "signed"
        if step.announce != "never" and step.words is None:
            step = step.model_copy(update={"words": announcement(self._redress)})
        if step.announce != "never" and step.words is not None and self.programs is not None:
            self.programs.append(step.words)
        return step

    def _collect(self, action: Action) -> None:
        if isinstance(action, StepsAction):
            self._collect_steps(action.steps)
        elif isinstance(action, MixAction):
            for entry in action.entries:
                self._collect(entry.action)
        elif isinstance(action, SequenceAction):
            for one in action.entries:
                self._collect(one)

    def _collect_steps(self, steps: Iterable[StepModel]) -> None:
        if self.programs is not None:
            self.programs += [step.sounds for step in steps if isinstance(step, Play)]
