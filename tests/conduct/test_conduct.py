"""Callers that do right, what is not judged, and the bounds of what is remembered."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.conduct import Conduct
from simcarrier.conduct.conduct import KEPT, MOST_BYTES, MOST_CALLS, MOST_WAITING
from simcarrier.conduct.doubt import ENOUGH, MOST, Doubts
from simcarrier.conduct.memory import MOST_BRANCHES, MOST_CALLERS, MOST_CHALLENGES, ChallengeSeen, Memory
from simcarrier.conduct.report import Report, complaint, report_lines
from simcarrier.conduct.state import MOST_TAGS, MOST_TRANSACTIONS
from simcarrier.conduct.timing import copies_by
from simcarrier.sip.transport import Transport
from tests.conduct.kit import THERE, Talk, sdp
from tests.conduct.test_rules import challenged, credentials, ringing_reliably

BOTH = pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])


# Right


@BOTH
def test_a_refused_call(transport: Transport) -> None:
    talk = Talk(transport)
    talk.refused()
    assert talk.found(until=60) == []


@BOTH
def test_an_answered_call(transport: Transport) -> None:
    talk = Talk(transport)
    talk.answered()
    talk.wait(3)
    talk.asks("UPDATE", 2, to_tag="c1", branch="u", body=sdp(version=2, more="a=sendonly\n"))
    talk.says(200, "UPDATE", 2, branch="u", body=sdp(session=9))
    talk.asks("INVITE", 3, to_tag="c1", uri="sip:10.0.0.2:5060", body=sdp(version=3))
    talk.says(200, "INVITE", 3, body=sdp(session=9))
    talk.acks(number=3)
    talk.ends(4)
    assert talk.found(until=60) == []


@BOTH
def test_a_cancelled_call(transport: Transport) -> None:
    talk = Talk(transport)
    talk.invites()
    talk.wait(10)
    talk.asks("CANCEL")
    talk.says(200, "CANCEL")
    talk.says(487, tag="r1")
    talk.asks("ACK", to_tag="r1")
    assert talk.found(until=60) == []


@BOTH
def test_a_call_without_an_offer(transport: Transport) -> None:
    talk = Talk(transport)
    talk.asks("INVITE")
    talk.says(200, body=sdp(session=9))
    talk.acks(body=sdp())
    talk.carrier_asks("INVITE", body=sdp(session=9))
    talk.answers(200, "INVITE", body=sdp(version=2))
    talk.carrier_asks("BYE", 2, branch="b2")
    talk.answers(200, "BYE", 2, branch="b2")
    assert talk.found(until=60) == []


@BOTH
def test_reliable_ringing(transport: Transport) -> None:
    talk = Talk(transport)
    ringing_reliably(talk)
    talk.asks("PRACK", 2, to_tag="c1", branch="p", add=["RAck: 17 1 INVITE"])
    talk.says(200, "PRACK", 2, branch="p")
    talk.says(200)
    talk.acks()
    talk.ends(3)
    assert talk.found(until=60) == []


@BOTH
def test_a_call_with_credentials(transport: Transport) -> None:
    talk = Talk(transport)
    challenged(talk)
    challenged(talk, 2, "n2", ", stale=true", credentials())
    talk.invites(3, add=[credentials("n2")])
    talk.says(200, number=3, body=sdp(session=9))
    talk.acks(number=3, add=[credentials("n2")])
    talk.ends(4, add=[credentials("n2", "00000002")])
    assert talk.found(until=60) == []


def test_a_password_that_is_wrong_is_tried_once() -> None:
    talk = Talk()
    challenged(talk)
    challenged(talk, 2, "n2", answer=credentials())
    assert talk.found() == []


def test_silence_is_answered_by_repetition() -> None:
    talk = Talk()
    for interval in (0, 0.5, 1, 2, 4, 8, 16):
        talk.wait(interval)
        talk.asks("INVITE")
    assert talk.found(until=60) == []


def test_a_network_that_brings_everything_twice() -> None:
    talk = Talk()
    for interval in (0, 0.5, 1, 2, 4):
        talk.wait(interval)
        talk.asks("INVITE")
        talk.wait(0.01)
        talk.asks("INVITE")
    assert talk.found() == []


def test_a_late_copy_of_an_invite_that_was_refused() -> None:
    talk = Talk()
    talk.refused()
    talk.wait(0.9)
    talk.asks("INVITE", body=sdp())
    assert talk.found() == []


def test_requests_that_overtake_each_other_over_udp() -> None:
    talk = Talk()
    talk.answered()
    talk.ends(3)
    talk.asks("UPDATE", 2, to_tag="c1", branch="u")
    assert talk.found() == []


def test_the_uri_in_credentials_may_be_another_one() -> None:
    talk = Talk()
    challenged(talk)
    talk.invites(2, add=[credentials().replace("sip:10.0.0.2", "sip:carrier.example")])
    assert talk.found() == []


def test_an_ack_with_the_user_of_the_invite_where_the_contact_has_none() -> None:
    """As SIPp's own scenarios do it."""
    talk = Talk()
    talk.invites()
    talk.says(200, body=sdp(session=9))
    talk.acks(uri="sip:service@10.0.0.2:5060")
    assert talk.found() == []


