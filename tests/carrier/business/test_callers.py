"""Caller policy: caller IDs that are routed, callers that hide, identities that the network vouches for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simcarrier.carrier.business.callers import (
    MOST_IDENTITIES,
    asserted,
    hidden,
)
from simcarrier.conditions import Condition
from simcarrier.sip.message import Request, make_request
from tests.carrier.kit import Exchange

ANSWERED = "calls: [{outcome: answered, ring: 0s}]"
Fields = Sequence[tuple[str, str]]


def found(policy: str, caller: str, *fields: tuple[str, str], numbering: str = "{country: 49}") -> str | None:
    """Why a call is refused, None if it is not."""
    carrier = Exchange(f"carrier: {{numbering: {numbering}, {policy}}}\n{ANSWERED}")
    code = carrier.code("+4930123", caller, fields)
    record = carrier.record
    assert (code == 200) is (record.why is None)
    refusals = (Condition.CALLER_ID_NOT_ROUTED, Condition.ANONYMITY_REFUSED)
    assert record.condition in ((Condition.ANSWERED,) if record.why is None else refusals)
    return record.why


def pai(*values: str) -> tuple[str, str]:
    return "P-Asserted-Identity", ", ".join(values)


GOOD, BAD = "<sip:+4930999@carrier.example>", "<tel:+14155550100>"
PLAIN = "caller ID +14155550100 is not routed (From)"
VOUCHED = "caller ID +14155550100 is not routed (P-Asserted-Identity)"
NONE_VOUCHED = "no caller ID (P-Asserted-Identity)"


@pytest.mark.parametrize("caller", ["+4930123", "004930123", "030123", "4930123", "30123", "+49-30-123"])
@pytest.mark.parametrize("routed", ["+4930*", "030*", "004930*", "4930*", "30*", "[+4989*, 030123]"])
def test_all_forms_of_a_caller_id_are_one(caller: str, routed: str) -> None:
    assert found(f"routed_callers: {routed}", caller) is None


@pytest.mark.parametrize("policy", ["routed_callers: 030*", "callers: {routed: 030*, forms: as_sent}"])
def test_as_sent(policy: str) -> None:
    numbering = "{forms: e164}" if "as_sent" not in policy else "{country: 49}"
    assert found(policy, "030123", numbering=numbering) is None
    assert found(policy, "+4930123", numbering=numbering) == "caller ID +4930123 is not routed (From)"


LOOKS: list[tuple[str, str, Fields, str | None]] = [
    ("from", "+4930123", [], None),
    ("from", "+4930123", [pai(BAD)], None),
    ("from", "+14155550100", [pai(GOOD)], PLAIN),
    ("from", "alice", [], "caller ID alice is not routed (From)"),
    ("p_asserted_identity", "+14155550100", [pai(GOOD)], None),
    ("p_asserted_identity", "+4930123", [pai(BAD)], VOUCHED),
    ("p_asserted_identity", "+4930123", [], NONE_VOUCHED),
    ("p_asserted_identity", "+4930123", [pai(BAD, GOOD)], None),
    ("p_asserted_identity", "+4930123", [pai(BAD), pai(GOOD)], None),
    ("both", "+4930123", [pai(GOOD)], None),
    ("both", "+4930123", [pai(BAD)], VOUCHED),
    ("both", "+14155550100", [pai(GOOD)], PLAIN),
    ("both", "+4930123", [], NONE_VOUCHED),
    ("either", "+4930123", [], None),
    ("either", "+14155550100", [pai(GOOD)], None),
    ("either", "+14155550100", [], f"{PLAIN}, {NONE_VOUCHED}"),
    ("either", "+14155550100", [pai(BAD)], f"{PLAIN}, {VOUCHED}"),
]


@pytest.mark.parametrize(("look_in", "caller", "fields", "why"), LOOKS)
def test_where_the_carrier_looks(look_in: str, caller: str, fields: Fields, why: str | None) -> None:
    assert found(f"callers: {{routed: +4930*, look_in: {look_in}}}", caller, *fields) == why


HIDING: list[tuple[str, Fields, str | None]] = [
    ("anonymous", [], "From"),
    ("Anonymous", [], "From"),
    ("unavailable", [], "From"),
    ("restricted", [], "From"),
    ("+4930123", [("Privacy", "id")], "Privacy: id"),
    ("+4930123", [("Privacy", "header;User;critical")], "Privacy: user"),
    ("+4930123", [("Privacy", "header"), ("privacy", "id")], "Privacy: id"),
    ("+4930123", [("Privacy", "header, id")], "Privacy: id"),
    ("+4930123", [("Privacy", "none")], None),
    ("+4930123", [("Privacy", "none;id")], None),
    ("+4930123", [("Privacy", "session;critical")], None),
    ("+4930123", [("Privacy", "")], None),
    ("anonymouse", [], None),
]


@pytest.mark.parametrize(("caller", "fields", "field"), HIDING)
def test_who_hides_is_refused(caller: str, fields: Fields, field: str | None) -> None:
    why = None if field is None else f"anonymous caller ({field})"
    assert found("callers: {anonymous: refuse}", caller, *fields) == why
    assert found("callers: {anonymous: allow}", caller, *fields) is None


def invite(from_: str, *fields: tuple[str, str]) -> Request:
    return make_request("INVITE", "sip:+4930@h", [("From", from_), *fields])


@pytest.mark.parametrize(
    ("from_", "field"),
    [
        ('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1', "From"),
        ("<sip:someone@ANONYMOUS.invalid>;tag=1", "From"),
        ("<sip:anonymous.invalid>;tag=1", "From"),
        ("sip:x@anonymous.invalid;tag=1", "From"),
        ("<sip:+4930@anonymous.invalid>;tag=1", None),
        ('"anonymous.invalid" <sip:bob@h>;tag=1', None),
        ("<sip:bob@anonymous.invalid.example>;tag=1", None),
        ("<tel:+4930>;tag=1", None),
        ("<sip:h>;tag=1", None),
        ("nonsense anonymous.invalid", None),
        ("", None),
    ],
)
def test_a_hidden_address(from_: str, field: str | None) -> None:
    request = invite(from_)
    assert hidden(request.from_user, request) == field


HIDDEN: list[tuple[str, Fields, str | None]] = [
    ("anonymous", [pai(GOOD)], None),
    ("anonymous", [pai(BAD)], f"{VOUCHED}, From is anonymous"),
    ("anonymous", [], f"{NONE_VOUCHED}, From is anonymous"),
    ("+4930123", [("Privacy", "id")], None),
    ("+14155550100", [("Privacy", "id")], PLAIN),
    ("+4930123", [("Privacy", "id"), pai(BAD)], VOUCHED),
    ("+14155550100", [("Privacy", "id"), pai(GOOD)], None),
]


@pytest.mark.parametrize("look_in", ["from", "p_asserted_identity", "both", "either"])
@pytest.mark.parametrize(("caller", "fields", "why"), HIDDEN)
def test_of_who_hides_the_asserted_identity_counts(look_in: str, caller: str, fields: Fields, why: str | None) -> None:
    assert found(f"callers: {{routed: +4930*, look_in: {look_in}}}", caller, *fields) == why


def test_the_short_form_goes_with_a_policy() -> None:
    assert found("routed_callers: +4930*, callers: {anonymous: refuse}", "anonymous") == "anonymous caller (From)"
    assert found("routed_callers: +4930*, callers: {anonymous: refuse}", "+14155550100") == PLAIN


CUSTOMERS = """
carrier:
  customers:
    - {name: acme, source: 10.0.0.1, routed_callers: +4989*}
    - {name: other, source: 10.0.0.2}
  routed_callers: +4930*
