"""Paper against the real thing: the same scenario, calls and seed through SIP and on paper give the same records."""

from __future__ import annotations

from pathlib import Path

import pytest

from simcarrier.records.model import CallRecord
from simcarrier.scenario.load import load, loads
from simcarrier.scenario.models import Scenario
from simcarrier.scenario.traffic import Called, Campaign, Traffic
from simcarrier.scenario.traffic_fields import NumberTemplate
from simcarrier.scenario.units import Span
from simcarrier.simulate.paper import PaperInvite, PaperNetwork, PaperSession
from simcarrier.simulate.usual import usual_traffic
from simcarrier.sip.errors import LocalProtocolError
from simcarrier.sip.session import Ending
from simcarrier.sip.timers import TimerQueue
from tests.simulate.kit import HOUR, over_sip, simulated

SHIPPED = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))

STALL, PATIENCE, TALK = 10.0, 30.0, 20.0


def fixed(traffic: Traffic) -> Traffic:
    """The same traffic, its callers' times fixed, so that no chance is drawn for them."""
    times = {"stall": Span(STALL, STALL), "patience": Span(PATIENCE, PATIENCE), "talk": Span(TALK, TALK)}
    campaigns = tuple(campaign.model_copy(update={**times, "retries": None}) for campaign in traffic.campaigns)
    return traffic.model_copy(update={"campaigns": campaigns})


FACTS = (
    "number", "caller", "called", "source", "code", "phrase", "condition", "provisional", "rule", "why", "ending",
    "dialect", "customer", "trunk", "cut", "near_misses",
)  # fmt: skip
TIMES = ("started", "responded_after", "acknowledged_after", "ended_after")


def compare(scenario: Scenario, calls_per_hour: float, seconds: float = HOUR) -> list[CallRecord]:
    """Hold both together, call by call; gives the records on paper."""
    scenario = scenario.model_copy(update={"traffic": fixed(scenario.traffic or usual_traffic(scenario))})
    simulation, records = simulated(scenario, seconds, calls_per_hour, seed=7, round_trip=0.0)
    paper = sorted(records, key=lambda record: record.number)
    wired = over_sip(scenario, paper, seed=7, wall=simulation.start, times=(STALL, PATIENCE, TALK))
    real = sorted(wired, key=lambda record: record.number)
    assert len(real) == len(paper) > 10
    for on_paper, on_wire in zip(paper, real, strict=True):
        for fact in FACTS:
            assert getattr(on_paper, fact) == getattr(on_wire, fact), (fact, on_paper, on_wire)
        for time in TIMES:
            assert getattr(on_paper, time) == pytest.approx(getattr(on_wire, time), abs=1e-5), (time, on_paper, on_wire)
    return paper


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_scenario_is_the_same_on_paper(path: Path) -> None:
    compare(load(path), 60)


@pytest.mark.parametrize("then", ["nothing", "answer", "failure"])
def test_the_stall_is_the_same_on_paper_however_it_ends(then: str) -> None:
    compare(load(SHIPPED[0].parent / "stalled-trying.yaml", {"then": then, "after": "9s"}), 60)


LADDERS = {
    "no 100": "[{wait: 2s}, {respond: 404}]",
    "ringing for ever": "[ringing, silence]",
    "ringing too long": "[trying, ringing, {wait: 40s}, answer]",
    "given up while it rings": "[trying, {wait: 3s}, ringing, {wait: 1h}, answer]",
    "early media, then ringing": "[trying, progress, {wait: 8s}, ringing, {wait: 8s}, {respond: 486}]",
    "reliable": "[{ringing: {reliable: true}}, {wait: 1s}, answer, {hang_up: 5s}]",
    "reliable with media": "[{progress: {reliable: true}}, answer, hang_up]",
    "hang up at once": "[answer, hang_up]",
    "hang up later than the caller": "[answer, {hang_up: 1m}]",
    "doubled": "[trying, duplicate, {respond: 403}, {duplicate: 2}]",
    "one ACK lost": "[trying, {drop: 1}, {wait: 1s}, {respond: 480}]",
    "three ACKs lost": "[trying, {drop: 3}, {respond: 603}]",
    "no ACK at all": "[trying, {drop: 99}, {respond: 603}]",
    "two ACKs of an answer lost": "[answer, {drop: 2}, {hang_up: 3s}]",
    "no ACK of an answer at all": "[ringing, answer, {drop: 99}]",
    "the CANCEL lost": "[ringing, {drop: 3}, {wait: 1h}, answer]",
    "deaf after ringing": "[ringing, drop]",
    "drop at once": "[drop]",
    "drop after 100": "[trying, drop]",
}


@pytest.mark.parametrize("ladder", LADDERS)
def test_ladders_that_are_hard_on_a_caller(ladder: str) -> None:
    compare(loads(f"name: x\ncalls: [{{steps: {LADDERS[ladder]}}}]"), 30)


