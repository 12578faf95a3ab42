"""The messages in pjproject's log."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simcarrier.probe.pjsua2.wire_log import connected_in, message_in

REQUEST = "OPTIONS sip:a@b SIP/2.0\r\nCall-ID: 1\r\n\r\n"


def entry(
    body: str, *, way: str = "TX", towards: str = "to", peer: str = "UDP 127.0.0.1:5060", size: int | None = None
) -> str:
    length = len(body.encode("utf-8", "surrogateescape")) if size is None else size
    return f"{way} {length} bytes Request msg OPTIONS/cseq=1 (tdta0x55) {towards} {peer}:\n{body}\n--end msg--"


def test_a_message_that_is_sent() -> None:
    found = message_in(entry(REQUEST))
    assert found is not None
    assert (found.sent, found.transport, found.peer) == (True, "UDP", ("127.0.0.1", 5060))
    assert found.data == REQUEST.encode()


def test_a_message_that_is_received_over_ipv6() -> None:
    found = message_in(entry(REQUEST, way="RX", towards="from", peer="TLS6 [2001:db8::1]:5061"))
    assert found is not None
    assert (found.sent, found.transport, found.peer) == (False, "TLS", ("2001:db8::1", 5061))


def test_a_message_that_the_log_has_cut_off() -> None:
    found = message_in(entry(REQUEST, size=5000).removesuffix("\n--end msg--"))
    assert found is not None
    assert found.data == REQUEST.encode()


def test_other_entries() -> None:
    for text in ("", "TX", "RX 12 bytes", "Call 0: DISCONNECTED", "TX x bytes a to UDP 1.2.3.4:5:\nb\n--end msg--"):
        assert message_in(text) is None
        assert connected_in(text) is None


def test_a_connection() -> None:
    assert connected_in("TCP transport 127.0.0.1:4711 is connected to 127.0.0.1:5060") == ("TCP", "127.0.0.1:5060")
    assert connected_in("TLS transport [::1]:4711 is connected to sip.example.com:5061") == (
        "TLS",
        "sip.example.com:5061",
    )


@given(st.text(max_size=300))
def test_any_body_comes_back_as_it_is(body: str) -> None:
    found = message_in(entry(body))
    assert found is not None
    assert found.data == body.encode("utf-8", "surrogateescape")


@given(st.text(max_size=300))
def test_no_entry_is_too_odd(text: str) -> None:
    message_in(text)
    connected_in(text)
