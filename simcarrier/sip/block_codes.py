"""Refusals by a blocking element: 603+ (ATIS-1000099), 607 (RFC 8197), 608 (RFC 8688), read and written.

A 603 is an ordinary Decline unless it says otherwise. A network that blocks by analytics says so in three places::

    SIP/2.0 603 Network Blocked
    Reason: SIP;cause=603;text="v=analytics1;url=https://redress.example/;id=12345";location=LN

The text holds the version and at least one way to complain. Every element on the way back may damage it: the phrase is
rewritten to the usual one, the Reason is stripped, a stack that reads the text as parameters of the header writes them
out as such. So reading has three classes: *conformant*, *partial* (a block, as can still be seen, but not all of it
arrived as the standard has it), and *plain*. Writing makes the conformant form and each damaged one; the names of the
damages are the same on both sides.

A 608 points to a signed card by Call-Info instead; a 607 says nothing more than that the caller is not wanted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .address import NameAddr
from .errors import LocalProtocolError, Malformed
from .grammar import split_salvaging
from .reason import ReasonValue, parse_reason

PHRASE: Final = "Network Blocked"
"""The reason phrase of a 603+, compared without regard to case."""

VERSION: Final = "analytics1"
LOCATIONS: Final = frozenset({"LN", "TN", "RLN", "LPN", "RPN"})
"""Where a call can be blocked: networks of RFC 8606 that 603+ allows."""

JWSCARD: Final = "jwscard"
"""The purpose of a Call-Info that leads to a signed jCard (RFC 8688); ``jcard`` is rich call data (RFC 9796)."""

_MOST_CALL_INFOS: Final = 32  # values looked at in one message; a real one brings one or two
_ID = re.compile(r"[A-Za-z0-9_\-]{1,64}")
_TEL = re.compile(r"\+[1-9][0-9]{1,14}")
_URL = re.compile(r"https://[^\x00-\x20\x7f\";<>]+", re.IGNORECASE)
_EMAIL = re.compile(r"[^\x00-\x20\x7f@\";<>,]+@[^\x00-\x20\x7f@\";<>,]+")
_SHAPES: Final = {"url": _URL, "tel": _TEL, "email": _EMAIL, "id": _ID}


class BlockKind(StrEnum):
    """What a final response says about blocking."""

    CONFORMANT = "conformant"  # 603+ as the standard has it
    PARTIAL = "partial"  # 603+, but damaged
    PLAIN = "plain"  # 603 of the ordinary meaning: declined
    UNWANTED = "unwanted"  # 607: the called person does not want this caller
    REJECTED = "rejected"  # 608: an intermediary rejected the call
    NONE = "none"  # says nothing about blocking


class Damage(StrEnum):
    """What is not as it should be."""

    PHRASE_REWRITTEN = "phrase_rewritten"
    STATUS_REWRITTEN = "status_rewritten"
    CAUSE_REWRITTEN = "cause_rewritten"
    REASON_STRIPPED = "reason_stripped"
    OUTSIDE_TEXT = "outside_text"
    SECOND_REASON = "second_reason"
    Q850_FORM = "q850_form"
    NO_CONTACT = "no_contact"
    BAD_CONTACT = "bad_contact"
    BAD_ID = "bad_id"
    NO_LOCATION = "no_location"
    BAD_LOCATION = "bad_location"
    NO_CALL_INFO = "no_call_info"
    WRONG_PURPOSE = "wrong_purpose"


MEANINGS: Final[Mapping[Damage, str]] = {
    Damage.PHRASE_REWRITTEN: f'the phrase is not "{PHRASE}"',
    Damage.STATUS_REWRITTEN: "the Reason tells of a block, the status code is another one",
    Damage.CAUSE_REWRITTEN: "the Reason's cause is neither SIP 603 nor Q.850 21",
    Damage.REASON_STRIPPED: f'the phrase is "{PHRASE}", but no Reason says more',
    Damage.OUTSIDE_TEXT: "version or contact stand beside the text of the Reason, as parameters of the header",
    Damage.SECOND_REASON: "it is not the first Reason, where some readers look only",
    Damage.Q850_FORM: "the Reason is of the Q.850 form (cause 21), which the standard allows and some readers miss",
    Damage.NO_CONTACT: "no url, tel or email to complain to",
    Damage.BAD_CONTACT: "a url that is not https, a tel that is not +digits, or an email that is none",
    Damage.BAD_ID: "an id of other than letters, digits, _ and -, or longer than 64",
    Damage.NO_LOCATION: "the Reason does not say in which network",
    Damage.BAD_LOCATION: f"a location that is none of {', '.join(sorted(LOCATIONS))}",
    Damage.NO_CALL_INFO: "no Call-Info leads to a contact",
    Damage.WRONG_PURPOSE: f"a Call-Info is there, but its purpose is not {JWSCARD}",
}
"""What each damage is, in words."""

HARMLESS: Final = frozenset({Damage.Q850_FORM})
"""What a conformant block may show: one of the two forms that the standard has."""


@dataclass(frozen=True, slots=True)
class Redress:
    """Where a caller that was blocked in error can complain.

    Attributes:
        url: an https address.
        tel: an E.164 number, with its ``+``.
        email: an e-mail address.
        id: what the blocking network wants to be told: letters, digits, ``_``, ``-``, up to 64.
    """

    url: str | None = None
    tel: str | None = None
    email: str | None = None
    id: str | None = None

    @property
    def has_contact(self) -> bool:
        """Whether there is any way to reach somebody; an id alone is none."""
        return bool(self.url or self.tel or self.email)


@dataclass(frozen=True, slots=True)
class Block:
    """What a final response says about blocking.

    Attributes:
        kind: the class; for a 603 conformant, partial or plain.
        damage: what is not as it should be, in the order of `Damage`.
        redress: contacts as they came, good ones only.
        location: the network that blocked, in capitals; None if it is not told.
        referent: for a 608 the URI that should lead to a signed jCard, None if there is none.
    """

    kind: BlockKind
    damage: tuple[Damage, ...] = ()
    redress: Redress = Redress()
    location: str | None = None
    referent: str | None = None

    @property
    def is_block(self) -> bool:
        """Whether the network, not the called person, is known to have refused."""
        return self.kind in (BlockKind.CONFORMANT, BlockKind.PARTIAL, BlockKind.REJECTED)


def read_block(status: int, phrase: str, reasons: Iterable[str] = (), call_infos: Iterable[str] = ()) -> Block:
    """Read what a final response says about blocking; never raises, whatever came off the wire.

    Args:
        status: the status code.
        phrase: the reason phrase.
        reasons: the values of all Reason header fields, in order.
        call_infos: the values of all Call-Info header fields, in order.
    """
    parsed = parse_reason(reasons)
    if status == 608 or any(value.protocol == "SIP" and value.cause == 608 for value in parsed.values):
        return _rejected(status, call_infos)
    if status == 607:
        return Block(BlockKind.UNWANTED)
    for index, value in enumerate(parsed.values):
        if _is_tagged(value):
            first = index == 0 and not parsed.faults
            return _tagged(status, phrase, value, first)
    if status != 603:
        return Block(BlockKind.NONE)
    if _same_phrase(phrase):
        return Block(BlockKind.PARTIAL, (Damage.REASON_STRIPPED,))
    return Block(BlockKind.PLAIN)


def understands_608(feature_caps: Iterable[str]) -> bool:
    """Whether a caller's Feature-Caps say ``+sip.608`` (RFC 8688 section 3.4); else it must be told by a voice."""
    return any("+sip.608" in (part.strip().lower() for part in value.split(";")) for value in feature_caps)


