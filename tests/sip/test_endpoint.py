"""The endpoint: whose a message is, and what becomes of those that are nobody's (RFC 3261 8.2, 9.2, 17.2.3)."""

from __future__ import annotations

import pytest

from simcarrier.sip.endpoint import Deafness, Limits
from simcarrier.sip.transaction import InviteServerTransaction, State
from simcarrier.sip.transport import Transport
from tests.sip.kit import OFFER, PEER, Agent, Core, ladder, request

INVITE = request(body=OFFER)


def counts(side: Agent | Core) -> dict[str, int]:
    counters = (side.agent.endpoint if isinstance(side, Agent) else side.endpoint).counters
    return {name: figure for name, figure in counters.as_dict().items() if figure}


# Whose it is (17.2.3)


@pytest.mark.parametrize(
    ("via", "same"),
    [
        pytest.param("SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-1", True, id="the same"),
        pytest.param("SIP/2.0/UDP  127.0.0.1:5070 ; x=y;branch=z9hG4bK-1", True, id="written otherwise"),
        pytest.param("SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-2", False, id="another branch"),
        pytest.param("SIP/2.0/UDP 127.0.0.1:5071;branch=z9hG4bK-1", False, id="another port"),
        pytest.param("SIP/2.0/UDP pc:5070;branch=z9hG4bK-1", False, id="another host"),
    ],
)
def test_a_request_is_known_by_branch_and_sent_by(via: str, same: bool) -> None:
    side = Core()
    side.wire.receive(request())
    side.core.requests[0].respond(180, 0.0)
    side.wire.take()
    sent = side.wire.receive(request(via=via, call_id="call-1" if same else "call-2"))
    assert len(side.core.requests) == (1 if same else 2)
    assert [one.what for one in sent] == (["180"] if same else [])


def test_host_names_compare_without_capitals() -> None:
    side = Core()
    side.wire.receive(request(via="SIP/2.0/UDP PC.example;branch=z9hG4bK-1"))
    side.wire.receive(request(via="SIP/2.0/UDP pc.EXAMPLE;branch=z9hG4bK-1"))
    assert len(side.core.requests) == 1


def test_the_source_does_not_matter() -> None:
    side = Core()
    side.wire.receive(request())
    side.wire.receive(request(), ("127.0.0.9", 9))
    assert len(side.core.requests) == 1


def test_methods_with_one_branch_are_different_transactions() -> None:
    side = Core()
    for method in ("INVITE", "OPTIONS", "INFO"):
        side.wire.receive(request(method, call_id=method))
    assert [one.request.method for one in side.core.requests] == ["INVITE", "OPTIONS", "INFO"]
    assert side.endpoint.server_transactions == 3


# RFC 2543

OLD = "SIP/2.0/UDP 127.0.0.1:5070;branch=1"


@pytest.mark.parametrize("via", [OLD, "SIP/2.0/UDP 127.0.0.1:5070"], ids=["branch without the cookie", "no branch"])
def test_a_caller_of_rfc_2543_is_served(via: str) -> None:
    side = Core()
    side.wire.receive(request(via=via))
    (transaction,) = side.core.requests
    transaction.respond(486, 0.0)
    side.wire.take()
    assert [one.what for one in side.wire.receive(request(via=via))] == ["486"]
    to = f"<sip:+4930123@127.0.0.1>;tag={transaction.local_tag}"
    assert side.wire.receive(request("ACK", via=via, to=to, cseq="1 ACK")) == []
    assert transaction.state is State.CONFIRMED
    assert side.wire.run_until(1000.0) == []


def test_two_calls_with_one_old_branch_are_two() -> None:
    side = Core()
    side.wire.receive(request(via=OLD))
    side.wire.receive(request(via=OLD, call_id="call-2"))
    side.wire.receive(request(via=OLD, call_id="call-2", cseq="2 INVITE"))
    assert len(side.core.requests) == 3


# Merged requests (8.2.2.2)


