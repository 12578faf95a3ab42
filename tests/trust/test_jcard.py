"""The jCard of a 608: written as RFC 7095 has it, and read with every fault named."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.trust.jcard import Address, Contact, make_jcard, read_jcard
from tests.trust.kit import CONTACT

VERSION = ["version", {}, "text", "4.0"]
FN = ["fn", {}, "text", "Desk"]
TEL = ["tel", {}, "uri", "tel:+18005550100"]
ADR = ["adr", {}, "text", ["", "", "1 Main Street", "Springfield", "IL", "62701", "USA"]]


def card(*properties: object) -> object:
    return ["vcard", list(properties)]


def test_the_whole_card_as_it_is_written() -> None:
    assert json.dumps(make_jcard(CONTACT)) == (
        '["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Robocall desk"], '
        '["url", {"type": "work"}, "uri", "https://block.example/redress"], '
        '["email", {"type": "work"}, "text", "redress@block.example"], '
        '["tel", {"type": "work"}, "uri", "tel:+18005550100"], '
        '["adr", {"type": "work"}, "text", ["", "", "1 Main Street", "Springfield", "IL", "62701", "USA"]]]]'
    )


@pytest.mark.parametrize(
    ("contact", "why"),
    [
        (Contact("Desk"), "at least one of url, email, tel and adr"),
        (Contact("Desk", adr=Address()), "at least one of url, email, tel and adr"),
        (Contact(" ", tel="+1"), "fn, the name, is needed"),
        (Contact("Desk", url="javascript:alert(1)"), "url must be a web address"),
        (Contact("Desk", email="desk"), "email must be an e-mail address"),
        (Contact("Desk", tel="none"), "tel must be a telephone number"),
        (Contact("De\x1b[2Jsk", tel="+1"), "holds control characters"),
        (Contact("x" * 2001, tel="+1"), "longer than 2000"),
        (Contact("Desk", tel="+1", adr=Address(street="a\nb")), "holds control characters"),
    ],
)
def test_a_contact_that_cannot_be_sent(contact: Contact, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        make_jcard(contact)


def test_reading_what_is_right() -> None:
    assert read_jcard(card(VERSION, FN, TEL, ADR)) == (
        Contact("Desk", tel="+18005550100", adr=Address("", "", "1 Main Street", "Springfield", "IL", "62701", "USA")),
        (),
    )


@pytest.mark.parametrize(
    ("value", "tel"),
    [
        (["tel", {"type": "work"}, "uri", "TEL:+1-800-555-0100;ext=3"], "+1-800-555-0100"),
        (["tel", {}, "text", "(800) 555 0100"], "(800) 555 0100"),
        (["TEL", {}, "text", "tel:0800"], "0800"),
    ],
)
def test_forms_of_tel(value: object, tel: str) -> None:
    contact, faults = read_jcard(card(VERSION, FN, value))
    assert contact is not None
    assert (contact.tel, faults) == (tel, ())


def test_other_forms_that_are_right() -> None:
    streets = ["adr", {}, "text", ["", "", ["1 Main Street", "Floor 2"], "", "", "", ""]]
    mail = ["email", {}, "uri", "mailto:a@b.example"]
    note = ["note", {}, "text", "passed over", "and more"]
    contact, faults = read_jcard(card(VERSION, FN, note, streets, mail, ["email", {}, "text", "second@b.example"]))
    assert contact == Contact("Desk", email="a@b.example", adr=Address(street="1 Main Street, Floor 2"))
    assert faults == ()


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        (None, ['it is not ["vcard", [...]]']),
        ({"vcard": []}, ['it is not ["vcard", [...]]']),
        (["vcard", []], ["version is missing", "fn is missing"]),
        (["vcard", [VERSION] * 101], ["more than 100 properties"]),
        (card(FN, VERSION, TEL), ["version is not the first property"]),
        (card(["version", {}, "text", "3.0"], FN, TEL), ['version is not "4.0"']),
        (card(VERSION, FN, ["tel", "text", "+1"]), ["property 2 is not [name, {parameters}, type, value]"]),
        (card(VERSION, FN, TEL, 7, [1, {}, "text", "x"]), [
            "property 3 is not [name, {parameters}, type, value]",
            "property 4 is not [name, {parameters}, type, value]",
        ]),
        (card(VERSION, ["fn", {}, "text", ""], TEL), ["fn is empty"]),
        (card(VERSION, ["fn", {}, "text", 4], TEL), ["fn is not text"]),
        (card(VERSION, FN, ["tel", {}, "uri", "sip:desk"]), ["tel is not a tel: URI"]),
        (card(VERSION, FN, ["tel", {}, "text", "desk"]), ["tel is not a telephone number"]),
        (card(VERSION, FN, ["url", {}, "uri", "javascript:alert(1)"]), ["url is not a web address"]),
        (card(VERSION, FN, ["url", {}, "uri", "https://x/\x1b[2J"]), ["url holds control characters"]),
        (card(VERSION, FN, ["email", {}, "text", "x" * 3000]), ["email is longer than 2000 characters"]),
        (card(VERSION, FN, ["adr", {}, "text", ["x"] * 6]), ["adr has 6 components, not 7"]),
        (card(VERSION, FN, ["adr", {}, "text", "1 Main Street"]), ["adr is not a list of components"]),
        (card(VERSION, FN, ["adr", {}, "text", ["", "", None, "", "", "", ""]]), ["adr is not text"]),
    ],
)  # fmt: skip
def test_faults_are_named(value: object, faults: list[str]) -> None:
    assert list(read_jcard(value)[1]) == faults


def test_one_fault_does_not_cost_the_rest() -> None:
    contact, faults = read_jcard(card(FN, ["url", {}, "uri", "nowhere"], TEL))
    assert contact == Contact("Desk", tel="+18005550100")
    assert len(faults) == 2


TEXTS = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x24F, exclude_characters="\x7f", exclude_categories=["Cc"])
)
CONTACTS = st.builds(
    Contact,
    fn=TEXTS.filter(str.strip),
    url=st.none() | st.from_regex(r"https://[a-z]{1,9}\.example/[a-z0-9;,?&=]{0,9}", fullmatch=True),
    email=st.none() | st.from_regex(r"[a-z.]{1,9}@[a-z]{1,9}\.example", fullmatch=True),
    tel=st.from_regex(r"\+[1-9][0-9-]{0,12}[0-9]", fullmatch=True),
    adr=st.none() | st.builds(Address, *[TEXTS] * 7).filter(lambda adr: adr != Address()),
)


@given(CONTACTS)
def test_what_is_written_is_read(contact: Contact) -> None:
    assert read_jcard(json.loads(json.dumps(make_jcard(contact)))) == (contact, ())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["vcard", "tel", "adr"]),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


@given(JSON | st.builds(lambda properties: ["vcard", properties], st.lists(JSON | st.just(VERSION), max_size=5)))
def test_nothing_makes_it_raise(value: object) -> None:
    contact, faults = read_jcard(value)
    assert faults
    assert all(fault.isprintable() for fault in faults)
    assert contact is None or contact.fn.isprintable()


@pytest.mark.parametrize("unit", ["-", "(", "1-", "@", "a@", "https://", "\x00"])
def test_long_texts_cost_little(unit: str) -> None:
    began = time.thread_time()
    for name in ("tel", "url", "email", "fn"):
        read_jcard(card(VERSION, [name, {}, "text", unit * 60_000 + "\n"]))
        read_jcard(card(VERSION, [name, {}, "text", (unit * 2000)[:1999] + '"']))
    assert time.thread_time() - began < 0.2
