"""SIPp wears a caller ID out, and meets people in all their moods."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from simcarrier.carrier.switch import Switch
from simcarrier.conditions import Condition
from simcarrier.scenario.load import load
from simcarrier.testing import Phone, Wire

from .harness import SCENARIOS, Carrier
from .ladder import ACK, BYE, CANCEL, INVITE, Ladder, Pause, got
from .sipp import Sipp

pytestmark = pytest.mark.interop

UP = got(200, "OK", sdp=True)
RINGING = got(180, "Ringing", sdp=False)
TRYING = got(100, "Trying")
ANSWERED: Ladder = [INVITE, TRYING, RINGING, UP, ACK, Pause(0.1), BYE, got(200, "OK")]
CANCELLED: Ladder = [CANCEL, got(200, "OK"), got(487, "Request Terminated", to="INVITE"), ACK]
REDRESS = 'SIP;cause=603;text="v=analytics1;url=https://[^;]+;id=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";location=TN'
BLOCKED: Ladder = [INVITE, TRYING, got(603, "Network Blocked", reason=REDRESS), ACK]

CALLER = "+4930123456"


def worn(carrier: Callable[..., Carrier], sipp: Sipp, calls: int = 18, caller: str = CALLER, **shares: str) -> Carrier:
    """A carrier of the shipped scenario that has had so many short calls of a caller ID."""
    said = {"blocks": "100%", "silently": "0%", "screened": "0%", "declined": "0%"} | shares
    called = carrier("reputation", *(word for name, share in said.items() for word in ("--set", f"{name}={share}")))
    sipp.call(ANSWERED, called.address, "-r", "20", calls=calls, caller=caller)
    called.ended_calls(calls)
    return called


def test_a_number_that_is_worn_out_is_blocked(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = worn(carrier, sipp)
    sipp.call(BLOCKED, called.address, calls=5)
    sipp.call(ANSWERED, called.address, caller="+4930222")
    calls = called.ended_calls(24)
    assert [call["condition"] for call in calls] == ["answered"] * 18 + ["blocked_by_analytics"] * 5 + ["answered"]
    assert calls[18]["why"].startswith(f"reputation of {CALLER}: 0.")
    assert calls[18]["why"].endswith(", blocked from 0.65 (19 calls in 1m, 100% short)")
    assert (calls[18]["dialect"], calls[18]["rule"], calls[18]["matched"]) == ("us-2026", None, True)
    assert called.stop()["codes"] == {"200": 19, "603": 5}


def test_a_block_may_be_silence(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = worn(carrier, sipp, silently="100%")
    sipp.call([INVITE, TRYING, Pause(1), *CANCELLED], called.address)
    *_, last = called.ended_calls(19)
    assert (last["condition"], last["provisional"], last["ending"]) == ("silently_dropped", [100], "cancelled")
    assert "blocked from 0.65" in last["why"]


def test_a_labelled_number_rings_and_is_pushed_away(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = worn(carrier, sipp, calls=10, screened="100%")
    sipp.call(ANSWERED, called.address)
    sipp.call([INVITE, TRYING, RINGING, *CANCELLED], called.address)
    *_, clean, labelled = called.ended_calls(12)
    assert (clean["condition"], labelled["condition"]) == ("answered", "screened")
    assert labelled["why"].endswith(", labelled from 0.40 (12 calls in 1m, 100% short)")


def test_a_registered_number_is_left_alone(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = worn(carrier, sipp, calls=40, caller="+4930555012")
    assert called.stop()["codes"] == {"200": 40}


SEED = 11
SETTINGS = {"ring": "500ms", "ring_out": "700ms"}


@cache
def number_for(condition: Condition) -> str:
    """A number to which this happens at the first call, by the seed that the carrier gets too."""
    scenario = load(SCENARIOS / "subscribers.yaml", SETTINGS)
    for number in (f"+49151{n:07}" for n in range(500)):
        wire = Wire()
        phone = Phone(wire, "10.0.0.1", name="caller")
        switch = Switch(scenario, 0.0, 0.0, seed=SEED)
        call = phone.dial(wire.attach(switch.engine, "10.0.0.2", name="carrier").local, number, caller=CALLER)
        wire.run(0.1)
        call.cancel()
        wire.run(40)
        if switch.journal.recent[-1].condition is condition:
            return number
    raise AssertionError(f"nobody is {condition}")


def refused(code: int, phrase: str, *, rings: bool = False) -> Ladder:
    return [INVITE, TRYING, *([RINGING] if rings else []), got(code, phrase), ACK]


MOODS: list[tuple[Condition, Ladder]] = [
    (Condition.ANSWERED, ANSWERED),
    (Condition.BUSY, refused(486, "Busy Here")),
    (Condition.DECLINED, refused(603, "Decline", rings=True)),
    (Condition.UNWANTED, refused(607, "Unwanted")),
    (Condition.SUBSCRIBER_UNAVAILABLE, refused(480, "Temporarily Unavailable")),
    (Condition.VOICEMAIL, ANSWERED),
    (Condition.NO_ANSWER, refused(480, "Temporarily Unavailable", rings=True)),
]


@pytest.mark.parametrize(("condition", "ladder"), MOODS, ids=[condition.value for condition, _ in MOODS])
def test_people(condition: Condition, ladder: Ladder, carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = carrier("subscribers", "--seed", str(SEED), "--set", "ring=500ms", "--set", "ring_out=700ms")
    sipp.call(ladder, called.address, to=number_for(condition), caller=CALLER)
    (call,) = called.ended_calls(1)
    assert call["condition"] == condition
    assert call["why"].startswith("subscribers[0] ([+4915*, +4916*, +4917*]): ")
    assert call["matched"]


def test_unwanted_is_said_again(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = carrier("subscribers", "--seed", str(SEED))
    unwanted = refused(607, "Unwanted")
    for _ in range(2):
        sipp.call(unwanted, called.address, to=number_for(Condition.UNWANTED), caller=CALLER)
    first, again = called.ended_calls(2)
    assert "has said before that it does not want" not in first["why"]
    assert again["why"].endswith(f"has said before that it does not want calls from {CALLER}")
