"""A leg of pjproject's, on its own: what it makes of what it is told, without pjproject."""

from __future__ import annotations

from typing import Any

import pytest

from simcarrier.probe.pjsua2.events import Account, Cause, Finished
from simcarrier.probe.pjsua2.leg import LINGER, LONGEST, PjLeg
from simcarrier.probe.target import Target
from simcarrier.records.audio import Audio
from simcarrier.sip.invitation import Invitation
from simcarrier.sip.message import Message, Response
from simcarrier.sip.parse import parse
from simcarrier.sip.session import Ending
from simcarrier.sip.timers import TimerQueue
from simcarrier.sip.transport import Transport


class Bench:
    """The leg's user, and what it commands."""

    def __init__(self, *, username: str | None = None, ready: bool = True) -> None:
        self.timers = TimerQueue()
        self.done: list[Any] = []
        self.told: list[Any] = []
        self.is_ready = ready
        account = Account("<sip:probe@x>", Transport.UDP, "127.0.0.1", "127.0.0.1:5060", username, username)
        target = Target(Transport.UDP, ("127.0.0.1", 5060))
        invitation = Invitation("sip:1@x", "<sip:2@x>", call_id="c")
        self.leg = PjLeg(1, self, invitation, target, self, account)

    # Commands

    def ready(self, leg: PjLeg) -> bool:
        return self.is_ready

    def queue(self, leg: PjLeg) -> None:
        self.done.append("queue")

    def place(self, leg: PjLeg) -> None:
        leg.placed = True
        self.done.append("place")

    def give_up(self, leg: PjLeg) -> None:
        self.done.append("give up")

    def hang_up(self, leg: PjLeg) -> None:
        self.done.append("hang up")

    def over(self, leg: PjLeg, after: float = 0.0) -> None:
        self.done.append(("over", after))

    def audio_of(self, leg: PjLeg) -> Audio | None:
        return Audio(codec="PCMU")

    def trouble_with(self, target: Target) -> str:
        return ""

    # LegUser

    def responded(self, response: Response, now: float) -> None:
        self.told.append(response.status)

    def ended(self, ending: Ending, now: float) -> None:
        self.told.append(ending)

    def challenged(self, response: Response, now: float) -> None:
        self.told.append(("challenged", response.status))

    def bye_answered(self, response: Response | None, now: float) -> None:
        self.told.append(("bye", None if response is None else response.status))

    # What happens

    def sent(self, seq: int = 1) -> Bench:
        self.leg.passed(request("INVITE", seq), True, 0.0)
        return self

    def heard(self, *statuses: int, seq: int = 1, method: str = "INVITE", fields: str = "") -> Bench:
        for status in statuses:
            message = response(status, seq, method, fields)
            self.leg.passed(message, False, 1.0)
            self.leg.heard(message, 1.0)
        return self

    def passed(self, *statuses: int, seq: int = 1, tag: str = "b") -> Bench:
        for status in statuses:
            self.leg.passed(response(status, seq, tag=tag), False, 1.0)
        return self

    def finished(self, cause: Cause = Cause.MESSAGE, code: int = 200) -> Bench:
        self.leg.finished(Finished(1, cause, code, "Some Reason"), 2.0)
        return self


def request(method: str, seq: int) -> Message:
    return parse(
        f"{method} sip:1@x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:2@x>;tag=a\r\nTo: <sip:1@x>\r\n"
        f"Call-ID: c\r\nCSeq: {seq} {method}\r\n\r\n".encode()
    )


def response(status: int, seq: int = 1, method: str = "INVITE", fields: str = "", tag: str = "b") -> Message:
    return parse(
        f"SIP/2.0 {status} X\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:2@x>;tag=a\r\n"
        f"To: <sip:1@x>;tag={tag}\r\nCall-ID: c\r\nCSeq: {seq} {method}\r\n{fields}\r\n".encode()
    )


def placed(**said: Any) -> Bench:
    bench = Bench(**said)
    assert not bench.leg.wait(lambda now: None)
    bench.leg.invite(0.0)
    assert bench.done == ["place"]
    return bench.sent()


def test_a_refusal() -> None:
    bench = placed().heard(100, 180, 486).finished()
    assert bench.told == [100, 180, 486, Ending.REFUSED]
    assert bench.leg.refusal is not None
    assert bench.done[-1] == ("over", 0.0)


def test_nothing_came() -> None:
    assert placed().finished(Cause.TIMER, 408).told == [Ending.TIMED_OUT]


def test_the_connection_broke() -> None:
    bench = placed().finished(Cause.TRANSPORT, 503)
    assert bench.told == [Ending.TRANSPORT_FAILED]
    assert bench.leg.why() == "some reason"


