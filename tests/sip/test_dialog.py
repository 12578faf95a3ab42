"""Dialogs: what a request within one looks like, from whichever end, and which of the peer's are in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.dialog import Dialog, contact_uri, is_loose
from simcarrier.sip.errors import RemoteProtocolError
from simcarrier.sip.message import Request, Response
from simcarrier.sip.parse import parse


def invite(*lines: str) -> Request:
    head = [
        "INVITE sip:b@10.0.0.2 SIP/2.0",
        "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1",
        'From: "A" <sip:a@10.0.0.1>;tag=fa;x=1',
        "To: <sip:b@10.0.0.2>",
        "Call-ID: c",
        "CSeq: 41 INVITE",
        *lines,
    ]
    message = parse("\r\n".join([*head, "", ""]).encode())
    assert isinstance(message, Request)
    return message


def response(*lines: str, tag: str = "tb") -> Response:
    head = [
        "SIP/2.0 200 OK",
        "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1",
        'From: "A" <sip:a@10.0.0.1>;tag=fa;x=1',
        f"To: <sip:b@10.0.0.2>;tag={tag}",
        "Call-ID: c",
        "CSeq: 41 INVITE",
        *lines,
    ]
    message = parse("\r\n".join([*head, "", ""]).encode())
    assert isinstance(message, Response)
    return message


VIA = "SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK9"


def test_the_server_s_dialog() -> None:
    dialog = Dialog.of_server(invite("Contact: <sip:a@10.0.0.1:5090>"), "tb")
    assert dialog.id == ("c", "tb", "fa")
    bye = dialog.make_request("BYE", VIA)
    assert bye.uri == "sip:a@10.0.0.1:5090"
    assert bye.get("from") == "<sip:b@10.0.0.2>;tag=tb"
    assert bye.get("to") == '"A" <sip:a@10.0.0.1>;tag=fa;x=1'
    assert bye.cseq == (1, "BYE")
    assert dialog.make_request("BYE", VIA).cseq == (2, "BYE")


def test_the_client_s_dialog() -> None:
    dialog = Dialog.of_client(invite(), response("Contact: <sip:b@10.0.0.2:5090>"))
    assert dialog.id == ("c", "fa", "tb")
    bye = dialog.make_request("BYE", VIA)
    assert bye.uri == "sip:b@10.0.0.2:5090"
    assert bye.get("from") == '"A" <sip:a@10.0.0.1>;tag=fa;x=1'
    assert bye.get("to") == "<sip:b@10.0.0.2>;tag=tb"
    assert bye.cseq == (42, "BYE")
    assert dialog.make_request("ACK", VIA, seq=41).cseq == (41, "ACK")
    assert dialog.make_request("INFO", VIA).cseq == (43, "INFO")


@pytest.mark.parametrize(
    "contact", [[], ["Contact: *"], ["Contact: rubbish"], ["Contact:"]], ids=["none", "star", "rubbish", "empty"]
)
def test_without_a_contact_the_party_itself_is_the_target(contact: list[str]) -> None:
    assert Dialog.of_server(invite(*contact), "t").make_request("BYE", VIA).uri == "sip:a@10.0.0.1"
    assert Dialog.of_client(invite(), response(*contact)).make_request("BYE", VIA).uri == "sip:b@10.0.0.2"


def test_the_route_set_is_the_server_s_order_and_the_client_s_reverse() -> None:
    routes = ["Record-Route: <sip:p1;lr>, <sip:p2;lr>", "Record-Route: <sip:p3;lr>", "Contact: <sip:x@10.0.0.5>"]
    server = Dialog.of_server(invite(*routes), "tb").make_request("BYE", VIA)
    assert server.get_all("route") == ["<sip:p1;lr>", "<sip:p2;lr>", "<sip:p3;lr>"]
    client = Dialog.of_client(invite(), response(*routes)).make_request("BYE", VIA)
    assert client.get_all("route") == ["<sip:p3;lr>", "<sip:p2;lr>", "<sip:p1;lr>"]
    assert client.uri == "sip:x@10.0.0.5"


def test_a_strict_router_comes_first_and_the_target_last() -> None:
    dialog = Dialog.of_server(
        invite("Record-Route: <sip:strict@p1>", "Record-Route: <sip:p2;lr>", "Contact: <sip:x@h>"), "tb"
    )
    bye = dialog.make_request("BYE", VIA)
    assert (bye.uri, bye.get_all("route")) == ("sip:strict@p1", ["<sip:p2;lr>", "<sip:x@h>"])


@pytest.mark.parametrize(
    ("route", "loose"),
    [
        ("<sip:p;lr>", True),
        ("<sip:p;LR>", True),
        ("<sip:p;lr=on>", True),
        ("<sip:p>", False),
        ("<sip:lr@p>", False),
        ("<sip:p>;lr", False),
        ("<sip:p;xlr>", False),
    ],
)
def test_loose_routers_are_told_by_lr(route: str, loose: bool) -> None:
    assert is_loose(route) is loose


OTHERWISE = ("192.0.2.1", 9)


@pytest.mark.parametrize(
    ("contact", "hop"),
    [
        pytest.param("<sip:x@10.0.0.5>", ("10.0.0.5", 5060), id="ipv4"),
        pytest.param("<sip:x@10.0.0.5:5099;transport=tcp>", ("10.0.0.5", 5099), id="port"),
        pytest.param("<sip:x@10.0.0.5;transport=tls>", ("10.0.0.5", 5061), id="tls"),
        pytest.param("<sips:x@10.0.0.5>", ("10.0.0.5", 5061), id="sips"),
        pytest.param("<sip:x@[2001:db8::5]:5070>", ("2001:db8::5", 5070), id="ipv6"),
        pytest.param("<sip:x@host.example>", OTHERWISE, id="name"),
        pytest.param("<tel:+4930>", OTHERWISE, id="tel"),
    ],
)
def test_the_next_hop_needs_no_dns(contact: str, hop: tuple[str, int]) -> None:
    assert Dialog.of_server(invite(f"Contact: {contact}"), "t").next_hop(OTHERWISE) == hop


def test_the_next_hop_is_the_first_route() -> None:
    dialog = Dialog.of_server(invite("Record-Route: <sip:10.0.0.7:5071;lr>", "Contact: <sip:x@10.0.0.5>"), "t")
    assert dialog.next_hop(OTHERWISE) == ("10.0.0.7", 5071)


def numbered(number: int) -> Request:
    message = parse(
        f"INFO sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK\r\nFrom: <sip:a@h>;tag=fa\r\nTo: <sip:b@h>;tag=t\r\n"
        f"Call-ID: c\r\nCSeq: {number} INFO\r\n\r\n".encode()
    )
    assert isinstance(message, Request)
    return message


@given(st.lists(st.integers(0, 100), max_size=20))
def test_a_number_lower_than_one_seen_before_is_out_of_order(numbers: list[int]) -> None:
    dialog, highest = Dialog.of_server(invite(), "t"), 41
    for number in numbers:
        if number < highest:
            with pytest.raises(RemoteProtocolError) as caught:
                dialog.take(numbered(number))
            assert caught.value.status == 500
        else:
            dialog.take(numbered(number))
            highest = number
    assert dialog.remote_seq == highest


def test_a_target_refresh_takes_the_contact_if_there_is_one() -> None:
    dialog = Dialog.of_server(invite("Contact: <sip:x@10.0.0.5>"), "t")
    dialog.refresh_target(invite("Contact: <sip:y@10.0.0.6>"))
    dialog.refresh_target(invite())
    assert dialog.remote_target == "sip:y@10.0.0.6"


def test_the_first_of_several_contacts_counts() -> None:
    assert contact_uri(invite('Contact: "a, b" <sip:x@h>, <sip:y@h>')) == "sip:x@h"
