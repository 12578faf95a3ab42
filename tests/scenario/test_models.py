"""What a scenario becomes: every model, its defaults, its short and its long form."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from pydantic import ValidationError

from simcarrier.conditions import Condition
from simcarrier.scenario.expectations.counts import CountExpectation
from simcarrier.scenario.load import Scenario, loads
from simcarrier.scenario.models import (
    CarrierConfig,
    LadderAction,
    MixAction,
    OutcomeAction,
    RespondAction,
    Rule,
    SequenceAction,
    StepsAction,
)
from simcarrier.scenario.sounds import read_program
from simcarrier.scenario.steps import (
    STEPS,
    Answer,
    Drop,
    Duplicate,
    HangUp,
    Play,
    Progress,
    Respond,
    Ringing,
    Silence,
    StepModel,
    Trying,
    Wait,
)
from simcarrier.scenario.template import Template
from simcarrier.scenario.units import CountRange, Span, TimeRange
from simcarrier.sip.transport import ListenAddress


def steps(written: str) -> tuple[StepModel, ...]:
    action = loads(f"name: x\ncalls: [{{steps: {written}}}]").calls[0].action
    assert isinstance(action, StepsAction)
    return action.steps


STEP_FORMS: list[tuple[str, StepModel]] = [
    ("trying", Trying()),
    ("{trying: }", Trying()),
    ("{trying: {headers: {X-A: b}}}", Trying(headers=(("X-A", Template.parse("b")),))),
    ("{wait: 2s}", Wait(span=Span(2, 2))),
    ("{wait: 2s..6s}", Wait(span=Span(2, 6))),
    ("{wait: ring}", Wait(span="ring", usually=Span(1, 1))),
    ("{wait: {span: ring, usually: 20s..30s}}", Wait(span="ring", usually=Span(20, 30))),
    ("ringing", Ringing()),
    ("{ringing: {reliable: yes}}", Ringing(reliable=True)),
    ("progress", Progress(code=183, phrase="Session Progress", sdp=True)),
    ("{progress: 181}", Progress(code=181, phrase="Call Is Being Forwarded", sdp=False)),
    (
        "{progress: {code: 182, phrase: Wait, sdp: true, reliable: true}}",
        Progress(code=182, phrase="Wait", sdp=True, reliable=True),
    ),
    ("{progress: {sdp: false}}", Progress(sdp=False)),
    ("{play: ringback DE}", Play(sounds=read_program("ringback DE"))),
    ("{play: [sit VC, silence 2s]}", Play(sounds=read_program(["sit VC", "silence 2s"]))),
    ("{play: {sounds: echo}}", Play(sounds=read_program("echo"))),
    ("answer", Answer(sdp=True)),
    ("{answer: {sdp: false}}", Answer(sdp=False)),
    ("{respond: 603}", Respond(code=603, phrase="Decline")),
    (
        "{respond: {code: 603, phrase: No, delay: 1s, trying: true}}",
        Respond(code=603, phrase="No", delay=Span(1, 1), trying=True),
    ),
    ("silence", Silence()),
    ("drop", Drop()),
    ("{drop: 2}", Drop(count=2)),
    ("{drop: {count: 2}}", Drop(count=2)),
    ("duplicate", Duplicate(times=1)),
    ("{duplicate: 3}", Duplicate(times=3)),
    ("hang_up", HangUp(after=Span(0, 0))),
    ("{hang_up: 5s}", HangUp(after=Span(5, 5))),
    ("{hang_up: talk}", HangUp(after="talk")),
    (
        "{hang_up: {after: 1s..2s, headers: {Reason: 'Q.850;cause=16'}}}",
        HangUp(after=Span(1, 2), headers=(("Reason", Template.parse("Q.850;cause=16")),)),
    ),
]

AROUND = {
    "trying": "[{}, silence]", "wait": "[{}, silence]", "ringing": "[{}, silence]", "progress": "[{}, silence]",
    "play": "[progress, {}, silence]",
    "drop": "[trying, {}, drop]", "duplicate": "[trying, {}, silence]", "hang_up": "[answer, {}]",
}  # fmt: skip


@pytest.mark.parametrize(("written", "step"), STEP_FORMS, ids=[form for form, _ in STEP_FORMS])
def test_a_step_in_each_of_its_forms(written: str, step: StepModel) -> None:
    template = AROUND.get(step.kind, "[{}]")
    if written == "drop":
        template = "[{}]"
    assert step in steps(template.replace("{}", written, 1))


def test_every_step_has_its_forms_tested() -> None:
    assert {type(step) for _, step in STEP_FORMS} == set(STEPS)


def test_a_repeated_header_and_a_body() -> None:
    (step,) = steps("[{respond: {code: 302, headers: {Contact: [<sip:a@b>, <sip:c@d>], X: '{call_id}'},"
                    " body: {type: text/plain, content: 'to {to.user}'}}}]")  # fmt: skip
    assert isinstance(step, Respond)
    assert [(name, str(value)) for name, value in step.headers] == [
        ("Contact", "<sip:a@b>"),
        ("Contact", "<sip:c@d>"),
        ("X", "{call_id}"),
    ]
    assert step.body is not None
    assert step.body.content.render(lambda name: f"<{name}>") == "to <to.user>"


def action(written: str, ladders: str = "") -> Any:
    return loads(f"name: x\ncalls:\n  - {{{written}}}\n{ladders}").calls[0].action


def test_actions() -> None:
    assert action("respond: 403") == RespondAction(respond=Respond(code=403))
    assert action("steps: [silence]") == StepsAction(steps=(Silence(),))
    assert action("ladder: a", "ladders: {a: [silence]}") == LadderAction(ladder="a")
    assert action("outcome: answered") == OutcomeAction(outcome="answered", ring=None, talk=None, early_media=False)
    assert action("outcome: lines_full") == OutcomeAction(outcome=Condition.LINES_FULL)
    assert action("outcome: answered, ring: 2s..6s, talk: 30s, early_media: true") == OutcomeAction(
        outcome="answered", ring=Span(2, 6), talk=Span(30, 30), early_media=True
    )


def test_a_mix() -> None:
    made = action("mix: [{share: 90%, outcome: answered}, {share: 10%, respond: {code: 608}}]")
    assert isinstance(made, MixAction)
    assert [entry.share for entry in made.entries] == pytest.approx([0.9, 0.1])
    assert [type(entry.action) for entry in made.entries] == [OutcomeAction, RespondAction]


def test_shares_of_a_third_need_their_last_digits() -> None:
    assert action("mix: [{share: 33.3%, respond: 403}, {share: 33.3%, respond: 404}, {share: 33.4%, respond: 405}]")


def test_a_sequence() -> None:
    made = action(
        "sequence: [486, {outcome: answered}, {mix: [{share: 100%, respond: 404}]}], by: called, then: start_over"
    )
    assert isinstance(made, SequenceAction)
    assert [type(entry) for entry in made.entries] == [RespondAction, OutcomeAction, MixAction]
    assert (made.by, made.then) == ("called", "start_over")
    plain = action("sequence: [486]")
    assert (plain.by, plain.then) == ("caller", "stay")


def test_the_carrier_without_a_word() -> None:
    carrier = loads("name: x").carrier
    assert carrier == CarrierConfig()
    assert carrier.listen == (ListenAddress.parse("udp:127.0.0.1:5060"),)
    assert carrier.lines is None
    assert carrier.lines_full is None
    assert carrier.dialect == "textbook"
    assert isinstance(carrier.unmatched, RespondAction)
    assert (carrier.unmatched.respond.code, carrier.unmatched.respond.phrase) == (404, "Not Found")


def test_the_carrier_spelled_out() -> None:
    carrier = loads(
        "name: x\ncarrier:\n  listen: ['udp:127.0.0.1:0', 'udp:127.0.0.1:0', 'tcp:[::1]:5070']\n  lines: 30\n"
        "  lines_full: 503\n  unmatched: {steps: [silence]}\n  seed: -7\n  server: Box\n"
    ).carrier
    assert [str(address) for address in carrier.listen] == ["udp:127.0.0.1:0", "udp:127.0.0.1:0", "tcp:[::1]:5070"]
    assert (carrier.lines, carrier.seed, carrier.server) == (30, -7, "Box")
    assert carrier.lines_full == RespondAction(respond=Respond(code=503))
    assert carrier.unmatched == StepsAction(steps=(Silence(),))


def test_a_rule_with_every_condition() -> None:
    rule = loads(
        "name: x\ncalls: [{name: r, to: '1', from: 2*, headers: {Subject: {present: false}}, "
        "source: [10.0.0.1/8, '::1'], calls_so_far: 3.., since_start: 30s.., priority: 5, respond: 403}]"
    ).calls[0]
    assert rule.from_ is not None
    assert (rule.name, rule.priority, rule.from_.prefixes) == ("r", 5, ("2",))
    assert rule.headers["Subject"].present is False
    assert rule.source == (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1"))
    assert rule.calls_so_far == CountRange(3, None)
    assert rule.since_start == TimeRange(30, None)


def test_a_rule_without_any() -> None:
    rule = loads("name: x\ncalls: [{respond: 403}]").calls[0]
    assert (rule.name, rule.to, rule.from_, rule.headers, rule.source) == (None, None, None, {}, None)
    assert (rule.calls_so_far, rule.since_start, rule.priority) == (None, None, 0)


def test_expectations() -> None:
    first, second = loads(
        "name: x\ncalls: [{name: r, respond: 403}]\nexpect:\n"
        "  - {calls: {to: 1*, from: '2', code: 403, rule: r}, at_least: 1, at_most: 5}\n"
        "  - {calls: {}, exactly: 0}"
    ).expect
    assert isinstance(first, CountExpectation)
    assert isinstance(second, CountExpectation)
    assert (first.at_least, first.at_most, first.exactly) == (1, 5, None)
    assert (str(first.calls.code), first.calls.rule, str(first.calls.to)) == ("403", "r", "1*")
    assert (second.exactly, second.calls.code) == (0, None)


def test_rules_of_different_priority_may_overlap() -> None:
    assert len(loads("name: x\ncalls: [{respond: 403}, {to: '1', priority: 1, respond: 404}]").calls) == 2


def test_everything_is_frozen() -> None:
    scenario = loads("name: x\ncalls: [{respond: 403}]")
    for part, name in ((scenario, "name"), (scenario.carrier, "lines"), (scenario.calls[0], "priority")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(part, name, None)


def test_models_can_be_made_in_python_by_their_own_names() -> None:
    scenario = Scenario(
        name="x",
        calls=(
            Rule(from_="+49*", action={"respond": 403}),
            Rule(action=StepsAction(steps=(Trying(), Wait(span=Span(1, 1)), Silence()))),
        ),
    )
    assert scenario.calls[0].action == RespondAction(respond=Respond(code=403))
    with pytest.raises(ValidationError, match="cannot come after"):
        StepsAction(steps=(Respond(code=403), Ringing()))
