"""Whole calls between a caller and a callee in memory: answered, hung up, refused, over every transport."""

from __future__ import annotations

import pytest

from simcarrier.sip.session import Ending
from simcarrier.sip.transport import Transport
from simcarrier.testing import CallIn, CallOut, MemoryChannel, Phone, Weather, Wire

REPEATED = [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
"""When a final response goes out that nobody acknowledges (RFC 3261 sections 13.3.1.4 and 17.2.1)."""


class Line:
    """Two phones, and a call from one to the other."""

    def __init__(
        self, weather: Weather | None = None, transport: Transport = Transport.UDP, hosts: tuple[str, str] = ("", "")
    ) -> None:
        self.wire = Wire(weather=weather or Weather(delay=0.01))
        here, there = hosts if hosts[0] else ("10.0.0.1", "10.0.0.2")
        self.caller = Phone(self.wire, here, name="caller")
        self.callee = Phone(self.wire, there, name="callee")
        self.channel: MemoryChannel | None = None
        if transport.reliable:
            self.channel = self.wire.connect(self.caller.channel, self.callee.address, transport)

    def dial(self, *, with_offer: bool = True) -> tuple[CallOut, CallIn]:
        """The call at both ends, its INVITE delivered."""
        call = self.caller.dial(self.callee, channel=self.channel, with_offer=with_offer)
        self.wire.run(0.05)
        return call, self.callee.taken[-1]

    def up(self) -> tuple[CallOut, CallIn]:
        """A call that is answered and acknowledged; the ladder so far is done with."""
        out, taken = self.dial()
        taken.answer()
        self.wire.run(0.05)
        assert out.is_up
        assert taken.is_up
        self.wire.forget()
        return out, taken

    def is_clean(self) -> bool:
        """After all timers nothing is left of any call, and each end was told once."""
        self.wire.settle()
        told = [call.endings for call in self.callee.taken]
        return self.caller.idle and self.callee.idle and all(len(endings) == 1 for endings in told)


TRANSPORTS = [
    pytest.param(Transport.UDP, ("10.0.0.1", "10.0.0.2"), id="udp"),
    pytest.param(Transport.TCP, ("10.0.0.1", "10.0.0.2"), id="tcp"),
    pytest.param(Transport.TLS, ("10.0.0.1", "10.0.0.2"), id="tls"),
    pytest.param(Transport.UDP, ("2001:db8::1", "2001:db8::2"), id="udp-ipv6"),
    pytest.param(Transport.TCP, ("2001:db8::1", "2001:db8::2"), id="tcp-ipv6"),
]


@pytest.mark.parametrize(("transport", "hosts"), TRANSPORTS)
def test_an_answered_call_hung_up_by_the_caller(transport: Transport, hosts: tuple[str, str]) -> None:
    line = Line(transport=transport, hosts=hosts)
    out, taken = line.dial()
    taken.trying()
    taken.ring()
    line.wire.run(1)
    taken.answer()
    line.wire.run(1)
    line.wire.expect("-> INVITE", "<- 100", "<- 180", "<- 200 INVITE", "-> ACK")
    assert taken.established_at == [pytest.approx(1.07)]
    out.hang_up()
    line.wire.run(1)
    line.wire.expect("-> BYE", "<- 200 BYE")
    assert (out.ending, taken.ending) == (Ending.HUNG_UP_BY_US, Ending.HUNG_UP_BY_PEER)
    assert out.codes == [100, 180, 200]
    assert line.is_clean()


@pytest.mark.parametrize(("transport", "hosts"), TRANSPORTS)
def test_an_answered_call_hung_up_by_the_callee(transport: Transport, hosts: tuple[str, str]) -> None:
    line = Line(transport=transport, hosts=hosts)
    out, taken = line.up()
    taken.hang_up()
    line.wire.run(1)
    line.wire.expect("<- BYE", "-> 200 BYE")
    assert (out.ending, taken.ending) == (Ending.HUNG_UP_BY_PEER, Ending.HUNG_UP_BY_US)
    assert line.is_clean()


@pytest.mark.parametrize(("transport", "hosts"), TRANSPORTS)
def test_a_refused_call(transport: Transport, hosts: tuple[str, str]) -> None:
    line = Line(transport=transport, hosts=hosts)
    out, taken = line.dial()
    taken.refuse(486)
    line.wire.run(1)
    line.wire.expect("-> INVITE", "<- 486 INVITE", "-> ACK")
    assert (out.ending, taken.ending) == (Ending.REFUSED, Ending.REFUSED)
    assert out.session.status == 486
    assert line.is_clean()


def test_both_hang_up_at_once() -> None:
    line = Line()
    out, taken = line.up()
    out.hang_up()
    taken.hang_up()
    line.wire.run(1)
    line.wire.expect("-> BYE", "<- BYE", "<- 481 BYE", "-> 481 BYE")
    assert (out.ending, taken.ending) == (Ending.HUNG_UP_BY_US, Ending.HUNG_UP_BY_US)
    assert line.is_clean()


def test_hosts_of_ipv6_stand_in_brackets() -> None:
    line = Line(hosts=("2001:db8::1", "2001:db8::2"))
    line.up()
    invite = line.wire.trace.requests("INVITE")[0]
    assert invite.get("contact") == "<sip:[2001:db8::1]:5060>"
    assert (invite.get("via") or "").startswith("SIP/2.0/UDP [2001:db8::1]:5060;")
    assert b"c=IN IP6 2001:db8::1" in invite.body
    answer = line.wire.trace.responses()[-1]
    assert answer.get("contact") == "<sip:[2001:db8::2]:5060>"
    assert line.wire.trace.requests("ACK")[0].uri == "sip:[2001:db8::2]:5060"


def test_a_contact_over_a_stream_names_the_transport() -> None:
    line = Line(transport=Transport.TCP)
    line.up()
    assert (line.wire.trace.requests("INVITE")[0].get("contact") or "").endswith(";transport=tcp>")
    assert (line.wire.trace.responses()[-1].get("contact") or "").endswith(";transport=tcp>")


def test_the_invite_is_repeated_until_something_comes_and_rings_once() -> None:
    line = Line()
    line.wire.lose("INVITE", 3)
    out = line.caller.dial(line.callee)
    line.wire.run(5)
    assert line.wire.trace.times("INVITE") == [0.0, 0.5, 1.5, 3.5]
    assert len(line.callee.taken) == 1
    line.callee.taken[0].refuse(404)
    line.wire.run(1)
    assert out.ending is Ending.REFUSED
    assert line.is_clean()


def test_a_repeated_invite_never_makes_a_second_call() -> None:
    line = Line()
    out, taken = line.dial()
    line.wire.run(10)
    taken.trying()
    line.wire.run(30)
    assert len(line.wire.trace.times("INVITE")) > 3
    assert len(line.callee.taken) == 1
    taken.answer()
    line.wire.run(1)
    out.hang_up()
    assert line.is_clean()


def test_nobody_there() -> None:
    line = Line()
    out = line.caller.dial(("10.0.0.9", 5060))
    line.wire.settle()
    assert line.wire.trace.times("INVITE") == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert out.endings == [(Ending.TIMED_OUT, 32.0)]
    assert line.caller.idle


def test_nobody_there_and_the_network_says_so() -> None:
    line = Line()
    line.wire.refuse(("10.0.0.9", 5060))
    out = line.caller.dial(("10.0.0.9", 5060))
    line.wire.settle()
    assert out.endings == [(Ending.TRANSPORT_FAILED, 0.0)]
    assert line.caller.idle


def test_a_2xx_is_repeated_until_its_ack() -> None:
    line = Line(Weather())
    out, taken = line.dial()
    line.wire.lose("ACK", 4)
    start = line.wire.now
    taken.answer()
    line.wire.run(60)
    times = line.wire.trace.times("200 INVITE")
    assert [round(time - start, 6) for time in times] == REPEATED[:5]
    assert len(line.wire.trace.times("ACK")) == 5
    assert taken.established_at == [start + 7.5]
    assert out.codes == [200]
    out.hang_up()
    assert line.is_clean()


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP], ids=str.lower)
def test_a_2xx_that_nobody_acknowledges_ends_with_bye_after_32_s(transport: Transport) -> None:
    line = Line(Weather(), transport)
    out, taken = line.dial()
    line.wire.lose("ACK", 99)
    start = line.wire.now
    taken.answer()
    line.wire.run(60)
    assert [round(time - start, 6) for time in line.wire.trace.times("200 INVITE")] == REPEATED
    assert line.wire.trace.times("BYE") == [start + 32]
    assert taken.endings == [(Ending.UNACKNOWLEDGED, start + 32)]
    assert out.ending is Ending.HUNG_UP_BY_PEER
    assert line.is_clean()