def find_card(call_infos: Iterable[str]) -> tuple[str | None, bool]:
    """The URI of the first Call-Info with the purpose ``jwscard``, and whether that was its purpose.

    Without one, the first Call-Info whose purpose is ``jcard`` or missing, which may be the same thing mislabelled.
    """
    near: str | None = None
    looked_at = 0
    for value in call_infos:
        for part in split_salvaging(value, ","):
            looked_at += 1
            if looked_at > _MOST_CALL_INFOS:
                return near, False
            try:
                info = NameAddr.parse(part)
            except Malformed:
                continue
            purpose = (info.params.get("purpose") or "").lower()
            if purpose == JWSCARD:
                return info.uri_text, True
            if purpose in ("", "jcard") and near is None:
                near = info.uri_text
    return near, False


def _rejected(status: int, call_infos: Iterable[str]) -> Block:
    damage = [] if status == 608 else [Damage.STATUS_REWRITTEN]
    referent, right = find_card(call_infos)
    if referent is None:
        damage.append(Damage.NO_CALL_INFO)
    elif not right:
        damage.append(Damage.WRONG_PURPOSE)
    return Block(BlockKind.REJECTED, tuple(damage), referent=referent)


def _same_phrase(phrase: str) -> bool:
    return phrase.strip().lower() == PHRASE.lower()


def _is_tagged(value: ReasonValue) -> bool:
    """Whether this reason is that of a 603+, inside the text or outside."""
    head = (value.text or "").partition(";")[0].replace(" ", "").lower()
    return head == f"v={VERSION}" or (value.params.get("v") or "").lower() == VERSION


def _tagged(status: int, phrase: str, value: ReasonValue, first: bool) -> Block:
    damage: set[Damage] = set()
    if status != 603:
        damage.add(Damage.STATUS_REWRITTEN)
    elif not _same_phrase(phrase):
        damage.add(Damage.PHRASE_REWRITTEN)
    if value.protocol == "Q.850" and value.cause == 21:
        damage.add(Damage.Q850_FORM)
    elif value.protocol != "SIP" or value.cause != 603:
        damage.add(Damage.CAUSE_REWRITTEN)
    if not first:
        damage.add(Damage.SECOND_REASON)
    if value.location is None:
        damage.add(Damage.NO_LOCATION)
    elif value.location not in LOCATIONS:
        damage.add(Damage.BAD_LOCATION)
    if any(value.params.get(name) for name in ("v", *_SHAPES)):
        damage.add(Damage.OUTSIDE_TEXT)
    redress = _redress(value, damage)
    kind = BlockKind.PARTIAL if damage - HARMLESS else BlockKind.CONFORMANT
    return Block(kind, tuple(one for one in Damage if one in damage), redress, value.location)


