"""What a carrier asks of whoever has the sockets: an end for each call, told and closed however the call goes."""

from __future__ import annotations

import pytest

from simcarrier.media.agreement import agreed
from simcarrier.media.program import Program
from simcarrier.records.media import MediaRecord
from simcarrier.scenario.sounds import read_program
from simcarrier.sip.session import Ending
from tests.carrier.kit import Exchange

PLAYS = """
calls:
  - {to: "1*", steps: [trying, progress, {play: ringback DE}, {wait: 2s}, answer, {play: echo}, {hang_up: 5s}]}
  - {to: "2*", steps: [progress, {play: [sit VC, silence 500ms]}, {respond: 404}]}
  - {to: "3*", steps: [answer, {play: nothing}]}
  - {to: "4*", respond: 403}
  - {to: "5*", respond: {code: 608, announce: always}}
  - {to: "6*", steps: [{progress: {reliable: true}}, {play: busy}, silence]}
  - {to: "7*", steps: [progress, {play: ringback}, {wait: 1h}, answer]}
  - {to: "8*", respond: {code: 608, announce: always, words: busy, announcement: 4s}}
"""


class Line:
    """The audio of one call, on paper."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.told: list[str] = []

    def described(self, remote: bytes) -> None:
        found = agreed(remote)
        self.told.append("nowhere" if found is None else f"{found.address[0]}{'' if found.receives else ' holds'}")

    def play(self, program: Program) -> None:
        self.told.append(f"plays {len(program.items)}")

    def stop(self) -> None:
        self.told.append("stops")

    def close(self) -> None:
        self.told.append("closes")

    def record(self) -> MediaRecord:
        return MediaRecord(sent=len(self.told), digits="1#")


class Desk:
    """Opens lines, or has none left."""

    def __init__(self, lines: int = 100) -> None:
        self.left = lines
        self.lines: list[Line] = []

    def open(self, host: str, peer: str) -> Line | None:
        assert (host, peer) == ("10.0.0.2", "10.0.0.1")
        if not self.left:
            return None
        self.left -= 1
        self.lines.append(Line(20_000 + 2 * len(self.lines)))
        return self.lines[-1]


def exchange(desk: Desk) -> Exchange:
    made = Exchange(PLAYS)
    made.switch.play_by(desk)
    return made


def told(number: str) -> list[str]:
    desk = Desk()
    made = exchange(desk)
    made.code(number)
    made.wire.run(30)
    made.close_of_business()
    assert len(desk.lines) <= 1
    return desk.lines[0].told if desk.lines else []


@pytest.mark.parametrize(
    ("number", "heard"),
    [
        ("1", ["10.0.0.1", "plays 1", "stops", "plays 1", "closes"]),
        ("2", ["10.0.0.1", "plays 2", "closes"]),
        ("3", ["10.0.0.1", "plays 1", "closes"]),
        ("4", []),
        ("5", ["10.0.0.1", "plays 2", "closes"]),
        ("8", ["10.0.0.1", "plays 1", "closes"]),
    ],
)
def test_a_call(number: str, heard: list[str]) -> None:
    assert told(number) == heard


@pytest.mark.parametrize(("number", "code", "after"), [("2", 404, 1.534), ("5", 608, 1.0), ("8", 608, 4.0)])
def test_it_takes_its_time(number: str, code: int, after: float) -> None:
    made = exchange(Desk())
    assert made.code(number) == code
    made.close_of_business()
    assert made.record.responded_after == pytest.approx(after, abs=0.02)


def test_without_sockets_time_passes_all_the_same() -> None:
    made = Exchange(PLAYS)
    call = made.dial("2")
    made.wire.run(1)
    (progress,) = call.responses
    assert b"m=audio 9 RTP/AVP" in progress.body
    made.wire.run(5)
    made.close_of_business()
    assert made.record.responded_after == pytest.approx(1.534, abs=0.02)
    assert Exchange(PLAYS).code("5") == 608


@pytest.mark.parametrize(
    ("number", "sent", "digits"), [("1", 5, "1#"), ("2", 3, "1#"), ("3", 3, "1#"), ("4", None, ""), ("5", 3, "1#")]
)
def test_the_record_has_what_the_end_told_when_it_was_closed(number: str, sent: int | None, digits: str) -> None:
    made = exchange(Desk())
    made.code(number)
    made.wire.run(30)
    made.close_of_business()
    record = made.record
    assert record.digits == digits
    assert (None if record.media is None else record.media.sent) == sent


def test_a_call_that_is_up_has_the_record_so_far() -> None:
    made = exchange(Desk())
    dialled = made.dial("3")
    made.wire.run(1)
    (call,) = made.switch.calls.values()
    so_far = call.record(Ending.ABANDONED, made.wire.now, 0.0, None)
    assert so_far.media == MediaRecord(sent=2, digits="1#")
    dialled.hang_up()
    made.close_of_business()


def test_without_an_end_there_is_nothing_to_tell() -> None:
    made = exchange(Desk(0))
    made.code("1")
    made.wire.run(30)
    made.close_of_business()
    assert made.record.media is None


def test_the_answer_names_the_port_of_the_call() -> None:
    desk = Desk(1)
    made = exchange(desk)
    first, second = made.dial("1"), made.dial("3")
    made.wire.run(4)
    (_, progress, ok), (full,) = first.responses, second.responses
    assert b"m=audio 20000 RTP/AVP" in progress.body
    assert b"m=audio 20000 RTP/AVP" in ok.body
    assert b"m=audio 9 RTP/AVP" in full.body, "no end was left: the call goes on without"
    assert second.is_up
    second.hang_up()
    made.wire.run(20)
    made.close_of_business()


def test_a_call_that_is_cancelled() -> None:
    desk = Desk()
    made = exchange(desk)
    call = made.dial("7")
    made.wire.run(2)
    call.cancel()
    made.wire.run(0.1)
    assert desk.lines[0].told == ["10.0.0.1", "plays 1", "closes"], "at once, not when its ACK has come"
    made.close_of_business()


def test_an_offer_that_comes_late() -> None:
    desk = Desk()
    made = exchange(desk)
    call = made.phone.dial(made.channel.local, "1", with_offer=False)
    made.wire.run(3)
    assert call.is_up
    # 183 without an offer to answer has no description; ours is in the 200, and theirs in the ACK.
    assert desk.lines[0].told == ["plays 1", "stops", "plays 1", "10.0.0.1"]
    made.wire.run(20)
    made.close_of_business()


def test_closing_time() -> None:
    desk = Desk()
    made = exchange(desk)
    for number in ("1", "3", "6", "7"):
        made.dial(number)
    made.wire.run(1)
    made.switch.close(made.wire.now)
    made.wire.collect()
    made.wire.run(0.5)
    assert [line.told[-1] for line in desk.lines] == ["closes"] * 4
    made.close_of_business()


def test_a_thousand_calls_of_all_kinds_leave_nothing_open() -> None:
    desk = Desk(1000)
    made = exchange(desk)
    for at in range(300):
        call = made.dial(str(1 + at % 8))
        made.wire.run(0.05)
        if at % 3 == 0 and not call.responses:
            made.wire.run(0.05)
        if at % 3 == 0 and call.session.answered_at is None and not call.endings and call.responses:
            call.cancel()
        elif call.is_up:
            call.hang_up()
    made.wire.run(60)
    made.switch.close(made.wire.now)
    made.wire.collect()
    made.close_of_business()
    assert len(desk.lines) > 200
    assert {line.told.count("closes") for line in desk.lines} == {1}


def test_all_that_is_to_be_played_is_known_beforehand() -> None:
    programs = Exchange(PLAYS).switch.carrier.programs()
    assert read_program("ringback DE") in programs
    assert read_program("busy") in programs
    assert len(programs) == 8
    assert Exchange("calls: [{respond: 404}]").switch.carrier.programs() == ()
