"""What each behaviour puts on the wire, and what the record says of it: a table, and the finer points below."""

from __future__ import annotations

import pytest

from simcarrier.carrier.behaviours import RUNGS
from simcarrier.carrier.behaviours.silence import PATIENCE
from simcarrier.scenario.steps import STEPS
from simcarrier.sip.session import Ending
from simcarrier.testing import Weather
from tests.carrier.kit import Exchange

REFUSED = ["<- 403 INVITE", "-> ACK"]

TABLE = [
    pytest.param("respond: 403", REFUSED, 403, "refused", [], id="respond"),
    pytest.param(
        "respond: {code: 403, trying: true, delay: 2s}", ["<- 100", *REFUSED], 403, "refused", [100], id="respond late"
    ),
    pytest.param("steps: [trying, {respond: 403}]", ["<- 100", *REFUSED], 403, "refused", [100], id="trying"),
    pytest.param("steps: [trying, {wait: 3s}, {respond: 403}]", ["<- 100", *REFUSED], 403, "refused", [100], id="wait"),
    pytest.param("steps: [ringing, {respond: 403}]", ["<- 180", *REFUSED], 403, "refused", [180], id="ringing"),
    pytest.param("steps: [progress, {respond: 403}]", ["<- 183", *REFUSED], 403, "refused", [183], id="progress"),
    pytest.param("steps: [{progress: 182}, {respond: 403}]", ["<- 182", *REFUSED], 403, "refused", [182], id="182"),
    pytest.param(
        "steps: [{ringing: {reliable: true}}, {wait: 1s}, {respond: 403}]",
        ["<- 180", "-> PRACK", "<- 200 PRACK", *REFUSED],
        403,
        "refused",
        [180],
        id="ringing reliably",
    ),
    pytest.param(
        "steps: [trying, duplicate, {respond: 403}, {duplicate: 2}]",
        ["<- 100", "<- 100", "<- 403 INVITE", "<- 403 INVITE", "<- 403 INVITE", "-> ACK", "-> ACK", "-> ACK"],
        403,
        "refused",
        [100],
        id="duplicate",
    ),
    pytest.param(
        "steps: [ringing, answer, hang_up]",
        ["<- 180", "<- 200 INVITE", "-> ACK", "<- BYE", "-> 200 BYE"],
        200,
        "hung_up_by_us",
        [180],
        id="answer and hang up",
    ),
    pytest.param(
        "steps: [answer, {hang_up: {after: 5s, headers: {Reason: 'Q.850;cause=16'}}}]",
        ["<- 200 INVITE", "-> ACK", "<- BYE", "-> 200 BYE"],
        200,
        "hung_up_by_us",
        [],
        id="hang up later",
    ),
    pytest.param(
        "{outcome: answered, ring: 2s, talk: 3s}",
        ["<- 100", "<- 180", "<- 200 INVITE", "-> ACK", "<- BYE", "-> 200 BYE"],
        200,
        "hung_up_by_us",
        [100, 180],
        id="answered",
    ),
    pytest.param(
        "{outcome: answered, ring: 2s, talk: 3s, early_media: true}",
        ["<- 100", "<- 183", "<- 200 INVITE", "-> ACK", "<- BYE", "-> 200 BYE"],
        200,
        "hung_up_by_us",
        [100, 183],
        id="answered with early media",
    ),
]


@pytest.mark.parametrize(("action", "arrows", "code", "ending", "provisional"), TABLE)
def test_the_table(action: str, arrows: list[str], code: int, ending: str, provisional: list[int]) -> None:
    action = action if action.startswith("{") else f"{{{action}}}"
    carrier = Exchange(f"calls: [{action}]")
    carrier.dial()
    carrier.wire.run(30)
    sent = [arrow for arrow in carrier.wire.trace.arrows() if arrow != "-> INVITE"]
    assert sent == arrows, carrier.wire.ladder()
    carrier.close_of_business()
    record = carrier.record
    assert (record.code, record.ending, list(record.provisional)) == (code, ending, provisional)
    assert record.rule == "calls[0]"
    assert record.matched


def test_every_step_of_the_language_has_a_behaviour() -> None:
    assert set(RUNGS) == set(STEPS)