# In between and elsewhere


def test_behind_a_proxy_branches_are_its_own() -> None:
    proxy = ["SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKstateless"]
    talk = Talk()
    talk.asks("INVITE", via=proxy)
    talk.asks("OPTIONS", 7, via=proxy)
    talk.call_id = "call2"
    talk.asks("INVITE", via=proxy)
    assert talk.found() == []


def test_a_call_that_began_before_the_watch() -> None:
    talk = Talk()
    talk.asks("CANCEL")
    talk.call_id = "call2"
    talk.ends(to_tag="unknown")
    talk.call_id = "call3"
    talk.acks(number=7)
    assert talk.found() == []


def test_what_was_not_seen_from_its_beginning_is_not_concluded_from() -> None:
    talk = Talk(conduct=Conduct(since=1000.0))
    talk.asks("INVITE")
    talk.wait(10)
    talk.asks("CANCEL")
    assert talk.found() == []


def test_the_caller_of_a_final_response_after_timer_b_is_gone() -> None:
    talk = Talk(Transport.TCP)
    talk.asks("INVITE")
    talk.wait(33)
    talk.says(486, tag="r1")
    assert talk.found(until=60) == []


def test_a_connection_that_is_closed_acknowledges_nothing() -> None:
    talk = Talk(Transport.TCP)
    talk.invites()
    talk.says(486, tag="r1")
    talk.wait(1)
    talk.channel.closed = True
    assert talk.found(until=60) == []


def test_keep_alives_and_other_noise() -> None:
    talk = Talk()
    for data in (b"\r\n\r\n", b"\0", b"\x80\x00\x12", b"GET / HTTP/1.1\r\n\r\n", b"SIP/2.0 999 X\r\n\r\n"):
        talk.hears(data)
    assert talk.found() == ["malformed"]  # the status that there is not


# Counting and telling


def test_a_fault_is_told_once_for_each_call_and_method() -> None:
    talk = Talk()
    for call in range(KEPT + 5):
        talk.call_id = f"call{call}"
        for _ in range(3):
            talk.invites(change={"Max-Forwards": None})
        talk.says(486, tag="r1")
        talk.asks("ACK", to_tag="r1", change={"Max-Forwards": None})
    talk.found()
    assert talk.conduct.counts == {"max_forwards_missing": 2 * (KEPT + 5)}
    assert len(talk.conduct.breaches) == KEPT
    assert talk.conduct.calls == KEPT + 5


def test_a_breach_shows_the_message_and_no_credentials() -> None:
    talk = Talk()
    talk.asks("INVITE", add=[credentials(), "Subject: \x1b[31mred"], change={"Contact": None})
    talk.found()
    (breach,) = talk.conduct.breaches
    assert (breach.call_id, breach.at, breach.source) == ("call1", 100.0, "10.0.0.1:5060")
    assert breach.message.startswith("INVITE sip:+49891@10.0.0.2:5060 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=")
    assert "Authorization: (left out)" in breach.message
    assert "nonce" not in breach.message
    assert all(line.isprintable() for line in breach.message.split("\n"))


def test_the_report() -> None:
    talk = Talk()
    for call in ("a", "b\x07"):
        talk.call_id = call
        talk.asks("INVITE", change={"Contact": None, "Max-Forwards": None if call == "a" else "70"})
    talk.found()
    report = Report.of(talk.conduct.breaches, talk.conduct.counts, 1000)
    assert list(report_lines(report)) == [
        "SIP conduct: 2 faults in the first 1,000 calls",
        "  2 x contact (RFC 3261 section 8.1.1.8): INVITE without Contact",
        "      call a from 10.0.0.1:5060: INVITE sip:+49891@10.0.0.2:5060 SIP/2.0",
        "  1 x max_forwards_missing (RFC 3261 section 8.1.1.6): INVITE without Max-Forwards",
        "      call a from 10.0.0.1:5060: INVITE sip:+49891@10.0.0.2:5060 SIP/2.0",
    ]
    assert report.counts == {"contact": 2, "max_forwards_missing": 1}
    assert list(report_lines(Report())) == []
    assert list(report_lines(Report(first=1000))) == ["SIP conduct: no faults in the first 1,000 calls"]


def test_a_complaint_can_leave_rules_out() -> None:
    talk = Talk()
    talk.asks("INVITE", change={"Contact": None})
    talk.found()
    assert "1 x contact" in complaint(talk.conduct, set())
    assert complaint(talk.conduct, {"contact"}) == ""
    with pytest.raises(ValueError, match="no rule contatc; there are malformed"):
        complaint(talk.conduct, {"contatc"})


# Bounds


def test_only_the_first_calls_are_looked_at() -> None:
    talk = Talk(conduct=Conduct(calls=2))
    for call in range(5):
        talk.call_id = f"call{call}"
        talk.asks("INVITE", change={"Contact": None})
    talk.call_id = "call1"
    talk.says(486, tag="r1")
    talk.asks("ACK", to_tag="r1", branch="new")
    assert talk.found() == ["ack_branch", "contact"]
    assert (talk.conduct.calls, talk.conduct.counts["contact"], talk.conduct.full) == (2, 2, True)


