"""Our refresh of a session: UPDATE if the peer lists it in Allow, else a re-INVITE whose 2xx is acknowledged."""

from __future__ import annotations

import pytest

from simcarrier.sip.message import Request
from simcarrier.sip.parse import parse
from simcarrier.sip.session import Ending

from .kit import OFFER, Agent, request, response_to

INTERVAL = ("Supported: timer", "Session-Expires: 100;refresher=uas")
ANSWER = OFFER


def answered(*extra: str) -> tuple[Agent, str]:
    """A call that is up, whose sessions we are to refresh every 50 s; and our tag."""
    agent = Agent(lambda session, now: session.answer(now))
    sent = agent.wire.receive(request(extra=(*INTERVAL, *extra), body=OFFER))
    tag = sent[-1].response.to_tag
    agent.wire.receive(within("ACK", tag, 1))
    return agent, tag


def within(method: str, tag: str, number: int, body: bytes = b"", content_type: str = "application/sdp") -> bytes:
    return request(
        method,
        branch=f"z9hG4bK-{method}-{number}",
        cseq=f"{number} {method}",
        to=f"<sip:+4930123@127.0.0.1>;tag={tag}",
        body=body,
        content_type=content_type,
    )


def refresh_of(agent: Agent, when: float = 50.0) -> Request:
    sent = agent.wire.run_until(when)
    assert len(sent) == 1
    return sent[0].request


def test_a_peer_that_lists_update_gets_update() -> None:
    agent, _ = answered("Allow: INVITE, ACK, BYE, UPDATE")
    assert refresh_of(agent).method == "UPDATE"


@pytest.mark.parametrize("extra", [(), ("Allow: INVITE, ACK, CANCEL, BYE",)], ids=["no Allow", "Allow without UPDATE"])
def test_any_other_peer_gets_a_reinvite(extra: tuple[str, ...]) -> None:
    agent, _ = answered(*extra)
    invite = refresh_of(agent)
    assert invite.method == "INVITE"
    assert invite.get("session-expires") == "100;refresher=uac"
    assert invite.contact is not None
    media = agent.party.sessions[0].media
    assert media is not None
    assert invite.body == media.local
    assert invite.content_type == "application/sdp"


def test_its_2xx_is_acknowledged_each_time_and_the_timer_runs_anew() -> None:
    agent, _ = answered()
    for at in (50.0, 100.0, 150.0):
        invite = refresh_of(agent, at)
        ok = response_to(invite, 200, body=ANSWER, extra=["Content-Type: application/sdp"])
        acks = [*agent.wire.receive(ok), *agent.wire.receive(ok)]
        assert [one.what for one in acks] == ["ACK", "ACK"]
        assert acks[0].request.cseq == (invite.cseq[0], "ACK")
        assert acks[0].request.to_tag == invite.to_tag
        assert acks[0].request.via.branch != invite.via.branch
    assert agent.party.sessions[0].ending is None


def test_the_offer_is_the_same_each_time() -> None:
    agent, _ = answered()
    first = refresh_of(agent)
    agent.wire.receive(response_to(first, 200, body=ANSWER, extra=["Content-Type: application/sdp"]))
    assert refresh_of(agent, 100.0).body == first.body


@pytest.mark.parametrize("status", [408, 481])
def test_a_peer_that_knows_no_such_dialog_ends_the_call(status: int) -> None:
    agent, _ = answered()
    invite = refresh_of(agent)
    assert [one.what for one in agent.wire.receive(response_to(invite, status))] == ["ACK", "BYE"]
    assert agent.party.sessions[0].ending is Ending.HUNG_UP_BY_US


def test_a_peer_that_refuses_keeps_the_call_until_the_interval_is_over() -> None:
    agent, _ = answered()
    invite = refresh_of(agent)
    assert [one.what for one in agent.wire.receive(response_to(invite, 488))] == ["ACK"]
    assert agent.party.sessions[0].ending is None
    assert agent.wire.run_until(99.0)[0].what == "BYE"
    assert agent.party.sessions[0].ending is Ending.EXPIRED


def test_an_answer_that_cannot_be_read_ends_the_call() -> None:
    agent, _ = answered()
    invite = refresh_of(agent)
    ok = response_to(invite, 200, body=b"rubbish", extra=["Content-Type: application/sdp"])
    assert [one.what for one in agent.wire.receive(ok)] == ["ACK", "BYE"]


def test_a_peer_that_says_nothing_ends_the_call() -> None:
    agent, _ = answered()
    refresh_of(agent)
    agent.wire.run_until(200.0)
    assert agent.party.sessions[0].ending is not None


def test_a_reinvite_that_meets_ours_gets_491() -> None:
    agent, tag = answered()
    ours = refresh_of(agent)
    sent = agent.wire.receive(within("INVITE", tag, 2, OFFER))
    assert sent[-1].response.status == 491
    agent.wire.receive(request("ACK", branch="z9hG4bK-INVITE-2", cseq="2 ACK"))
    agent.wire.receive(response_to(ours, 200, body=ANSWER, extra=["Content-Type: application/sdp"]))
    assert agent.wire.receive(within("INVITE", tag, 3, OFFER))[-1].response.status == 200


def test_after_the_end_a_late_2xx_is_acknowledged_and_nothing_else() -> None:
    agent, tag = answered()
    ours = refresh_of(agent)
    agent.wire.receive(within("BYE", tag, 2))
    late = agent.wire.receive(response_to(ours, 200, body=ANSWER, extra=["Content-Type: application/sdp"]))
    assert [parse(one.raw).cseq for one in late] == [(ours.cseq[0], "ACK")]
    agent.wire.run_until(400.0)
    assert agent.party.sessions[0].ending is Ending.HUNG_UP_BY_PEER