def test_a_challenge_that_pjproject_answers_is_kept_back_until_it_does() -> None:
    bench = placed(username="u").heard(407)
    assert bench.told == []
    bench.sent(2)
    assert bench.told == [("challenged", 407)]
    assert bench.heard(200, seq=2).told == [("challenged", 407), 200]


def test_a_challenge_that_it_does_not_answer() -> None:
    assert placed(username="u").heard(407).finished().told == [407, Ending.REFUSED]
    assert placed().heard(407).told == [407, Ending.REFUSED]


def test_a_reliable_provisional_is_told_once() -> None:
    fields = "Require: 100rel\r\nRSeq: 7\r\n"
    assert placed().heard(183, 183, fields=fields).heard(180, fields=fields.replace("7", "8")).told == [183, 180]


def test_what_comes_after_a_call_was_given_up_is_taken_from_the_wire() -> None:
    bench = placed().heard(100)
    bench.leg.abandon(1.0)
    bench.leg.detached()
    bench.passed(487, seq=9)  # not ours
    assert bench.passed(180, 487).told == [100, 180, 487, Ending.CANCELLED]
    assert bench.done == ["place", "give up", ("over", 0.0)]


def test_an_answer_that_crosses_the_cancel() -> None:
    bench = placed().heard(180)
    bench.leg.abandon(1.0)
    bench.leg.detached()
    assert bench.passed(200, 200).told == [180, 200, Ending.CANCELLED]


@pytest.mark.parametrize(("heard", "due"), [((), LONGEST), ((100,), 5.0 + LONGEST)])
def test_a_final_response_that_never_comes(heard: tuple[int, ...], due: float) -> None:
    bench = placed().heard(*heard)
    bench.leg.abandon(5.0)
    assert bench.timers.next() == due
    bench.timers.fire(due)
    assert bench.told == [*heard, Ending.CANCELLED]
    assert bench.done[-1] == ("over", LINGER)  # pjproject has the line a little longer


def test_our_bye() -> None:
    bench = placed().heard(200)
    bench.leg.hang_up(1.0)
    assert bench.leg.parting
    assert bench.heard(200, seq=2, method="BYE").finished().told == [200, Ending.HUNG_UP_BY_US, ("bye", 200)]
    assert not bench.leg.parting


def test_our_bye_is_challenged() -> None:
    for finish, last in ((lambda bench: bench.heard(200, seq=3, method="BYE"), 200), (Bench.finished, 401)):
        bench = placed(username="u").heard(200)
        bench.leg.hang_up(1.0)
        finish(bench.heard(401, seq=2, method="BYE"))
        assert bench.told[-1] == ("bye", last)


def test_a_bye_that_nobody_answers() -> None:
    bench = placed().heard(200)
    bench.leg.hang_up(1.0)
    assert bench.finished(Cause.TIMER, 408).told == [200, Ending.HUNG_UP_BY_US, ("bye", None)]


def test_the_peers_bye() -> None:
    bench = placed().heard(200)
    bench.leg.heard(request("BYE", 1), 2.0)
    assert bench.finished().told == [200, Ending.HUNG_UP_BY_PEER]
    assert bench.leg.farewell is not None


def test_further_answers_of_a_fork_are_counted() -> None:
    bench = placed().heard(200).passed(200, tag="other").passed(200, tag="other")
    assert (bench.leg.further_answers, bench.told) == (1, [200])


def test_a_leg_that_waits_for_a_line() -> None:
    bench = Bench(ready=False)
    stood: list[float] = []
    assert bench.leg.wait(stood.append)
    assert bench.done == ["queue"]
    bench.leg.stands(3.0)
    bench.leg.stands(4.0)
    assert stood == [3.0]


def test_a_leg_that_waits_in_vain() -> None:
    bench = Bench(ready=False)
    stood: list[float] = []
    bench.leg.wait(stood.append)
    bench.leg.failed("Connection refused", 3.0)
    assert (stood, bench.leg.closed, bench.leg.why(), bench.told) == ([3.0], True, "connection refused", [])
    bench = Bench(ready=False)
    bench.leg.wait(stood.append)
    bench.leg.drop()
    bench.leg.failed("too late", 4.0)
    assert (stood, bench.told) == ([3.0], [])


def test_a_leg_that_was_let_go_tells_somebody_else() -> None:
    bench, other = placed(), Bench()
    bench.leg.let_go(other, 2.0)
    bench.leg.detached()
    bench.passed(180, 200)
    assert (bench.told, other.told) == ([], [180, 200, Ending.CANCELLED])
