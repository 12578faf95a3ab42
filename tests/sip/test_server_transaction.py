"""Server transactions over time, on a clock turned by hand (RFC 3261 sections 13.3.1.4 and 17.2, RFC 6026)."""

from __future__ import annotations

import sys
import threading

import pytest

from simcarrier.sip.callee import CalleeSession
from simcarrier.sip.errors import LocalProtocolError
from simcarrier.sip.transaction import InviteServerTransaction, ServerTransaction, State, new_tag
from simcarrier.sip.transport import Transport
from tests.sip.kit import OFFER, PEER, Agent, Core, RecordingServerUser, ladder, request

INVITE = request(body=OFFER)
ACK = request("ACK", cseq="1 ACK")

T1_DOUBLING_TO_T2 = [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


def invited(side: Core) -> tuple[InviteServerTransaction, RecordingServerUser]:
    assert side.wire.receive(INVITE) == []
    (transaction,) = side.core.requests
    assert isinstance(transaction, InviteServerTransaction)
    user = RecordingServerUser()
    transaction.user = user
    return transaction, user


# INVITE, refused


def test_a_refusal_is_repeated_until_64_t1_and_then_nobody_is_waited_for() -> None:
    side = Core()
    transaction, user = invited(side)
    transaction.respond(603, 0.0)
    sent = side.wire.run_until(1000.0)
    assert ladder(sent) == [(at, "603") for at in [0.0, *T1_DOUBLING_TO_T2]]
    assert len({one.raw for one in sent}) == 1
    assert user.told == [(32.0, "unacknowledged")]
    assert side.endpoint.server_transactions == 0
    assert side.endpoint.next_deadline() is None


@pytest.mark.parametrize("at", [0.0, 0.25, 0.75, 10.0, 31.75])
def test_the_ack_ends_the_repetition_and_timer_i_absorbs_repeats(at: float) -> None:
    side = Core()
    transaction, user = invited(side)
    transaction.respond(486, 0.0)
    side.wire.run_until(at)
    assert side.wire.receive(ACK) == []
    assert user.told == [(at, "acknowledged")]
    assert transaction.state is State.CONFIRMED
    # Repeats of ACK, and of INVITE, within T4 are absorbed: nothing is sent, nobody is told, no new call.
    side.wire.run_until(at + 4.5)
    assert side.wire.receive(ACK) == []
    assert side.wire.receive(INVITE) == []
    assert side.endpoint.server_transactions == 1
    assert side.wire.run_until(at + 5.0) == []
    assert side.endpoint.server_transactions == 0
    assert len(side.core.requests) == 1
    assert side.core.acks == []
    assert user.told == [(at, "acknowledged")]


def test_a_repeated_invite_gets_the_last_response_at_once_and_shifts_no_timer() -> None:
    side = Core()
    transaction, _ = invited(side)
    transaction.respond(404, 0.0)
    side.wire.run_until(0.25)
    (again,) = side.wire.receive(INVITE)
    assert again.what == "404"
    assert ladder(side.wire.run_until(4.0)) == [(0.5, "404"), (1.5, "404"), (3.5, "404")]
    assert side.endpoint.counters.retransmissions == 1


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.TLS])
def test_a_stream_repeats_nothing_but_waits_as_long_for_the_ack(transport: Transport) -> None:
    side = Core(transport)
    transaction, user = invited(side)
    transaction.respond(603, 0.0)
    assert ladder(side.wire.run_until(31.75)) == [(0.0, "603")]
    assert user.told == []
    side.wire.run_until(32.0)
    assert user.told == [(32.0, "unacknowledged")]
    assert side.endpoint.server_transactions == 0


def test_on_a_stream_the_ack_ends_it_at_once() -> None:
    side = Core(Transport.TCP)
    transaction, user = invited(side)
    transaction.respond(603, 0.0)
    side.wire.receive(ACK)
    side.wire.run_until(0.0)
    assert user.told == [(0.0, "acknowledged")]
    assert side.endpoint.server_transactions == 0
    assert side.endpoint._tables.by_channel == {}


