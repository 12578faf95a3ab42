"""What is done with a call that a rule has taken.

An action stands directly in its rule (``{to: "+49*", respond: 403}``), so it is told apart by the one key
that it must have. `Acting` is the base of everything in which an action stands so: it gathers the action's
keys into the field ``action``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import InitErrorDetails

from .base import Model, fault, suggestion
from .fields import ConditionField, Flag, ShareField, SpanField, Text
from .steps import Ladder, Respond
from .units import parse_share, shown

ACTION = "<action>"
"""Where an action stands in a location; such elements in angle brackets are not in the file."""


class ActionModel(Model):
    """An action; ``key`` is the one that it is told by."""

    key: ClassVar[str]

    @classmethod
    def unknown_key(cls, key: str) -> str:
        """What to say of a key that belongs to another action."""
        owner = OPTIONS.get(key)
        return f'"{key}" goes with {owner}:, not with {cls.key}:' if owner else super().unknown_key(key)


class RespondAction(ActionModel):
    """One final response, at once or after a delay."""

    key: ClassVar[str] = "respond"
    respond: Respond = Field(description="The response: a code, or code, phrase, headers, body, delay.")


class StepsAction(ActionModel):
    """A ladder spelled out."""

    key: ClassVar[str] = "steps"
    steps: Ladder = Field(description="What is sent, one after the other.")


class LadderAction(ActionModel):
    """A ladder by its name, from ``ladders:``."""

    key: ClassVar[str] = "ladder"
    ladder: Text = Field(description="The name of a ladder.")


class OutcomeAction(ActionModel):
    """What really happens to the call; how that is said on the wire is the dialect's affair."""

    key: ClassVar[str] = "outcome"
    outcome: ConditionField = Field(description="What becomes of the call, such as answered or lines_full.")
    ring: SpanField | None = Field(
        default=None, description="How long it rings, where it does; the dialect's if not said."
    )
    talk: SpanField | None = Field(
        default=None, description="How long until the carrier hangs up; the caller does if not said."
    )
    early_media: Flag = Field(
        default=False, description="Where it rings: with 183 and a session description instead of 180."
    )


