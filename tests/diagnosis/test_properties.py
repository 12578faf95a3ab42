"""Whatever comes off the wire: a diagnosis never raises, its probabilities add to 1, and it is quick."""

from __future__ import annotations

import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.conditions import Condition
from simcarrier.diagnosis import Call, Diagnosis, diagnose
from simcarrier.diagnosis.follow_ups import Answer, Kind, learn, next_question
from simcarrier.records.observation import Observation, Outcome, Seen
from tests.cost import Cost
from tests.diagnosis.kit import CALLER, NOW, answered, call, silence

NAMES = st.sampled_from(
    ["reason", "retry-after", "warning", "call-info", "contact", "server", "x-cause", "p-charge-info", "error-info"]
)
VALUES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "Q.850;cause=21;location=U",
            'Q.850;cause=999;text="x"',
            'SIP;cause=603;text="v=analytics1;url=https://a.example/"',
            "<https://a.example/c>;purpose=jwscard",
            "<sip:+4989@x>",
            "305 x \"media\"",
            "120",
            "99999999999999999999",
            "Insufficient funds, no route, all channels busy, CLI not registered",
        ]
    ),
)  # fmt: skip
HEADERS = st.dictionaries(NAMES, st.lists(VALUES, max_size=3).map(tuple), max_size=4)
TIMES = st.one_of(st.floats(0, 100), st.sampled_from([0.0, 1e9, -1.0, math.inf, math.nan]))
RESPONSES = st.builds(Seen, TIMES, st.integers(100, 699), st.text(max_size=40), HEADERS, st.booleans(), st.booleans())
NUMBERS = st.one_of(st.text(max_size=20), st.from_regex(r"\+?[0-9]{1,17}", fullmatch=True))


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    seen = Observation(1, draw(st.sampled_from("ab")), "UDP", "", draw(NUMBERS), draw(NUMBERS), draw(st.text()))
    seen.started = draw(TIMES)
    seen.outcome = draw(st.one_of(st.none(), st.sampled_from(Outcome)))
    seen.provisionals = draw(st.lists(RESPONSES, max_size=3))
    seen.earlier = draw(st.lists(RESPONSES, max_size=1))
    seen.final = draw(st.one_of(st.none(), RESPONSES))
    seen.after = draw(st.lists(RESPONSES, max_size=2))
    seen.gave_up, seen.answered, seen.ended = (draw(st.one_of(st.none(), TIMES)) for _ in range(3))
    seen.hung_up_by = draw(st.sampled_from([None, "us", "peer"]))
    seen.bye = draw(HEADERS)
    seen.targets = draw(st.lists(st.sampled_from("ab"), max_size=3))
    seen.concurrent = draw(st.integers(0, 100))
    return seen


def check(made: Diagnosis) -> None:
    shares = [each.probability for each in made.ranked]
    assert math.fsum(shares) == 1 or abs(math.fsum(shares) - 1) < 1e-9
    assert shares == sorted(shares, reverse=True)
    assert {each.condition for each in made.ranked} == set(Condition)
    assert 0 < made.refused_by_probability <= 1 + 1e-9
    assert made.advice
    for each in made.ranked:
        assert all(each.evidence_for + each.evidence_against)
    json.dumps(made.as_dict())


@settings(max_examples=60)
@given(observations(), st.lists(observations(), max_size=4), st.booleans())
def test_any_observation_has_a_diagnosis(seen: Observation, history: list[Observation], timed: bool) -> None:
    check(diagnose(seen, history, timed=timed))


@given(observations(), st.text(max_size=30), st.text(max_size=30))
def test_what_software_or_trunk_it_is_changes_nothing(seen: Observation, server: str, trunk: str) -> None:
    before = [(each.condition, each.probability) for each in diagnose(seen).ranked]
    for one in (*seen.provisionals, seen.final):
        if one is not None:
            assert isinstance(one.headers, dict)
            one.headers["server"] = one.headers["user-agent"] = (server,)
    seen.trunk = trunk
    assert [(each.condition, each.probability) for each in diagnose(seen).ranked] == before


@given(observations(), st.lists(st.tuples(st.sampled_from(Kind), st.sampled_from(Answer)), max_size=4))
def test_questions_and_their_answers(seen: Observation, answers: list[tuple[Kind, Answer]]) -> None:
    made = diagnose(seen)
    for kind, answer in answers:
        made = learn(made, kind, answer)
        check(made)
    question = next_question(made, answers)
    assert question is None or (question.kind not in {kind for kind, _ in answers} and question.gain > 0)


@given(observations())
def test_evidence_does_not_depend_on_the_way_through_json(seen: Observation) -> None:
    try:
        again = Observation.from_dict(json.loads(json.dumps(seen.as_dict())))
    except ValueError:
        return
    if seen.outcome is None:
        return
    # Times are rounded to microseconds on the way.
    assert diagnose(again).evidence.answer == diagnose(seen).evidence.answer


def test_one_call_takes_less_than_a_millisecond() -> None:
    rung_out = call(480, at=31.0, before=((0.1, 100), (1.0, 180)))
    calls = [call(403), rung_out, call(503, "No credit"), answered(), silence()]
    for seen in calls:
        diagnose(seen)

    def cost() -> float:
        with Cost() as took:
            for seen in calls * 20:
                diagnose(seen)
        return took.seconds / (len(calls) * 20)

    assert min(cost() for _ in range(3)) < 1e-3  # 0.1 ms where nothing else runs


def test_five_hundred_calls_around_it_cost_little() -> None:
    history = [
        Call.of(call((403, 480, 200)[n % 3], called=f"+49402{n:06}", caller=CALLER[:-1] + str(n % 5), started=NOW + n))
        for n in range(500)
    ]
    calls = [call(403, called=f"7495123{n:04}", started=NOW + 500) for n in range(20)]

    def cost(others: list[Call]) -> float:
        with Cost() as took:
            for seen in calls:
                diagnose(seen, others)
        return took.seconds

    # 0.8 ms beside 0.11; whatever else runs slows both.
    rounds = [(cost(history), cost([])) for _ in range(7)]
    assert min(long for long, _ in rounds) < 16 * min(short for _, short in rounds)


def test_a_long_history_costs_no_more_than_its_end() -> None:
    history = [call(403, called=f"+4940{n:07}", started=n) for n in range(3000)]
    with Cost() as took:
        diagnose(call(403, started=3000.0), history)
    assert took.seconds < 1.5
