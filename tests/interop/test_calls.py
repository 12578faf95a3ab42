"""What can happen to a call, with SIPp as the dialler: repetitions, losses, CANCEL at bad moments, re-INVITE, BYE from
either side, delayed offers, reliable provisional responses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import Carrier, running
from .ladder import ACK, BYE, CANCEL, INVITE, Asked, Got, Ladder, Pause, Send, got
from .sipp import Sipp

pytestmark = pytest.mark.interop

Start = Callable[..., Carrier]
Playing = Callable[[str], Carrier]

UP = got(200, "OK", sdp=True)


@pytest.fixture
def playing(carrier: Start, tmp_path: Path) -> Playing:
    """A carrier that plays one ladder for every call, as written in a scenario."""

    def start(steps: str) -> Carrier:
        file = tmp_path / "scenario.yaml"
        file.write_text(f"name: One ladder\ncalls:\n  - name: all\n    steps: {steps}\n")
        return carrier(file)

    return start


# Repetitions and losses: -nr turns off that SIPp takes a second copy of a response for a repetition and swallows it.


def test_a_repeated_invite_makes_no_second_call(playing: Playing, sipp: Sipp) -> None:
    called = playing("[trying, {wait: 300ms}, {respond: 486}]")
    again = Send("INVITE", again=True)
    sipp.call([INVITE, got(100), again, got(100), again, got(100), got(486), ACK], called.address, "-nr")
    called.ended_calls(1)
    assert called.stop()["calls"] == 1


def test_a_repeated_invite_gets_the_final_response_again(playing: Playing, sipp: Sipp) -> None:
    called = playing("[{respond: 486}]")
    sipp.call([INVITE, got(486), Send("INVITE", again=True), got(486), ACK], called.address, "-nr")
    called.ended_calls(1)
    assert called.stop()["calls"] == 1


def test_a_lost_ack_brings_the_refusal_again(playing: Playing, sipp: Sipp) -> None:
    called = playing("[{respond: 403}]")
    sipp.call([INVITE, got(403, "Forbidden"), got(403, "Forbidden"), ACK, Pause(0.2)], called.address, "-nr")
    (call,) = called.ended_calls(1)
    assert call["ending"] == "refused"
    assert 0.5 <= call["acknowledged_after"] < 1.5


def test_a_lost_ack_brings_the_answer_again(playing: Playing, sipp: Sipp) -> None:
    called = playing("[answer]")
    sipp.call([INVITE, UP, UP, ACK, Pause(0.2), BYE, got(200)], called.address, "-nr")
    (call,) = called.ended_calls(1)
    assert call["ending"] == "hung_up_by_peer"
    assert 0.5 <= call["acknowledged_after"] < 1.5


def test_an_ack_that_is_repeated_does_no_harm(playing: Playing, sipp: Sipp) -> None:
    called = playing("[answer]")
    sipp.call([INVITE, UP, ACK, ACK, Pause(0.1), BYE, got(200)], called.address)
    assert called.ended_calls(1)[0]["ending"] == "hung_up_by_peer"


def test_a_duplicated_response(playing: Playing, sipp: Sipp) -> None:
    called = playing("[trying, {respond: 486}, {duplicate: 2}]")
    sipp.call([INVITE, got(100), got(486), got(486), got(486), ACK], called.address, "-nr")
    assert called.ended_calls(1)[0]["code"] == 486


def test_requests_that_get_lost(playing: Playing, sipp: Sipp) -> None:
    # The first ACK is lost, so the refusal comes again; the second ACK arrives.
    called = playing("[{drop: 1}, {respond: 486}]")
    sipp.call([INVITE, got(486), ACK, got(486), ACK], called.address, "-nr")
    assert called.ended_calls(1)[0]["acknowledged_after"] >= 0.5


# CANCEL


def test_cancel_before_the_answer(playing: Playing, sipp: Sipp) -> None:
    called = playing("[trying, {wait: 20s}, answer]")
    sipp.call([INVITE, got(100), CANCEL, got(200), got(487, to="INVITE"), ACK], called.address)
    assert called.ended_calls(1)[0]["ending"] == "cancelled"


def test_cancel_and_answer_cross(playing: Playing, sipp: Sipp) -> None:
    called = playing("[trying, {wait: 100ms}, answer]")
    sipp.call([INVITE, got(100), UP, CANCEL, got(200), ACK, Pause(0.1), BYE, got(200)], called.address)
    (call,) = called.ended_calls(1)
    assert (call["code"], call["ending"]) == (200, "hung_up_by_peer")


def test_cancel_and_refusal_cross(playing: Playing, sipp: Sipp) -> None:
    called = playing("[trying, {wait: 100ms}, {respond: 486}]")
    sipp.call([INVITE, got(100), got(486), CANCEL, got(200), ACK], called.address)
    (call,) = called.ended_calls(1)
    assert (call["code"], call["ending"]) == (486, "refused")


def test_cancel_of_nothing(playing: Playing, sipp: Sipp) -> None:
    called = playing("[answer]")
    sipp.call([CANCEL, got(481)], called.address)
    assert called.stop()["calls"] == 0


def test_bye_while_it_rings_ends_the_call(playing: Playing, sipp: Sipp) -> None:
    called = playing("[ringing, {wait: 20s}, answer]")
    sipp.call([INVITE, got(180), BYE, got(200), got(487, to="INVITE"), ACK], called.address)
    assert called.ended_calls(1)[0]["ending"] == "cancelled"


# Calls that are up


def test_the_carrier_hangs_up(playing: Playing, sipp: Sipp) -> None:
    called = playing("[ringing, answer, {hang_up: {after: 200ms, headers: {Reason: 'Q.850;cause=16'}}}]")
    dialler = sipp.call([INVITE, got(180), UP, ACK, Asked("BYE")], called.address)
    assert "Reason: Q.850;cause=16" in dialler.traffic
    (call,) = called.ended_calls(1)
    assert call["ending"] == "hung_up_by_us"
    assert call["ended_after"] - call["acknowledged_after"] >= 0.2


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_session_is_described_anew(method: str, playing: Playing, sipp: Sipp) -> None:
    called = playing("[answer]")
    acknowledged: Ladder = [ACK] if method == "INVITE" else []
    sipp.call(
        [INVITE, UP, ACK, Send(method, sdp=True), UP, *acknowledged, Pause(0.1), BYE, got(200)],
        called.address,
    )
    (call,) = called.ended_calls(1)
    assert call["ending"] == "hung_up_by_peer"
    assert called.stop()["calls"] == 1


def test_a_re_invite_without_an_offer(playing: Playing, sipp: Sipp) -> None:
    called = playing("[answer]")
    sipp.call(
        [INVITE, UP, ACK, Send("INVITE", sdp=False), UP, Send("ACK", sdp=True), Pause(0.1), BYE, got(200)],
        called.address,
    )
    assert called.ended_calls(1)[0]["ending"] == "hung_up_by_peer"


def test_requests_within_a_call(playing: Playing, sipp: Sipp) -> None:
    called = playing("[answer]")
    within: Ladder = [
        *(Send("OPTIONS"), got(200, allow=".*BYE.*")),
        *(Send("INFO"), got(200)),
        *(Send("PRACK", headers=("RAck: 1 1 INVITE",)), got(481)),
        *(Send("REFER", headers=("Refer-To: <sip:elsewhere@carrier.example>",)), got(405, allow=".*BYE.*")),
    ]
    sipp.call([INVITE, UP, ACK, *within, BYE, got(200)], called.address)
    assert called.ended_calls(1)[0]["ending"] == "hung_up_by_peer"


def test_bye_twice(playing: Playing, sipp: Sipp) -> None:
    called = playing("[answer]")
    sipp.call([INVITE, UP, ACK, BYE, got(200), BYE, got(481)], called.address)
    assert called.ended_calls(1)[0]["ending"] == "hung_up_by_peer"


# Offers and reliable provisional responses


def test_a_delayed_offer(playing: Playing, sipp: Sipp) -> None:
    called = playing("[ringing, answer]")
    sipp.call(
        [Send("INVITE", sdp=False), got(180), UP, Send("ACK", sdp=True), Pause(0.1), BYE, got(200)], called.address
    )
    assert called.ended_calls(1)[0]["ending"] == "hung_up_by_peer"


def prack(kept: str = "rseq") -> Send:
    return Send("PRACK", headers=(f"RAck: [${kept}] 1 INVITE",))


@pytest.mark.parametrize(
    ("asks", "reliable"), [("Supported", "true"), ("Require", "false")], ids=["supported", "required"]
)
def test_reliable_provisional_responses(asks: str, reliable: str, playing: Playing, sipp: Sipp) -> None:
    called = playing(f"[{{ringing: {{reliable: {reliable}}}}}, {{wait: 100ms}}, answer]")
    invite = Send("INVITE", headers=(f"{asks}: 100rel",))
    ringing = got(180, require=".*100rel.*", keep=("rseq", "RSeq"))
    sipp.call([invite, ringing, prack(), got(200), got(200, to="INVITE"), ACK, BYE, got(200)], called.address)
    assert called.ended_calls(1)[0]["ending"] == "hung_up_by_peer"


def test_an_answer_waits_for_prack(playing: Playing, sipp: Sipp) -> None:
    called = playing("[{progress: {reliable: true}}, answer]")
    invite = Send("INVITE", headers=("Supported: 100rel",))
    progress = got(183, sdp=True, keep=("rseq", "RSeq"))
    sipp.call(
        [invite, progress, Pause(0.2), prack(), got(200), got(200, to="INVITE"), ACK, BYE, got(200)], called.address
    )
    assert called.ended_calls(1)[0]["responded_after"] >= 0.2


def test_no_prack_brings_the_response_again(playing: Playing, sipp: Sipp) -> None:
    called = playing("[{ringing: {reliable: true}}, {wait: 20s}, answer]")
    invite = Send("INVITE", headers=("Supported: 100rel",))
    ringing = got(180, keep=("rseq", "RSeq"))
    cancelled: Ladder = [CANCEL, got(200), got(487, to="INVITE"), ACK]
    sipp.call([invite, ringing, ringing, prack(), got(200), *cancelled], called.address, "-nr")
    assert called.ended_calls(1)[0]["ending"] == "cancelled"


# What a carrier must refuse, whatever its scenario


@pytest.fixture(scope="module")
def answering() -> Iterator[Carrier]:
    with running("answered") as made:
        yield made


@pytest.mark.parametrize(
    ("send", "response"),
    [
        (Send("REGISTER"), got(405, allow=".*INVITE.*")),
        (Send("JUMP"), got(501)),
        (Send("INVITE", headers=("Require: holography",)), got(420, unsupported="holography")),
        (Send("OPTIONS", headers=("Require: holography",)), got(420, unsupported="holography")),
        (BYE, got(481)),
        (Send("UPDATE"), got(481)),
    ],
    ids=lambda value: getattr(value, "method", ""),
)
def test_what_is_refused(send: Send, response: Got, answering: Carrier, sipp: Sipp) -> None:
    sipp.call([send, response, *([ACK] if send.method == "INVITE" else [])], answering.address)
    assert answering.calls == []


def test_a_session_interval_that_is_too_small(playing: Playing, sipp: Sipp) -> None:
    called = playing("[answer]")
    invite = Send("INVITE", headers=("Supported: timer", "Session-Expires: 20"))
    sipp.call([invite, got(422, min_se="90"), ACK], called.address)
    assert called.ended_calls(1)[0]["code"] == 422