class Acting(Model):
    """Something in which an action stands."""

    action: Any

    @classmethod
    def written_keys(cls) -> list[str]:
        """The keys that can be written, those of the actions included."""
        return [key for key in super().written_keys() if key != ACTION] + list(ACTION_KEYS)

    @classmethod
    def _reshape(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or "action" in data:
            return data
        told = {key: value for key, value in data.items() if key in ACTION_KEYS or key in OPTIONS}
        rest = {key: value for key, value in data.items() if key not in told}
        return {**rest, ACTION: told}


class MixEntry(Acting):
    """One of the things that can become of a call, and how often it does."""

    share: ShareField = Field(description="How often, such as 90%.")
    action: SimpleAction = Field(alias=ACTION)


class MixAction(ActionModel):
    """One of several, drawn at random from the run's seed; the shares add to 100 %."""

    key: ClassVar[str] = "mix"
    entries: tuple[MixEntry, ...] = Field(alias="mix", min_length=1, description="What can become of the call.")

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        entries = data.get("mix") if isinstance(data, Mapping) else None
        if not isinstance(entries, list | tuple) or not entries:
            return
        try:
            total = sum(
                entry.share if isinstance(entry, MixEntry) else parse_share(entry["share"]) for entry in entries
            )
        except (ValueError, TypeError, KeyError):
            return  # told where that share stands
        if abs(total - 1) > 1e-9:
            yield fault(f"the shares add to {total * 100:g}%, not to 100%", ("mix",))


class SequenceAction(ActionModel):
    """The first call gets the first entry, the second the second, and so on."""

    key: ClassVar[str] = "sequence"
    entries: tuple[SequenceEntry, ...] = Field(
        alias="sequence", min_length=1, description="What becomes of the first call, the second, ..."
    )
    by: Literal["caller", "called"] = Field(default="caller", description="Whose calls are counted together.")
    then: Literal["stay", "start_over"] = Field(
        default="stay", description="After the last entry: it repeats, or the first is next."
    )


ACTIONS: tuple[type[ActionModel], ...] = (
    RespondAction, StepsAction, LadderAction, OutcomeAction, MixAction, SequenceAction,
)  # fmt: skip
"""Every action. A new one is a class above, and its name here and in the unions below."""

ACTION_KEYS = tuple(action.key for action in ACTIONS)

OPTIONS = {
    "ring": "outcome",
    "talk": "outcome",
    "early_media": "outcome",
    "by": "sequence",
    "then": "sequence",
}
"""Keys that stand beside an action's own, and the action that they go with."""


def ladders_used(action: ActionModel) -> Iterator[str]:
    """The names of the ladders that an action uses."""
    if isinstance(action, LadderAction):
        yield action.ladder
    elif isinstance(action, MixAction):
        for entry in action.entries:
            yield from ladders_used(entry.action)
    elif isinstance(action, SequenceAction):
        for each in action.entries:
            yield from ladders_used(each)


NOTHING: Mapping[str, str] = MappingProxyType({})

_SEQUENCE_IN_SEQUENCE = {"sequence": "must not hold a sequence of its own"}
_NESTED = {"mix": "must not hold a mix of its own", **_SEQUENCE_IN_SEQUENCE}


def action_key(value: Any) -> str | None:
    """The key by which a written action is told; None if it has none or several."""
    if isinstance(value, ActionModel):
        return f"<{value.key}>"
    present = [key for key in ACTION_KEYS if key in value] if isinstance(value, Mapping) else []
    return f"<{present[0]}>" if len(present) == 1 else None


def one_action(value: Any, handler: ValidatorFunctionWrapHandler, refused: Mapping[str, str] = NOTHING) -> Any:
    """Takes a bare code for a response, and says in words when there is no action, or more than one.

    Args:
        value: as written.
        handler: reads the action.
        refused: the keys of actions that cannot stand here, and what to say of them.
    """
    if isinstance(value, ActionModel):
        return handler(value)
    if isinstance(value, str | int):
        value = {"respond": value}
    if not isinstance(value, Mapping):
        raise ValueError(f"must be an action such as {{respond: 403}}, not {shown(value)}")
    present = [key for key in ACTION_KEYS if key in value]
    if len(present) > 1:
        words = " and ".join(f'"{key}"' for key in present)
        raise ValueError(f"has {words}: exactly one of {', '.join(ACTION_KEYS)} says what is done with the call")
    if not present:
        near = next((hint for key in value if (hint := suggestion(str(key), ACTION_KEYS))), "")
        raise ValueError(f"does not say what is done with the call: add one of {', '.join(ACTION_KEYS)}{near}")
    if present[0] in refused:
        raise ValueError(refused[present[0]])
    return handler(value)


def _any_action(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    return one_action(value, handler)


def _no_nesting(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    return one_action(value, handler, _NESTED)


def _no_sequence(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    return one_action(value, handler, _SEQUENCE_IN_SEQUENCE)


SimpleAction = Annotated[
    Annotated[RespondAction, Tag("<respond>")]
    | Annotated[StepsAction, Tag("<steps>")]
    | Annotated[LadderAction, Tag("<ladder>")]
    | Annotated[OutcomeAction, Tag("<outcome>")],
    Discriminator(action_key),
    WrapValidator(_no_nesting),
]
"""An action that is the same for every call."""

SequenceEntry = Annotated[
    Annotated[RespondAction, Tag("<respond>")]
    | Annotated[StepsAction, Tag("<steps>")]
    | Annotated[LadderAction, Tag("<ladder>")]
    | Annotated[OutcomeAction, Tag("<outcome>")]
    | Annotated[MixAction, Tag("<mix>")],
    Discriminator(action_key),
    WrapValidator(_no_sequence),
]
"""What can stand in a sequence."""

Action = Annotated[
    Annotated[RespondAction, Tag("<respond>")]
    | Annotated[StepsAction, Tag("<steps>")]
    | Annotated[LadderAction, Tag("<ladder>")]
    | Annotated[OutcomeAction, Tag("<outcome>")]
    | Annotated[MixAction, Tag("<mix>")]
    | Annotated[SequenceAction, Tag("<sequence>")],
    Discriminator(action_key),
    WrapValidator(_any_action),
]
"""Any action, as written in a scenario."""

for _model in (MixEntry, MixAction, SequenceAction):
    _model.model_rebuild()
