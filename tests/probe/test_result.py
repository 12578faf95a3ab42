"""Results as JSON: the same by either way, with all the keys that are documented, and back from the file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from simcarrier.diagnosis import diagnose
from simcarrier.probe.campaign import Wanted
from simcarrier.probe.deadlines import Deadlines
from simcarrier.probe.guard import Refusal
from simcarrier.probe.result import REMEMBERED, Result, judged
from simcarrier.probe.results_file import Results
from simcarrier.records.observation import Observation, Outcome, Seen
from tests.probe.kit import CALLED, CALLER, Bench

PAGE = Path(__file__).parents[2] / "docs" / "probe.md"
WANTED = Wanted(1, "trunk", CALLER, CALLED, None, 1.0)

CALLS = """
    calls:
      - {to: "+4940222331", outcome: answered, ring: 1s}
      - {to: "+4940222332", respond: {code: 403, headers: {Reason: Q.850;cause=21, X-Why: no balance}}}
      - {to: "+4940222333", steps: [trying, silence]}
      - {to: "+4940222334", steps: [silence]}
"""


def observations() -> list[Observation]:
    bench = Bench()
    bench.carrier(CALLS)
    return [bench.probe(called=f"+494022233{last}", deadlines=Deadlines(no_response=2.0)) for last in range(1, 5)]


def results() -> list[Result]:
    refused = Result(WANTED, refusal=Refusal("live", "not so"))
    broken_off = judged(WANTED, Observation(9, "trunk", "UDP", "", CALLER, CALLED, outcome=Outcome.INTERRUPTED), ())
    return [*(judged(WANTED, seen, ()) for seen in observations()), refused, broken_off]


def documented() -> set[str]:
    """The keys of a call that the page has."""
    table = PAGE.read_text(encoding="utf-8").partition("| Field of a call |")[2].partition("\n\n")[0]
    return {key for cell in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for key in re.findall(r"`(\w+)`", cell)}


def test_both_ways_to_json_are_one() -> None:
    for result in results():
        assert json.loads(result.as_json()) == json.loads(json.dumps(result.as_dict()))
        assert "\n" not in result.as_json()


def test_every_key_is_documented_and_there() -> None:
    keys = documented()
    assert keys >= {"to", "from", "code", "phrase", "verdict", "causes", "provisionals", "post_dial_delay", "advice"}
    for result in results():
        told = result.as_dict()
        assert set(told) | {"refused", "observation"} == keys
        assert ("refused" in told) != ("observation" in told)
        for cause in told["causes"]:
            assert set(cause) == {"condition", "probability", "evidence", "against"}
        for seen in told["provisionals"]:
            assert set(seen) >= {"at", "code", "phrase"}


def test_what_was_broken_off_says_nothing() -> None:
    told = results()[-1].as_dict()
    assert (told["verdict"], told["causes"], told["retry"], told["advice"]) == ("interrupted", [], None, None)


@pytest.mark.parametrize("apart", [0.0, 0.0004])
def test_calls_that_show_the_same_share_their_diagnosis_and_nothing_else(apart: float) -> None:
    first, second = (_refused(at) for at in (0.1501, 0.1501 + apart))
    one, other = judged(WANTED, first, ()), judged(WANTED, second, ())
    assert other.diagnosis is one.diagnosis
    assert json.loads(other.as_json())["observation"]["final"]["at"] == round(0.1501 + apart, 6)


@pytest.mark.parametrize(
    ("at", "headers"),
    [(0.26, {}), (0.1501, {"reason": ("Q.850;cause=17",)}), (7.0, {}), (0.1501, {"retry-after": ("30",)})],
)
def test_calls_that_show_something_else_do_not(at: float, headers: dict[str, tuple[str, ...]]) -> None:
    judged(WANTED, _refused(0.1501), ())
    seen = _refused(at, headers)
    mine, fresh = judged(WANTED, seen, ()).diagnosis, diagnose(seen)
    assert mine is not None
    assert mine.as_dict() == fresh.as_dict()


def test_what_is_remembered_is_bounded_and_right() -> None:
    for number in range(REMEMBERED * 2):
        result = judged(WANTED, _refused(0.1, {"x-number": (str(number),)}), ())
        if number % 50 == 0:
            assert json.loads(result.as_json())["causes"]
            assert result.diagnosis is not None
            assert result.diagnosis.as_dict() == diagnose(_refused(0.1, {"x-number": (str(number),)})).as_dict()


def _refused(at: float, headers: dict[str, tuple[str, ...]] | None = None) -> Observation:
    seen = Observation(1, "trunk", "UDP", "10.0.0.2:5060", CALLER, CALLED, outcome=Outcome.REFUSED)
    seen.final = Seen(at, 503, "Service Unavailable", headers or {})
    return seen


def test_causes_come_back_from_the_file_with_their_evidence(tmp_path: Path) -> None:
    told: list[dict[str, Any]] = [result.as_dict() | {"messages": []} for result in results()[:4]]
    file = tmp_path / "results.jsonl"
    file.write_text("".join(f"{json.dumps(one)}\n" for one in told))
    for call, line in zip(Results(file).calls, told, strict=True):
        assert [cause.condition for cause in call.causes] == [cause["condition"] for cause in line["causes"]]
        assert [list(cause.evidence) for cause in call.causes] == [cause["evidence"] for cause in line["causes"]]
        assert [cause.probability for cause in call.causes] == [cause["probability"] for cause in line["causes"]]
    assert any(cause["evidence"] for line in told for cause in line["causes"])
