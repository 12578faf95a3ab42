"""How a carrier explains a block: whom the caller can ask, and with what the card of a 608 is signed.

A 603+ has the contact in its Reason, a 608 in a signed card that Call-Info leads to. One contact serves both, so it
must fit both: what stands in a Reason cannot have semicolons, and a telephone number there begins with ``+``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic_core import InitErrorDetails

from ..sip.block_codes import LOCATIONS, WRITABLE, Damage, Redress, redress_faults
from ..sip.errors import Malformed
from ..sip.transport import ListenAddress, host_for_uri
from ..trust.card_damage import SERVED_ONLY, CardDamage
from ..trust.jcard import Address, Contact
from .base import Location, Model, fault, suggestion_or_list
from .business.fields import one_of
from .fields import PARAMETER, TEXT_SCHEMA, FileField, Line, Written, read_line
from .template import Field as TemplateField
from .template import Template
from .units import shown


class Tls(Model):
    """A server's certificate, in PEM."""

    certificate: FileField = Field(description="The certificate chain's file, relative to the scenario.")
    key: FileField = Field(description="The private key's file, relative to the scenario.")


# Whom to ask


def _card(url: str | None = None, email: str | None = None, tel: str | None = None) -> Contact:
    return Contact("x", url, email, tel)


def _contact_field(name: str) -> Written:
    """The type of a way to reach somebody: fit for the text of a Reason and for a jCard."""

    def read(value: Any) -> str:
        text = read_line(value)
        wrong = redress_faults(Redress(**{name: text})) or _card(**{name: text}).faults()
        if wrong:
            raise ValueError(f"{wrong[0].removeprefix(f'{name} ')}, not {shown(text)}")
        return text

    return Written(read, TEXT_SCHEMA)


class AddressModel(Model):
    """A postal address in a card (RFC 6350 section 6.3.1)."""

    po_box: Line | None = Field(default=None, description="The post office box.")
    extended: Line | None = Field(default=None, description="Flat or suite.")
    street: Line | None = Field(default=None, description="Street and number.")
    locality: Line | None = Field(default=None, description="The town.")
    region: Line | None = Field(default=None, description="State or province.")
    postal_code: Line | None = Field(default=None, description="The postal code.")
    country: Line | None = Field(default=None, description="The country.")

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if isinstance(data, Mapping) and not any(data.get(key) is not None for key in cls.model_fields):
            yield fault("says nothing: add street, locality or another part of the address")


class RedressModel(Model):
    """Whom a caller can ask that was blocked in error."""

    name: Line = Field(description="Who that is; stands in the card of a 608.")
    url: Annotated[str, _contact_field("url")] | None = Field(default=None, description="An https address.")
    email: Annotated[str, _contact_field("email")] | None = Field(default=None, description="An e-mail address.")
    tel: Annotated[str, _contact_field("tel")] | None = Field(
        default=None, description="A telephone number such as +18005550100."
    )
    address: AddressModel | None = Field(default=None, description="A postal address; stands in the card of a 608.")

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if isinstance(data, Mapping) and not any(data.get(key) is not None for key in ("url", "email", "tel")):
            yield fault("names no way to reach anybody: add url, email or tel")

    def redress(self, identifier: str | None = None) -> Redress:
        """The contact as it stands in a 603+."""
        return Redress(self.url, self.tel, self.email, identifier)

    def contact(self) -> Contact:
        """The contact as it stands in the card of a 608."""
        written = {} if self.address is None else self.address.model_dump(exclude_none=True)
        return Contact(self.name, self.url, self.email, self.tel, Address(**written) if written else None)


USUAL_REDRESS = RedressModel(name="Call blocking desk", url="https://redress.example/")
"""Whom to ask where the scenario does not say."""


# A 603+


def _read_damage(value: Any) -> tuple[Damage, ...]:
    """One damage, or a list of them."""
    found = []
    for word in value if isinstance(value, list | tuple) else [value]:
        if not isinstance(word, str) or word not in WRITABLE:
            hint = suggestion_or_list(word, WRITABLE) if isinstance(word, str) else ""
            raise ValueError(f"must be damages of a 603+, not {shown(word)}{hint}")
        found.append(Damage(word))
    return tuple(found)


_ID_PIECE = re.compile(r"[A-Za-z0-9_\-]*")


def _read_id(value: Any) -> Template:
    template = Template.parse(value)
    for part in template.parts:
        fits = part.name == "uuid" if isinstance(part, TemplateField) else _ID_PIECE.fullmatch(part)
        if not fits:
            raise ValueError("must be letters, digits, - and _, with {uuid} among them or without")
    if not 1 <= len(template.render(lambda field: "x" * 36)) <= 64:
        raise ValueError("must have 1 to 64 characters; {uuid} makes 36")
    return template


_DAMAGE = {"type": "string", "enum": [*WRITABLE]}


class BlockModel(Model):
    """A block that says so in full, or damaged on its way (603+, ATIS-1000099)."""

    location: Annotated[str, one_of("LN", "TN", "RLN", "LPN", "RPN")] = Field(
        default="LN", description="The network that blocks: LN, TN, RLN, LPN or RPN (RFC 8606)."
    )
    id: Annotated[Template, Written(_read_id, {"type": "string"})] | None = Field(
        default=None, description="What the caller is to name when it asks; {uuid} for each call anew if not said."
    )
    damage: Annotated[
        tuple[Damage, ...], Written(_read_damage, {"anyOf": [_DAMAGE, {"type": "array", "items": _DAMAGE}, PARAMETER]})
    ] = Field(default=(), description="What is to be wrong with it: names of damages.")