def _redress(value: ReasonValue, damage: set[Damage]) -> Redress:
    """The contacts, wherever they stand; bad ones are left out and noted."""
    found: dict[str, str] = {}
    for name in _SHAPES:
        outside = value.params.get(name)
        if outside:
            found[name] = outside
    for part in (value.text or "").split(";"):
        name, _, text = part.partition("=")
        name = name.strip().lower()
        if name in _SHAPES:
            found.setdefault(name, text.strip())
    if found.keys() <= {"id"}:
        damage.add(Damage.NO_CONTACT)
    for name, text in list(found.items()):
        if _SHAPES[name].fullmatch(text) is None:
            damage.add(Damage.BAD_ID if name == "id" else Damage.BAD_CONTACT)
            del found[name]
    return Redress(**found)


@dataclass(frozen=True, slots=True)
class BlockAnswer:
    """A refusal as it goes on the wire.

    Attributes:
        status: the status code.
        phrase: the reason phrase.
        reasons: values of Reason header fields, one field each, in order.
    """

    status: int
    phrase: str
    reasons: tuple[str, ...]


WRITABLE: Final = tuple(one for one in Damage if one not in (Damage.NO_CALL_INFO, Damage.WRONG_PURPOSE))
"""The damages that `write_block` can do: those of a 603+."""


def write_block(redress: Redress, location: str = "LN", damage: Collection[Damage] = ()) -> BlockAnswer:
    """Write a 603+, conformant or with the damages asked for.

    Args:
        redress: the contacts; at least one of url, tel and email.
        location: the network that blocks.
        damage: what is to be wrong with it; `read_block` names the same. Where one leaves nothing for another to damage
            (no Reason, no contact), the greater one wins.

    Raises:
        LocalProtocolError: the contacts or the location are not fit for a conformant one, or a damage that a 603+
            cannot have.
    """
    _check(redress, location, damage)
    named = {name: value for name in _SHAPES if (value := getattr(redress, name))}
    if Damage.BAD_CONTACT in damage:
        named |= {name: bad for name, bad in _BAD.items() if name in named and name != "id"}
    if Damage.NO_CONTACT in damage:
        named = {name: value for name, value in named.items() if name == "id"}
    if Damage.BAD_ID in damage:
        named["id"] = _BAD["id"]
    where = {Damage.NO_LOCATION: None, Damage.BAD_LOCATION: "U"}
    location_written = next((other for one, other in where.items() if one in damage), location)
    protocol, cause = ("Q.850", 21) if Damage.Q850_FORM in damage else ("SIP", 603)
    if Damage.CAUSE_REWRITTEN in damage:
        cause = 487 if protocol == "SIP" else 31
    pairs = {"v": VERSION, **named}
    if Damage.OUTSIDE_TEXT in damage:
        value = ReasonValue(protocol, cause, None, location_written, pairs)
    else:
        text = ";".join(f"{name}={value}" for name, value in pairs.items())
        value = ReasonValue(protocol, cause, text, location_written)
    reasons = [str(value)]
    if Damage.SECOND_REASON in damage:
        reasons.insert(0, 'Q.850;cause=21;text="Call rejected"' if protocol == "SIP" else "SIP;cause=603")
    if Damage.REASON_STRIPPED in damage:
        reasons = []
    status = 480 if Damage.STATUS_REWRITTEN in damage else 603
    rewritten = {480: "Temporarily Unavailable"}.get(status) or ("Decline" if Damage.PHRASE_REWRITTEN in damage else "")
    return BlockAnswer(status, rewritten or PHRASE, tuple(reasons))


_BAD: Final = {"url": "http://redress.example/", "tel": "18005550100", "email": "redress", "id": "no spaces here"}


def redress_faults(redress: Redress) -> tuple[str, ...]:
    """What keeps these contacts from standing in a conformant 603+, in words; empty if nothing does."""
    faults = [
        f"{name} must be {_WANTED[name]}"
        for name, shape in _SHAPES.items()
        if (value := getattr(redress, name)) is not None and shape.fullmatch(value) is None
    ]
    if not redress.has_contact:
        faults.append("at least one of url, tel and email is needed")
    return tuple(faults)


_WANTED: Final = {
    "url": "an https address without semicolons",
    "tel": "a number such as +18005550100",
    "email": "an e-mail address",
    "id": "up to 64 letters, digits, _ and -",
}


def _check(redress: Redress, location: str, damage: Collection[Damage]) -> None:
    faults = redress_faults(redress)
    if faults:
        raise LocalProtocolError("603+: " + "; ".join(faults))
    if location not in LOCATIONS:
        raise LocalProtocolError(f"603+: location must be one of {', '.join(sorted(LOCATIONS))}")
    if not set(damage) <= set(WRITABLE):
        raise LocalProtocolError("603+: such damage is that of a 608")
