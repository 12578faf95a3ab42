"""Blocks on the wire: what is written is read, and each damage has a name on both sides."""

from __future__ import annotations

import time
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.block_codes import (
    HARMLESS,
    MEANINGS,
    WRITABLE,
    Block,
    BlockAnswer,
    BlockKind,
    Damage,
    Redress,
    find_card,
    read_block,
    redress_faults,
    understands_608,
    write_block,
)
from simcarrier.sip.errors import LocalProtocolError

URL = "https://redress.example/"
ALL = Redress(URL, "+18005550100", "redress@block.example", "12345")
CARD = "https://block.example/r/9f2c"
GOOD = 'SIP;cause=603;text="v=analytics1;url=https://redress.example/;id=12345";location=LN'


def read(answer: BlockAnswer) -> Block:
    return read_block(answer.status, answer.phrase, answer.reasons)


def test_the_conformant_one_as_it_is_written() -> None:
    assert write_block(Redress(url=URL, id="12345")) == BlockAnswer(603, "Network Blocked", (GOOD,))
    assert write_block(ALL, "RLN", [Damage.Q850_FORM]).reasons == (
        'Q.850;cause=21;text="v=analytics1;url=https://redress.example/;tel=+18005550100;'
        'email=redress@block.example;id=12345";location=RLN',
    )


def test_the_damaged_ones_as_they_are_written() -> None:
    small = Redress(url=URL)
    assert write_block(small, "TN", [Damage.OUTSIDE_TEXT]).reasons == (
        "SIP;cause=603;location=TN;v=analytics1;url=https://redress.example/",
    )
    assert write_block(small, "LN", [Damage.SECOND_REASON]).reasons == (
        'Q.850;cause=21;text="Call rejected"',
        'SIP;cause=603;text="v=analytics1;url=https://redress.example/";location=LN',
    )
    assert write_block(small, "LN", [Damage.REASON_STRIPPED]) == BlockAnswer(603, "Network Blocked", ())
    assert write_block(small, "LN", [Damage.PHRASE_REWRITTEN]).phrase == "Decline"
    assert write_block(small, "LN", [Damage.PHRASE_REWRITTEN, Damage.REASON_STRIPPED]) == BlockAnswer(
        603, "Decline", ()
    )


READ: dict[str, tuple[tuple[int, str, list[str]], Block]] = {
    "conformant": (
        (603, "Network Blocked", [GOOD]),
        Block(BlockKind.CONFORMANT, (), Redress(url=URL, id="12345"), "LN"),
    ),
    "any case, any white space": (
        (603, " network BLOCKED ", ['sip ; cause=603 ; text="V=Analytics1; TEL=+18005550100" ; location=rpn']),
        Block(BlockKind.CONFORMANT, (), Redress(tel="+18005550100"), "RPN"),
    ),
    "Q.850": (
        (603, "Network Blocked", ['Q.850;cause=21;text="v=analytics1;email=a@b.example";location=TN']),
        Block(BlockKind.CONFORMANT, (Damage.Q850_FORM,), Redress(email="a@b.example"), "TN"),
    ),
    "rewritten phrase": (
        (603, "Decline", [GOOD]),
        Block(BlockKind.PARTIAL, (Damage.PHRASE_REWRITTEN,), Redress(url=URL, id="12345"), "LN"),
    ),
    "rewritten status": (
        (403, "Forbidden", [GOOD]),
        Block(BlockKind.PARTIAL, (Damage.STATUS_REWRITTEN,), Redress(url=URL, id="12345"), "LN"),
    ),
    "stripped": ((603, "Network Blocked", []), Block(BlockKind.PARTIAL, (Damage.REASON_STRIPPED,))),
    "stripped, another is there": (
        (603, "Network Blocked", ["Q.850;cause=21"]),
        Block(BlockKind.PARTIAL, (Damage.REASON_STRIPPED,)),
    ),
    "outside the text": (
        (603, "Network Blocked", ["SIP;cause=603;v=analytics1;url=https://redress.example/;location=TN"]),
        Block(BlockKind.PARTIAL, (Damage.OUTSIDE_TEXT,), Redress(url=URL), "TN"),
    ),
    "quotes lost": (
        (603, "Network Blocked", ["SIP;cause=603;text=v=analytics1;url=https://redress.example/;location=TN"]),
        Block(BlockKind.PARTIAL, (Damage.OUTSIDE_TEXT,), Redress(url=URL), "TN"),
    ),
    "text of its own": (
        (603, "Network Blocked", ['SIP;cause=603;text="Network Blocked";v=analytics1;tel="+18005550100";location=TN']),
        Block(BlockKind.PARTIAL, (Damage.OUTSIDE_TEXT,), Redress(tel="+18005550100"), "TN"),
    ),
    "second in the same field": (
        (603, "Network Blocked", [f"Q.850;cause=21, {GOOD}"]),
        Block(BlockKind.PARTIAL, (Damage.SECOND_REASON,), Redress(url=URL, id="12345"), "LN"),
    ),
    "after a broken one": (
        (603, "Network Blocked", ["SIP;cause=x", GOOD]),
        Block(BlockKind.PARTIAL, (Damage.SECOND_REASON,), Redress(url=URL, id="12345"), "LN"),
    ),
    "nothing but a version": (
        (603, "Network Blocked", ['SIP;cause=603;text="v=analytics1"']),
        Block(BlockKind.PARTIAL, (Damage.NO_CONTACT, Damage.NO_LOCATION)),
    ),
    "bad ones": (
        (
            603,
            "Network Blocked",
            [f'SIP;cause=603;text="v=analytics1;url=http://x/;tel=911;email=x;id={"x" * 65}";location=U'],
        ),
        Block(BlockKind.PARTIAL, (Damage.BAD_CONTACT, Damage.BAD_ID, Damage.BAD_LOCATION), location="U"),
    ),
    "an empty contact": (
        (603, "Network Blocked", ['SIP;cause=603;text="v=analytics1;url=;tel=+18005550100";location=LN']),
        Block(BlockKind.PARTIAL, (Damage.BAD_CONTACT,), Redress(tel="+18005550100"), "LN"),
    ),
    "another cause": (
        (603, "Network Blocked", ['SIP;cause=600;text="v=analytics1;tel=+18005550100";location=LN']),
        Block(BlockKind.PARTIAL, (Damage.CAUSE_REWRITTEN,), Redress(tel="+18005550100"), "LN"),
    ),
    "plain": ((603, "Decline", []), Block(BlockKind.PLAIN)),
    "plain with a reason": ((603, "Decline", ['Q.850;cause=21;text="Call rejected"']), Block(BlockKind.PLAIN)),
    "another version": ((603, "Decline", ['SIP;cause=603;text="v=analytics2;tel=+1800"']), Block(BlockKind.PLAIN)),
    "a text that begins alike": ((603, "Decline", ['SIP;text="v=analytics10;x"']), Block(BlockKind.PLAIN)),
    "607": ((607, "Unwanted", []), Block(BlockKind.UNWANTED)),
    "busy": ((486, "Busy Here", ["Q.850;cause=17"]), Block(BlockKind.NONE)),
    "the phrase with another code": ((403, "Network Blocked", []), Block(BlockKind.NONE)),
}