def test_a_refusal_that_nobody_acknowledges_is_repeated_for_32_s() -> None:
    line = Line(Weather())
    out, taken = line.dial()
    line.wire.lose("ACK", 99)
    start = line.wire.now
    taken.refuse(403)
    line.wire.run(60)
    assert [round(time - start, 6) for time in line.wire.trace.times("403")] == REPEATED
    assert taken.endings == [(Ending.UNACKNOWLEDGED, start + 32)]
    assert out.ending is Ending.REFUSED
    assert line.is_clean()


def test_a_refusal_is_not_repeated_on_a_stream() -> None:
    line = Line(Weather(), Transport.TCP)
    _, taken = line.dial()
    line.wire.lose("ACK")
    taken.refuse(403)
    line.wire.run(60)
    assert len(line.wire.trace.times("403")) == 1
    assert taken.ending is Ending.UNACKNOWLEDGED
    assert line.is_clean()


def test_a_callee_hangs_up_only_once_its_2xx_is_acknowledged() -> None:
    line = Line(Weather())
    _, taken = line.dial()
    line.wire.lose("ACK", 2)
    taken.answer()
    taken.hang_up()
    line.wire.run(60)
    line.wire.expect("-> INVITE", *["<- 200 INVITE", "-> ACK"] * 3, "<- BYE", "-> 200 BYE")
    assert taken.ending is Ending.HUNG_UP_BY_US
    assert line.is_clean()