def test_chance_lines_and_defaults_are_the_same_on_paper() -> None:
    scenario = loads(
        """
        name: x
        carrier: {lines: 3, lines_full: 503}
        calls:
          - to: "+4930*"
            mix:
              - {share: 50%, outcome: answered, ring: 1s..5s, talk: 3s..60s}
              - {share: 30%, respond: {code: 486, trying: true, delay: 1s..9s}}
              - {share: 20%, steps: [trying, ringing, silence]}
          - {name: from a prefix, to: "+4940*", from: {not: "+4930*"}, respond: 403}
          - to: "+4989*"
            sequence: [480, {outcome: answered}]
            by: called
        """
    )
    records = compare(scenario, 240)
    assert {record.code for record in records} >= {200, 486, 487, 503}
    assert any(record.why for record in records)


# The paper itself


def session() -> PaperSession:
    network = PaperNetwork(TimerQueue())
    invite = PaperInvite("+4930123", "+4940999", "7@x", network.host, ("192.0.2.7", 5070), [("X-A", "b"), ("X-A", "c")])
    return PaperSession(network, invite, ("192.0.2.7", 5070))


def test_the_invite_can_be_asked_for_all_that_a_real_one_has() -> None:
    invite = session().invite
    assert (invite.method, invite.user, invite.from_user, invite.call_id) == ("INVITE", "+4930123", "+4940999", "7@x")
    assert invite.uri == "sip:+4930123@127.0.0.1:5060"
    assert invite.get("x-a") == "b"
    assert invite.get_all("x-a") == ["b", "c"]
    assert invite.get("p-asserted-identity") is None
    assert invite.cseq == (1, "INVITE")
    assert invite.from_.uri_text == "sip:+4940999@192.0.2.7"
    assert invite.to.uri.user == "+4930123"
    assert (invite.from_tag, invite.to_tag) == ("7@x", "")
    assert (invite.via.host, invite.via.port) == ("192.0.2.7", 5070)
    assert (invite.body, invite.content_length, invite.defect) == (b"", 0, None)
    assert invite.tokens("supported") == set()


def test_a_final_response_is_the_last_one() -> None:
    refused, answered = session(), session()
    refused.refuse(0.0, 486)
    answered.answer(0.0)
    for called in (refused, answered):
        with pytest.raises(LocalProtocolError):
            called.trying(1.0)
        with pytest.raises(LocalProtocolError):
            called.ring(1.0)
        with pytest.raises(LocalProtocolError):
            called.refuse(1.0, 603)
    with pytest.raises(LocalProtocolError, match="has been answered"):
        answered.answer(1.0)
    with pytest.raises(LocalProtocolError, match="refuses nothing"):
        session().refuse(0.0, 200)


def test_the_ack_takes_a_round_trip_and_a_bye_of_ours_waits_for_it() -> None:
    called = session()
    called.answer(1.0)
    called.hang_up(1.0)
    assert called.ending is None
    called.agent.endpoint.timers.fire(1.0 + called.agent.round_trip)
    assert called.ending is Ending.HUNG_UP_BY_US


class Told:
    """A user and a caller that note what they are told."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, float]] = []

    def answered(self, now: float) -> None:
        self.notes.append(("answered", now))

    def established(self, now: float) -> None:
        self.notes.append(("established", now))

    def cancelled(self, now: float) -> None:
        self.notes.append(("cancelled", now))

    def responded(self, status: int, now: float) -> None:
        self.notes.append((f"{status}", now))

    def ended(self, ending: Ending, now: float) -> None:
        self.notes.append((ending, now))


def test_user_and_caller_are_told_in_order() -> None:
    called, user, caller = session(), Told(), Told()
    called.user, called.caller = user, caller
    called.trying(0.0)
    called.ring(1.0)
    called.cancel(2.0)
    called.agent.endpoint.timers.fire(2.05)
    assert user.notes == [("cancelled", 2.0), ("cancelled", 2.05)]  # the CANCEL, and the end: both are called so
    assert caller.notes == [("100", 0.0), ("180", 1.0), ("487", 2.0), ("cancelled", 2.05)]
    called, user, caller = session(), Told(), Told()
    called.user, called.caller = user, caller
    called.answer(1.0)
    called.agent.endpoint.timers.fire(1.05)
    called.bye(9.0)
    called.cancel(9.0)
    assert user.notes == [("answered", 1.0), ("established", 1.05), ("hung_up_by_peer", 9.0)]
    assert caller.notes == [("200", 1.0), ("established", 1.05), ("hung_up_by_peer", 9.0)]


def test_what_comes_after_the_end_is_nobodys() -> None:
    called = session()
    called.ring(0.0)
    called.abandon(1.0)
    called.cancel(2.0)
    called.bye(2.0)
    called.hang_up(2.0)
    assert (called.ending, called.responded_at) == (Ending.ABANDONED, None)


def test_traffic_of_ones_own_is_kept_by_the_comparison() -> None:
    campaign = Campaign(to=(Called(number=NumberTemplate("+4989####")),))
    kept = fixed(Traffic(campaigns=(campaign,))).campaigns[0]
    assert (kept.to, kept.talk) == (campaign.to, Span(TALK, TALK))
