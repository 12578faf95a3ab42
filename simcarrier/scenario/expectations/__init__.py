"""What a scenario expects of the dialler: the models of ``expect:``, and their list.

An expectation is a mapping that is told by one key, as an action is: ``{stalled_calls: cancelled, after_trying: 10s}``.
How each is judged stands in `simcarrier.verdict`, one file each under the same name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Tag, ValidatorFunctionWrapHandler, WrapValidator

from ..base import suggestion
from ..units import shown
from .base import ExpectationModel
from .callers import SlowDownAbove, TakeOutAbove
from .capacity import CallsPerSecond, LinesObeyed
from .counts import CallFilter, CountExpectation, ShareExpectation
from .retries import BlockedNumbers, Failover, NoFailover, NumberForm, RetryAfter
from .signalling import ConductExpectation, FinalResponses, RegistrationRenewed
from .timing import AnsweredCalls, PostDialDelay, StalledCalls

__all__ = ["KEYS", "KINDS", "CallFilter", "Expectation", "ExpectationModel", "expectation_key"]

KINDS: tuple[type[ExpectationModel], ...] = (
    CountExpectation,
    ShareExpectation,
    StalledCalls,
    AnsweredCalls,
    PostDialDelay,
    BlockedNumbers,
    RetryAfter,
    Failover,
    NoFailover,
    NumberForm,
    RegistrationRenewed,
    SlowDownAbove,
    TakeOutAbove,
    LinesObeyed,
    CallsPerSecond,
    FinalResponses,
    ConductExpectation,
)
"""All of them. A new one is a model, its name here and in the union below, with a judge in `simcarrier.verdict`."""

KEYS = tuple(kind.key for kind in KINDS)


def expectation_key(value: Any) -> str | None:
    """The key by which a written expectation is told, in angle brackets; None if it has none or several."""
    if isinstance(value, ExpectationModel):
        return f"<{value.key}>"
    present = [key for key in KEYS if key in value] if isinstance(value, Mapping) else []
    return f"<{present[0]}>" if len(present) == 1 else None


def _one(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Says in words when it is not told what is expected, or more than one thing is."""
    if isinstance(value, ExpectationModel):
        return handler(value)
    if not isinstance(value, Mapping):
        raise ValueError(f"must be an expectation such as {{stalled_calls: cancelled}}, not {shown(value)}")
    present = [key for key in KEYS if key in value]
    if len(present) > 1:
        words = " and ".join(f'"{key}"' for key in present)
        raise ValueError(f"has {words}: an entry expects one thing, so make two of it")
    if not present:
        near = next((hint for key in value if (hint := suggestion(str(key), KEYS))), "")
        hint = near or f": add one of {', '.join(KEYS)}"
        raise ValueError(f"does not say what is expected{hint}")
    return handler(value)


Expectation = Annotated[
    Annotated[CountExpectation, Tag("<calls>")]
    | Annotated[ShareExpectation, Tag("<share>")]
    | Annotated[StalledCalls, Tag("<stalled_calls>")]
    | Annotated[AnsweredCalls, Tag("<answered_calls>")]
    | Annotated[PostDialDelay, Tag("<post_dial_delay>")]
    | Annotated[BlockedNumbers, Tag("<blocked_numbers>")]
    | Annotated[RetryAfter, Tag("<retry_after>")]
    | Annotated[Failover, Tag("<failover>")]
    | Annotated[NoFailover, Tag("<no_failover>")]
    | Annotated[NumberForm, Tag("<number_form>")]
    | Annotated[RegistrationRenewed, Tag("<registration>")]
    | Annotated[SlowDownAbove, Tag("<slow_down_above>")]
    | Annotated[TakeOutAbove, Tag("<take_out_above>")]
    | Annotated[LinesObeyed, Tag("<lines>")]
    | Annotated[CallsPerSecond, Tag("<calls_per_second>")]
    | Annotated[FinalResponses, Tag("<final_responses>")]
    | Annotated[ConductExpectation, Tag("<conduct>")],
    Discriminator(expectation_key),
    WrapValidator(_one),
]
"""Any expectation, as written in a scenario."""
