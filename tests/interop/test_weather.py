"""SIPp calls in bad weather, and too often in a second."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .harness import Carrier
from .ladder import ACK, BYE, CANCEL, INVITE, Ladder, Pause, got
from .sipp import Sipp

pytestmark = pytest.mark.interop

TRYING = got(100, "Trying")
RINGING = got(180, "Ringing")
UP: Ladder = [RINGING, got(200, "OK", sdp=True), ACK, Pause(0.1), BYE, got(200, "OK")]
CANCELLED: Ladder = [CANCEL, got(200, "OK"), got(487, "Request Terminated", to="INVITE"), ACK]


def test_calls_per_second(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = carrier("calls-per-second-503", "--set", "rate=1")
    refused = got(503, "Service Unavailable", retry_after="2")
    sipp.call([INVITE, TRYING, RINGING, *CANCELLED], called.address)
    sipp.call([INVITE, refused, ACK], called.address, "-rp", "100", calls=3)
    sipp.call([Pause(1.0), INVITE, TRYING, *UP], called.address)

    first, *between, last = called.ended_calls(5)
    assert [first["code"], last["code"]] == [487, 200]
    for count, call in enumerate(between, 2):
        assert (call["code"], call["rule"], call["matched"], call["provisional"]) == (503, None, True, [])
        assert (call["condition"], call["trunk"]) == ("rate_exceeded", "main")
        assert call["why"] == f"trunk main: {count} calls in the last second, 1 allowed"
    assert called.stop()["codes"] == {"200": 1, "487": 1, "503": 3}


def test_within_the_rate_all_is_well(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = carrier("calls-per-second-503", "--set", "rate=20")
    sipp.call([INVITE, TRYING, *UP], called.address, calls=10)
    assert {call["code"] for call in called.ended_calls(10)} == {200}


def test_fair_weather(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = carrier("bad-weather", "--set", "congestion=1h..2h", "--set", "outage=1h..2h", "--set", "slow=1h..2h")
    sipp.call([INVITE, TRYING, *UP], called.address)
    (call,) = called.ended_calls(1)
    assert (call["rule"], call["why"], call["condition"]) == ("answered", None, "answered")


@pytest.mark.parametrize(
    ("front", "name", "condition", "code", "phrase"),
    [
        ("congestion", "evening rush", "route_congested", 503, "Service Unavailable"),
        ("outage", "power cut", "carrier_failure", 500, "Server Internal Error"),
    ],
)
def test_bad_weather(
    carrier: Callable[..., Carrier], sipp: Sipp, front: str, name: str, condition: str, code: int, phrase: str
) -> None:
    called = carrier("bad-weather", "--set", f"{front}=0s..5m")
    sipp.call([INVITE, TRYING, got(code, phrase), ACK], called.address)
    (call,) = called.ended_calls(1)
    assert (call["rule"], call["why"], call["condition"]) == (None, f"weather: {name}", condition)


def test_slow_weather(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = carrier("bad-weather", "--set", "slow=0s..5m", "--set", "delay=1500ms")
    sipp.call([INVITE, TRYING, *UP], called.address)
    sipp.call([INVITE, TRYING, Pause(0.3), *CANCELLED], called.address)
    slow, cancelled = called.ended_calls(2)
    assert 2.5 <= slow["responded_after"] <= 4.5
    assert (slow["rule"], slow["code"], slow["provisional"]) == ("answered", 200, [100, 180])
    assert (cancelled["code"], cancelled["provisional"]) == (487, [100])
