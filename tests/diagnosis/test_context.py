"""What other calls say: each sign is seen where it is there, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from simcarrier.conditions import Condition
from simcarrier.diagnosis import Call, diagnose
from simcarrier.diagnosis.context import DAY, HOUR, MOST_CALLS, NEAR
from simcarrier.records.observation import Observation
from tests.diagnosis.kit import CALLED, NOW, answered, call

OTHER = "+4989555666"


def said(seen: Observation, history: Sequence[Observation], baseline: Mapping[str, float] | None = None) -> str:
    return "\n".join(diagnose(seen, history, baseline=baseline).context)


def failing(count: int, code: int = 403, **more: object) -> list[Observation]:
    return [call(code, called=f"+4940222{n:04}", **more) for n in range(count)]  # type: ignore[arg-type]  # of `call`


def passing(count: int, **more: object) -> list[Observation]:
    return [answered(f"+4940777{n:04}", **more) for n in range(count)]


SIGNS = {
    "got through": (call(403), passing(4)),
    "it is not this number": (call(403), failing(4)),
    "it is the caller ID": (call(403), [*failing(2), *passing(4, caller=OTHER)]),
    "it is not the caller ID": (call(403), failing(3, caller=OTHER)),
    "was reached before": (call(404), [answered(started=NOW - DAY)]),
    "it is the number": (call(404), [call(404, started=NOW - 60), call(404, started=NOW - 30), *passing(3)]),
    "dialled in another form, got through": (call(404, called="4940222333"), [answered("+4940222333")]),
    "it is the load": (call(486, concurrent=9), [*failing(3, 486, concurrent=8), *passing(4, concurrent=2)]),
    "it is not the load": (call(403, concurrent=9), [*failing(3, concurrent=1), *failing(2, concurrent=9)]),
    "calls to +43 failed alike": (
        call(403, called="+43111111"),
        [*(call(403, called=f"+4311111{n}") for n in range(3)), *passing(3)],
    ),
    "it is not where they go": (call(403), [call(403, called=f"+4311111{n}") for n in range(3)]),
    "failed alike at this hour": (
        call(503),
        [*failing(3, 503, started=NOW + 60), *passing(5, started=NOW - 3 * HOUR)],
    ),
    "a block looks like a stall": (call(None), [call(608, called="+49409")]),
    "so long a silence is not its way": (call(None), failing(6)),
}


@pytest.mark.parametrize("words", SIGNS)
def test_a_sign_is_seen(words: str) -> None:
    seen, history = SIGNS[words]
    assert words in said(seen, history)


@pytest.mark.parametrize("words", SIGNS)
def test_it_is_not_seen_on_another_trunk_or_in_another_week(words: str) -> None:
    seen, history = SIGNS[words]
    for other in history:
        assert other.call_id
    moved = [
        Observation.from_dict(other.as_dict() | {"trunk": "another", "started": NOW - 9 * DAY}) for other in history
    ]
    everywhere = {"was reached before", "dialled in another form, got through"}
    assert (words in said(seen, moved)) is (words in everywhere)


@pytest.mark.parametrize("words", [*SIGNS, "baseline"])
def test_nothing_is_seen_in_a_call_alone(words: str) -> None:
    seen = SIGNS[words][0] if words in SIGNS else call(403)
    assert said(seen, []) == ""
    assert said(seen, [seen]) == ""
    assert said(seen, [Observation.from_dict(seen.as_dict())]) == ""


def test_an_answered_call_needs_no_explanation() -> None:
    assert said(answered(), [*failing(5), *passing(5, caller=OTHER)]) == ""


def test_a_code_above_its_baseline() -> None:
    history = [*failing(20, 480), *passing(20)]
    assert "something has changed" in said(call(480), history, {"480": 0.05})
    assert "nothing has changed" in said(call(480), history, {"480": 0.5})
    assert "changed" not in said(call(480), history, {"603": 0.05})
    assert "changed" not in said(call(480), history[:3], {"480": 0.05})


def test_calls_far_away_in_time_say_nothing_of_the_trunk_now() -> None:
    near, far = failing(5, started=NOW - NEAR + 1), failing(5, started=NOW - NEAR - 1)
    assert "it is not this number" in said(call(403), near)
    assert said(call(403), far) == ""


def test_the_nearest_calls_are_looked_at() -> None:
    far = [call(403, called=f"+4940222{n:04}", started=NOW - NEAR / 2) for n in range(MOST_CALLS)]
    near = passing(MOST_CALLS)
    assert "it is not this number" not in said(call(403), [*far, *near])
    assert f"{MOST_CALLS} of {MOST_CALLS} other calls" in said(call(403), [*far, *near])


def test_short_rows_do_as_well_as_observations() -> None:
    history = [*failing(4), *passing(4, caller=OTHER)]
    long, short = diagnose(call(403), history), diagnose(call(403), [Call.of(each) for each in history])
    assert long.context == short.context
    assert [each.probability for each in long.ranked] == [each.probability for each in short.ranked]


def test_calls_that_we_ended_ourselves_say_nothing() -> None:
    history = failing(5)
    for each in history:
        each.outcome = None
    assert "it is not this number" in said(call(403), failing(5))
    lost = [Observation.from_dict(each.as_dict() | {"outcome": "interrupted", "final": None}) for each in history]
    assert said(call(403), lost) == ""


def test_no_sign_decides_alone() -> None:
    """One sign moves a diagnosis; where code and ringing are clear it does not turn it over."""
    made = diagnose(call(603, at=6.5, before=((0.02, 100), (0.8, 180))), failing(5, 603))
    assert made.condition is Condition.DECLINED
    assert CALLED not in made.advice