def test_a_lost_bye_is_repeated() -> None:
    line = Line(Weather())
    out, taken = line.up()
    line.wire.lose("BYE", 3)
    out.hang_up()
    line.wire.run(60)
    start = line.wire.trace.times("BYE")[0]
    assert [time - start for time in line.wire.trace.times("BYE")] == pytest.approx([0, 0.5, 1.5, 3.5])
    assert taken.ending is Ending.HUNG_UP_BY_PEER
    assert line.is_clean()


def test_a_delayed_offer_is_answered_in_the_ack() -> None:
    line = Line()
    out, taken = line.dial(with_offer=False)
    taken.answer()
    line.wire.run(1)
    assert line.wire.trace.requests("INVITE")[0].body == b""
    assert b"m=audio" in out.responses[-1].body
    ack = line.wire.trace.requests("ACK")[0]
    assert b"m=audio" in ack.body
    assert ack.content_type == "application/sdp"
    assert taken.session.media is not None
    assert taken.session.media.remote
    out.hang_up()
    assert line.is_clean()


def test_a_call_without_descriptions() -> None:
    line = Line()
    out, taken = line.dial(with_offer=False)
    taken.answer(with_sdp=False)
    line.wire.run(1)
    assert out.is_up
    assert out.responses[-1].body == b""
    out.hang_up()
    assert line.is_clean()


def test_a_connection_that_closes_takes_the_call_along() -> None:
    line = Line(transport=Transport.TCP)
    out = line.caller.dial(line.callee, channel=line.channel)
    assert line.channel is not None
    line.wire.close(line.channel)
    assert out.ending is Ending.TRANSPORT_FAILED
    line.wire.settle()
    assert line.caller.idle