def test_a_merged_request_gets_482() -> None:
    side = Agent()
    side.wire.receive(INVITE)
    (sent,) = side.wire.receive(INVITE.replace(b"z9hG4bK-1", b"z9hG4bK-2"))
    assert (sent.response.status, sent.response.via.branch) == (482, "z9hG4bK-2")
    assert len(side.party.sessions) == 1


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("another Call-ID", request(branch="z9hG4bK-2", call_id="call-2")),
        ("another From tag", request(branch="z9hG4bK-2", from_="<sip:+4989@127.0.0.1>;tag=f2")),
        ("another CSeq", request(branch="z9hG4bK-2", cseq="2 INVITE")),
    ],
)
def test_it_is_merged_only_if_all_three_are_the_same(what: str, data: bytes) -> None:
    side = Agent()
    side.wire.receive(request())
    assert side.wire.receive(data) == []
    assert len(side.party.sessions) == 2


def test_requests_within_a_dialog_are_never_merged() -> None:
    side = Core()
    for number in (1, 2):
        side.wire.receive(request("INFO", branch=f"z9hG4bK-{number}", to="<sip:a@b>;tag=x"))
    assert len(side.core.requests) == 2


def test_once_the_first_is_over_it_is_not_merged_any_more() -> None:
    side = Agent()
    side.wire.receive(request())
    side.party.sessions[0].refuse(0.0, 486)
    side.wire.receive(request("ACK", cseq="1 ACK"))
    side.wire.run_until(10.0)
    assert side.wire.receive(request(branch="z9hG4bK-2")) == []
    assert len(side.party.sessions) == 2


# What a CANCEL means: section 9.2


@pytest.mark.parametrize("status", [0, 100, 180])
def test_cancel_before_a_final_response(status: int) -> None:
    side = Agent()
    side.wire.receive(INVITE)
    (session,) = side.party.sessions
    if status == 100:
        session.trying(0.0)
    elif status:
        session.ring(0.0, status)
    side.wire.take()
    sent = side.wire.receive(request("CANCEL"))
    assert [(one.response.status, one.response.cseq) for one in sent] == [(200, (1, "CANCEL")), (487, (1, "INVITE"))]
    assert sent[0].response.to_tag == sent[1].response.to_tag != ""
    assert [one.what for one in side.wire.receive(request("CANCEL"))] == ["200"], "repeated: only the 200 again"
    side.wire.run_until(1.0)
    side.wire.receive(request("ACK", cseq="1 ACK"))
    assert side.party.told == [(0.0, "CANCEL"), (1.0, "cancelled")]
    side.wire.run_until(100.0)
    assert side.agent.endpoint.server_transactions == 0


@pytest.mark.parametrize("status", [200, 486])
def test_cancel_after_a_final_response_changes_nothing(status: int) -> None:
    side = Agent()
    side.wire.receive(INVITE)
    (session,) = side.party.sessions
    if status == 200:
        session.answer(0.0)
    else:
        session.refuse(0.0, status)
    side.wire.take()
    assert [one.what for one in side.wire.receive(request("CANCEL"))] == ["200"]
    assert session.status == status
    assert side.party.told == []


@pytest.mark.parametrize(
    "cancel",
    [
        pytest.param(request("CANCEL", branch="z9hG4bK-2"), id="another branch"),
        pytest.param(request("CANCEL", via="SIP/2.0/UDP pc:5070;branch=z9hG4bK-1"), id="another sent-by"),
    ],
)
def test_cancel_that_matches_nothing_gets_481(cancel: bytes) -> None:
    side = Agent()
    side.wire.receive(INVITE)
    assert [one.what for one in side.wire.receive(cancel)] == ["481"]
    assert side.party.told == []


def test_cancel_for_another_method_gets_481() -> None:
    side = Core()
    side.wire.receive(request("OPTIONS"))
    side.wire.receive(request("CANCEL"))
    assert side.endpoint.invite_of(side.core.requests[1]) is None


def test_cancel_finds_its_invite() -> None:
    side = Core()
    side.wire.receive(request())
    side.wire.receive(request("CANCEL"))
    invite = side.endpoint.invite_of(side.core.requests[1])
    assert isinstance(invite, InviteServerTransaction)
    assert invite is side.core.requests[0]


# What is nobody's


@pytest.mark.parametrize(
    ("data", "counted"),
    [
        pytest.param(b"", {}, id="nothing"),
        pytest.param(b"\r\n\r\n", {}, id="keepalive"),
        pytest.param(b"\0\0", {"malformed": 1}, id="binary"),
        pytest.param(b"hello", {"malformed": 1}, id="not SIP"),
        pytest.param(request(without=["Via"]), {"malformed": 1}, id="no Via"),
        pytest.param(request(without=["To"]), {"requests": 1, "malformed": 1}, id="no To"),
        pytest.param(request(cseq="1 BYE"), {"requests": 1, "refused": 1}, id="refused"),
        pytest.param(
            b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCSeq: 1 BYE\r\n\r\n",
            {"responses": 1, "stray": 1},
            id="a response to nothing",
        ),
        pytest.param(
            b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\r\n",
            {"responses": 1, "malformed": 1},
            id="a response without CSeq",
        ),
    ],
)
def test_what_is_counted(data: bytes, counted: dict[str, int]) -> None:
    side = Core()
    side.wire.receive(data)
    assert counts(side) == counted


