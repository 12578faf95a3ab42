"""Session timers in running calls (RFC 4028): refreshes, a session that runs out, intervals that are too short."""

from __future__ import annotations

import pytest

from simcarrier.sip.session import Ending
from simcarrier.testing import CallIn, CallOut, Phone, Wire


def call(*fields: tuple[str, str], callee: int | None = None) -> tuple[Wire, CallOut, CallIn]:
    """A call whose INVITE has these fields; the callee asks for an interval of its own, or not."""
    wire = Wire()
    caller = Phone(wire, "10.0.0.1", name="caller")
    phone = Phone(wire, "10.0.0.2", name="callee", session_interval=callee)
    out = caller.dial(phone, fields=fields)
    wire.run(0)
    phone.taken[0].answer()
    wire.run(0)
    wire.forget()
    return wire, out, phone.taken[0]


def test_the_caller_refreshes_at_half_the_interval_for_as_long_as_the_call_lasts() -> None:
    wire, out, taken = call(("Session-Expires", "90;refresher=uac"))
    assert out.responses[-1].get("session-expires") == "90;refresher=uac"
    assert "timer" in out.responses[-1].tokens("require")
    wire.run(200)
    assert wire.trace.times("-> UPDATE") == [45.0, 90.0, 135.0, 180.0]
    assert out.is_up
    assert taken.is_up


def test_the_callee_refreshes_if_it_is_to() -> None:
    wire, out, taken = call(("Session-Expires", "120;refresher=uas"))
    wire.run(200)
    assert wire.trace.times("<- UPDATE") == [60.0, 120.0, 180.0]
    assert wire.trace.times("-> UPDATE") == []
    assert out.is_up
    assert taken.is_up


def test_the_callee_may_ask_for_an_interval_itself() -> None:
    wire, out, _ = call(callee=100)
    assert (out.responses[-1].get("session-expires") or "").startswith("100;")
    wire.run(60)
    assert len(wire.trace.named("UPDATE")) == 1


def test_without_a_wish_there_is_no_timer() -> None:
    wire, out, _ = call()
    assert out.responses[-1].get("session-expires") is None
    wire.run(10_000)
    wire.expect()
    assert out.is_up


def test_a_session_whose_refreshes_get_lost_ends_a_little_early_with_bye() -> None:
    wire, out, taken = call(("Session-Expires", "90;refresher=uac"))
    wire.lose("UPDATE", 99)
    wire.run(90)
    assert wire.trace.times("BYE")[0] == 60.0  # 90 less a third; whichever end is first
    assert {out.ending, taken.ending} == {Ending.EXPIRED, Ending.HUNG_UP_BY_PEER}
    wire.settle()


def test_the_refresher_ends_it_too_if_nobody_answers() -> None:
    wire, out, taken = call(("Session-Expires", "90;refresher=uac"))
    for name in ("<- 200 UPDATE", "<- BYE"):
        wire.lose(name, 999)
    wire.run(200)
    assert out.ending in (Ending.EXPIRED, Ending.HUNG_UP_BY_US)
    assert taken.ending is not None
    wire.settle()


def test_a_refresh_that_meets_no_dialog_ends_the_call() -> None:
    wire, out, taken = call(("Session-Expires", "90;refresher=uac"))
    wire.lose("<- BYE", 99)
    taken.hang_up()
    wire.run(50)
    assert out.ending is Ending.HUNG_UP_BY_US
    assert wire.trace.arrows()[-4:] == ["-> UPDATE", "<- 481 UPDATE", "-> BYE", "<- 481 BYE"]


@pytest.mark.parametrize(("asked", "floor"), [("30", 90), ("89", 90)])
def test_an_interval_that_is_too_short_gets_422(asked: str, floor: int) -> None:
    wire, out, taken = call(("Session-Expires", asked))
    assert out.codes == [422]
    assert out.responses[0].get("min-se") == str(floor)
    wire.settle()
    assert taken.ending is Ending.REFUSED


@pytest.mark.parametrize("value", ["soon", "-1", "99999999999", "90;refresher=uac;refresher=uas"])
def test_an_interval_that_cannot_be_read_gets_400(value: str) -> None:
    wire, out, _ = call(("Session-Expires", value))
    assert out.codes == [400]
    wire.settle()


def test_hanging_up_stops_the_timers() -> None:
    wire, out, taken = call(("Session-Expires", "90;refresher=uac"))
    out.hang_up()
    wire.settle()
    assert wire.now <= 40
    assert taken.ending is Ending.HUNG_UP_BY_PEER
    assert wire.trace.named("UPDATE") == []
