"""CANCEL at every moment (RFC 3261 section 9): before a provisional response, after one, crossing the answer, lost."""

from __future__ import annotations

import pytest

from simcarrier.sip.session import Ending
from simcarrier.testing import CallIn, CallOut, Phone, Weather, Wire


class Line:
    """Two phones 10 ms apart."""

    def __init__(self) -> None:
        self.wire = Wire(weather=Weather(delay=0.01))
        self.caller = Phone(self.wire, "10.0.0.1", name="caller")
        self.callee = Phone(self.wire, "10.0.0.2", name="callee")

    def dial(self) -> tuple[CallOut, CallIn]:
        out = self.caller.dial(self.callee)
        self.wire.run(0.05)
        return out, self.callee.taken[0]

    def ends_clean(self, out: CallOut, taken: CallIn, *endings: Ending) -> None:
        self.wire.settle()
        assert (out.ending, taken.ending) == endings, self.wire.ladder()
        assert (len(out.endings), len(taken.endings)) == (1, 1)
        assert self.caller.idle
        assert self.callee.idle


CANCELLED = (Ending.CANCELLED, Ending.CANCELLED)


@pytest.mark.parametrize("status", [100, 180, 183, 199])
def test_after_a_provisional_response_it_goes_out_at_once(status: int) -> None:
    line = Line()
    out, taken = line.dial()
    taken.trying() if status == 100 else taken.ring(status)
    line.wire.run(0.05)
    out.cancel()
    line.wire.run(1)
    line.wire.expect("-> INVITE", f"<- {status}", "-> CANCEL", "<- 200 CANCEL", "<- 487 INVITE", "-> ACK")
    assert len(taken.cancelled_at) == 1
    assert out.session.status == 487
    line.ends_clean(out, taken, *CANCELLED)


def test_before_any_provisional_response_it_waits() -> None:
    line = Line()
    out, taken = line.dial()
    out.cancel()
    line.wire.run(2)
    assert "CANCEL" not in [passage.short for passage in line.wire.trace]
    taken.trying()
    line.wire.run(1)
    assert line.wire.trace.arrows()[-4:] == ["-> CANCEL", "<- 200 CANCEL", "<- 487 INVITE", "-> ACK"]
    line.ends_clean(out, taken, *CANCELLED)


def test_before_a_refusal_without_provisional_it_is_never_sent() -> None:
    line = Line()
    out, taken = line.dial()
    out.cancel()
    taken.refuse(486)
    line.wire.run(1)
    line.wire.expect("-> INVITE", "<- 486 INVITE", "-> ACK")
    line.ends_clean(out, taken, Ending.REFUSED, Ending.REFUSED)


def test_before_an_answer_without_provisional_the_call_is_hung_up() -> None:
    line = Line()
    out, taken = line.dial()
    out.cancel()
    taken.answer()
    line.wire.run(1)
    line.wire.expect("-> INVITE", "<- 200 INVITE", "-> ACK", "-> BYE", "<- 200 BYE")
    line.ends_clean(out, taken, Ending.CANCELLED, Ending.HUNG_UP_BY_PEER)


def test_crossing_with_the_answer_it_ends_with_ack_and_bye() -> None:
    line = Line()
    out, taken = line.dial()
    taken.ring()
    line.wire.run(0.05)
    line.wire.forget()
    taken.answer()
    out.cancel()
    line.wire.run(1)
    line.wire.expect("<- 200 INVITE", "-> CANCEL", "-> ACK", "-> BYE", "<- 200 CANCEL", "<- 200 BYE")
    assert out.session.answered_at is None
    assert taken.cancelled_at == []
    line.ends_clean(out, taken, Ending.CANCELLED, Ending.HUNG_UP_BY_PEER)


def test_crossing_with_a_refusal_the_refusal_stands() -> None:
    line = Line()
    out, taken = line.dial()
    taken.ring()
    line.wire.run(0.05)
    taken.refuse(603)
    out.cancel()
    line.ends_clean(out, taken, Ending.REFUSED, Ending.REFUSED)
    assert out.codes == [180, 603]


def test_after_the_answer_nothing_is_cancelled() -> None:
    line = Line()
    out, taken = line.dial()
    taken.answer()
    line.wire.run(0.05)
    out.cancel()
    line.wire.run(1)
    assert out.is_up
    line.wire.expect("-> INVITE", "<- 200 INVITE", "-> ACK")
    out.hang_up()
    line.ends_clean(out, taken, Ending.HUNG_UP_BY_US, Ending.HUNG_UP_BY_PEER)


def test_hanging_up_before_the_answer_is_cancelling() -> None:
    line = Line()
    out, taken = line.dial()
    taken.ring()
    line.wire.run(0.05)
    out.hang_up()
    line.wire.run(1)
    assert line.wire.trace.arrows()[2:] == ["-> CANCEL", "<- 200 CANCEL", "<- 487 INVITE", "-> ACK"]
    line.ends_clean(out, taken, *CANCELLED)


def test_a_lost_cancel_is_repeated() -> None:
    line = Line()
    out, taken = line.dial()
    taken.ring()
    line.wire.run(0.05)
    line.wire.lose("CANCEL", 2)
    out.cancel()
    line.ends_clean(out, taken, *CANCELLED)
    assert len(line.wire.trace.times("CANCEL")) == 3


def test_a_lost_487_is_repeated() -> None:
    line = Line()
    out, taken = line.dial()
    taken.ring()
    line.wire.run(0.05)
    line.wire.lose("487", 2)
    out.cancel()
    line.ends_clean(out, taken, *CANCELLED)
    assert len(line.wire.trace.times("487")) == 3


def test_asked_twice_it_goes_out_once() -> None:
    line = Line()
    out, taken = line.dial()
    taken.ring()
    line.wire.run(0.05)
    out.cancel()
    out.cancel()
    line.ends_clean(out, taken, *CANCELLED)
    assert len(line.wire.trace.times("CANCEL")) == 1


def test_without_any_final_response_the_caller_gives_up_after_32_s() -> None:
    line = Line()
    out, taken = line.dial()
    taken.ring()
    line.wire.run(0.05)
    line.wire.lose("CANCEL", 99)
    out.cancel()
    at = line.wire.now
    line.wire.run(60)
    assert out.endings == [(Ending.CANCELLED, at + 32)]
    assert line.caller.idle
    taken.abandon()
    line.ends_clean(out, taken, Ending.CANCELLED, Ending.ABANDONED)


def test_the_487_has_the_tag_that_the_200_to_cancel_has() -> None:
    line = Line()
    out, taken = line.dial()
    taken.trying()
    line.wire.run(0.05)
    out.cancel()
    line.wire.run(1)
    tags = {response.to_tag for response in line.wire.trace.responses() if response.status >= 200}
    assert len(tags) == 1
    assert "" not in tags


def test_the_cancel_is_the_invite_s_twin() -> None:
    line = Line()
    out, taken = line.dial()
    taken.ring()
    line.wire.run(0.05)
    out.cancel()
    (invite,), (cancel,) = line.wire.trace.requests("INVITE"), line.wire.trace.requests("CANCEL")
    for name in ("via", "from", "to", "call-id"):
        assert cancel.get_all(name) == invite.get_all(name), name
    assert (cancel.uri, cancel.cseq) == (invite.uri, (invite.cseq[0], "CANCEL"))
