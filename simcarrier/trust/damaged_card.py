"""Cards of 608s that are wrong on purpose, each in one way, so that a dialler's verifier can be tried.

Whatever is not the point of a damage is right: an expired card has a good signature, a changed one is fresh. A verifier
that refuses it for another reason has not been tried.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from . import jws
from .card_damage import CardDamage
from .extra import needed
from .jcard import Contact, Json, make_jcard
from .rejection import TYPE

with needed():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

AN_HOUR: Final = 3600.0
_LARGE: Final = 100_000  # bytes
_LINE: Final = 64
_NUMBER: Final = 32  # bytes of r, and of s


class DamagedCards:
    """Makes cards that are wrong.

    Args:
        key: the P-256 key whose certificate is at ``x5u``.
        x5u: the URI of the certificate.
        contact: what the cards say.

    Raises:
        ValueError: the contact has faults, or the key is not of P-256.
    """

    def __init__(self, key: ec.EllipticCurvePrivateKey, x5u: str, contact: Contact) -> None:
        self._key = key
        self._header = {"alg": jws.ALGORITHM, "typ": TYPE, "x5u": x5u}
        self._contact = contact
        self._jcard = make_jcard(contact)
        self._signer = jws.Signer(key, self._header)
        self._forger: jws.Signer | None = None

    def make(self, damage: CardDamage, now: float) -> str:
        """The card, issued now (seconds since 1970) if its age is not what is wrong.

        What is wrong with the address of a card (`NOT_THERE`, `REDIRECT_LOOP`) is not the card's affair: it is right.
        """
        make = _MAKERS.get(damage)
        return self._signer.sign(self._claims(now)) if make is None else make(self, now)

    def _claims(self, now: float, jcard: Json = None) -> bytes:
        return jws.to_json({"iat": int(now), "jcard": jcard or self._jcard})

    def _expired(self, now: float) -> str:
        return self._signer.sign(self._claims(now - AN_HOUR))

    def _from_the_future(self, now: float) -> str:
        return self._signer.sign(self._claims(now + AN_HOUR))

    def _no_iat(self, now: float) -> str:
        return self._signer.sign(jws.to_json({"jcard": self._jcard}))

    def _forged(self, now: float) -> str:
        if self._forger is None:
            self._forger = jws.Signer(ec.generate_private_key(ec.SECP256R1()), self._header)
        return self._forger.sign(self._claims(now))

    def _changed(self, now: float) -> str:
        name = self._contact.fn
        other = replace(self._contact, fn=name[:-1] + ("x" if name[-1] != "x" else "y"))
        head, _, signature = self._signer.sign(self._claims(now)).split(".")
        return f"{head}.{jws.encode(self._claims(now, make_jcard(other))).decode()}.{signature}"

    def _der_signature(self, now: float) -> str:
        signed, _, signature = self._signer.sign(self._claims(now)).rpartition(".")
        both = jws.decode(signature)
        r, s = (int.from_bytes(part) for part in (both[:_NUMBER], both[_NUMBER:]))
        return f"{signed}.{jws.encode(encode_dss_signature(r, s)).decode()}"

    def _alg_none(self, now: float) -> str:
        return self._unsigned("none", now) + "."

    def _alg_hs256(self, now: float) -> str:
        signed = self._unsigned("HS256", now)
        public = self._key.public_key()
        secret = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        return f"{signed}.{jws.encode(hmac.digest(secret, signed.encode('ascii'), 'sha256')).decode()}"

    def _unsigned(self, algorithm: str, now: float) -> str:
        parts = (jws.to_json({**self._header, "alg": algorithm}), self._claims(now))
        return ".".join(jws.encode(part).decode() for part in parts)

    def _wrong_typ(self, now: float) -> str:
        return jws.Signer(self._key, {**self._header, "typ": "JWT"}).sign(self._claims(now))

    def _no_x5u(self, now: float) -> str:
        header = {name: value for name, value in self._header.items() if name != "x5u"}
        return jws.Signer(self._key, header).sign(self._claims(now))

    def _wrong_x5u(self, now: float) -> str:
        return jws.Signer(self._key, {**self._header, "x5u": f"{self._header['x5u']}.old"}).sign(self._claims(now))

    def _not_a_jws(self, now: float) -> str:
        return self._claims(now).decode("utf-8")

    def _line_breaks(self, now: float) -> str:
        token = self._signer.sign(self._claims(now))
        return "\n".join(token[at : at + _LINE] for at in range(0, len(token), _LINE))

    def _not_a_jcard(self, now: float) -> str:
        contact = self._contact
        named: Json = {"fn": contact.fn, "url": contact.url, "email": contact.email, "tel": contact.tel}
        return self._signer.sign(self._claims(now, named))

    def _no_contact(self, now: float) -> str:
        return self._signer.sign(self._claims(now, ["vcard", self._head()]))

    def _too_large(self, now: float) -> str:
        note: Json = ["note", {}, "text", "x" * _LARGE]
        way: Json = ["url", {}, "uri", "https://a.example/"]
        return self._signer.sign(self._claims(now, ["vcard", [*self._head(), note, way]]))

    def _head(self) -> list[Json]:
        return [["version", {}, "text", "4.0"], ["fn", {}, "text", self._contact.fn]]


_MAKERS: Final[Mapping[CardDamage, Callable[[DamagedCards, float], str]]] = {
    damage: getattr(DamagedCards, f"_{damage}")
    for damage in CardDamage
    if damage not in (CardDamage.NOT_THERE, CardDamage.REDIRECT_LOOP)
}