calls: [{outcome: answered, ring: 0s}]
"""


def test_a_customer_has_caller_ids_of_its_own() -> None:
    carrier = Exchange(CUSTOMERS)
    assert carrier.code("+491", "+4989123") == 200
    assert carrier.code("+491", "+4930123") == 403
    other = Exchange(CUSTOMERS.replace("10.0.0.1", "10.0.0.9").replace("10.0.0.2", "10.0.0.1"))
    assert other.code("+491", "+4930123") == 200
    assert other.code("+491", "+4989123") == 403


def test_only_customers_may_have_caller_ids() -> None:
    carrier = Exchange(CUSTOMERS.replace("  routed_callers: +4930*\n", ""))
    assert carrier.code("+491", "+4930123") == 403
    assert carrier.code("+491", "+4989123") == 200


def test_nothing_said_costs_nothing() -> None:
    assert Exchange("carrier: {callers: {anonymous: allow}}").switch.carrier.business.checks == ()


# P-Asserted-Identity


@pytest.mark.parametrize(
    ("values", "users"),
    [
        (["<sip:+4930@h>"], ["+4930"]),
        (['"A. \\"B\\"" <sip:+4930@h;user=phone>'], ["+4930"]),
        (["sip:+4930@h;x=y"], ["+4930"]),
        (["tel:+4930;ext=1"], ["+4930"]),
        (['"Doe, J" <sip:+4930@h>, <tel:+4931>'], ["+4930", "+4931"]),
        (["<sip:+4930@h>", "<tel:+4931>"], ["+4930", "+4931"]),
        (["<sip:h>, <sip:+4930;npdi@h>"], ["+4930"]),
        (["<mailto:a@h>, nonsense, <sip:+4930@h>"], ["+4930"]),
        (['"unclosed <sip:+4930@h>'], []),
        ([""], []),
        (["<sip:1@h>," * 100], ["1"] * MOST_IDENTITIES),
        ([], []),
    ],
)
def test_asserted_identities(values: list[str], users: list[str]) -> None:
    assert asserted(invite("<sip:+1@h>", *[("P-Asserted-Identity", value) for value in values])) == users


JUNK = st.text(alphabet=st.sampled_from('+0159"<>,;:@%\\ abc\tsip:tel.=[]\udcff\x01é'), max_size=60)
LINE = JUNK | JUNK.map(lambda junk: f"<sip:{junk}@h>") | JUNK.map(lambda junk: f"<tel:+49{junk}>, <sip:1@{junk}>")


@given(st.lists(LINE, max_size=4), LINE, st.lists(LINE, max_size=2))
@example(["<sip:1@h>," * 3000], '"' * 5000, [";" * 5000])
def test_whatever_is_asserted_nothing_is_raised(identities: list[str], from_: str, privacy: list[str]) -> None:
    fields = [("P-Asserted-Identity", value) for value in identities] + [("Privacy", value) for value in privacy]
    request = invite(from_, *fields)
    users = asserted(request)
    assert len(users) <= MOST_IDENTITIES
    assert all(users)
    assert hidden(request.from_user, request) in (None, "From", "Privacy: id", "Privacy: user")


@pytest.mark.parametrize("junk", ["<sip:\x7f@h>", '"', "<tel:+4930" + "9" * 3000 + ">", "<sip:%zz@h>", ",,,,", "<>"])
def test_junk_is_refused_not_an_error(junk: str) -> None:
    why = found("callers: {routed: +4989*, look_in: p_asserted_identity}", "+4930123", pai(junk))
    assert why is not None
    assert why.isprintable()
    assert len(why) < 100