# INVITE, before the final response


def test_100_goes_out_after_200_ms_and_not_before() -> None:
    side = Core()
    transaction, _ = invited(side)
    transaction.expect_trying(0.0)
    assert side.wire.run_until(0.19) == []
    assert ladder(side.wire.run_until(60.0)) == [(0.2, "100")]
    assert transaction.last_status == 100


def test_no_100_if_something_else_went_out() -> None:
    side = Core()
    transaction, _ = invited(side)
    transaction.expect_trying(0.0)
    transaction.respond(180, 0.0)
    assert ladder(side.wire.run_until(60.0)) == [(0.0, "180")]


def test_a_repeated_invite_before_any_response_gets_nothing_and_makes_no_call() -> None:
    side = Core()
    invited(side)
    assert side.wire.receive(INVITE) == []
    assert len(side.core.requests) == 1


def test_a_repeated_invite_gets_the_latest_provisional() -> None:
    side = Core()
    transaction, _ = invited(side)
    for status in (100, 180, 183):
        transaction.respond(status, 0.0)
        side.wire.take()
        assert [one.what for one in side.wire.receive(INVITE)] == [str(status)]
    assert side.wire.run_until(600.0) == [], "provisional responses are not repeated by a timer"


def test_an_ack_before_the_final_response_is_nothing() -> None:
    side = Core()
    transaction, user = invited(side)
    transaction.respond(180, 0.0)
    side.wire.take()
    assert side.wire.receive(ACK) == []
    assert (transaction.state, user.told, side.core.acks) == (State.PROCEEDING, [], [])


# INVITE, accepted


def test_accepted_absorbs_invites_passes_acks_on_and_ends_after_timer_l() -> None:
    side = Core()
    transaction, _ = invited(side)
    transaction.respond(200, 0.0)
    assert [one.what for one in side.wire.take()] == ["200"]
    for at in (0.5, 10.0, 31.9):
        side.wire.run_until(at)
        assert side.wire.receive(INVITE) == [], "the user repeats a 2xx, not the transaction"
        side.wire.receive(ACK)
    assert len(side.core.requests) == 1
    assert len(side.core.acks) == 3
    side.wire.run_until(32.0)
    assert side.endpoint.server_transactions == 0


def test_accepted_lets_the_user_send_2xx_again_but_nothing_else() -> None:
    side = Core()
    transaction, _ = invited(side)
    transaction.respond(200, 0.0)
    transaction.respond(200, 0.0)
    assert [one.what for one in side.wire.take()] == ["200", "200"]
    for status in (180, 486):
        with pytest.raises(LocalProtocolError):
            transaction.respond(status, 0.0)


@pytest.mark.parametrize("stage", ["new", "100", "180", "200", "603", "acknowledged", "cancelled"])
def test_a_repeated_invite_never_makes_a_second_call(stage: str) -> None:
    side = Agent()
    side.wire.receive(INVITE)
    (session,) = side.party.sessions
    match stage:
        case "100":
            session.trying(0.0)
        case "180":
            session.ring(0.0)
        case "200":
            session.answer(0.0)
        case "603" | "acknowledged":
            session.refuse(0.0, 603)
        case "cancelled":
            side.wire.receive(request("CANCEL"))
    if stage == "acknowledged":
        side.wire.receive(ACK)
    for at in (0.1, 1.0, 4.9):
        side.wire.run_until(at)
        side.wire.receive(INVITE)
    assert len(side.party.sessions) == 1


# 2xx, repeated by the session


def answered(side: Agent) -> CalleeSession:
    side.wire.receive(INVITE)
    (session,) = side.party.sessions
    session.answer(side.wire.now)
    return session


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
def test_a_2xx_is_repeated_until_64_t1_on_every_transport_then_bye(transport: Transport) -> None:
    side = Agent(transport=transport)
    answered(side)
    sent = side.wire.run_until(32.0)
    assert ladder(sent) == [(at, "200") for at in [0.0, *T1_DOUBLING_TO_T2]] + [(32.0, "BYE")]
    assert len({one.raw for one in sent[:-1]}) == 1
    assert side.party.told == [(32.0, "unacknowledged")]
    assert side.agent.sessions == {}
    side.wire.run_until(100.0)
    assert (side.agent.endpoint.server_transactions, side.agent.endpoint.client_transactions) == (0, 0)


