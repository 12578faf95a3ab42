"""What a REGISTER does to contacts: RFC 3261 section 10.3, step by step, and whatever else a peer may send."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.check import Refusal
from simcarrier.sip.message import Request, make_request
from simcarrier.sip.parse import parse
from simcarrier.sip.registration import LONGEST, UNSAID, Binding, Bindings, Terms, contact_lines, current, update
from simcarrier.sip.uri import parse_uri

NOW = 1000.0
HOME = "sip:gw@10.0.0.1:5060"
AWAY = "sip:gw@10.0.0.2:5060"
TERMS = Terms(min_expires=60, max_expires=7200, most=3)


def register(
    *contacts: str, expires: str | None = None, call_id: str = "one", cseq: str = "7 REGISTER", more: Sequence[str] = ()
) -> Request:
    fields = [
        ("Via", "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1"),
        ("From", "<sip:gw@carrier.example>;tag=1"),
        ("To", "<sip:gw@carrier.example>"),
        ("Call-ID", call_id),
        ("CSeq", cseq),
        *(("Contact", contact) for contact in (*contacts, *more)),
    ]
    if expires is not None:
        fields.append(("Expires", expires))
    return make_request("REGISTER", "sip:carrier.example", fields)


def bound(uri: str = HOME, left: float = 100.0, call_id: str = "one", cseq: int = 6) -> Binding:
    return Binding(uri, parse_uri(uri), NOW + left, call_id, cseq)


def granted(bindings: Bindings, request: Request, terms: Terms = TERMS) -> dict[str, float]:
    """Seconds left by contact."""
    made = update(bindings, request, terms, NOW)
    assert not isinstance(made, Refusal), made
    return {binding.uri_text: binding.expires_at - NOW for binding in made}


def refused(bindings: Bindings, request: Request) -> int:
    made = update(bindings, request, TERMS, NOW)
    assert isinstance(made, Refusal), made
    return made.status


@pytest.mark.parametrize(
    ("contact", "expires", "seconds"),
    [
        (f"<{HOME}>", "120", 120),
        (f"<{HOME}>;expires=300", "120", 300),
        (f"<{HOME}>", None, UNSAID),
        (f"<{HOME}>", "soon", UNSAID),
        (f"<{HOME}>;expires=-5", None, UNSAID),
        (f"<{HOME}>;expires", "120", UNSAID),
        (f"<{HOME}>", "00000000000120", 120),
        (f"<{HOME}>", "99999999999999999999", 7200),
        (f"<{HOME}>", str(LONGEST), 7200),
        (f"<{HOME}>", "\u0661\u0662\u0660", UNSAID),
        (HOME + ";expires=90", None, 90),
    ],
)
def test_how_long_a_contact_is_kept(contact: str, expires: str | None, seconds: int) -> None:
    assert granted((), register(contact, expires=expires)) == {HOME: seconds}


def test_too_short_a_time_is_refused_with_what_would_do() -> None:
    made = update((), register(f"<{HOME}>;expires=59"), TERMS, NOW)
    assert made == Refusal(423, extra="Min-Expires: 60\r\n")
    assert granted((), register(f"<{HOME}>;expires=60")) == {HOME: 60}


def test_one_contact_that_is_refused_leaves_the_others_alone() -> None:
    assert refused((bound(AWAY),), register(f"<{AWAY}>;expires=0", f"<{HOME}>;expires=5")) == 423


def test_several_contacts_in_one_field_and_in_several() -> None:
    request = register(f"<{HOME}>;expires=60, <{AWAY}>;expires=70", more=["<sip:gw@10.0.0.3>;expires=80"])
    assert granted((), request) == {HOME: 60, AWAY: 70, "sip:gw@10.0.0.3": 80}


def test_a_contact_is_refreshed_in_its_place_and_told_by_the_rules_for_uris() -> None:
    assert granted((bound(), bound(AWAY)), register("<sip:gw@10.0.0.1:5060;x=1>", expires="90")) == {
        "sip:gw@10.0.0.1:5060;x=1": 90,
        AWAY: 100,
    }


def test_a_contact_is_removed() -> None:
    assert granted((bound(), bound(AWAY)), register(f"<{HOME}>;expires=0")) == {AWAY: 100}
    assert granted((bound(AWAY),), register(f"<{HOME}>", expires="0")) == {AWAY: 100}


def test_all_contacts_are_removed() -> None:
    assert granted((bound(), bound(AWAY, call_id="two", cseq=99)), register("*", expires="0")) == {}


@pytest.mark.parametrize(
    "request_",
    [
        register("*"),
        register("*", expires="60"),
        register("*", expires="x"),
        register("*", f"<{HOME}>", expires="0"),
        register(f"<{HOME}>", "*", expires="0"),
        register("*", "*", expires="0"),
        register("nonsense"),
        register(""),
        register(f"<{HOME}>,,"),
        register("<mailto:gw@10.0.0.1>"),
        register(f"<{HOME}", expires="60"),
        register(f"<{HOME}>", cseq="x REGISTER"),
    ],
)
def test_what_makes_no_sense_is_400_and_changes_nothing(request_: Request) -> None:
    assert refused((bound(),), request_) == 400


def test_without_a_contact_the_list_is_only_asked_for() -> None:
    assert granted((bound(),), register()) == {HOME: 100}
    assert granted((bound(),), register(expires="0")) == {HOME: 100}


@pytest.mark.parametrize("cseq", [6, 5])
@pytest.mark.parametrize("contact", [f"<{HOME}>", f"<{HOME}>;expires=0", "*"])
def test_an_older_request_of_the_same_call_id_is_refused(cseq: int, contact: str) -> None:
    expires = "0" if contact == "*" else None
    assert refused((bound(cseq=6),), register(contact, expires=expires, cseq=f"{cseq} REGISTER")) == 500


def test_a_client_that_was_started_anew_goes_before_what_it_had() -> None:
    assert granted((bound(cseq=600),), register(f"<{HOME}>", expires="90", call_id="two", cseq="1 REGISTER")) == {
        HOME: 90
    }


def test_an_older_request_may_still_speak_of_another_contact() -> None:
    assert granted((bound(cseq=9),), register(f"<{AWAY}>", expires="90")) == {HOME: 100, AWAY: 90}


def test_contacts_are_limited() -> None:
    full = tuple(bound(f"sip:gw@10.0.0.{n}") for n in range(3))
    assert refused(full, register(f"<{HOME}>")) == 403
    assert refused((), register(*(f"<sip:gw@10.0.1.{n}>" for n in range(7)))) == 403
    assert len(granted(full, register("<sip:gw@10.0.0.1>;expires=0", f"<{HOME}>"))) == 3


def test_what_has_run_out_is_gone() -> None:
    assert current((bound(left=0.0), bound(AWAY, left=0.1)), NOW) == (bound(AWAY, left=0.1),)
    assert granted((bound(left=-1.0, cseq=99),), register(f"<{HOME}>")) == {HOME: UNSAID}


def test_the_answer_tells_what_is_left_rounded_up() -> None:
    assert contact_lines((bound(left=99.2), bound(AWAY, left=60)), NOW) == (
        f"Contact: <{HOME}>;expires=100\r\nContact: <{AWAY}>;expires=60\r\n"
    )


PIECES = st.sampled_from(
    [
        "<",
        ">",
        "sip:",
        "gw@h",
        "*",
        ",",
        ";",
        "expires=",
        "=",
        '"',
        "0",
        "60",
        "99999999999999999999",
        " ",
        "\t",
        "tel:+1",
    ]
)
JUNK = st.one_of(st.lists(PIECES, max_size=12).map("".join), st.text(max_size=30))


@given(contacts=st.lists(JUNK, max_size=4), expires=JUNK, cseq=JUNK)
def test_nothing_makes_it_raise_and_nothing_breaks_the_limits(contacts: list[str], expires: str, cseq: str) -> None:
    lines = [f"Contact: {contact}" for contact in contacts]
    head = ["REGISTER sip:c SIP/2.0", "Via: SIP/2.0/UDP h;branch=z9hG4bK1", "Call-ID: 1", f"CSeq: {cseq}", *lines]
    raw = "\r\n".join([*head, f"Expires: {expires}", "", ""]).encode("utf-8", "surrogatepass")
    request = parse(raw)
    assert isinstance(request, Request)
    before = (bound(),)
    for text in (request, register(*contacts, expires=expires)):
        made = update(before, text, TERMS, NOW)
        if isinstance(made, Refusal):
            assert made.status in (400, 403, 423, 500)
        else:
            assert len(made) <= TERMS.most
            assert all(NOW < binding.expires_at <= NOW + TERMS.max_expires for binding in made)
            assert contact_lines(made, NOW).count("\r\n") == len(made)
