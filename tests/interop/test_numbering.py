"""SIPp calls by prefixes taken and not, in directions open and closed, from callers routed and not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .harness import Carrier
from .ladder import ACK, BYE, INVITE, Ladder, Pause, Send, got
from .sipp import Sipp

pytestmark = pytest.mark.interop

TRYING = got(100, "Trying")
UP: Ladder = [
    *(INVITE, TRYING, got(180, "Ringing", sdp=False), got(200, "OK", sdp=True), ACK),
    *(Pause(0.1), BYE, got(200, "OK")),
]
NOT_FOUND: Ladder = [INVITE, TRYING, got(404, "Not Found"), ACK]
FORBIDDEN: Ladder = [INVITE, TRYING, got(403, "Forbidden"), ACK]


def test_the_same_number_with_7_and_with_8(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = carrier("ru-prefix")
    sipp.call(NOT_FOUND, called.address, to="74951234567")
    sipp.call(UP, called.address, to="84951234567")
    sipp.call(UP, called.address, to="+74951234567")
    refused, *answered = called.ended_calls(3)
    assert refused["condition"] == "prefix_not_recognised"
    assert refused["why"] == "dialled as 7..., the carrier takes 8... or +7..."
    assert [call["rule"] for call in answered] == ["converted", "converted"]
    assert called.stop()["codes"] == {"200": 2, "404": 1}


def test_a_number_that_is_gone_is_gone_in_every_form(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = carrier("ru-prefix")
    for number in ("84950000001", "+74950000001"):
        sipp.call(NOT_FOUND, called.address, to=number)
    told = [(call["condition"], call["why"]) for call in called.ended_calls(2)]
    assert told == [("number_disconnected", "+74950000001 listed as disconnected")] * 2


@pytest.mark.parametrize("caller", ["+4930123456", "030123456", "4930123456", "004989123456"])
def test_a_caller_id_is_routed_in_whatever_form(carrier: Callable[..., Carrier], sipp: Sipp, caller: str) -> None:
    called = carrier("national-only-403")
    sipp.call(UP, called.address, to="+4915112345678", caller=caller)
    (call,) = called.ended_calls(1)
    assert (call["rule"], call["from"]) == ("answered", caller)


def test_the_three_reasons_for_403(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = carrier("national-only-403")
    sipp.call(FORBIDDEN, called.address, to="+43112345678")
    sipp.call(FORBIDDEN, called.address, to="0900123456")
    sipp.call(FORBIDDEN, called.address, to="+4915112345678", caller="+14155550100")
    told = [(call["condition"], call["why"]) for call in called.ended_calls(3)]
    assert told == [
        ("direction_blocked", "direction +43 is not open"),
        ("direction_blocked", "direction +49900 is closed"),
        ("caller_id_not_routed", "caller ID +14155550100 is not routed (From)"),
    ]
    assert called.stop()["codes"] == {"403": 3}


def test_an_asserted_identity_stands_in_for_a_hidden_caller(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    def hiding(identity: str) -> Send:
        return Send("INVITE", headers=("Privacy: id", f"P-Asserted-Identity: {identity}"))

    called = carrier("national-only-403")
    good: Ladder = [hiding("<sip:+4930999@127.0.0.1>, <tel:+4930999>"), *UP[1:]]
    bad: Ladder = [hiding("<tel:+14155550100>"), *FORBIDDEN[1:]]
    sipp.call(good, called.address, caller="anonymous")
    sipp.call(bad, called.address, caller="anonymous")
    answered, refused = called.ended_calls(2)
    assert answered["rule"] == "answered"
    assert refused["why"] == "caller ID +14155550100 is not routed (P-Asserted-Identity), From is anonymous"