def test_steps_come_at_their_times() -> None:
    carrier = Exchange(
        "calls: [{steps: [trying, {wait: 2s}, ringing, {wait: 1500ms}, answer, {hang_up: {after: 4s}}]}]",
        weather=Weather(),
    )
    carrier.dial()
    carrier.wire.run(30)
    times = {passage.short: passage.sent_at for passage in carrier.wire.trace if not passage.forward}
    assert times == {"100": 0.0, "180": 2.0, "200 INVITE": 3.5, "BYE": 7.5}
    record = carrier.record
    assert (record.responded_after, record.acknowledged_after, record.ended_after) == (3.5, 3.5, 7.5)
    assert record.started == 1_700_000_000.0


def test_a_span_is_drawn_anew_for_each_call_and_stays_within_its_bounds() -> None:
    carrier = Exchange("calls: [{respond: {code: 403, trying: true, delay: 1s..3s}}]", weather=Weather())
    for _ in range(30):
        carrier.code()
    delays = [record.responded_after or 0 for record in carrier.records]
    assert all(1 <= delay <= 3 for delay in delays)
    assert len(set(delays)) == 30


def test_a_response_carries_its_phrase_headers_and_body() -> None:
    carrier = Exchange(
        """
        calls:
          - respond:
              code: 608
              phrase: Not By Us
              headers: {Call-Info: "<https://x>;purpose=jwscard", Reason: "Q.850;cause=21"}
              body: {type: text/plain, content: "no, {from.user}"}
        """
    )
    call = carrier.dial(caller="+4940999")
    carrier.wire.run(1)
    (response,) = call.responses
    assert (response.status, response.phrase) == (608, "Not By Us")
    assert response.get("call-info") == "<https://x>;purpose=jwscard"
    assert response.get("reason") == "Q.850;cause=21"
    assert (response.content_type, response.body) == ("text/plain", b"no, +4940999")
    assert carrier.record.phrase == "Not By Us"


def test_early_media_brings_a_description_and_ringing_does_not() -> None:
    carrier = Exchange("calls: [{steps: [ringing, progress, answer]}]")
    call = carrier.dial()
    carrier.wire.run(1)
    ringing, progress, answer = call.responses
    assert ringing.body == b""
    assert progress.body == answer.body != b""


def test_the_bye_carries_its_headers() -> None:
    carrier = Exchange("calls: [{steps: [answer, {hang_up: {headers: {Reason: 'Q.850;cause=16'}}}]}]")
    carrier.dial()
    carrier.wire.run(1)
    assert carrier.wire.trace.requests("BYE")[0].get("reason") == "Q.850;cause=16"


def test_silence_answers_a_cancel() -> None:
    carrier = Exchange("calls: [{steps: [trying, silence]}]")
    call = carrier.dial()
    carrier.wire.run(10)
    call.cancel()
    carrier.wire.run(1)
    carrier.wire.expect("-> INVITE", "<- 100", "-> CANCEL", "<- 200 CANCEL", "<- 487 INVITE", "-> ACK")
    carrier.close_of_business()
    assert (carrier.record.code, carrier.record.ending) == (487, "cancelled")


def test_silence_from_the_start_says_nothing_and_is_forgotten_when_the_caller_has_given_up() -> None:
    carrier = Exchange("carrier: {lines: 1}\ncalls: [{steps: [silence]}]")
    call = carrier.dial()
    carrier.wire.run(36)
    assert carrier.lines_in_use == 1
    assert all(passage.forward for passage in carrier.wire.trace)
    assert call.ending is Ending.TIMED_OUT
    carrier.wire.run(2)
    assert carrier.lines_in_use == 0
    carrier.close_of_business()
    assert (carrier.record.code, carrier.record.ending) == (None, "abandoned")


def test_a_caller_that_never_comes_back_costs_no_memory_for_ever() -> None:
    carrier = Exchange("carrier: {lines: 1}\ncalls: [{steps: [trying, silence]}]")
    carrier.dial()
    carrier.wire.run(PATIENCE - 1)
    assert len(carrier.switch.calls) == 1
    assert carrier.lines_in_use == 1
    carrier.wire.run(2)
    assert carrier.switch.calls == {}
    assert carrier.lines_in_use == 0
    assert carrier.record.ending == "abandoned"
    assert carrier.switch.engine.server_transactions == 0


