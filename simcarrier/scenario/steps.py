"""The steps of a ladder: what the carrier sends for one call, one after the other.

Each step is written by its keyword: bare (``ringing``), with its main value (``wait: 12s``, ``respond:
403``), or with options (``respond: {code: 403, phrase: Not Here}``). In Python each is a frozen class;
`Step` is any of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Tag,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import InitErrorDetails, core_schema

from ..sip.block_codes import WRITABLE, Damage, Redress, write_block
from ..sip.status import phrase_for
from ..trust.card_damage import CardDamage
from .base import UNKNOWN, fault, in_words, suggestion_or_list
from .blocks import CARD_DAMAGE, BlockModel
from .business.fields import one_of
from .fields import (
    Flag,
    Line,
    SpanField,
    span_or,
    whole_number,
)
from .ladders import UNDESCRIBED, ladder_faults
from .responses import Body, FinalCode, HeadersField
from .sounds import ProgramField
from .step_model import StepModel as StepModel  # it belongs to the steps
from .units import ZERO, Span, shown


def _usual_phrase(data: dict[str, Any]) -> str:
    return phrase_for(data.get("code", 0))


class Trying(StepModel):
    """100 Trying: the call has been taken, no more is known."""

    kind: ClassVar[str] = "trying"
    headers: HeadersField = Field(default=(), description="Headers to add.")


class Wait(StepModel):
    """Let time pass: a fixed one, or one drawn anew for each call."""

    kind: ClassVar[str] = "wait"
    main: ClassVar[str | None] = "span"
    example: ClassVar[str] = "2s"
    span: Annotated[Span | Literal["ring"], span_or("ring")] = Field(
        description="How long, such as 12s or 2s..6s; ring: as long as this call is to ring."
    )
    usually: SpanField = Field(
        default=Span(1.0, 1.0), description="With ring: how long where nobody says how long it rings."
    )

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if isinstance(data, Mapping) and "usually" in data and data.get("span") != "ring":
            yield fault("usually goes with span: ring", ("usually",))


class Ringing(StepModel):
    """180 Ringing."""

    kind: ClassVar[str] = "ringing"
    headers: HeadersField = Field(default=(), description="Headers to add.")
    reliable: Flag = Field(
        default=False, description="Repeat it until PRACK (RFC 3262), if the caller supports 100rel."
    )


class Progress(StepModel):
    """Another provisional response: 183 Session Progress unless a code is named."""

    kind: ClassVar[str] = "progress"
    main: ClassVar[str | None] = "code"
    code: Annotated[int, whole_number(181, 199, "a provisional code from 181 to 199")] = Field(
        default=183, description="The status code."
    )
    phrase: Line = Field(default_factory=_usual_phrase, description="The reason phrase, if not the RFC's.")
    sdp: Flag = Field(
        default_factory=lambda data: data.get("code") == 183,
        description="With a session description (early media); yes for 183 unless said.",
    )
    headers: HeadersField = Field(default=(), description="Headers to add.")
    reliable: Flag = Field(
        default=False, description="Repeat it until PRACK (RFC 3262), if the caller supports 100rel."
    )


class Play(StepModel):
    """What the caller hears from here on: until it ends, another play, the answer, or the end of the call."""

    kind: ClassVar[str] = "play"
    main: ClassVar[str | None] = "sounds"
    example: ClassVar[str] = "ringback DE"
    sounds: ProgramField = Field(description="A sound, such as ringback DE or sorry.wav, or a list of them.")


class Answer(StepModel):
    """200 OK: the call is up. Sent again until the ACK comes (RFC 3261 section 13.3.1.4)."""

    kind: ClassVar[str] = "answer"
    headers: HeadersField = Field(default=(), description="Headers to add.")
    sdp: Flag = Field(default=True, description="With a session description.")


class Respond(StepModel):
    """A final response that refuses or redirects the call: 300 to 699."""

    kind: ClassVar[str] = "respond"
    main: ClassVar[str | None] = "code"
    example: ClassVar[str] = "403"
    hints: ClassVar[dict[str, str]] = {
        "reason": 'unknown key "reason": write phrase: for the reason phrase; a Reason header goes under headers:',
        "status": 'unknown key "status": write code:',
    }

    code: FinalCode = Field(description="The status code; with block it is that of the block.")
    phrase: Line = Field(default_factory=_usual_phrase, description="The reason phrase, if not the RFC's.")
    headers: HeadersField = Field(default=(), description="Headers to add.")
    block: BlockModel | None = Field(
        default=None, description="A block that tells whom to ask (603+): code, phrase and Reason, maybe damaged."
    )
    call_info: Annotated[str, one_of("none", "signed")] = Field(
        default="none", description="With 608, signed: a Call-Info that leads to the signed card of whom to ask."
    )
    card_damage: Annotated[CardDamage, CARD_DAMAGE] | None = Field(
        default=None, description="With call_info: signed, what is to be wrong with the card: the name of a damage."
    )
    announce: Annotated[str, one_of("never", "if_not_understood", "always")] = Field(
        default="never",
        description="With 608: an announcement before it, for callers whose Feature-Caps do not say +sip.608.",
    )
    words: ProgramField | None = Field(
        default=None, description="What is announced; a special information tone and whom to ask, if not said."
    )
    announcement: SpanField | None = Field(
        default=None, description="How long the announcement lasts; as long as what is announced if not said."
    )
    body: Body | None = Field(default=None, description="A body.")
    delay: SpanField = Field(default=ZERO, description="How long after the INVITE, or after the step before.")
    trying: Flag = Field(default=False, description="Send 100 Trying at once, before the delay.")

    @classmethod
    def _reshape(cls, data: Any) -> Any:
        data = super()._reshape(data)
        if not isinstance(data, Mapping) or data.get("block") is None or "code" in data:
            return data
        code, phrase = _of_block(data["block"])
        return {"code": code, "phrase": phrase, **data}

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if not isinstance(data, Mapping):
            return
        if data.get("block") is not None:
            headers = data.get("headers")
            reasons = (
                [name for name in headers if str(name).lower() == "reason"] if isinstance(headers, Mapping) else []
            )
            # Made in Python, a step has the code and the phrase of its block beside it.
            usual = dict(zip(("code", "phrase"), _of_block(data["block"]), strict=True))
            for key in ("code", "phrase"):
                if key in data and str(data[key]) != str(usual[key]):
                    yield fault("is the block's own affair: leave it out, or write the damage", (key,))
            for name in reasons:
                yield fault("is the block's own affair: leave it out", ("headers", name))
        for key, usual_value in (("call_info", "none"), ("announce", "never")):
            if data.get(key, usual_value) != usual_value and str(data.get("code")) != "608":
                yield fault("goes with code: 608", (key,))
        if data.get("card_damage") is not None and data.get("call_info", "none") != "signed":
            yield fault("goes with call_info: signed", ("card_damage",))
        for key in ("announcement", "words"):
            if data.get(key) is not None and data.get("announce", "never") == "never":
                yield fault("goes with announce: if_not_understood or always", (key,))

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        reference = super().__get_pydantic_json_schema__(schema, handler)
        for written in handler.resolve_ref_schema(reference).get("anyOf", ()):
            if written.pop("required", None):
                written["anyOf"] = [{"required": ["code"]}, {"required": ["block"]}]
        return reference


def _of_block(block: Any) -> tuple[int, str]:
    """The code and the phrase of a block, as written in any state."""
    damage = (
        block.damage if isinstance(block, BlockModel) else block.get("damage") if isinstance(block, Mapping) else ()
    )
    words = damage if isinstance(damage, list | tuple) else (damage,)
    known = {Damage(word) for word in words if isinstance(word, str) and word in WRITABLE}
    answer = write_block(Redress(url="https://redress.example/"), damage=known)
    return answer.status, answer.phrase


class Silence(StepModel):
    """Nothing further is sent, ever. A CANCEL is still honoured."""

    kind: ClassVar[str] = "silence"


class Drop(StepModel):
    """Messages of this call get lost: every further one (bare), or the next so many requests received."""

    kind: ClassVar[str] = "drop"
    main: ClassVar[str | None] = "count"
    count: Annotated[int, whole_number(1, 1000, "how many requests, from 1 to 1000")] | None = Field(
        default=None,
        description="How many of the requests that come next are lost; all and for good if not said.",
    )


class Duplicate(StepModel):
    """The last response is sent again, at once."""

    kind: ClassVar[str] = "duplicate"
    main: ClassVar[str | None] = "times"
    times: Annotated[int, whole_number(1, 100, "how many times, from 1 to 100")] = Field(
        default=1, description="How many times more."
    )


class HangUp(StepModel):
    """BYE from the carrier's side."""

    kind: ClassVar[str] = "hang_up"
    main: ClassVar[str | None] = "after"
    after: Annotated[Span | Literal["talk"], span_or("talk")] = Field(
        default=ZERO, description="How long after the answer was acknowledged; talk: as long as this call is to last."
    )
    headers: HeadersField = Field(default=(), description="Headers to add to the BYE.")
    unwanted: Flag = Field(
        default=False, description="The person called does not want this caller: Reason 607 in the BYE (RFC 8197)."
    )