def test_a_stray_ack_is_passed_on_and_forgotten() -> None:
    side = Core()
    assert side.wire.receive(request("ACK", cseq="1 ACK")) == []
    assert len(side.core.acks) == 1
    assert side.endpoint.server_transactions == 0
    assert Agent().wire.receive(request("ACK", cseq="1 ACK")) == []


# Full


def test_when_full_a_new_request_gets_503_and_a_known_one_is_served() -> None:
    side = Agent(limits=Limits(transactions=2))
    for number in (1, 2):
        side.wire.receive(request(branch=f"z9hG4bK-{number}", call_id=f"c{number}"))
    (sent,) = side.wire.receive(request(branch="z9hG4bK-3", call_id="c3"))
    assert (sent.response.status, sent.response.get("retry-after")) == (503, "5")
    assert len(side.party.sessions) == 2
    assert counts(side) == {"requests": 3, "refused": 1, "overloaded": 1}
    assert side.wire.receive(request(branch="z9hG4bK-1", call_id="c1")) == []
    side.party.sessions[0].refuse(0.0, 486)
    side.wire.receive(request("ACK", cseq="1 ACK", call_id="c1"))
    side.wire.run_until(10.0)
    side.wire.receive(request(branch="z9hG4bK-4", call_id="c4"))
    assert len(side.party.sessions) == 3


# Deaf, on purpose


def test_a_deaf_call_hears_nothing_until_so_many_messages_are_lost() -> None:
    side = Agent()
    side.agent.endpoint.deaf["call-1"] = Deafness(2)
    assert side.wire.receive(INVITE) == []
    assert side.wire.receive(INVITE) == []
    assert side.party.sessions == []
    side.wire.receive(request(branch="z9hG4bK-9", call_id="call-9"))
    assert len(side.party.sessions) == 1
    side.wire.receive(INVITE)
    assert len(side.party.sessions) == 2
    assert side.agent.endpoint.deaf == {}
    assert counts(side)["lost_on_purpose"] == 2


def test_a_call_deaf_for_good_stays_deaf() -> None:
    side = Agent()
    side.wire.receive(INVITE)
    side.party.sessions[0].refuse(0.0, 486)
    side.agent.endpoint.deaf["call-1"] = Deafness()
    for _ in range(5):
        side.wire.receive(request("ACK", cseq="1 ACK"))
    assert ladder(side.wire.run_until(40.0))[-1] == (31.5, "486")
    assert side.party.told == [(32.0, "unacknowledged")]
    assert list(side.agent.endpoint.deaf) == ["call-1"]


# Channels


def test_a_closed_connection_leaves_server_transactions_to_their_timers() -> None:
    side = Core(Transport.TCP)
    side.wire.receive(request())
    (transaction,) = side.core.requests
    side.endpoint.channel_closed(side.wire.channel, 0.0)
    assert transaction.state is State.PROCEEDING
    transaction.respond(486, 0.0)
    assert [(one.what, one.to) for one in side.wire.take()] == [("486", PEER)], "a new connection goes to sent-by"
    side.wire.run_until(32.0)
    assert side.endpoint.server_transactions == 0


def test_a_closed_connection_that_nobody_used_is_nothing() -> None:
    side = Core(Transport.TCP)
    side.endpoint.channel_closed(side.wire.channel, 0.0)
    side.endpoint.transport_failed(side.wire.channel, PEER, 0.0)
    assert side.endpoint.out == []


def test_forgetting_is_complete() -> None:
    side = Core(Transport.TCP)
    side.wire.receive(request())
    side.endpoint.forget(side.core.requests[0])
    assert side.endpoint.server_transactions == 0
    assert side.endpoint._tables.merged == {}
    assert side.endpoint._tables.by_channel == {}
    side.wire.receive(request())
    assert len(side.core.requests) == 2, "what was forgotten is new"
