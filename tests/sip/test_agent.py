"""The user agent's core: requests out of any dialog, what it says of itself, where it says that it can be reached."""

from __future__ import annotations

import pytest

from simcarrier.sip.agent import UserAgent, new_branch, new_call_id
from simcarrier.sip.message import Response
from simcarrier.sip.transport import Channel, Transport
from simcarrier.sip.via import MAGIC_COOKIE
from simcarrier.testing import Peer, Phone, Wire


def ask(method: str, *lines: str, to: str = "<sip:10.0.0.2>", uri: str = "sip:x@10.0.0.2") -> Response | None:
    """What the agent answers to one request."""
    wire = Wire()
    hand = Peer(wire, "10.0.0.1")
    phone = Phone(wire, "10.0.0.2")
    head = [
        f"{method} {uri} SIP/2.0",
        "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1",
        "From: <sip:a@10.0.0.1>;tag=1",
        f"To: {to}",
        "Call-ID: c",
        f"CSeq: 1 {method}",
        *lines,
    ]
    hand.send("\n".join(head), phone.address)
    wire.run(0)
    found = hand.received
    assert len(found) <= 1
    wire.settle()
    assert phone.idle or phone.taken
    return found[0] if found and isinstance(found[0], Response) else None


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("OPTIONS", 200),
        ("REGISTER", 405),
        ("MESSAGE", 405),
        ("SUBSCRIBE", 405),
        ("REFER", 405),
        ("NONSENSE", 501),
        ("options", 501),
        ("BYE", 481),
        ("CANCEL", 481),
        ("PRACK", 481),
        ("UPDATE", 481),
        ("INFO", 481),
    ],
)
def test_methods_out_of_any_dialog(method: str, status: int) -> None:
    response = ask(method)
    assert response is not None
    assert response.status == status
    assert response.to_tag
    if status in (405, 501):
        assert "invite" in response.tokens("allow")


def test_options_tells_what_the_agent_can() -> None:
    response = ask("OPTIONS")
    assert response is not None
    assert response.tokens("allow") == {"invite", "ack", "cancel", "bye", "options", "info", "prack", "update"}
    assert response.tokens("accept") == {"application/sdp"}
    assert response.tokens("supported") == {"100rel", "timer"}


def test_a_stray_ack_gets_no_answer() -> None:
    assert ask("ACK") is None


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_an_unknown_extension_gets_420(method: str) -> None:
    response = ask(method, "Require: 100rel, unheard-of, more")
    assert response is not None
    assert response.status == 420
    assert response.tokens("unsupported") == {"unheard-of", "more"}


@pytest.mark.parametrize(("uri", "status"), [("http://x", 416), ("sip:", 400), ("sip:@", 400)])
def test_a_request_uri_that_is_none_of_ours(uri: str, status: int) -> None:
    response = ask("OPTIONS", uri=uri)
    assert response is not None
    assert response.status == status


def test_a_stray_response_is_counted_and_dropped() -> None:
    wire = Wire()
    hand, phone = Peer(wire, "10.0.0.1"), Phone(wire, "10.0.0.2")
    hand.send(
        "SIP/2.0 200 OK\nVia: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKno\nFrom: <sip:a@h>;tag=1\nTo: <sip:b@h>;tag=2\n"
        "Call-ID: c\nCSeq: 1 INVITE",
        phone.address,
    )
    wire.settle()
    assert hand.received == []
    assert phone.agent.endpoint.counters.stray == 1


@pytest.mark.parametrize(
    ("local", "peer", "host"),
    [
        ("10.0.0.2", "10.0.0.1", "10.0.0.2"),
        ("0.0.0.0", "127.0.0.1", "127.0.0.1"),
        ("::", "::1", "::1"),
    ],
    ids=["an address", "all addresses", "all addresses of IPv6"],
)
def test_where_a_peer_reaches_us(local: str, peer: str, host: str) -> None:
    wire = Wire()
    agent = Phone(wire, "10.0.0.2").agent
    channel = Channel(Transport.UDP, (local, 5070))
    assert agent.reachable_at(channel, (peer, 9999)) == (host, 5070)


def test_the_name_stands_in_server_and_warning() -> None:
    class Nobody:
        def invited(self, session: object, now: float) -> None:
            """Takes no calls."""

    agent = UserAgent(Nobody(), name="carrier one")
    assert agent.server_line == "Server: carrier one\r\n"
    assert UserAgent(Nobody(), name="").server_line == ""
    assert agent.warning(305, "why").endswith('"why"\r\n')


def test_branches_and_call_ids_are_never_the_same() -> None:
    branches = {new_branch() for _ in range(1000)}
    assert len(branches) == 1000
    assert all(branch.startswith(MAGIC_COOKIE) for branch in branches)
    assert len({new_call_id() for _ in range(1000)}) == 1000
