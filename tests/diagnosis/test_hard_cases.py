"""The cases that people get wrong: each has its right first answer, and a sentence that says why."""

from __future__ import annotations

import pytest

from simcarrier.conditions import Condition, Party
from simcarrier.diagnosis import Diagnosis, Retry, diagnose
from simcarrier.records.audio import Audio, Sound, What
from simcarrier.records.observation import Outcome, Seen
from tests.diagnosis.kit import CALLER, NOW, answered, call, objections, reasons, silence

OTHER = "+4989555666"
SPAM_BLOCK = 'SIP;cause=603;text="v=analytics1;url=https://redress.example/;tel=+18005550100;id=12345";location=LN'

OUTSIDE = 'SIP;cause=603;v=analytics1;url="https://redress.example/"'
UNREGISTERED = 'SIP;cause=403;text="peer is not registered"'
NOT_THERE = '399 sbc "Destination not permitted"'


def top(made: Diagnosis) -> tuple[Condition, Retry]:
    return made.condition, made.retry


# 403 has ten meanings


def test_a_german_403_is_a_matter_of_caller_id_routing_and_no_spam_block() -> None:
    made = diagnose(call(403, "Forbidden"))
    assert top(made) == (Condition.CALLER_ID_NOT_ROUTED, Retry.OTHER_CALLER_ID)
    assert "no spam block" in reasons(made)
    assert "a 403 within 0.20 s: the carrier itself decided" in reasons(made)
    assert "no phone rang before the refusal" in reasons(made)
    assert "it is no spam block" in made.advice
    assert made.probability_of(Condition.BLOCKED_BY_ANALYTICS) < 0.05


def test_other_callers_that_pass_make_it_sure() -> None:
    history = [
        *(call(403, called=f"+49402223{n}") for n in range(3)),
        *(answered(f"+49407778{n}", caller=OTHER) for n in range(4)),
    ]
    made = diagnose(call(403), history)
    assert made.condition is Condition.CALLER_ID_NOT_ROUTED
    assert made.top.probability > 0.8
    assert "it is the caller ID" in reasons(made)
    assert any("it is the caller ID" in said for said in made.context)


def test_403_for_every_caller_and_every_number_is_not_the_caller_id() -> None:
    history = [
        call(403, called=f"{where}02223{n}", caller=caller)
        for n, where in enumerate(("+494", "+494", "+431", "+331"))
        for caller in (CALLER, OTHER)
    ]
    made = diagnose(call(403), history)
    trunk = (
        Condition.NOT_A_CUSTOMER,
        Condition.CREDENTIALS_WRONG,
        Condition.REGISTRATION_INACTIVE,
        Condition.BALANCE_EXHAUSTED,
    )
    assert made.condition in trunk
    assert sum(made.probability_of(each) for each in trunk) > 0.85
    assert "it is not this number" in reasons(made)
    assert "it is not the caller ID" in objections(made, Condition.CALLER_ID_NOT_ROUTED)
    assert "it is not where they go" in objections(made, Condition.DIRECTION_BLOCKED)


def test_403_to_one_country_only_is_the_direction() -> None:
    history = [
        *(call(403, called=f"+4315550{n}") for n in range(4)),
        *(answered(f"+49407778{n}") for n in range(4)),
    ]
    made = diagnose(call(403, called="+431234567"), history)
    assert made.condition is Condition.DIRECTION_BLOCKED
    assert "calls to +43 failed alike" in reasons(made)


def test_403_with_a_hidden_number() -> None:
    assert diagnose(call(403, caller="anonymous")).condition is Condition.ANONYMITY_REFUSED


@pytest.mark.parametrize(
    ("headers", "phrase", "condition"),
    [
        pytest.param({}, "Insufficient credit", Condition.BALANCE_EXHAUSTED, id="in the phrase"),
        pytest.param({"x-reason": ("CLI not allowed",)}, "", Condition.CALLER_ID_NOT_ROUTED, id="in an X- header"),
        pytest.param({"reason": (UNREGISTERED,)}, "", Condition.REGISTRATION_INACTIVE, id="in the Reason"),
        pytest.param({"warning": (NOT_THERE,)}, "", Condition.DIRECTION_BLOCKED, id="in a Warning"),
    ],
)
def test_a_403_that_says_more(headers: dict[str, tuple[str, ...]], phrase: str, condition: Condition) -> None:
    made = diagnose(call(403, phrase, headers=headers))
    assert made.condition is condition
    assert "the carrier's words speak of" in reasons(made)


# 404 that is the form of the number