assert {"LN", "TN", "RLN", "LPN", "RPN"} == LOCATIONS


# What signs the card


def _read_card_damage(value: Any) -> CardDamage:
    if not isinstance(value, str) or value not in _CARD_DAMAGES:
        hint = suggestion_or_list(value, _CARD_DAMAGES) if isinstance(value, str) else ""
        raise ValueError(f"must be the damage of a card, not {shown(value)}{hint}")
    return CardDamage(value)


_CARD_DAMAGES = tuple(str(damage) for damage in CardDamage)
CARD_DAMAGE = Written(_read_card_damage, {"anyOf": [{"type": "string", "enum": [*_CARD_DAMAGES]}, PARAMETER]})
"""The type of what is to be wrong with a card."""


def card_faults(data: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """Damages of cards that need the carrier to serve them, where it does not.

    Args:
        data: the scenario as a mapping, in any state.
    """
    carrier = data.get("carrier")
    signing = carrier.get("signing") if isinstance(carrier, Mapping) else None
    if isinstance(signing, Mapping) and signing.get("deliver") == "http":
        return
    places: list[tuple[Location, Any]] = [((), data)]
    while places:
        location, value = places.pop(0)
        if isinstance(value, list | tuple):
            places += [((*location, place), one) for place, one in enumerate(value)]
        elif isinstance(value, Mapping):
            damage = value.get("card_damage")
            if isinstance(damage, str) and damage in SERVED_ONLY:
                yield (
                    (*location, "card_damage"),
                    f"{damage} is of cards that are served: say deliver: http under signing",
                )
            places += [((*location, str(key)), one) for key, one in value.items()]


@dataclass(frozen=True, slots=True)
class WebAddress:
    """Where the cards are served: ``http:127.0.0.1:0`` or ``https:[::1]:8443``; port 0 takes a free one."""

    secure: bool
    host: str
    port: int

    @classmethod
    def parse(cls, value: Any) -> WebAddress:
        """Read one.

        Raises:
            ValueError: it is none.
        """
        if isinstance(value, WebAddress):
            return value
        scheme, _, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
        try:
            if scheme.lower() not in ("http", "https") or re.search(r":[0-9]+$", rest) is None:
                raise Malformed("")
            read = ListenAddress.parse(f"tcp:{rest}")
        except Malformed:
            wanted = "must be http: or https:, an IP address and a port, such as http:127.0.0.1:8080"
            raise ValueError(f"{wanted}, not {shown(value)}") from None
        return cls(scheme.lower() == "https", read.host, read.port)

    def __str__(self) -> str:
        return f"{'https' if self.secure else 'http'}:{host_for_uri(self.host)}:{self.port}"


_X5U = re.compile(r"(https?://|data:)[^\x00-\x20\x7f<>\"]+", re.IGNORECASE)


def _read_x5u(value: Any) -> str:
    text = read_line(value)
    if _X5U.fullmatch(text) is None:
        raise ValueError(f"must be the web address of the certificate, not {shown(text)}")
    return text


class SigningModel(Model):
    """What signs the cards of 608s, and how they reach the caller."""

    certificate: FileField | None = Field(default=None, description="The PEM file of the certificate and its chain.")
    key: FileField | None = Field(default=None, description="The PEM file of its private key.")
    x5u: Annotated[str, Written(_read_x5u, {"type": "string"})] | None = Field(
        default=None, description="The web address at which readers find the certificate."
    )
    deliver: Annotated[str, one_of("data", "http")] = Field(
        default="data", description="data: the card stands in Call-Info itself; http: it is served."
    )
    listen: Annotated[WebAddress, Written(WebAddress.parse, {"type": "string", "pattern": "^https?:|\\$"})] = Field(
        default=WebAddress(False, "127.0.0.1", 0),
        description="With deliver: http, where cards are served: http: or https:, an IP address and a port.",
        json_schema_extra={"default": "http:127.0.0.1:0"},
    )
    tls: Tls | None = Field(
        default=None, description="With listen: https, the server's certificate; made on the fly if not said."
    )

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if not isinstance(data, Mapping):
            return
        present = {key for key, value in data.items() if value is not None}
        for one, other in (("certificate", "key"), ("key", "certificate")):
            if one in present and other not in present:
                yield fault(f"needs {other} beside it", (one,))
        serves = data.get("deliver", "data") != "data"
        if not serves:
            for key in ("listen", "tls"):
                if key in present:
                    yield fault("goes with deliver: http", (key,))
            if {"certificate", "key"} <= present and "x5u" not in present:
                yield fault("needs x5u: the web address at which readers find the certificate", ("certificate",))
        elif "tls" in present and not str(data.get("listen", "")).lower().startswith("https"):
            yield fault("goes with listen: https:HOST:PORT", ("tls",))

    @model_validator(mode="after")
    def _files_fit(self) -> Self:
        if self.certificate is not None and self.key is not None:
            try:
                from ..trust.pki import PkiError, load_credential  # slow to import, and rarely needed
            except ImportError as why:
                raise ValueError(str(why)) from None
            try:
                load_credential(self.certificate, self.key)
            except PkiError as why:
                raise ValueError(str(why)) from None
        return self
