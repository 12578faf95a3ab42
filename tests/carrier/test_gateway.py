"""One hop through ISUP: what it changes, what it keeps, and that a second one changes nothing more."""

from __future__ import annotations

from typing import Any

import pytest

from simcarrier.carrier.gateway import action_through_isup, place_of, through_isup
from simcarrier.conditions import Condition
from simcarrier.scenario.actions import MixAction, MixEntry, RespondAction, SequenceAction, StepsAction
from simcarrier.scenario.steps import Answer, Respond, Ringing, Wait
from simcarrier.scenario.units import Span
from simcarrier.sip.isup import Profile


def respond(code: int, **options: Any) -> Respond:
    return Respond.model_validate({"code": code, **options})


def told(step: Respond) -> tuple[int, str, dict[str, str]]:
    return step.code, step.phrase, {name: str(value) for name, value in step.headers}


def crossed(
    step: Respond, profile: Profile = Profile.PRACTICE, location: str = "LN"
) -> tuple[int, str, dict[str, str]]:
    return told(through_isup(step, profile, location))


def test_status_and_phrase_are_the_cause_s_and_a_reason_tells_it() -> None:
    assert crossed(respond(480, phrase="Gone fishing"), location="U") == (
        408,
        "Request Timeout",
        {"Reason": 'Q.850;cause=18;text="No user responding";location=U'},
    )


def test_nothing_else_passes() -> None:
    step = respond(
        503,
        headers={"Retry-After": "5", "Call-Info": "<https://a.example>"},
        body={"type": "text/plain", "content": "x"},
        delay="1s..2s",
        trying=True,
    )
    through = through_isup(step, Profile.RFC, "LN")
    assert [name for name, _ in through.headers] == ["Reason"]
    assert through.body is None
    assert (through.delay, through.trying) == (Span(1, 2), True)


@pytest.mark.parametrize(
    ("profile", "location", "code"),
    [
        (Profile.PRACTICE, "U", 603),
        (Profile.PRACTICE, "RLN", 403),
        (Profile.RFC, "U", 480),
        (Profile.RFC, "RLN", 480),
    ],
)
@pytest.mark.parametrize("status", [607, 608])
def test_607_and_608_by_profile(status: int, profile: Profile, location: str, code: int) -> None:
    assert crossed(respond(status), profile, location)[0] == code


def test_a_cause_that_the_refusal_names_itself_counts() -> None:
    step = respond(480, headers={"reason": 'SIP;cause=480, Q.850;cause=21;location=U;text="my own"'})
    assert crossed(step) == (603, "Decline", {"Reason": 'Q.850;cause=21;text="Call rejected";location=U'})


@pytest.mark.parametrize("value", ["SIP;cause=603", "Q.850;text=x", "Q.850;cause=x", "{header.Reason}", ""])
def test_a_reason_without_a_cause_does_not(value: str) -> None:
    assert crossed(respond(486, headers={"Reason": value}))[0] == 486


@pytest.mark.parametrize(
    ("warning", "cause"), [('305 a "b"', 65), ('304 a "b"', 65), ('399 a "b"', 31), ("3050 a b", 31)]
)
def test_a_warning_about_media(warning: str, cause: int) -> None:
    assert f"cause={cause};" in crossed(respond(488, headers={"Warning": warning}))[2]["Reason"]


@pytest.mark.parametrize("code", [301, 302, 487])
def test_redirections_and_cancelled_calls_stay_as_they_are(code: int) -> None:
    step = respond(code, headers={"Contact": "<sip:a@b>"})
    assert through_isup(step, Profile.RFC, "LN") is step


@pytest.mark.parametrize("code", range(400, 700))
def test_a_second_hop_changes_nothing(code: int) -> None:
    first = through_isup(respond(code), Profile.PRACTICE, "U")
    assert told(through_isup(first, Profile.RFC, "TN")) == told(first)


def test_a_cause_without_a_name_is_told_by_its_number() -> None:
    assert crossed(respond(480, headers={"Reason": "Q.850;cause=126"})) == (
        500,
        "Server Internal Error",
        {"Reason": "Q.850;cause=126;location=LN"},
    )


def test_only_the_refusals_of_an_action_change() -> None:
    action = MixAction(
        entries=(
            MixEntry(share=0.5, action=RespondAction(respond=respond(480))),
            MixEntry(share=0.5, action=StepsAction(steps=(Ringing(), Wait(span=Span(1, 1)), respond(603)))),
        )
    )
    made = action_through_isup(action, Profile.RFC, "U")
    assert isinstance(made, MixAction)
    first, second = (entry.action for entry in made.entries)
    assert isinstance(first, RespondAction)
    assert first.respond.code == 408
    assert isinstance(second, StepsAction)
    assert second.steps[:2] == (Ringing(), Wait(span=Span(1, 1)))
    assert isinstance(second.steps[2], Respond)
    assert second.steps[2].code == 603
    answered = StepsAction(steps=(Answer(),))
    assert action_through_isup(answered, Profile.RFC, "U") == answered
    sequence = SequenceAction(entries=(RespondAction(respond=respond(480)),), by="called", then="start_over")
    through = action_through_isup(sequence, Profile.RFC, "U")
    assert isinstance(through, SequenceAction)
    assert (through.by, through.then) == ("called", "start_over")
    assert isinstance(through.entries[0], RespondAction)
    assert through.entries[0].respond.code == 408


def test_where_a_condition_arises() -> None:
    assert place_of(Condition.DECLINED) == "U"
    assert place_of(Condition.BLOCKED_BY_ANALYTICS) == "RLN"
    assert place_of(Condition.CARRIER_FAILURE) == place_of(Condition.BALANCE_EXHAUSTED) == "LN"
