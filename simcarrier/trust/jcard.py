"""The jCard of a 608: whom to ask when a call was rejected in error (RFC 7095, RFC 8688 section 3.2.2).

A vCard written as JSON::

    ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Robocall desk"],
               ["tel", {"type": "work"}, "uri", "tel:+18005550100"]]]

``version`` comes first, ``fn`` must be there, and at least one of ``url``, ``email``, ``tel`` and ``adr``. Reading
names every fault and still gives what could be read: a card that is nearly right may hold the one number that helps.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from typing import Final, TypeAlias

from .fault import shown

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_MOST_PROPERTIES: Final = 100  # a contact has five; the limit bounds the list of faults
_LONGEST_TEXT: Final = 2000  # characters of one value; long enough for any URL in use
_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_TEL = re.compile(r"\+?[*#\-.() ]*+[0-9][0-9*#\-.() ]*+")
_EMAIL = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+")
# What would break a terminal or turn the text around: controls, line ends, half characters, bidirectional overrides.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address: the seven components of ``adr`` (RFC 6350 section 6.3.1), each may be empty."""

    po_box: str = ""
    extended: str = ""
    street: str = ""
    locality: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


_COMPONENTS: Final = len(fields(Address))


@dataclass(frozen=True, slots=True)
class Contact:
    """Who blocked, and how to reach them.

    Attributes:
        fn: the name, for people.
        url: a web address.
        email: an e-mail address.
        tel: a telephone number, without ``tel:``.
        adr: a postal address.
    """

    fn: str
    url: str | None = None
    email: str | None = None
    tel: str | None = None
    adr: Address | None = None

    @property
    def has_contact(self) -> bool:
        """Whether there is any way to reach somebody."""
        return bool(self.url or self.email or self.tel or (self.adr and any(astuple(self.adr))))

    def faults(self) -> tuple[str, ...]:
        """What keeps this from being sent, in words; empty if nothing does."""
        found = [] if self.fn.strip() else ["fn, the name, is needed"]
        for name, (shape, wanted) in _SHAPES.items():
            value = getattr(self, name)
            if value is not None and shape.fullmatch(value) is None:
                found.append(f"{name} must be {wanted}")
        texts = [self.fn, self.url, self.email, self.tel, *(astuple(self.adr) if self.adr else ())]
        found += [f"{shown(text)!r} {why}" for text in texts if text is not None and (why := _text_fault(text))]
        if not self.has_contact:
            found.append("at least one of url, email, tel and adr is needed")
        return tuple(found)


_SHAPES: Final = {
    "url": (_URL, "a web address"),
    "email": (_EMAIL, "an e-mail address"),
    "tel": (_TEL, "a telephone number"),
}


def make_jcard(contact: Contact) -> list[Json]:
    """The contact as a jCard, ready for `json.dumps`.

    Raises:
        ValueError: `Contact.faults` has some.
    """
    faults = contact.faults()
    if faults:
        raise ValueError("contact: " + "; ".join(faults))
    properties: list[Json] = [["version", {}, "text", "4.0"], ["fn", {}, "text", contact.fn]]
    ways: list[tuple[str, str, Json]] = []
    if contact.url:
        ways.append(("url", "uri", contact.url))
    if contact.email:
        ways.append(("email", "text", contact.email))
    if contact.tel:
        ways.append(("tel", "uri", "tel:" + contact.tel.replace(" ", "")))
    if contact.adr and any(astuple(contact.adr)):
        ways.append(("adr", "text", list(astuple(contact.adr))))
    # Whoever blocks calls is at work (RFC 8688 sections 4.1 to 4.3).
    properties += [[name, {"type": "work"}, kind, value] for name, kind, value in ways]
    return ["vcard", properties]