def ack_to_2xx(session: CalleeSession, branch: str = "z9hG4bK-ack") -> bytes:
    to = f"<sip:+4930123@127.0.0.1>;tag={session.transaction.local_tag}"
    return request("ACK", cseq="1 ACK", branch=branch, to=to)


@pytest.mark.parametrize("at", [0.0, 0.25, 8.0, 31.75])
def test_the_ack_to_a_2xx_ends_its_repetition(at: float) -> None:
    side = Agent()
    session = answered(side)
    side.wire.run_until(at)
    assert side.wire.receive(ack_to_2xx(session)) == []
    assert side.party.told == [(at, "established")]
    assert side.wire.receive(ack_to_2xx(session)) == []
    assert side.wire.run_until(1000.0) == []
    assert side.party.told == [(at, "established")]
    assert side.agent.endpoint.server_transactions == 0
    assert list(side.agent.sessions.values()) == [session]


def test_an_ack_with_the_branch_of_the_invite_ends_it_too() -> None:
    """Wrong (section 17.1.1.3 wants a new branch for the ACK to a 2xx) and common."""
    side = Agent()
    session = answered(side)
    side.wire.receive(ack_to_2xx(session, branch="z9hG4bK-1"))
    assert side.party.told == [(0.0, "established")]


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("another CSeq", {"cseq": "2 ACK"}),
        ("another Call-ID", {"call_id": "other"}),
        ("another To tag", {"to": "<sip:+4930123@127.0.0.1>;tag=other"}),
        ("another From tag", {"from_": "<sip:+4989@127.0.0.1>;tag=other"}),
    ],
)
def test_an_ack_of_another_call_does_not_end_it(what: str, data: dict[str, str]) -> None:
    side = Agent()
    session = answered(side)
    to = f"<sip:+4930123@127.0.0.1>;tag={session.transaction.local_tag}"
    arguments = {"cseq": "1 ACK", "to": to, "branch": "z9hG4bK-2"} | data
    side.wire.receive(request("ACK", **arguments))  # type: ignore[arg-type]  # all of these are texts
    assert side.party.told == []
    assert ladder(side.wire.run_until(0.5))[-1] == (0.5, "200")


# Other methods


def taken(side: Core, method: str = "OPTIONS") -> ServerTransaction:
    side.wire.receive(request(method))
    return side.core.requests[-1]


def test_a_repeated_request_gets_nothing_then_the_provisional_then_the_final_response() -> None:
    side = Core()
    transaction = taken(side)
    assert side.wire.receive(request("OPTIONS")) == []
    transaction.respond(100, 0.0)
    assert [one.what for one in side.wire.take()] == ["100"]
    assert [one.what for one in side.wire.receive(request("OPTIONS"))] == ["100"]
    transaction.respond(200, 0.0)
    side.wire.take()
    for at in (1.0, 31.9):
        side.wire.run_until(at)
        assert [one.what for one in side.wire.receive(request("OPTIONS"))] == ["200"]
    assert side.wire.run_until(31.99) == [], "no timer repeats it"
    side.wire.run_until(32.0)
    assert side.endpoint.server_transactions == 0
    assert len(side.core.requests) == 1


def test_on_a_stream_timer_j_is_zero() -> None:
    side = Core(Transport.TCP)
    taken(side).respond(200, 0.0)
    side.wire.run_until(0.0)
    assert side.endpoint.server_transactions == 0


# Responses