STEPS: tuple[type[StepModel], ...] = (
    Trying, Wait, Ringing, Progress, Play, Answer, Respond, Silence, Drop, Duplicate, HangUp,
)  # fmt: skip
"""Every kind of step. A new one is a class above, and its name here and in `Step`."""

KINDS = tuple(step.kind for step in STEPS)


@dataclass(frozen=True)
class Keyed:
    """Takes the keyword off a written step: ``{ringing: {...}}`` becomes ``{...}``, a bare ``ringing`` None."""

    kind: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self.unwrap, handler(source))

    def unwrap(self, value: Any) -> Any:
        """What stands behind the keyword; None for a bare one."""
        if isinstance(value, str):
            return None
        return value[self.kind] if isinstance(value, Mapping) else value

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        model = next(step for step in STEPS if step.kind == self.kind)
        written: JsonSchemaValue = {
            "type": "object",
            "description": model.__doc__ or "",
            "properties": {self.kind: handler(schema)},
            "required": [self.kind],
            "additionalProperties": False,
        }
        if any(field.is_required() for field in model.model_fields.values()):
            return written
        return {"anyOf": [{"const": self.kind, "description": model.__doc__ or ""}, written]}


def keyword_of(step: Any) -> str | None:
    """The keyword of a written step, or of one that was read before; None if it has no known one."""
    if isinstance(step, StepModel):
        return step.kind
    word = next(iter(step)) if isinstance(step, Mapping) and len(step) == 1 else step
    return word if isinstance(word, str) and word in KINDS else None