def read_jcard(value: object) -> tuple[Contact | None, tuple[str, ...]]:
    """Read what should be a jCard, as it came out of `json.loads`; never raises.

    Returns:
        The contact, None if there is no card at all, and every fault in words. Of several values of one property the
        first good one counts; properties that a `Contact` does not have are passed over.
    """
    if not (isinstance(value, list) and len(value) == 2 and value[0] == "vcard" and isinstance(value[1], list)):
        return None, ('it is not ["vcard", [...]]',)
    if len(value[1]) > _MOST_PROPERTIES:
        return None, (f"more than {_MOST_PROPERTIES} properties",)
    faults: list[str] = []
    found: dict[str, str | Address] = {}
    names: list[str] = []
    for index, entry in enumerate(value[1]):
        name = _name(entry)
        if name is None:
            faults.append(f"property {index} is not [name, {{parameters}}, type, value]")
            continue
        names.append(name)
        reader = _READERS.get(name)
        if reader is None:
            continue
        try:
            found.setdefault(name, reader(entry[2], entry[3]))
        except _Unfit as why:
            faults.append(f"{name} {why}")
    if "version" not in names:
        faults.append("version is missing")
    elif names[0] != "version":
        faults.append("version is not the first property")
    if "fn" not in names:
        faults.append("fn is missing")

    def text(name: str) -> str | None:
        one = found.get(name)
        return one if isinstance(one, str) else None

    adr = found.get("adr")
    address = adr if isinstance(adr, Address) else None
    return Contact(text("fn") or "", text("url"), text("email"), text("tel"), address), tuple(faults)


class _Unfit(Exception):
    """A property's value is not what it must be; the text completes the property's name."""


def _name(entry: object) -> str | None:
    if not (isinstance(entry, list) and len(entry) >= 4 and isinstance(entry[1], dict) and isinstance(entry[2], str)):
        return None
    return entry[0].lower() if isinstance(entry[0], str) else None


def _text_fault(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        return f"is longer than {_LONGEST_TEXT} characters"
    return "holds control characters" if _UNSEEN.search(text) else ""


def _text(kind: str, value: object) -> str:
    if not isinstance(value, str):
        raise _Unfit("is not text")
    fault = _text_fault(value)
    if fault:
        raise _Unfit(fault)
    return value


def _version(kind: str, value: object) -> str:
    if kind != "text" or value != "4.0":
        raise _Unfit('is not "4.0"')
    return "4.0"


def _fn(kind: str, value: object) -> str:
    name = _text(kind, value)
    if not name.strip():
        raise _Unfit("is empty")
    return name


def _shaped(name: str) -> Callable[[str, object], str]:
    shape, wanted = _SHAPES[name]

    def read(kind: str, value: object) -> str:
        text = _text(kind, value)
        if name == "email" and text[:7].lower() == "mailto:":
            text = text[7:]
        if shape.fullmatch(text) is None:
            raise _Unfit(f"is not {wanted}")
        return text

    return read


def _tel(kind: str, value: object) -> str:
    text = _text(kind, value)
    if text[:4].lower() == "tel:":
        text = text[4:].partition(";")[0]
    elif kind == "uri":
        raise _Unfit("is not a tel: URI")
    if _TEL.fullmatch(text) is None:
        raise _Unfit("is not a telephone number")
    return text


def _adr(kind: str, value: object) -> Address:
    if not isinstance(value, list):
        raise _Unfit("is not a list of components")
    if len(value) != _COMPONENTS:
        raise _Unfit(f"has {len(value)} components, not {_COMPONENTS}")
    # A component may be a list of its own, such as two lines of a street (RFC 7095 section 3.3.1.3).
    return Address(
        *(", ".join(_text(kind, one) for one in (part if isinstance(part, list) else [part])) for part in value)
    )


_READERS: Final[dict[str, Callable[[str, object], str | Address]]] = {
    "version": _version,
    "fn": _fn,
    "url": _shaped("url"),
    "email": _shaped("email"),
    "tel": _tel,
    "adr": _adr,
}