def test_what_waits_is_bounded() -> None:
    talk = Talk()
    data = talk.asks("OPTIONS")
    for _ in range(MOST_WAITING + 100):
        talk.hears(data)
    assert talk.conduct.work(0) <= MOST_WAITING
    big = Talk()
    large = big.asks("OPTIONS") + b"x" * 60_000
    for _ in range(MOST_BYTES // 60_000 + 50):
        big.hears(large)
    assert big.conduct.work(0) * 60_000 <= MOST_BYTES


def test_calls_are_forgotten_when_they_are_over() -> None:
    talk = Talk()
    for call in range(50):
        talk.call_id = f"call{call}"
        talk.refused()
        talk.wait(10)
    talk.conduct.work()
    assert len(talk.conduct._calls) < 10
    assert len(talk.conduct._due) < 40


def test_a_flood_of_calls_and_callers_is_bounded() -> None:
    talk = Talk()
    for call in range(MOST_CALLS + 50):
        talk.call_id = f"call{call}"
        talk.asks("INVITE", peer=(f"10.1.{call // 250}.{call % 250}", 5060))
    assert talk.found() == []
    assert len(talk.conduct._calls) == MOST_CALLS


def test_one_call_can_not_fill_the_memory() -> None:
    talk = Talk()
    talk.answered()
    for number in range(2, 2 + 3 * MOST_TRANSACTIONS):
        talk.asks("INFO", number, to_tag="c1", branch=f"x{number}")
        talk.says(200, "INFO", number, branch=f"x{number}", tag=f"t{number}")
    assert talk.found() == []
    (call,) = talk.conduct._calls.values()
    assert (len(call.transactions), len(call.tags)) == (MOST_TRANSACTIONS, MOST_TAGS)
    assert call.partial


def test_the_memory_of_a_run_is_bounded() -> None:
    memory, doubts = Memory(), Doubts()
    for number in range(MOST_BRANCHES + 10):
        memory.note_branch(f"b{number}", "c", number, "INVITE")
        memory.note_challenge(f"n{number}", ChallengeSeen("r", qop=True))
        memory.note_heard(f"h{number}", 0.0)
        doubts.suspect("rule", f"h{number}", 0.5)
    assert len(memory.branches) == MOST_BRANCHES
    assert len(memory.challenges) == MOST_CHALLENGES
    assert len(memory.heard) == MOST_CALLERS
    assert len(doubts._chances) == MOST


def test_a_doubt_needs_as_many_cases_as_the_network_would() -> None:
    doubts = Doubts()
    cases = [doubts.suspect("rule", "host", 0.1) for _ in range(8)]
    assert cases == [0.1 ** (case + 1) < ENOUGH * 0.999 for case in range(8)]
    doubts.clear("rule", "host")
    assert not doubts.suspect("rule", "host", 0.1)


@pytest.mark.parametrize(("age", "invite", "others"), [(0, 1, 1), (0.4, 1, 1), (0.5, 2, 2), (8, 5, 5), (32, 7, 11)])
def test_how_many_copies_there_may_be(age: float, invite: int, others: int) -> None:
    assert (copies_by(age, invite=True), copies_by(age, invite=False)) == (invite, others)


# Whatever comes


def messages() -> list[bytes]:
    talk = Talk()
    kept: list[bytes] = []

    class Keeps(Conduct):
        def observe(self, way: str, data: bytes, *rest: object) -> None:
            kept.append(data)

    talk.conduct = Keeps()
    challenged(talk)
    talk.invites(2, add=[credentials()])
    ringing_reliably(talk)
    talk.asks("PRACK", 3, to_tag="c1", add=["RAck: 17 1 INVITE"])
    talk.says(200, number=2, body=sdp(session=9))
    talk.acks(number=2)
    talk.carrier_asks("INVITE", body=sdp())
    talk.answers(200, "INVITE", body=sdp())
    talk.asks("CANCEL", 2)
    talk.ends(4)
    return kept


MESSAGES = messages()


@settings(deadline=None, max_examples=300)
@given(seed=st.integers(0, 10**9), transport=st.sampled_from([Transport.UDP, Transport.TCP]))
def test_mangled_messages_in_any_order_raise_nothing(seed: int, transport: Transport) -> None:
    rng = Random(seed)
    talk = Talk(transport)
    for _ in range(25):
        data = bytearray(rng.choice(MESSAGES))
        for _ in range(rng.choice((0, 0, 1, 3))):
            at = rng.randrange(len(data))
            if rng.random() < 0.5:
                data[at] = rng.randrange(256)
            else:
                del data[at : at + rng.randrange(20)]
                data = data or bytearray(b"x")
        talk.wait(rng.choice((0, 0.01, 5)))
        talk.conduct.observe(rng.choice(("in", "in", "out")), bytes(data), talk.channel, THERE, talk.now)
    talk.found(until=60)
    for breach in talk.conduct.breaches:
        assert breach.said.isprintable()
