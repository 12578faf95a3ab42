"""One probed call: whatever the other side does, it ends, and what was seen is told as it was."""

from __future__ import annotations

import json

import pytest

from simcarrier.probe.attempt import Stage
from simcarrier.probe.deadlines import Deadlines
from simcarrier.records.observation import Observation, Outcome
from tests.probe.kit import CALLED, CALLER, WALL, Bench, permit


def test_an_answered_call_is_hung_up_after_the_talk_time() -> None:
    bench = Bench()
    switch = bench.carrier("calls: [{outcome: answered, ring: 2s}]")
    seen = bench.probe(deadlines=Deadlines(talk=1.5))
    assert (seen.outcome, seen.hung_up_by) == (Outcome.ANSWERED, "us")
    assert [one.code for one in seen.provisionals] == [100, 180]
    assert seen.final is not None
    assert seen.final.code == 200
    assert seen.rang
    assert seen.post_dial_delay == pytest.approx(0.02)
    assert seen.answered == pytest.approx(2.02)
    assert seen.ended == pytest.approx(3.52, abs=0.05)
    assert (seen.caller, seen.called, seen.remote, seen.started) == (CALLER, CALLED, "10.0.0.2:5060", WALL)
    bench.nothing_left()
    assert switch.journal.recent[-1].ending == "hung_up_by_peer"


def test_a_call_that_the_carrier_hangs_up() -> None:
    bench = Bench()
    bench.carrier("""
        calls:
          - steps: [answer, {hang_up: {after: 500ms, headers: {Reason: "SIP;cause=607;text=\\"Unwanted\\""}}}]
    """)
    seen = bench.probe(deadlines=Deadlines(talk=20))
    assert (seen.outcome, seen.hung_up_by) == (Outcome.ANSWERED, "peer")
    assert seen.bye["reason"] == ('SIP;cause=607;text="Unwanted"',)
    bench.nothing_left()


def test_a_refused_call_tells_code_phrase_and_reason() -> None:
    bench = Bench()
    bench.carrier("""
        calls:
          - respond:
              {code: 403, phrase: Not You, trying: true, delay: 250ms, headers: {Reason: Q.850;cause=21, X-Why: n}}
    """)
    seen = bench.probe()
    assert seen.outcome is Outcome.REFUSED
    assert seen.final is not None
    assert (seen.final.code, seen.final.phrase) == (403, "Not You")
    assert seen.final.values("reason") == ("Q.850;cause=21",)
    assert seen.final.values("x-why") == ("n",)
    assert seen.final.at == pytest.approx(0.27)
    assert not seen.rang
    bench.nothing_left()


@pytest.mark.parametrize("then", ["silence", "{respond: 503}"], ids=["nothing ever", "a late failure"])
def test_a_stalled_call_is_cancelled_ten_seconds_after_100(then: str) -> None:
    bench = Bench()
    switch = bench.carrier(f"calls: [{{steps: [trying, {{wait: 12s}}, {then}]}}]")
    seen = bench.probe()
    assert seen.outcome is Outcome.STALLED
    assert seen.final is None
    assert seen.gave_up == pytest.approx(10.02)
    assert [one.code for one in seen.after] == [487]
    bench.nothing_left()
    assert switch.journal.recent[-1].ending == "cancelled"


def test_a_carrier_that_repeats_100_does_not_hold_the_call() -> None:
    bench = Bench()
    bench.carrier("calls: [{steps: [trying, {wait: 4s}, {duplicate: 3}, {wait: 4s}, {duplicate: 3}, silence]}]")
    seen = bench.probe()
    assert seen.outcome is Outcome.STALLED
    assert seen.gave_up == pytest.approx(10.02)
    bench.nothing_left()


def test_provisionals_without_end_are_cut_at_the_ringing_limit() -> None:
    bench = Bench()
    bench.carrier("calls: [{steps: [trying, ringing, {wait: 20s}, {progress: 183}, {wait: 30s}, ringing, silence]}]")
    seen = bench.probe(deadlines=Deadlines(ringing=30))
    assert seen.outcome is Outcome.RANG_OUT
    assert seen.gave_up == pytest.approx(30.02)
    bench.nothing_left()


