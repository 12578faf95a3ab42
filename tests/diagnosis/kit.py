"""What the diagnosis' tests share: observations written in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simcarrier.conditions import Condition
from simcarrier.diagnosis import Diagnosis
from simcarrier.records.observation import Observation, Outcome, Seen

CALLER, CALLED = "+4930111222", "+4940222333"
NOW = 1_700_000_000.0

_serial = 0


def call(
    code: int | None,
    phrase: str = "",
    *,
    at: float = 0.2,
    before: Sequence[tuple[float, int]] = ((0.02, 100),),
    headers: Mapping[str, tuple[str, ...]] | None = None,
    caller: str = CALLER,
    called: str = CALLED,
    trunk: str = "trunk",
    started: float = NOW,
    concurrent: int = 1,
    outcome: Outcome | None = None,
) -> Observation:
    """A call: its final response, the provisionals before it, and who called whom."""
    global _serial
    _serial += 1
    seen = Observation(_serial, trunk, "UDP", "192.0.2.1:5060", caller, called, f"call-{_serial}", started)
    seen.provisionals = [Seen(when, one, "") for when, one in before]
    seen.concurrent = concurrent
    if code is None:
        seen.outcome = outcome or Outcome.STALLED
        seen.gave_up = 10.0
        return seen
    seen.final = Seen(at, code, phrase, headers or {})
    if outcome is not None:
        seen.outcome = outcome
    elif code < 300:
        seen.outcome, seen.answered, seen.ended, seen.hung_up_by = Outcome.ANSWERED, at, at + 1, "us"
    else:
        seen.outcome = Outcome.REDIRECTED if code < 400 else Outcome.REFUSED
    return seen


def answered(called: str = CALLED, **said: object) -> Observation:
    """An answered call."""
    return call(200, at=4.0, before=((0.02, 100), (0.5, 180)), called=called, **said)  # type: ignore[arg-type]  # of `call`


def silence(**said: object) -> Observation:
    """Not one response."""
    return call(None, before=(), outcome=Outcome.SILENT, **said)  # type: ignore[arg-type]  # of `call`


def reasons(made: Diagnosis, condition: Condition | None = None) -> str:
    """All that speaks for a condition, the first if none is said, in one string."""
    wanted = made.condition if condition is None else condition
    return "\n".join(next(each for each in made.ranked if each.condition is wanted).evidence_for)


def objections(made: Diagnosis, condition: Condition) -> str:
    """All that speaks against a condition."""
    return "\n".join(next(each for each in made.ranked if each.condition is condition).evidence_against)