def test_a_404_that_is_7_for_8() -> None:
    made = diagnose(call(404, "Not Found", called="74951234567"))
    assert top(made) == (Condition.PREFIX_NOT_RECOGNISED, Retry.OTHER_NUMBER_FORM)
    assert "some carriers know it with 8 only" in reasons(made)
    assert "7 to 8" in made.advice
    assert made.refused_by is Party.CALLER


def test_the_same_number_in_another_form_proves_it() -> None:
    made = diagnose(call(404, called="74951234567"), [answered("84951234567")])
    assert made.top.probability > 0.9
    assert "dialled in another form, got through" in reasons(made)


def test_a_404_in_e164_is_the_number() -> None:
    made = diagnose(call(404))
    assert made.condition is Condition.NUMBER_UNALLOCATED
    assert "with a plus, which nearly every carrier takes" in objections(made, Condition.PREFIX_NOT_RECOGNISED)


def test_a_404_for_every_number_is_not_the_number() -> None:
    history = [call(404, called=f"+49402223{n}") for n in range(5)]
    made = diagnose(call(404), history)
    assert made.condition is Condition.REGISTRATION_INACTIVE
    assert made.probability_of(Condition.NUMBER_UNALLOCATED) < 0.1


# 480


def test_a_single_480_is_a_phone_that_is_off() -> None:
    made = diagnose(call(480, at=0.9))
    assert top(made) == (Condition.SUBSCRIBER_UNAVAILABLE, Retry.LATER)
    assert made.refused_by is Party.CALLEE


def test_a_480_for_everything_is_a_suppliers_fault() -> None:
    history = [call(480, at=0.9, called=f"+49402223{n}", caller=(CALLER, OTHER)[n % 2]) for n in range(8)]
    made = diagnose(call(480, at=0.9), history)
    assert top(made) == (Condition.ALL_NUMBERS_INACTIVE, Retry.OTHER_ROUTE)
    assert "480 for one number is noise; for every number it is a supplier's fault" in reasons(made)
    assert "failed alike with 480" in reasons(made)
    assert "do not touch the list" in made.advice


def test_a_480_after_long_ringing_is_no_answer() -> None:
    made = diagnose(call(480, at=32.0, before=((0.02, 100), (1.0, 180))))
    assert made.condition is Condition.NO_ANSWER
    assert "it rang for 31.0 s" in reasons(made)


# 603


def test_a_603_without_100_is_lines_full() -> None:
    made = diagnose(call(603, "Decline", at=0.03, before=()))
    assert top(made) == (Condition.LINES_FULL, Retry.LATER)
    assert "small carriers say so when all lines are taken" in reasons(made)
    assert "refused at the door" in reasons(made)


def test_a_603_under_load_only_is_lines_full_even_after_100() -> None:
    history = [
        *(call(603, called=f"+49402223{n}", concurrent=11) for n in range(4)),
        *(answered(f"+49407778{n}", concurrent=3) for n in range(5)),
    ]
    made = diagnose(call(603, concurrent=12), history)
    assert made.condition is Condition.LINES_FULL
    assert "it is the load" in reasons(made)


def test_a_603_before_any_ringing_is_a_block() -> None:
    made = diagnose(call(603, "Decline", at=0.3))
    assert top(made) == (Condition.BLOCKED_BY_ANALYTICS, Retry.NEVER)
    assert "no phone rang" in reasons(made)
    assert "check its reputation" in made.advice


def test_a_603_after_ringing_is_a_human() -> None:
    made = diagnose(call(603, "Decline", at=6.5, before=((0.02, 100), (0.8, 180))))
    assert made.condition is Condition.DECLINED
    assert "a person pressed the button" in reasons(made)
    assert made.refused_by is Party.CALLEE
    assert made.refused_by_probability > 0.9
    assert "a phone rang" in objections(made, Condition.BLOCKED_BY_ANALYTICS)


def test_a_603_plus_says_whom_to_ask() -> None:
    made = diagnose(call(603, "Network Blocked", headers={"reason": (SPAM_BLOCK,)}))
    assert top(made) == (Condition.BLOCKED_BY_ANALYTICS, Retry.NEVER)
    assert made.top.probability > 0.97
    assert made.contacts.as_dict() == {"url": "https://redress.example/", "tel": "+18005550100", "id": "12345"}
    assert "https://redress.example/ or +18005550100 (id 12345)" in made.advice


@pytest.mark.parametrize(
    ("phrase", "reason"),
    [
        pytest.param("Network Blocked", (), id="reason stripped"),
        pytest.param("Decline", (SPAM_BLOCK,), id="phrase rewritten"),
        pytest.param("Decline", (OUTSIDE,), id="outside the text"),
    ],
)
def test_a_damaged_603_plus_is_a_block_all_the_same(phrase: str, reason: tuple[str, ...]) -> None:
    made = diagnose(call(603, phrase, headers={"reason": reason} if reason else {}))
    assert made.condition is Condition.BLOCKED_BY_ANALYTICS
    assert made.top.probability > 0.9