def test_silence_is_no_code() -> None:
    bench = Bench()
    bench.carrier("calls: [{steps: [silence]}]")
    seen = bench.probe()
    assert (seen.outcome, seen.final, seen.provisionals, seen.after) == (Outcome.SILENT, None, [], [])
    bench.nothing_left()


def test_a_200_that_crosses_the_cancel_is_acknowledged_and_hung_up() -> None:
    bench = Bench()
    peer = bench.peer()
    call = bench.place(bench.order())
    bench.wire.run(0.05)
    invite = peer.request("INVITE")
    peer.answer(invite, 100)
    bench.wire.run(10.2)
    assert call.stage is Stage.GIVEN_UP
    peer.answer(invite, 200, tag="late")
    bench.wire.run(0.1)
    assert peer.request("ACK").to_tag == "late"
    bye = peer.request("BYE")
    assert bye.to_tag == "late"
    peer.answer(bye, 200)
    bench.wire.settle()
    assert call.observation.outcome is Outcome.STALLED
    assert [one.code for one in call.observation.after] == [200]
    bench.nothing_left()


def test_credentials_answer_a_challenge() -> None:
    bench = Bench()
    bench.peer()
    peer = bench.peer("10.0.0.3")
    call = bench.place(bench.order(hosts=["10.0.0.3"], username="acme", password="secret"))
    bench.wire.run(0.05)
    first = peer.request("INVITE")
    challenge = 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"'
    peer.answer(first, 407, fields=[("Proxy-Authenticate", challenge)])
    bench.wire.run(0.05)
    second = peer.request("INVITE")
    assert second.call_id == first.call_id
    assert second.from_tag == first.from_tag
    assert second.cseq == (2, "INVITE")
    assert second.via.branch != first.via.branch
    assert 'username="acme"' in (second.get("proxy-authorization") or "")
    assert "secret" not in second.head
    peer.answer(second, 407, fields=[("Proxy-Authenticate", challenge)])
    bench.wire.settle()
    assert call.observation.outcome is Outcome.UNAUTHORISED
    assert call.observation.rounds == 2
    bench.nothing_left()


def test_a_challenge_without_credentials() -> None:
    bench = Bench()
    peer = bench.peer()
    call = bench.place(bench.order())
    bench.wire.run(0.05)
    peer.answer(peer.request("INVITE"), 401, fields=[("WWW-Authenticate", 'Digest realm="r", nonce="n"')])
    bench.wire.settle()
    assert call.observation.outcome is Outcome.UNAUTHORISED
    assert call.observation.final is not None
    assert call.observation.final.code == 401


def test_the_next_address_is_tried_after_503_and_after_silence() -> None:
    bench = Bench()
    bench.carrier("calls: [{respond: 503}]", "10.0.0.2")
    bench.carrier("calls: [{outcome: answered}]", "10.0.0.4")
    seen = bench.probe(hosts=["10.0.0.2", "10.0.0.3", "10.0.0.4"])
    assert seen.outcome is Outcome.ANSWERED
    assert seen.targets == ["10.0.0.2:5060", "10.0.0.3:5060", "10.0.0.4:5060"]
    assert seen.rounds == 3
    bench.nothing_left()


def test_603_is_not_tried_elsewhere() -> None:
    bench = Bench()
    bench.carrier("calls: [{respond: 603}]", "10.0.0.2")
    bench.carrier("calls: [{outcome: answered}]", "10.0.0.3")
    seen = bench.probe(hosts=["10.0.0.2", "10.0.0.3"])
    assert seen.outcome is Outcome.REFUSED
    assert seen.targets == ["10.0.0.2:5060"]


def test_no_address_at_all() -> None:
    bench = Bench()
    assert bench.probe(hosts=[]).outcome is Outcome.UNRESOLVED


