"""A dialect: how one carrier says what happens to a call.

The same condition is 403 at one carrier, 503 at another, 100 and silence at a third. A dialect is a file of
`simcarrier/carrier/dialects`, or one beside the scenario (`simcarrier.scenario.dialects`): for each condition an action
in the scenario's own language. Here its actions become ladders, once, when the carrier is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from simcarrier.conditions import Condition
from simcarrier.scenario import steps
from simcarrier.scenario.actions import Action, MixAction, MixEntry, StepsAction
from simcarrier.scenario.dialects import DialectTable, table_for
from simcarrier.scenario.models import CarrierConfig

from .call import Call, Course, Ladder
from .gateway import action_through_isup, place_of
from .outcomes import Choice, choice
from .wording import Wording


def spoken(table: DialectTable) -> dict[Condition, Action]:
    """What a caller hears for each condition: what the dialect says, after the gateway if it has one."""
    if table.isup is None:
        return {condition: saying.action for condition, saying in table.sayings.items()}
    return {
        condition: action_through_isup(saying.action, table.isup, place_of(condition))
        for condition, saying in table.sayings.items()
    }


class Dialect:
    """What is done for each condition.

    Args:
        name: as in the scenario, ``cis/404``.
        actions: what is said for each condition.
        rng: the run's source of chance.

    Attributes:
        name: as given.
    """

    def __init__(self, name: str, actions: Mapping[Condition, Action], rng: Random) -> None:
        self.name = name
        self._actions = actions
        self._rng = rng
        self._choices = {condition: self._choice(condition, action) for condition, action in actions.items()}

    @classmethod
    def of(
        cls, config: CarrierConfig, ladders: Mapping[str, Ladder], rng: Random, wording: Wording | None = None
    ) -> Dialect:
        """The dialect of a scenario, with what the scenario itself says otherwise."""
        wording = wording or Wording(config)
        actions = {
            condition: wording.action(action, place_of(condition))
            for condition, action in spoken(table_for(config.dialect)).items()
        }
        made = cls(str(config.dialect), actions, rng)
        if config.lines_full is not None:
            full = choice(wording.action(config.lines_full, place_of(Condition.LINES_FULL)), ladders, made, rng)
            made._choices[Condition.LINES_FULL] = full.changed(_means(Condition.LINES_FULL))
        return made

    def choice_for(self, condition: Condition, *, early_media: bool = False) -> Choice:
        """What decides on what is done for a condition.

        Args:
            condition: what happens.
            early_media: ring with 183 and a session description instead of 180.
        """
        if early_media:
            return self._choice(condition, _with_early_media(self._actions[condition]))
        return self._choices[condition]

    def course_for(self, condition: Condition, call: Call) -> Course:
        """What a call gets to which this happens."""
        return self._choices[condition].course_for(call)

    def _choice(self, condition: Condition, action: Action) -> Choice:
        return choice(action, {}, None, self._rng).changed(_means(condition))


def _means(condition: Condition) -> Callable[[Course], Course]:
    return lambda course: course._replace(condition=condition)


def _with_early_media(action: Action) -> Action:
    if isinstance(action, StepsAction):
        return StepsAction(
            steps=tuple(
                steps.Progress(headers=step.headers, reliable=step.reliable)
                if isinstance(step, steps.Ringing)
                else step
                for step in action.steps
            )
        )
    if isinstance(action, MixAction):
        return MixAction(
            entries=tuple(
                MixEntry(share=entry.share, action=_with_early_media(entry.action)) for entry in action.entries
            )
        )
    return action