@pytest.mark.parametrize(("seen", "block"), READ.values(), ids=READ)
def test_reading(seen: tuple[int, str, list[str]], block: Block) -> None:
    assert read_block(*seen) == block


def test_what_counts_as_a_block() -> None:
    kinds = {name for name, (_, block) in READ.items() if not block.is_block}
    assert kinds == {
        "plain",
        "plain with a reason",
        "another version",
        "a text that begins alike",
        "607",
        "busy",
        "the phrase with another code",
    }


@pytest.mark.parametrize("damage", WRITABLE)
def test_each_damage_is_written_and_read(damage: Damage) -> None:
    block = read(write_block(ALL, damage=[damage]))
    assert block.damage == (damage,)
    assert block.kind is (BlockKind.CONFORMANT if damage in HARMLESS else BlockKind.PARTIAL)


# What hides another one: nothing is left that could show it.
HIDES: dict[Damage, set[Damage]] = {
    Damage.REASON_STRIPPED: {one for one in Damage if one is not Damage.REASON_STRIPPED},
    Damage.STATUS_REWRITTEN: {Damage.PHRASE_REWRITTEN},
    Damage.CAUSE_REWRITTEN: {Damage.Q850_FORM},
    Damage.NO_CONTACT: {Damage.BAD_CONTACT},
    Damage.NO_LOCATION: {Damage.BAD_LOCATION},
}


@pytest.mark.parametrize("damage", list(combinations(WRITABLE, 2)), ids=lambda pair: "+".join(pair))
def test_damages_add_up(damage: tuple[Damage, ...]) -> None:
    if Damage.REASON_STRIPPED in damage and set(damage) & {Damage.PHRASE_REWRITTEN, Damage.STATUS_REWRITTEN}:
        assert read(write_block(ALL, damage=damage)).kind in (BlockKind.PLAIN, BlockKind.NONE)
        return
    hidden = {other for one in damage for other in HIDES.get(one, set())}
    assert set(read(write_block(ALL, damage=damage)).damage) == set(damage) - hidden


REDRESS = st.builds(
    Redress,
    url=st.none() | st.from_regex(r"https://[a-z]{1,9}\.example/[a-z0-9?&=,/%]{0,20}", fullmatch=True),
    tel=st.none() | st.from_regex(r"\+[1-9][0-9]{1,14}", fullmatch=True),
    email=st.none() | st.from_regex(r"[a-z.]{1,9}@[a-z.]{1,9}", fullmatch=True),
    id=st.none() | st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
).filter(lambda redress: redress.has_contact)


@given(
    REDRESS,
    st.sampled_from(["LN", "TN", "RLN", "LPN", "RPN"]),
    st.sets(st.sampled_from([Damage.OUTSIDE_TEXT, Damage.SECOND_REASON, Damage.Q850_FORM, Damage.PHRASE_REWRITTEN])),
)
def test_contacts_survive(redress: Redress, location: str, damage: set[Damage]) -> None:
    block = read(write_block(redress, location, damage))
    assert (block.redress, block.location, set(block.damage)) == (redress, location, damage)