def test_a_608_leads_to_a_card() -> None:
    made = diagnose(call(608, headers={"call-info": ("<https://block.example/r/1>;purpose=jwscard",)}))
    assert made.condition is Condition.BLOCKED_BY_ANALYTICS
    assert made.contacts.card == "https://block.example/r/1"
    assert "the card at https://block.example/r/1" in made.advice


# 486


def test_a_486_after_ringing_is_not_busy() -> None:
    made = diagnose(call(486, at=2.0, before=((0.02, 100), (0.5, 180))))
    assert made.condition is Condition.SCREENED
    assert "is not busy" in reasons(made)


def test_a_486_at_the_door_may_be_the_trunk() -> None:
    quick = diagnose(call(486, at=0.02, before=()))
    usual = diagnose(call(486, at=0.7))
    assert usual.condition is Condition.BUSY
    assert quick.probability_of(Condition.LINES_FULL) > 5 * usual.probability_of(Condition.LINES_FULL)


# 503


def test_a_503_that_is_capacity() -> None:
    made = diagnose(call(503, at=0.6))
    assert top(made) == (Condition.ROUTE_CONGESTED, Retry.OTHER_ROUTE)
    assert "the way on from there was full" in reasons(made)


def test_a_503_that_is_the_balance() -> None:
    history = [
        call(503, called=f"+49402223{n}", caller=(CALLER, OTHER)[n % 2], concurrent=1 + 9 * (n % 2)) for n in range(6)
    ]
    made = diagnose(call(503), history)
    capacity = (Condition.LINES_FULL, Condition.RATE_EXCEEDED, Condition.ROUTE_CONGESTED)
    trunk = (Condition.BALANCE_EXHAUSTED, Condition.REGISTRATION_INACTIVE, Condition.CARRIER_FAILURE)
    assert made.condition in trunk
    assert sum(made.probability_of(each) for each in capacity) < 0.25
    assert "it is not the load" in reasons(made, Condition.BALANCE_EXHAUSTED)
    worded = diagnose(call(503, "Account balance too low"), history)
    assert top(worded) == (Condition.BALANCE_EXHAUSTED, Retry.NEVER)


def test_a_503_with_a_time_is_a_rate() -> None:
    made = diagnose(call(503, at=0.02, before=(), headers={"retry-after": ("7 (soon)",)}))
    assert top(made) == (Condition.RATE_EXCEEDED, Retry.LATER)
    assert made.retry_after == 7
    assert "7 s, as the carrier says" in made.advice


# Silence


def test_a_stall_alone_is_a_stall() -> None:
    assert diagnose(call(None)).condition is Condition.STALLED_AFTER_TRYING


def test_a_stall_that_is_a_silent_drop() -> None:
    history = [
        call(603, "Network Blocked", headers={"reason": (SPAM_BLOCK,)}, called="+49402223330"),
        *(call(None, called=f"+49402223{n}") for n in range(3)),
        *(answered(f"+49407778{n}", caller=OTHER) for n in range(4)),
    ]
    made = diagnose(call(None), history)
    assert top(made) == (Condition.SILENTLY_DROPPED, Retry.OTHER_CALLER_ID)
    assert made.top.probability > 0.6
    assert "a block looks like a stall" in reasons(made)
    assert "it is the caller ID" in reasons(made)


def test_silence_from_the_start() -> None:
    made = diagnose(silence())
    assert made.condition is Condition.SILENT
    assert made.top.probability > 0.9


# Other answers


def test_a_number_that_was_reached_yesterday_is_not_unallocated() -> None:
    alone = diagnose(call(404))
    known = diagnose(call(404), [answered(started=NOW - 86_400)])
    assert known.probability_of(Condition.NUMBER_UNALLOCATED) < alone.probability_of(Condition.NUMBER_UNALLOCATED) / 2
    assert any("reached before" in said for said in known.context)


def test_a_new_number_in_a_redirection() -> None:
    made = diagnose(call(301, headers={"contact": ("<sip:+4989333444@carrier.example>",)}))
    assert made.condition is Condition.NUMBER_CHANGED
    assert made.contacts.new_contact == "+4989333444"
    assert "+4989333444" in made.advice


def test_hung_up_as_unwanted() -> None:
    seen = answered()
    seen.hung_up_by, seen.bye = "peer", {"reason": ('SIP;cause=607;text="Unwanted"',)}
    assert diagnose(seen).condition is Condition.UNWANTED