def test_what_a_response_copies_and_adds() -> None:
    side = Core()
    side.wire.receive(request(extra=["Timestamp: 54", "Record-Route: <sip:p;lr>"]))
    (transaction,) = side.core.requests
    transaction.respond(100, 0.0)
    transaction.respond(180, 0.0, "Ding", "X-A: 1\r\n")
    transaction.respond(486, 0.0, body=b"hello", extra="Content-Type: text/plain\r\n")
    trying, ringing, busy = (one.response for one in side.wire.take())
    for sent in (trying, ringing, busy):
        for name in ("via", "from", "call-id", "cseq"):
            assert sent.get(name) == transaction.request.get(name)
    assert trying.get("to") == transaction.request.get("to"), "100 gets no tag (8.2.6.2)"
    assert trying.get("timestamp") == "54"
    assert ringing.get("timestamp") is None
    assert ringing.to_tag == busy.to_tag == transaction.local_tag != ""
    assert (trying.phrase, ringing.phrase, busy.phrase) == ("Trying", "Ding", "Busy Here")
    assert ringing.get("x-a") == "1"
    assert (busy.body, busy.content_length) == (b"hello", 5)


def test_the_tag_of_a_request_within_a_dialog_stays() -> None:
    side = Core()
    side.wire.receive(request("BYE", to="<sip:b@c>;tag=mine"))
    side.core.requests[0].respond(481, 0.0)
    (sent,) = side.wire.take()
    assert sent.message.get("to") == "<sip:b@c>;tag=mine"


def test_tags_differ_between_calls() -> None:
    side = Core()
    for number in range(600):  # more than one pool of random bytes
        side.wire.receive(request(branch=f"z9hG4bK-{number}", call_id=f"c{number}"))
        side.core.requests[-1].respond(180, 0.0)
    assert len({transaction.local_tag for transaction in side.core.requests}) == 600


def test_a_repr_says_what_and_where() -> None:
    side = Core()
    transaction, _ = invited(side)
    transaction.respond(180, 0.0)
    assert repr(transaction) == "<InviteServerTransaction INVITE PROCEEDING 180>"


# Transport errors (RFC 6026 section 7.1: told, and nothing is forgotten)


@pytest.mark.parametrize("status", [180, 486, 200])
def test_a_transport_error_on_a_stream_is_told_and_no_repeat_makes_a_second_call(status: int) -> None:
    side = Core(Transport.TCP)
    transaction, user = invited(side)
    transaction.respond(status, 0.0)
    side.endpoint.transport_failed(side.wire.channel, transaction.destination, 0.0)
    assert user.told == [(0.0, "response failed")]
    side.wire.receive(INVITE)
    assert len(side.core.requests) == 1


def test_a_transport_error_on_udp_leaves_server_transactions_alone() -> None:
    side = Core()
    transaction, user = invited(side)
    transaction.respond(486, 0.0)
    side.endpoint.transport_failed(side.wire.channel, PEER, 0.0)
    assert (transaction.state, user.told) == (State.COMPLETED, [])


@pytest.mark.parametrize("stage", ["ringing", "refused", "answered"])
def test_a_call_whose_responses_do_not_get_out_leaves_nothing_behind(stage: str) -> None:
    side = Agent(transport=Transport.TCP)
    side.wire.receive(INVITE)
    (session,) = side.party.sessions
    match stage:
        case "ringing":
            session.ring(0.0)
        case "refused":
            session.refuse(0.0, 486)
        case "answered":
            session.answer(0.0)
    side.agent.endpoint.transport_failed(side.wire.channel, session.transaction.destination, 0.0)
    side.wire.run_until(1000.0)
    assert [name for _, name in side.party.told] == ["transport_failed" if stage != "answered" else "unacknowledged"]
    assert side.agent.endpoint.server_transactions == side.agent.endpoint.client_transactions == 0
    assert side.agent.sessions == {}
    assert side.agent.endpoint._tables.merged == {}
    assert side.agent.endpoint._tables.by_channel == {}


def test_carriers_on_several_threads_draw_tags_at_once() -> None:
    drawn: list[list[str]] = []

    def draw() -> None:
        drawn.append([new_tag() for _ in range(5_000)])

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=draw) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(usual)
    assert len({tag for tags in drawn for tag in tags}) == 20_000