@pytest.mark.parametrize(
    ("redress", "why"),
    [
        (Redress(), "at least one of url, tel and email"),
        (Redress(id="7"), "at least one of url, tel and email"),
        (Redress(url="http://x/"), "url must be an https address"),
        (Redress(url="https://x/;y"), "without semicolons"),
        (Redress(tel="18005550100"), r"tel must be a number such as \+18005550100"),
        (Redress(tel="+1\r\nX: y"), "tel must be"),
        (Redress(email="desk"), "email must be"),
        (Redress(url=URL, id="a b"), "id must be up to 64"),
    ],
)
def test_contacts_that_do_not_fit(redress: Redress, why: str) -> None:
    with pytest.raises(LocalProtocolError, match=why):
        write_block(redress)
    assert redress_faults(redress)


def test_what_else_is_not_written() -> None:
    with pytest.raises(LocalProtocolError, match="location must be one of LN, LPN, RLN, RPN, TN"):
        write_block(ALL, "XX")
    with pytest.raises(LocalProtocolError, match="608"):
        write_block(ALL, damage=[Damage.NO_CALL_INFO])
    assert redress_faults(ALL) == ()


REJECTED: dict[str, tuple[list[str], tuple[Damage, ...], str | None]] = {
    "as the RFC has it": ([f"<{CARD}>;purpose=jwscard"], (), CARD),
    "in a list": ([f"<https://x/i.png>;purpose=icon, <{CARD}> ; purpose = JWScard"], (), CARD),
    "a data URI": (["<data:application/jose,a.b.c>;purpose=jwscard"], (), "data:application/jose,a.b.c"),
    "none": ([], (Damage.NO_CALL_INFO,), None),
    "another purpose": (["<https://x/i.png>;purpose=icon"], (Damage.NO_CALL_INFO,), None),
    "rich call data's purpose": ([f"<{CARD}>;purpose=jcard"], (Damage.WRONG_PURPOSE,), CARD),
    "no purpose": ([f"<{CARD}>"], (Damage.WRONG_PURPOSE,), CARD),
    "the right one goes before": ([f"<https://x/>, <{CARD}>;purpose=jwscard"], (), CARD),
    "broken": (["<", ";purpose=jwscard"], (Damage.NO_CALL_INFO,), None),
}


@pytest.mark.parametrize(("call_infos", "damage", "referent"), REJECTED.values(), ids=REJECTED)
def test_608(call_infos: list[str], damage: tuple[Damage, ...], referent: str | None) -> None:
    assert read_block(608, "Rejected", (), call_infos) == Block(BlockKind.REJECTED, damage, referent=referent)


def test_608_as_a_reason() -> None:
    block = read_block(603, "Decline", ["SIP;cause=608"], [f"<{CARD}>;purpose=jwscard"])
    assert block == Block(BlockKind.REJECTED, (Damage.STATUS_REWRITTEN,), referent=CARD)


def test_many_call_infos() -> None:
    assert find_card([", ".join(["<https://x/>;purpose=icon"] * 40), f"<{CARD}>;purpose=jwscard"]) == (None, False)


@pytest.mark.parametrize(
    ("values", "understands"),
    [
        (["*;+sip.608"], True),
        (["*;+SIP.608 ;+g.x", "*;+y"], True),
        (["*;+g.x", "*; +sip.608"], True),
        (["*;+sip.607"], False),
        (["*;+sip.6080"], False),
        ([], False),
    ],
)
def test_feature_caps(values: list[str], understands: bool) -> None:
    assert understands_608(values) is understands


def test_every_damage_has_its_meaning() -> None:
    assert list(MEANINGS) == list(Damage)


TEXT = st.text(max_size=40) | st.text('SIPQ.850;cause=603text"v=analytics1,<>', max_size=60)


@given(st.integers(100, 699), TEXT, st.lists(TEXT, max_size=3), st.lists(TEXT, max_size=3))
def test_nothing_makes_it_raise(status: int, phrase: str, reasons: list[str], call_infos: list[str]) -> None:
    assert list(read_block(status, phrase, reasons, call_infos).damage) == sorted(
        read_block(status, phrase, reasons, call_infos).damage, key=list(Damage).index
    )


@given(st.integers(0, len(GOOD)), st.characters())
def test_a_reason_broken_anywhere(at: int, char: str) -> None:
    assert read_block(603, "Network Blocked", [GOOD[:at] + char + GOOD[at:]]).kind in (
        BlockKind.CONFORMANT,
        BlockKind.PARTIAL,
    )


@pytest.mark.parametrize("unit", [";", "=", "v=analytics1;", "url=https://x/;", '"', "a@", "+1", "<", ","])
def test_hostile_lengths_cost_little(unit: str) -> None:
    text = unit * (65_536 // len(unit))
    began = time.thread_time()
    read_block(
        603, "Network Blocked", [text, f'SIP;text="v=analytics1;{text.replace(chr(34), "")}"'], [text, f"<{text}>"]
    )
    assert time.thread_time() - began < 0.2