def test_a_redirect_is_told_and_followed_only_when_asked() -> None:
    scenario = """
        calls:
          - {to: "+4940222333", respond: {code: 302, headers: {Contact: "<sip:+4989333444@10.0.0.2>"}}}
          - {to: "+4989333444", respond: 486}
    """
    bench = Bench()
    bench.carrier(scenario)
    seen = bench.probe()
    assert seen.outcome is Outcome.REDIRECTED
    assert seen.final is not None
    assert seen.final.values("contact") == ("<sip:+4989333444@10.0.0.2>",)
    followed = bench.probe(redirects=3)
    assert followed.final is not None
    assert followed.final.code == 486
    bench.may_follow = False
    assert bench.probe(redirects=3).outcome is Outcome.REDIRECTED
    assert bench.refused_follow == ["+4989333444"]


def test_a_redirect_loop_ends() -> None:
    bench = Bench()
    bench.carrier("""
        calls: [{respond: {code: 302, headers: {Contact: "<sip:+4940222333@10.0.0.2>"}}}]
    """)
    seen = bench.probe(redirects=100)
    assert seen.outcome is Outcome.REDIRECTED
    assert seen.rounds == 6
    bench.nothing_left()


@pytest.mark.parametrize("after", [0.005, 0.5, 2.5], ids=["before a response", "ringing", "talking"])
def test_an_interrupted_call_is_ended_in_order(after: float) -> None:
    bench = Bench()
    switch = bench.carrier("calls: [{outcome: answered, ring: 2s}]")
    call = bench.place(bench.order(deadlines=Deadlines(talk=60)))
    bench.wire.run(after)
    call.interrupt(bench.wire.now)
    bench.wire.collect()
    bench.nothing_left()
    assert not switch.calls
    answered = after > 2
    assert call.observation.outcome is (Outcome.ANSWERED if answered else Outcome.INTERRUPTED)
    assert switch.journal.recent[-1].ending == ("hung_up_by_peer" if answered else "cancelled")


def test_a_second_answer_of_a_fork_is_noted_and_hung_up() -> None:
    bench = Bench()
    peer = bench.peer()
    call = bench.place(bench.order(deadlines=Deadlines(talk=3)))
    bench.wire.run(0.05)
    invite = peer.request("INVITE")
    peer.answer(invite, 200, tag="one")
    peer.answer(invite, 200, tag="two")
    bench.wire.run(0.05)
    bye = peer.request("BYE")
    assert bye.to_tag == "two"
    peer.answer(bye, 200)
    bench.wire.run(3.2)
    bye = peer.request("BYE")
    assert bye.to_tag == "one"
    peer.answer(bye, 200)
    bench.wire.settle()
    assert call.observation.forks == 1


def test_no_call_without_its_permit() -> None:
    bench = Bench()
    bench.carrier("calls: [{outcome: answered}]")
    order = bench.order()
    with pytest.raises(PermissionError):
        bench.place_with(order, permit(CALLER, "+49891234567"))


@pytest.mark.parametrize("loss", [0.2, 0.4])
def test_losses_change_nothing_but_the_times(loss: float) -> None:
    bench = Bench(loss=loss, seed=3)
    bench.carrier("calls: [{respond: 486}]")
    for _ in range(20):
        assert bench.probe().outcome in (Outcome.REFUSED, Outcome.SILENT)
    bench.nothing_left()


def test_an_observation_goes_to_json_and_back() -> None:
    bench = Bench()
    bench.carrier(
        "calls: [{steps: [trying, ringing, {wait: 1s}, {progress: {code: 183, sdp: true}}, {wait: 20s}, silence]}]"
    )
    seen = bench.probe(deadlines=Deadlines(ringing=5))
    told = json.loads(json.dumps(seen.as_dict()))
    assert Observation.from_dict(told).as_dict() == seen.as_dict()
    assert seen.early_media
    with pytest.raises(ValueError, match="not a probed call"):
        Observation.from_dict({"number": 1})
