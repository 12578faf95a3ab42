"""SIPp calls every scenario that ships, and gets the ladder that the scenario tells, no more and no less."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .harness import SCENARIOS, Carrier, Event
from .ladder import ACK, BYE, CANCEL, INVITE, Asked, Got, Ladder, Pause, Send, got
from .sipp import Sipp

pytestmark = pytest.mark.interop

UP = got(200, "OK", sdp=True, contact="<sip:127[.]0[.]0[.]1:[0-9]+>")
RINGING = got(180, "Ringing", sdp=False)
TRYING = got(100, "Trying")
HANG_UP: Ladder = [BYE, got(200, "OK")]
ANSWERED: Ladder = [INVITE, TRYING, RINGING, UP, ACK, Pause(0.1), *HANG_UP]
CANCELLED: Ladder = [CANCEL, got(200, "OK"), got(487, "Request Terminated", to="INVITE"), ACK]


def refused(response: Got, *, at_once: bool = False) -> Ladder:
    """100 unless it goes at once, the refusal, the ACK."""
    return [INVITE, *([] if at_once else [TRYING]), response, ACK]


@dataclass(frozen=True)
class Case:
    """One call to a shipped scenario.

    Attributes:
        scenario: its name.
        story: what this call is about.
        ladder: how it goes at the dialler's.
        tells: what the carrier's event of the call must say, among other things.
        to, caller: the numbers.
        settings: parameters, NAME=VALUE.
        after: seconds until the final response, from and to; a machine may be a second late.
    """

    scenario: str
    story: str
    ladder: Ladder
    tells: Event
    to: str = "+4915112345678"
    caller: str = "+4930123456"
    settings: tuple[str, ...] = field(default=())
    after: tuple[float, float] | None = None


def event(rule: str, code: int | None, provisional: list[int], ending: str = "refused") -> Event:
    return {"rule": rule, "why": None, "matched": True, "code": code, "provisional": provisional, "ending": ending}


def up(rule: str, ending: str = "hung_up_by_peer", provisional: tuple[int, ...] = (100, 180)) -> Event:
    return event(rule, 200, list(provisional), ending)


CASES = [
    Case(
        "address-incomplete-484",
        "seven digits",
        refused(got(484, "Address Incomplete")),
        event("too short", 484, [100]),
        to="+4930123",
        after=(0.1, 0.3),
    ),
    Case("address-incomplete-484", "more digits", ANSWERED, up("long enough"), to="+49301234567"),
    Case("answered", "the caller hangs up", ANSWERED, up("the caller hangs up"), after=(1, 2)),
    Case(
        "answered",
        "the carrier hangs up",
        [INVITE, TRYING, RINGING, UP, ACK, Asked("BYE")],
        up("the carrier hangs up", "hung_up_by_us"),
        to="+4915112345670",
    ),
    Case(
        "answered",
        "cancelled while it rings",
        [INVITE, TRYING, RINGING, Pause(0.1), *CANCELLED],
        event("the caller hangs up", 487, [100, 180], "cancelled"),
        after=(0.1, 0.9),
    ),
    Case("busy-486", "busy", refused(got(486, "Busy Here")), event("busy", 486, [100]), after=(0.3, 1)),
    Case(
        "busy-everywhere-600",
        "busy",
        refused(got(600, "Busy Everywhere")),
        event("busy everywhere", 600, [100]),
        after=(0.3, 1),
    ),
    Case(
        "does-not-exist-604",
        "no such number",
        refused(got(604, "Does Not Exist Anywhere")),
        event("no such number", 604, [100]),
        after=(0.1, 0.5),
    ),
    Case(
        "early-media-183",
        "announcement, then 603",
        [INVITE, TRYING, got(183, "Session Progress", sdp=True), got(603, "Decline", sdp=False), ACK],
        event("announcement, then declined", 603, [100, 183]),
        to="+4989123456",
        after=(3.2, 3.2),
    ),
    Case(
        "early-media-183",
        "announcement, then 480",
        [INVITE, TRYING, got(183, "Session Progress", sdp=True), got(480, "Temporarily Unavailable", sdp=False), ACK],
        event("announcement, then unavailable", 480, [100, 183]),
        after=(3.2, 3.2),
    ),
    Case(
        "germany-403",
        "caller not routed",
        refused(got(403, "Forbidden", retry_after=None)),
        event("caller ID not routed", 403, [100]),
        caller="+15551234567",
        after=(0.1, 0.3),
    ),
    Case("germany-403", "caller routed", ANSWERED, up("answered"), caller="+4989123456", after=(1, 2)),
    Case(
        "germany-403",
        "premium rate",
        refused(got(403, "Forbidden")),
        event("premium rate is closed", 403, [100]),
        to="+49900123456",
        after=(0.1, 0.3),
    ),
    Case(
        "gone-410", "number changed", refused(got(410, "Gone")), event("number changed", 410, [100]), after=(0.1, 0.5)
    ),
    Case("lines-full-603", "a line is free", ANSWERED, up("answered"), after=(0.2, 0.5)),
    Case(
        "not-acceptable-606",
        "media",
        refused(got(606, "Not Acceptable", warning='305 carrier[.]example "Incompatible media format"'), at_once=True),
        event("media not acceptable", 606, []),
    ),
    Case(
        "overload-503-retry-after",
        "ten seconds",
        refused(got(503, "Service Unavailable", retry_after="10 [(]calls per second exceeded[)]"), at_once=True),
        event("overloaded", 503, []),
    ),
    Case(
        "overload-503-retry-after",
        "thirty seconds",
        refused(got(503, "Service Unavailable", retry_after="30 [(]calls per second exceeded[)]"), at_once=True),
        event("overloaded", 503, []),
        settings=("seconds=30",),
    ),
    Case(
        "prefix-7-8-404",
        "dialled with 7",
        refused(got(404, "Not Found")),
        event("dialled with 7", 404, [100]),
        to="74951234567",
        after=(0.1, 0.5),
    ),
    Case(
        "prefix-7-8-404",
        "dialled with +7",
        refused(got(404, "Not Found")),
        event("dialled with 7", 404, [100]),
        to="+74951234567",
    ),
    Case("prefix-7-8-404", "dialled with 8", ANSWERED, up("dialled with 8"), to="84951234567", after=(1, 3)),
    Case(
        "prefix-7-8-404",
        "dialled with neither",
        refused(got(404, "Not Found"), at_once=True),
        {"rule": None, "matched": False, "code": 404, "provisional": [], "ending": "refused"},
        to="+4930123456",
    ),
    Case(
        "redirect-302",
        "redirected",
        refused(
            got(
                302,
                "Moved Temporarily",
                contact="<sip:[+]4915112345678@gateway[.]carrier[.]example;user=phone>;q=0[.]9",
            ),
            at_once=True,
        ),
        event("redirected", 302, []),
    ),
    Case(
        "rejected-608",
        "blocked",
        refused(got(608, "Rejected", call_info="<data:application/jose,[A-Za-z0-9_.-]+>;purpose=jwscard")),
        event("blocked by analytics", 608, [100]),
        after=(0.1, 0.4),
    ),
    Case(
        "ringing-then-declined",
        "declined",
        [INVITE, TRYING, RINGING, got(603, "Decline"), ACK],
        event("declined by hand", 603, [100, 180]),
        after=(2.2, 6.8),
    ),
    Case(
        "ringing-then-declined",
        "cancelled while it rings",
        [INVITE, TRYING, RINGING, *CANCELLED],
        event("declined by hand", 487, [100, 180], "cancelled"),
        after=(0.2, 1),
    ),
    Case(
        "server-error-500",
        "at once",
        refused(got(500, "Server Internal Error"), at_once=True),
        event("trouble inside the carrier", 500, []),
    ),
    Case(
        "stalled-trying",
        "nothing ever, so cancelled",
        [INVITE, TRYING, Pause(1), *CANCELLED],
        event("stalled", 487, [100], "cancelled"),
        settings=("after=200ms",),
        after=(1, 1.5),
    ),
    Case(
        "stalled-trying",
        "a late answer",
        [INVITE, TRYING, UP, ACK, *HANG_UP],
        up("stalled", provisional=(100,)),
        settings=("then=answer", "after=1s"),
        after=(1, 1),
    ),
    Case(
        "stalled-trying",
        "a late failure",
        [INVITE, TRYING, got(503, "Service Unavailable", retry_after=None), ACK],
        event("stalled", 503, [100]),
        settings=("then=failure", "after=1s"),
        after=(1, 1),
    ),
    Case(
        "stalled-trying",
        "cancelled before the late answer",
        [INVITE, TRYING, Pause(0.3), *CANCELLED],
        event("stalled", 487, [100], "cancelled"),
        settings=("then=answer", "after=20s"),
    ),
    Case(
        "stalled-trying",
        "CANCEL and answer cross",
        [INVITE, TRYING, UP, CANCEL, got(200, "OK"), ACK, *HANG_UP],
        up("stalled", provisional=(100,)),
        settings=("then=answer", "after=100ms"),
    ),
    Case(
        "unavailable-480",
        "phone off",
        refused(got(480, "Temporarily Unavailable")),
        event("phone off", 480, [100]),
        after=(1, 3),
    ),
    Case(
        "unavailable-503",
        "out of capacity",
        refused(got(503, "Service Unavailable", retry_after=None)),
        event("out of capacity", 503, [100]),
        after=(0.05, 0.2),
    ),
    Case(
        "unwanted-607",
        "unwanted",
        [INVITE, TRYING, RINGING, got(607, "Unwanted"), ACK],
        event("unwanted", 607, [100, 180]),
        after=(1.5, 3),
    ),
]


def test_every_shipped_scenario_is_called() -> None:
    """Here, or in another file of this folder."""
    called = {case.scenario for case in CASES}
    for file in Path(__file__).parent.glob("test_*.py"):
        called.update(re.findall(r"\b(?:carrier|Story)\(\s*\"([a-z0-9-]+)\"", file.read_text(encoding="utf-8")))
    assert called == {path.stem for path in SCENARIOS.glob("*.yaml")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.scenario}: {case.story}")
def test_shipped(case: Case, carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    settings = [word for setting in case.settings for word in ("--set", setting)]
    called = carrier(case.scenario, *settings)
    sipp.call(case.ladder, called.address, to=case.to, caller=case.caller)

    (call,) = called.ended_calls(1)
    assert call | case.tells == call
    assert (call["from"], call["to"], call["transport"]) == (case.caller, case.to, "UDP")
    assert call["source"].startswith("127.0.0.1:")
    if case.after is not None:
        earliest, latest = case.after
        assert earliest <= call["responded_after"] <= latest + 1
    assert call["responded_after"] <= call["acknowledged_after"] <= call["ended_after"]
    summary = called.stop()
    assert summary["codes"] == {str(call["code"]): 1}
    assert summary["unmatched"] == (0 if case.tells["matched"] else 1)


def test_silence(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = carrier("silence")
    # Two repetitions of the INVITE go out meanwhile, at 0.5 and 1.5 s.
    dialler = sipp.call([INVITE, Pause(1.7)], called.address)
    assert dialler.traffic.count("INVITE sip:") == 3
    assert "SIP/2.0 100" not in dialler.traffic
    assert called.calls == []
    summary = called.stop()
    (call,) = called.calls
    assert (call["rule"], call["matched"], call["provisional"]) == ("unheard", True, [])
    assert (call["code"], call["ending"]) == (None, "abandoned")
    assert summary["codes"] == {"none": 1}


def test_lines_are_counted(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    full: Ladder = [INVITE, got(603, "Decline"), ACK]

    def held(seconds: float) -> Ladder:
        return [INVITE, TRYING, RINGING, UP, ACK, Pause(seconds), *HANG_UP]

    called = carrier("lines-full-603", "--set", "lines=2")
    first = sipp.start(held(2.0), called.address)
    second = sipp.start(held(4.0), called.address)
    for dialler in (first, second):
        dialler.wait_for("ACK sip:")
    sipp.call(full, called.address)
    first.finished()
    third = sipp.start(held(0.5), called.address)
    third.wait_for("ACK sip:")
    sipp.call(full, called.address)
    third.finished()
    second.finished()

    calls = called.ended_calls(5)
    assert [call["code"] for call in calls] == [200, 200, 603, 200, 603]
    assert [call["why"] for call in calls] == [None, None, "lines 2 of 2", None, "lines 2 of 2"]
    assert all(call["matched"] for call in calls)
    assert called.stop()["codes"] == {"200": 3, "603": 2}


def test_a_refused_call_holds_no_line(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = carrier("lines-full-603", "--set", "lines=1")
    sipp.call([INVITE, TRYING, RINGING, *CANCELLED], called.address)
    sipp.call([INVITE, TRYING, RINGING, *CANCELLED], called.address)
    sipp.call(ANSWERED, called.address)
    assert [call["code"] for call in called.ended_calls(3)] == [487, 487, 200]


def test_many_calls_at_once(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = carrier("germany-403")
    sipp.call(refused(got(403, "Forbidden")), called.address, "-rp", "100", calls=50, caller="+15551234567")
    calls = called.ended_calls(50)
    assert len({call["call_id"] for call in calls}) == 50
    assert called.stop()["codes"] == {"403": 50}


def test_options_beside_calls(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = carrier("germany-403")
    options = Send("OPTIONS", headers=("Accept: application/sdp",))
    sipp.call([options, got(200, "OK", allow=".*INVITE.*")], called.address)
    assert called.stop()["calls"] == 0