@pytest.mark.parametrize(
    ("code", "cause", "condition"),
    [
        (404, "Q.850;cause=26", Condition.NUMBER_PORTED),
        (408, "Q.850;cause=18;location=LN", Condition.RINGING_MIS_SIGNALLED),
        (480, "Q.850;cause=20", Condition.SUBSCRIBER_UNAVAILABLE),
        (410, "Q.850;cause=22", Condition.NUMBER_CHANGED),
        (503, "Q.850;cause=42;location=LN", Condition.RATE_EXCEEDED),
        (486, "Q.850;cause=17", Condition.BUSY),
        (484, "Q.850;cause=28", Condition.NUMBER_INCOMPLETE),
    ],
)
def test_the_networks_own_cause_goes_before_the_code(code: int, cause: str, condition: Condition) -> None:
    made = diagnose(call(code, at=0.02 if condition is Condition.RATE_EXCEEDED else 0.6,
                         before=() if condition is Condition.RATE_EXCEEDED else ((0.02, 100),),
                         headers={"reason": (cause,)}))  # fmt: skip
    assert made.condition is condition
    assert "the network's own cause is" in reasons(made)


def test_credentials_that_were_refused() -> None:
    seen = call(407, outcome=Outcome.UNAUTHORISED)
    seen.targets = ["192.0.2.1:5060", "192.0.2.1:5060"]
    made = diagnose(seen)
    assert made.condition is Condition.CREDENTIALS_WRONG
    assert "challenged again" in reasons(made)


def test_an_announcement_before_the_refusal_is_told() -> None:
    seen = call(404, at=6.0)
    seen.provisionals.append(Seen(0.4, 183, "Session Progress", sdp=True))
    assert "an announcement is likely" in reasons(diagnose(seen), Condition.NUMBER_DISCONNECTED)


# What was heard


def heard(
    code: int, *sounds: Sound, at: float = 3.0, before: tuple[tuple[float, int], ...] = ((0.02, 100),)
) -> Diagnosis:
    """The diagnosis of a call with early media."""
    seen = call(code, at=at, before=before)
    seen.provisionals.append(Seen(0.1, 183, "Session Progress", sdp=True))
    seen.audio = Audio("PCMA", 0.1, 145, 0, 0.001, sounds)
    return diagnose(seen)


def sit(name: str | None) -> Sound:
    return Sound(What.SIT, 0.2, 1.2, 0.9, sit=name)


def test_a_tone_for_a_vacant_circuit_outweighs_a_plain_480() -> None:
    assert diagnose(call(480)).condition is Condition.SUBSCRIBER_UNAVAILABLE
    made = heard(480, sit("VC"))
    assert top(made) == (Condition.NUMBER_UNALLOCATED, Retry.NEVER)
    assert "before the end was heard the tone of a vacant circuit" in reasons(made)
    assert "(SIT (VC))" in reasons(made)


@pytest.mark.parametrize(
    ("code", "sound", "condition"),
    [
        (404, sit("IC"), Condition.NUMBER_DISCONNECTED),
        (480, sit("NC''"), Condition.AREA_THROTTLED),
        (503, sit("NC'"), Condition.ROUTE_CONGESTED),
        (500, sit("RO'"), Condition.CARRIER_FAILURE),
        (480, Sound(What.BUSY, 0.1, 3.0, 0.9, ("DE",)), Condition.BUSY),
        (480, Sound(What.SOUND, 0.1, 3.0), Condition.SUBSCRIBER_UNAVAILABLE),
        (480, Sound(What.SILENCE, 0.1, 3.0), Condition.SUBSCRIBER_UNAVAILABLE),
    ],
)
def test_what_was_heard_decides(code: int, sound: Sound, condition: Condition) -> None:
    assert heard(code, sound).condition is condition


def test_ringing_that_is_heard_is_ringing() -> None:
    ringback = Sound(What.RINGBACK, 0.1, 28.0, 0.9, ("DE",))
    assert heard(480, ringback, at=30.0).condition is Condition.NO_ANSWER
    declined = heard(603, Sound(What.RINGBACK, 0.1, 5.0, 0.9, ("DE",)), at=5.0)
    assert declined.condition is Condition.DECLINED
    assert "it rang for 4.9 s" in reasons(declined)


def test_a_refusal_after_an_announcement_was_decided_when_that_began() -> None:
    known = dict(heard(404, Sound(What.SOUND, 0.1, 9.0), at=9.0).evidence.known)
    assert (known["refused_after"], known["heard"]) == ("quick", "speech")
    assert "announcement" not in known


def test_what_is_heard_after_the_answer_is_not_held_against_it() -> None:
    seen = call(200, at=1.0)
    seen.audio = Audio("PCMA", 1.0, 145, 0, 0.001, (Sound(What.BUSY, 1.0, 4.0, 0.9, ("DE",)),))
    assert "heard" not in dict(diagnose(seen).evidence.known)
