"""Follow-up questions: the one that tells most is asked, and its answer counts."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from simcarrier.conditions import Condition
from simcarrier.diagnosis import diagnose
from simcarrier.diagnosis.follow_ups import Answer, Kind, compare, learn, next_question, number_for
from simcarrier.diagnosis.number_forms import other_forms
from simcarrier.records.observation import Observation, Outcome, Seen
from tests.diagnosis.kit import CALLED, answered, call, silence

BY_CALLING = [kind for kind in Kind if kind not in (Kind.OPTIONS, Kind.REGISTER, Kind.REGISTER_AND_CALL)]


def asked(seen: Observation, *pairs: tuple[Kind, Answer]) -> Condition:
    made = diagnose(seen)
    for kind, answer in pairs:
        made = learn(made, kind, answer)
    return made.condition


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        pytest.param(call(404, called="84951234567"), Kind.OTHER_FORM, id="a 404 dialled with 8: another form"),
        pytest.param(call(403), Kind.OTHER_CALLER, id="a 403: another caller ID"),
        pytest.param(call(None), Kind.OTHER_CALLER, id="a stall: another caller ID"),
    ],
)
def test_the_question_fits_the_doubt(seen: Observation, kind: Kind) -> None:
    question = next_question(diagnose(seen), (), BY_CALLING)
    assert question is not None
    assert question.kind is kind
    assert question.gain > 0.1
    assert question.what


def test_no_question_where_nothing_is_in_doubt() -> None:
    assert next_question(diagnose(silence())) is None


def test_no_question_twice_and_none_that_is_not_allowed() -> None:
    made = diagnose(call(403))
    first = next_question(made)
    assert first is not None
    second = next_question(made, [(first.kind, Answer.SAME)])
    assert second is not None
    assert second.kind is not first.kind
    third = next_question(made, (), [Kind.CONTROL_NUMBER])
    assert third is not None
    assert third.kind is Kind.CONTROL_NUMBER
    assert next_question(made, (), []) is None


def test_a_pause_is_told_in_seconds() -> None:
    made = diagnose(call(503, at=0.02, before=()))
    question = next_question(made, (), [Kind.AFTER_30S, Kind.AFTER_5MIN])
    assert question is not None
    assert question.pause in (30.0, 300.0)


@pytest.mark.parametrize(
    ("seen", "kind", "answer", "condition"),
    [
        (call(404), Kind.OTHER_FORM, Answer.PASSES, Condition.PREFIX_NOT_RECOGNISED),
        (call(403), Kind.OTHER_CALLER, Answer.PASSES, Condition.CALLER_ID_NOT_ROUTED),
        (call(None), Kind.OTHER_CALLER, Answer.PASSES, Condition.SILENTLY_DROPPED),
        (call(480, at=0.9), Kind.CONTROL_NUMBER, Answer.SAME, Condition.ALL_NUMBERS_INACTIVE),
        (call(486, at=0.02, before=()), Kind.ONE_AT_A_TIME, Answer.PASSES, Condition.LINES_FULL),
        (call(503, at=0.02, before=()), Kind.AFTER_30S, Answer.PASSES, Condition.RATE_EXCEEDED),
        (call(403), Kind.REGISTER_AND_CALL, Answer.PASSES, Condition.REGISTRATION_INACTIVE),
    ],
)
def test_an_answer_settles_it(seen: Observation, kind: Kind, answer: Answer, condition: Condition) -> None:
    before = diagnose(seen)
    after = learn(before, kind, answer)
    assert after.condition is condition
    assert after.top.probability > before.probability_of(condition)
    assert any("asked to" in said for said in after.context)
    assert "asked to" in "\n".join(after.top.evidence_for)


def test_two_answers_leave_the_balance() -> None:
    left = asked(call(403), (Kind.OTHER_CALLER, Answer.SAME), (Kind.CONTROL_NUMBER, Answer.SAME))
    trunk = {Condition.BALANCE_EXHAUSTED, Condition.NOT_A_CUSTOMER, Condition.REGISTRATION_INACTIVE}
    assert left in trunk | {Condition.CREDENTIALS_WRONG}


def test_the_gain_is_what_the_answers_take_away_on_average() -> None:
    """By hand: the doubt now, less the doubt after each answer weighed by how likely the answer is."""

    def doubt(shares: list[float]) -> float:
        return -sum(share * math.log(share) for share in shares if share)

    made = diagnose(call(404))
    question = next_question(made, (), [Kind.OTHER_FORM])
    assert question is not None
    from simcarrier.diagnosis.causes import CONDITIONS
    from simcarrier.diagnosis.follow_ups import _table  # the figures of the file

    prior = [made.probability_of(each) for each in CONDITIONS]
    left = 0.0
    for weights in _table()[Kind.OTHER_FORM].answers.values():
        joint = [share * weight for share, weight in zip(prior, weights, strict=True)]
        left += sum(joint) * doubt([each / sum(joint) for each in joint])
    assert question.gain == pytest.approx(doubt(prior) - left)


def ringing() -> Observation:
    return call(486, at=3.0, before=((0.02, 100), (0.5, 180)))


def to_the_trunk(code: int | None) -> Observation:
    seen = Observation(1, "trunk", "UDP", "", "", "", "o")
    seen.final = None if code is None else Seen(0.02, code, "")
    seen.outcome = Outcome.SILENT if code is None else Outcome.REFUSED
    return seen


@pytest.mark.parametrize(
    ("kind", "first", "second", "answer"),
    [
        (Kind.OTHER_CALLER, call(403), call(403), Answer.SAME),
        (Kind.OTHER_CALLER, call(403), answered(), Answer.PASSES),
        (Kind.OTHER_CALLER, call(403), ringing(), Answer.PASSES),
        (Kind.OTHER_CALLER, call(403), call(404), Answer.OTHER),
        (Kind.AFTER_30S, call(486), ringing(), Answer.PASSES),
        (Kind.AFTER_30S, call(None), call(None), Answer.SAME),
        (Kind.AFTER_30S, call(None), silence(), Answer.OTHER),
        (Kind.OPTIONS, call(403), to_the_trunk(200), Answer.PASSES),
        (Kind.OPTIONS, call(403), to_the_trunk(403), Answer.SAME),
        (Kind.REGISTER, call(403), to_the_trunk(None), Answer.OTHER),
    ],
)
def test_answers_are_read_by_comparison(kind: Kind, first: Observation, second: Observation, answer: Answer) -> None:
    assert compare(kind, first, second) is answer


# Forms of numbers


@pytest.mark.parametrize(
    ("number", "region", "forms"),
    [
        ("74951234567", None, ["84951234567", "+74951234567"]),
        ("84951234567", None, ["+74951234567", "74951234567"]),
        ("+74951234567", None, ["84951234567", "74951234567"]),
        ("8 (495) 123-45-67", None, ["+74951234567", "74951234567"]),
        ("+4940222333", None, ["040222333", "4940222333", "004940222333"]),
        ("040222333", "DE", ["+4940222333", "4940222333"]),
        ("004940222333", None, ["+4940222333", "040222333"]),
        ("81049402223344", None, ["+49402223344"]),
        ("+12125551234", None, ["12125551234"]),
    ],
)
def test_other_forms_of_a_number(number: str, region: str | None, forms: list[str]) -> None:
    assert other_forms(number, region)[: len(forms)] == forms


@pytest.mark.parametrize("number", ["", "+", "sales", "12", "+49", "1" * 40, "040222333", "+٤٩٤٠٢٢٢٣٣٣"])
def test_what_has_no_other_form(number: str) -> None:
    assert other_forms(number) == []


def test_the_number_for_a_question() -> None:
    assert number_for(Kind.OTHER_FORM, "74951234567") == "84951234567"
    assert number_for(Kind.OTHER_FORM, "sales") is None
    assert number_for(Kind.AFTER_30S, CALLED) == CALLED
    assert number_for(Kind.CONTROL_NUMBER, CALLED) is None


def test_phonenumbers_is_loaded_by_that_alone() -> None:
    source = (
        "import sys; from simcarrier.diagnosis.follow_ups import Kind, number_for; "
        "from simcarrier.diagnosis.sources import read_calls; read_calls(b'SIP/2.0 403 No'); "
        "assert 'phonenumbers' not in sys.modules; "
        "number_for(Kind.OTHER_FORM, '74951234567'); assert 'phonenumbers' in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
