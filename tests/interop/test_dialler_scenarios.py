"""SIPp does what the scenarios named dialler-... want of a dialler, or does not: they tell the one from the other."""

from __future__ import annotations

import signal
from dataclasses import dataclass

import pytest

from .harness import Carrier
from .ladder import ACK, BYE, CANCEL, INVITE, Ladder, Pause, got
from .sipp import Sipp

pytestmark = pytest.mark.interop

MOBILE, FIXED = "+4915112345678", "+498912345678"
REJECTED, BUSY = "+4915212345678", "+4915512345678"
WITH_7, WITH_8 = "+74951234567", "84951234567"

LET_GO: Ladder = [INVITE, got(100), Pause(1), CANCEL, got(200, "OK"), got(487, to="INVITE"), ACK]
TOO_SOON: Ladder = [INVITE, got(100), Pause(0.1), *LET_GO[3:]]
ANSWERED: Ladder = [INVITE, got(100), got(180), got(200, "OK"), ACK, BYE, got(200, "OK")]


def refused(code: int, *before: int) -> Ladder:
    """Provisional responses, a refusal, and the ACK."""
    return [INVITE, *map(got, before), got(code), ACK]


def after(seconds: float, ladder: Ladder) -> Ladder:
    """The same, later."""
    return [Pause(seconds), *ladder]


@dataclass(frozen=True)
class Story:
    """Calls to one of the scenarios.

    Attributes:
        scenario: its name.
        calls: whom, and how that goes.
        fails: the expectations that are not met.
        settings: parameters, NAME=VALUE.
    """

    scenario: str
    calls: tuple[tuple[str, Ladder], ...]
    fails: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


STORIES = {
    "what stalls is let go": Story("dialler-stall", ((MOBILE, LET_GO), (FIXED, ANSWERED)), settings=("stall=1s",)),
    "too soon": Story(
        "dialler-stall", ((MOBILE, TOO_SOON), (FIXED, ANSWERED)), ("stalled_calls",), settings=("stall=1s",)
    ),
    "blocked numbers are called once": Story(
        "dialler-blocks", ((REJECTED, refused(608, 100)), (BUSY, refused(486, 100)))
    ),
    "a blocked one twice": Story(
        "dialler-blocks", (*((REJECTED, refused(608, 100)),) * 2, (BUSY, refused(486, 100))), ("blocked_numbers",)
    ),
    "the carrier's word is heard": Story(
        "dialler-routes",
        (
            (MOBILE, refused(503)),
            (MOBILE, after(1.1, ANSWERED)),
            (WITH_7, refused(404, 100)),
            (WITH_8, ANSWERED),
        ),
        settings=("seconds=1",),
    ),
    "and not heard": Story(
        "dialler-routes",
        ((MOBILE, refused(503)), (MOBILE, ANSWERED), *((WITH_7, refused(404, 100)),) * 2),
        ("retry_after", "number_form"),
        settings=("seconds=30",),
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_a_dialler_is_judged(story: Story, sipp: Sipp) -> None:
    settings = [word for setting in story.settings for word in ("--set", setting)]
    carrier = Carrier(story.scenario, *settings)
    try:
        carrier.listening()
        for to, ladder in story.calls:
            sipp.call(ladder, carrier.address, to=to)
        carrier.ended_calls(len(story.calls))
        carrier.signal(signal.SIGINT)
        assert carrier.wait() == (1 if story.fails else 0), carrier.errors
        unmet = tuple(told["name"] for told in carrier.summary["outcomes"] if not told["met"])
        assert unmet == story.fails
    finally:
        carrier.kill()
