"""Any sequence of what can happen to a call that comes in: nothing is left behind, one final response at most."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.sip.errors import LocalProtocolError
from simcarrier.sip.transaction import InviteServerTransaction, State
from simcarrier.sip.transport import Transport
from tests.sip.kit import OFFER, PEER, Agent, Core, request

INVITE = request(body=OFFER)

steps = st.lists(
    st.one_of(
        st.sampled_from(["INVITE", "ACK", "CANCEL", "BYE", "transport failed", "other ACK"]),
        st.sampled_from([100, 180, 183, 200, 302, 404, 487, 603]),
        st.sampled_from([0.1, 0.2, 0.5, 1.0, 4.0, 5.0, 31.9, 32.0]),
    ),
    max_size=25,
)


@settings(max_examples=150)
@given(steps, st.sampled_from(list(Transport)), st.booleans())
def test_any_sequence_ends_with_nothing_left_and_one_final_response_at_most(
    sequence: list[str | int | float], transport: Transport, hasty: bool
) -> None:
    side = Core(transport)
    side.wire.receive(INVITE)
    (transaction,) = side.core.requests
    assert isinstance(transaction, InviteServerTransaction)
    if hasty:
        transaction.expect_trying(0.0)
    for step in sequence:
        if isinstance(step, int):
            try:
                transaction.respond(step, side.wire.now)
            except LocalProtocolError:
                assert transaction.state not in (State.PROCEEDING, State.TRYING)
        elif isinstance(step, float):
            side.wire.run_until(side.wire.now + step)
        elif step == "transport failed":
            side.endpoint.transport_failed(side.wire.channel, PEER, side.wire.now)
        elif step == "other ACK":
            side.wire.receive(request("ACK", branch="z9hG4bK-other", cseq="1 ACK"))
        elif transaction.state is not State.TERMINATED or step != "INVITE":
            side.wire.receive(request(step, cseq=f"1 {step}"))
    assert sum(one.request.method == "INVITE" for one in side.core.requests) == 1
    for one in side.core.requests:
        if one.state is State.PROCEEDING or one.state is State.TRYING:
            one.respond(487, side.wire.now)
    side.wire.run_until(side.wire.now + 200.0)
    assert side.endpoint.server_transactions == 0
    assert side.endpoint.next_deadline() is None
    assert side.endpoint._tables.merged == {}
    assert side.endpoint._tables.by_channel == {}
    finals = {sent.response.status for sent in side.wire.log if sent.response.cseq[1] == "INVITE"} - set(range(200))
    assert len(finals) <= 1
    after_final = False
    for sent in side.wire.log:
        if sent.response.cseq[1] == "INVITE":
            assert not (after_final and sent.response.status < 200), "a provisional after a final response"
            after_final |= sent.response.status >= 200


@settings(max_examples=150)
@given(steps, st.sampled_from(list(Transport)))
def test_any_sequence_against_a_session(sequence: list[str | int | float], transport: Transport) -> None:
    """The same with a `CalleeSession` above: CANCEL and BYE are answered by it, and its end is told once."""
    side = Agent(transport=transport)
    side.wire.receive(INVITE)
    (session,) = side.party.sessions
    for step in sequence:
        now = side.wire.now
        if isinstance(step, int):
            try:
                if step == 100:
                    session.trying(now)
                elif step < 200:
                    session.ring(now, step)
                elif step == 200:
                    session.answer(now)
                else:
                    session.refuse(now, step)
            except LocalProtocolError:
                assert session.transaction.state is not State.PROCEEDING
            side.wire.take()
        elif isinstance(step, float):
            side.wire.run_until(now + step)
        elif step == "transport failed":
            side.agent.endpoint.transport_failed(side.wire.channel, session.transaction.destination, now)
        elif step == "other ACK":
            to = f"<sip:+4930123@127.0.0.1>;tag={session.transaction.local_tag}"
            side.wire.receive(request("ACK", to=to, branch="z9hG4bK-ack", cseq="1 ACK"))
        elif step == "BYE":
            to = f"<sip:+4930123@127.0.0.1>;tag={session.transaction.local_tag}"
            side.wire.receive(request("BYE", to=to, branch="z9hG4bK-bye", cseq="2 BYE"))
        elif session.transaction.state is not State.TERMINATED or step != "INVITE":
            side.wire.receive(request(step, cseq=f"1 {step}"))
    assert len(side.party.sessions) == 1
    if session.ending is None and session.transaction.state is State.PROCEEDING:
        session.refuse(side.wire.now, 487)
    session.hang_up(side.wire.now)
    side.wire.run_until(side.wire.now + 200.0)
    endpoint = side.agent.endpoint
    assert (endpoint.server_transactions, endpoint.client_transactions, side.agent.sessions) == (0, 0, {})
    assert endpoint.next_deadline() is None
    endings = [name for _, name in side.party.told if name not in ("established", "CANCEL")]
    assert len(endings) == 1
    finals = {
        one.response.status
        for one in side.wire.log
        if one.what.isdecimal() and one.response.cseq[1] == "INVITE" and one.response.status >= 200
    }
    assert len(finals) <= 1