def test_drop_is_deaf_to_everything_of_this_call_and_to_nothing_else() -> None:
    carrier = Exchange("calls: [{to: '+49*', steps: [ringing, drop]}, {respond: 404}]")
    call = carrier.dial()
    carrier.wire.run(1)
    call.cancel()
    carrier.wire.run(40)
    assert len(carrier.wire.trace.named("CANCEL")) > 5
    assert "<- 200 CANCEL" not in carrier.wire.trace.arrows()
    assert call.ending is Ending.CANCELLED
    assert carrier.code("+1") == 404
    carrier.close_of_business()
    assert carrier.switch.engine.counters.lost_on_purpose == len(carrier.wire.trace.named("CANCEL"))


def test_drop_of_some_messages_loses_just_those() -> None:
    carrier = Exchange("calls: [{steps: [answer, {drop: 2}, {hang_up: {after: 1s}}]}]", weather=Weather())
    carrier.dial()
    carrier.wire.run(10)
    assert carrier.wire.trace.times("200 INVITE") == [0.0, 0.5, 1.5]
    assert carrier.wire.trace.times("BYE") == [2.5]
    carrier.close_of_business()


def test_a_lost_ack_is_asked_for_until_32_s_and_then_the_call_is_hung_up() -> None:
    carrier = Exchange("carrier: {lines: 1}\ncalls: [{steps: [answer, drop]}]", weather=Weather())
    carrier.dial()
    carrier.wire.run(60)
    assert carrier.wire.trace.times("200 INVITE") == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert carrier.wire.trace.times("BYE") == [32.0]
    carrier.close_of_business()
    assert (carrier.record.code, carrier.record.ending) == (200, "unacknowledged")


def test_a_caller_without_prack_meets_504_and_the_ladder_ends() -> None:
    carrier = Exchange("calls: [{steps: [{ringing: {reliable: true}}, {wait: 40s}, answer]}]", weather=Weather())
    carrier.wire.lose("PRACK", 999)
    call = carrier.dial()
    carrier.wire.lose("-> ACK", 3)
    carrier.wire.run(100)
    assert call.codes == [180, 504]
    carrier.close_of_business()
    assert (carrier.record.code, carrier.record.provisional) == (504, (180,))


def test_an_offer_that_cannot_be_answered_frees_the_line() -> None:
    carrier = Exchange("carrier: {lines: 1}\ncalls: [{steps: [answer, {hang_up: {after: 1s}}]}]")
    assert carrier.code(fields=[("Session-Expires", "10")]) == 422
    assert carrier.lines_in_use == 0
    carrier.close_of_business()
    assert carrier.record.code == 422


def test_a_caller_that_hangs_up_first_ends_the_ladder() -> None:
    carrier = Exchange("calls: [{outcome: answered, ring: 1s, talk: 60s}]")
    call = carrier.dial()
    carrier.wire.run(5)
    call.hang_up()
    carrier.wire.run(100)
    assert len(carrier.wire.trace.named("BYE")) == 1
    carrier.close_of_business()
    assert carrier.record.ending == "hung_up_by_peer"


def test_silence_after_ringing_ends_the_reminders_too() -> None:
    carrier = Exchange("calls: [{steps: [ringing, silence]}]")
    carrier.dial()
    carrier.wire.run(200)
    carrier.wire.expect("-> INVITE", "<- 180")


def test_at_the_end_of_business_a_call_that_is_to_hear_nothing_hears_nothing() -> None:
    carrier = Exchange("calls: [{to: '+491', steps: [silence]}, {steps: [trying, silence]}]")
    carrier.dial("+491")
    carrier.dial("+492")
    carrier.wire.run(0.1)
    carrier.switch.close(carrier.wire.clock.now)
    carrier.wire.run(1)
    assert sorted((record.called, record.code, record.ending) for record in carrier.records) == [
        ("+491", None, "abandoned"),
        ("+492", 487, "refused"),
    ]