def _known_step(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    if keyword_of(value) is not None:
        return handler(value)
    if isinstance(value, Mapping) and len(value) > 1:
        words = " and ".join(f'"{word}"' for word in list(value)[:3])
        raise ValueError(f"is one step with several keys, {words}: write each as a step of its own")
    if isinstance(value, Mapping) and len(value) == 1:
        (word,) = value
        details = fault(f"unknown step {shown(word)}" + suggestion_or_list(str(word), KINDS), (word,), UNKNOWN)
        raise ValidationError.from_exception_data("step", [details])
    if isinstance(value, str):
        raise ValueError(f"unknown step {shown(value)}" + suggestion_or_list(value, KINDS))
    raise ValueError(f"must be a step such as ringing or {{wait: 2s}}, not {shown(value)}")


Step = Annotated[
    Annotated[Trying, Keyed("trying"), Tag("trying")]
    | Annotated[Wait, Keyed("wait"), Tag("wait")]
    | Annotated[Ringing, Keyed("ringing"), Tag("ringing")]
    | Annotated[Progress, Keyed("progress"), Tag("progress")]
    | Annotated[Play, Keyed("play"), Tag("play")]
    | Annotated[Answer, Keyed("answer"), Tag("answer")]
    | Annotated[Respond, Keyed("respond"), Tag("respond")]
    | Annotated[Silence, Keyed("silence"), Tag("silence")]
    | Annotated[Drop, Keyed("drop"), Tag("drop")]
    | Annotated[Duplicate, Keyed("duplicate"), Tag("duplicate")]
    | Annotated[HangUp, Keyed("hang_up"), Tag("hang_up")],
    Discriminator(keyword_of),
    WrapValidator(_known_step),
]
"""Any step, as written in a scenario."""


def _word(step: Any) -> str | None:
    """The keyword, or another in its place where an option changes what can follow."""
    word = keyword_of(step)
    options = (
        vars(step)
        if isinstance(step, StepModel)
        else next(iter(step.values()), None)
        if isinstance(step, Mapping)
        else None
    )
    if word == "drop":
        counted = options.get("count") is not None if isinstance(options, Mapping) else bool(options)
        return "lose" if counted else word
    if word in UNDESCRIBED:
        given = options if isinstance(options, Mapping) else {"code": options or "183"}
        usual = word == "answer" or str(given.get("code", "183")) == "183"
        if str(given.get("sdp", usual)).lower() in ("false", "no", "off"):
            return UNDESCRIBED[word]
    return word


def _in_order(data: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    faults: list[InitErrorDetails] = []
    if isinstance(data, list | tuple):
        if not data:
            raise ValueError("must not be empty: write at least one step")
        faults += [fault(why, (place,)) for place, why in ladder_faults([_word(step) for step in data])]
    try:
        made = handler(data)
    except ValidationError as error:
        faults += in_words(error)
    if faults:
        raise ValidationError.from_exception_data("steps", faults)
    return made


Ladder = Annotated[tuple[Step, ...], Field(min_length=1), WrapValidator(_in_order)]
"""Steps in an order that makes sense."""
