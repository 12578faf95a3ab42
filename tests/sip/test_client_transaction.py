"""Client transactions over time, on a clock turned by hand (RFC 3261 sections 9.1 and 17.1, RFC 6026)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.sip.message import Request, make_request
from simcarrier.sip.transaction import ClientTransaction, InviteClientTransaction, State
from simcarrier.sip.transport import Transport
from tests.sip.kit import PEER, Core, RecordingClientUser, ladder, response_to

BRANCH = "z9hG4bK-ours"


def made(method: str, *more: tuple[str, str]) -> Request:
    return make_request(
        method,
        "sip:+4930123@127.0.0.1",
        [
            ("Via", f"SIP/2.0/UDP 127.0.0.1:5060;branch={BRANCH};rport"),
            ("Max-Forwards", "70"),
            ("From", "<sip:us@127.0.0.1>;tag=ours"),
            ("To", "<sip:+4930123@127.0.0.1>"),
            ("Call-ID", "our-call"),
            ("CSeq", f"7 {method}"),
            *more,
        ],
    )


def sent(
    side: Core, method: str = "INVITE", *more: tuple[str, str]
) -> tuple[ClientTransaction, RecordingClientUser, Request]:
    user = RecordingClientUser()
    request = made(method, *more)
    transaction = side.endpoint.send_request(request, PEER, side.wire.channel, user, 0.0)
    return transaction, user, request


# INVITE


def test_an_invite_goes_out_seven_times_and_times_out_at_32_s() -> None:
    side = Core()
    _, user, request = sent(side)
    out = side.wire.run_until(1000.0)
    assert ladder(out) == [(at, "INVITE") for at in (0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5)]
    assert {one.raw for one in out} == {request.raw}
    assert user.told == [(32.0, "timed out")]
    assert side.endpoint.client_transactions == 0
    assert side.endpoint.next_deadline() is None


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.TLS])
def test_on_a_stream_it_goes_out_once_and_times_out_all_the_same(transport: Transport) -> None:
    side = Core(transport)
    _, user, _ = sent(side)
    assert ladder(side.wire.run_until(1000.0)) == [(0.0, "INVITE")]
    assert user.told == [(32.0, "timed out")]
    assert side.endpoint._tables.by_channel == {}


def test_a_provisional_response_stops_all_timers_for_good() -> None:
    side = Core()
    transaction, user, request = sent(side)
    side.wire.run_until(0.75)
    side.wire.receive(response_to(request, 100))
    assert side.endpoint.next_deadline() is None
    assert side.wire.run_until(100_000.0) == []
    assert (transaction.state, user.told) == (State.PROCEEDING, [(0.75, "100")])
    side.wire.receive(response_to(request, 180))
    assert user.told[1:] == [(100_000.0, "180")]


def test_a_failure_is_acknowledged_by_the_transaction_for_as_long_as_timer_d() -> None:
    side = Core()
    transaction, user, request = sent(side, "INVITE", ("Route", "<sip:p;lr>"), ("Route", "<sip:q;lr>"), ("X-Not", "1"))
    side.wire.take()
    (ack,) = side.wire.receive(response_to(request, 486, tag="theirs"))
    assert (ack.what, ack.to) == ("ACK", PEER)
    for at in (0.5, 31.5):
        side.wire.run_until(at)
        (again,) = side.wire.receive(response_to(request, 486, tag="theirs"))
        assert again.raw == ack.raw
        assert side.wire.receive(response_to(request, 180)) == []
        assert side.wire.receive(response_to(request, 200)) == []
    assert user.told == [(0.0, "486")], "told once"
    assert transaction.state is State.COMPLETED
    side.wire.run_until(32.0)
    assert side.endpoint.client_transactions == 0
    side.wire.receive(response_to(request, 486))
    assert side.endpoint.counters.stray == 1
    # Section 17.1.1.3: what the ACK copies from the INVITE, and what from the response.
    sent_ack = ack.request
    assert sent_ack.uri == request.uri
    assert sent_ack.get_all("via") == request.get_all("via"), "the same branch"
    for name in ("call-id", "from", "max-forwards"):
        assert sent_ack.get(name) == request.get(name)
    assert sent_ack.get("to") == "<sip:+4930123@127.0.0.1>;tag=theirs"
    assert sent_ack.cseq == (7, "ACK")
    assert sent_ack.get_all("route") == ["<sip:p;lr>", "<sip:q;lr>"]
    assert sent_ack.get("x-not") is None
    assert sent_ack.body == b""


def test_on_a_stream_timer_d_is_zero() -> None:
    side = Core(Transport.TCP)
    _, _, request = sent(side)
    side.wire.receive(response_to(request, 603))
    side.wire.run_until(0.0)
    assert side.endpoint.client_transactions == 0


def test_every_2xx_is_told_until_timer_m_and_none_is_acknowledged_here() -> None:
    side = Core()
    transaction, user, request = sent(side)
    side.wire.take()
    for at, tag in ((0.25, "a"), (0.75, "a"), (1.0, "b"), (32.0, "c")):
        side.wire.run_until(at)
        assert side.wire.receive(response_to(request, 200, tag=tag)) == []
    assert user.told == [(at, "200") for at in (0.25, 0.75, 1.0, 32.0)]
    assert transaction.state is State.ACCEPTED
    side.wire.receive(response_to(request, 180))
    side.wire.receive(response_to(request, 486))
    assert len(user.told) == 4
    assert side.wire.run_until(32.25) == []
    assert side.endpoint.client_transactions == 0
    side.wire.receive(response_to(request, 200))
    assert [one.status for one in side.core.responses] == [200], "a late 2xx goes to the core"


def test_cancel_has_the_branch_and_a_transaction_of_its_own() -> None:
    side = Core()
    transaction, user, request = sent(side, "INVITE", ("Route", "<sip:p;lr>"))
    assert isinstance(transaction, InviteClientTransaction)
    side.wire.receive(response_to(request, 180, tag="theirs"))
    side.wire.take()
    canceller = RecordingClientUser()
    transaction.cancel(canceller, 0.0)
    (cancel,) = side.wire.take()
    said = cancel.request
    assert (said.method, said.uri, said.cseq) == ("CANCEL", request.uri, (7, "CANCEL"))
    for name in ("via", "from", "to", "call-id", "route"):
        assert said.get_all(name) == request.get_all(name)
    assert side.endpoint.client_transactions == 2
    side.wire.receive(response_to(said, 200))
    side.wire.receive(response_to(request, 487))
    assert canceller.told == [(0.0, "200")]
    assert [name for _, name in user.told] == ["180", "487"]
    side.wire.run_until(40.0)
    assert side.endpoint.client_transactions == 0


# Other methods


def test_a_request_goes_out_as_timer_e_says_and_times_out_at_32_s() -> None:
    side = Core()
    _, user, request = sent(side, "OPTIONS")
    out = side.wire.run_until(1000.0)
    times = [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert ladder(out) == [(at, "OPTIONS") for at in times]
    assert {one.raw for one in out} == {request.raw}
    assert user.told == [(32.0, "timed out")]


def test_after_a_provisional_response_timer_e_is_t2() -> None:
    side = Core()
    _, user, request = sent(side, "OPTIONS")
    side.wire.run_until(0.25)
    side.wire.receive(response_to(request, 100))
    # The E that runs goes on; those after it are T2, and F is not moved.
    times = [0.5, 4.5, 8.5, 12.5, 16.5, 20.5, 24.5, 28.5]
    assert ladder(side.wire.run_until(1000.0)) == [(at, "OPTIONS") for at in times]
    assert user.told == [(0.25, "100"), (32.0, "timed out")]


@pytest.mark.parametrize("status", [200, 404, 603])
def test_timer_k_absorbs_repeated_final_responses(status: int) -> None:
    side = Core()
    transaction, user, request = sent(side, "BYE")
    side.wire.take()
    for at in (1.0, 5.9):
        side.wire.run_until(at)
        side.wire.take()
        assert side.wire.receive(response_to(request, status)) == []
    assert user.told == [(1.0, str(status))]
    assert transaction.state is State.COMPLETED
    side.wire.run_until(6.0)
    assert side.endpoint.client_transactions == 0


def test_on_a_stream_timers_e_and_k_are_nothing() -> None:
    side = Core(Transport.TCP)
    _, _, request = sent(side, "BYE")
    assert ladder(side.wire.run_until(20.0)) == [(0.0, "BYE")]
    side.wire.receive(response_to(request, 200))
    side.wire.run_until(20.0)
    assert side.endpoint.client_transactions == 0


# Which responses match


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(BRANCH.encode(), b"z9hG4bK-another", id="another branch"),
        pytest.param(b"7 INVITE", b"7 BYE", id="another method in CSeq"),
        pytest.param(b"7 INVITE", b"INVITE", id="broken CSeq"),
        pytest.param(b"Content-Length: 0", b"Content-Length: 1", id="cut short (18.3)"),
        pytest.param(b"Content-Length: 0", b"Content-Length: x", id="a length that is none"),
        pytest.param(b"\r\nFrom", b"\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK-x\r\nFrom", id="two Vias (8.1.3.3)"),
        pytest.param(b";rport\r\n", b";rport, SIP/2.0/UDP x\r\n", id="two Vias in one line"),
        pytest.param(b"\r\nFrom", b"\r\nv: SIP/2.0/UDP x\r\nFrom", id="two Vias, one compact"),
    ],
)
def test_responses_that_are_not_for_us(old: bytes, new: bytes) -> None:
    side = Core()
    _, user, request = sent(side)
    data = response_to(request, 200)
    assert old in data
    side.wire.receive(data.replace(old, new, 1))
    assert user.told == []
    counters = side.endpoint.counters
    assert counters.stray + counters.malformed == 1


# Transport errors


@pytest.mark.parametrize("transport", list(Transport))
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_a_request_that_could_not_be_sent_is_told_at_once(method: str, transport: Transport) -> None:
    side = Core(transport)
    _, user, _ = sent(side, method)
    side.endpoint.transport_failed(side.wire.channel, ("127.0.0.1", 1), 0.0)
    side.endpoint.transport_failed(Core(transport).wire.channel, PEER, 0.0)
    assert user.told == [], "another destination, another channel"
    side.endpoint.transport_failed(side.wire.channel, PEER, 0.25)
    assert user.told == [(0.25, "transport failed")]
    assert side.endpoint.client_transactions == 0
    assert side.wire.run_until(100.0)[1:] == []
    assert side.endpoint._tables.by_channel == {}


def test_a_closed_connection_is_told_to_those_that_wait_for_any_response() -> None:
    side = Core(Transport.TCP)
    _, user, _ = sent(side)
    side.endpoint.channel_closed(side.wire.channel, 1.0)
    assert user.told == [(1.0, "transport failed")]
    assert side.endpoint.client_transactions == 0


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_a_closed_connection_does_not_end_what_may_still_be_answered_on_another(method: str) -> None:
    side = Core(Transport.TCP)
    transaction, user, request = sent(side, method)
    side.wire.receive(response_to(request, 180))
    side.endpoint.channel_closed(side.wire.channel, 1.0)
    assert transaction.state is State.PROCEEDING
    side.wire.receive(response_to(request, 486))
    assert [name for _, name in user.told] == ["180", "486"]


def test_a_repr_says_what_and_where() -> None:
    assert repr(sent(Core())[0]) == "<InviteClientTransaction INVITE CALLING>"


# Any sequence

inputs = st.lists(
    st.one_of(
        st.sampled_from([100, 180, 200, 202, 302, 486, 603]),
        st.sampled_from([0.1, 0.5, 1.0, 4.0, 5.0, 31.9, 32.0]),
        st.just("transport failed"),
    ),
    max_size=20,
)


@settings(max_examples=150)
@given(inputs, st.sampled_from(["INVITE", "BYE"]), st.sampled_from(list(Transport)))
def test_any_sequence_leaves_nothing_behind_and_tells_one_end(
    sequence: list[int | float | str], method: str, transport: Transport
) -> None:
    side = Core(transport)
    _, user, request = sent(side, method)
    for step in sequence:
        if isinstance(step, int):
            side.wire.receive(response_to(request, step))
        elif isinstance(step, float):
            side.wire.run_until(side.wire.now + step)
        else:
            side.endpoint.transport_failed(side.wire.channel, PEER, side.wire.now)
    side.wire.receive(response_to(request, 500))
    side.wire.run_until(side.wire.now + 200.0)
    assert side.endpoint.client_transactions == 0
    assert side.endpoint.next_deadline() is None
    assert side.endpoint._tables.by_channel == {}
    ends = [name for _, name in user.told if name in ("timed out", "transport failed") or name >= "300"]
    successes = [name for _, name in user.told if "200" <= name < "300"]
    if successes:
        assert ends == []
        assert method == "INVITE" or len(successes) == 1
    else:
        assert len(ends) in (1, 2)
        assert len(ends) == 1 or ends[1] == "transport failed", "an ACK that did not get out is told too (figure 5)"
