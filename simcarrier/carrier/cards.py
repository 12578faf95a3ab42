"""The cards of 608s: signed when the response goes out, and handed to whoever follows its Call-Info (RFC 8688).

A card holds for a minute and is for one call, so each is signed anew. It stands in Call-Info itself, as a ``data:``
URI, or is kept here to be served: under an address that nobody can guess, since who can guess it can read whose calls
are blocked. What is kept is bounded, and old cards are forgotten.

A card may be wrong on purpose (`simcarrier.trust.card_damage`), in itself or in what is at its address.

A carrier without a network (a simulation) signs nothing: there is nobody to read it.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import TYPE_CHECKING

from simcarrier.scenario.blocks import USUAL_REDRESS, SigningModel
from simcarrier.scenario.models import CarrierConfig
from simcarrier.sip.transport import host_for_uri
from simcarrier.trust.card_damage import SERVED_ONLY, CardDamage

if TYPE_CHECKING:
    from simcarrier.trust.damaged_card import DamagedCards
    from simcarrier.trust.pki import Credential
    from simcarrier.trust.rejection import RejectionSigner

KEPT = 10_000
"""Cards kept to be served, some 2 KB each; the oldest goes first."""

FORGOTTEN_AFTER = 300.0
"""Seconds that a card is kept: it is worth nothing a minute after the call."""

CERTIFICATE = "certificate.pem"
"""The name under which the certificate is served, if no ``x5u`` is said."""

NOWHERE = "https://certificates.carrier.example/signing.pem"
"""The ``x5u`` of a throw-away certificate that is not served: nobody finds it there, and nobody would trust it."""

NO_SERVER = "https://cards.carrier.example"
"""Where a card that can only be wrong at its address would be, if the carrier serves none."""


class Cards:
    """Signs the cards of one carrier.

    Args:
        config: as loaded.
        now: the time of the start, seconds.
        wall: the same moment in seconds since 1970 UTC.

    Attributes:
        settings: what the scenario says about signing.
        serves: whether cards are to be served; else they stand in Call-Info.
        live: whether anybody reads them; else nothing is signed.
        certificate: the certificate with its chain, in PEM; empty before `begin`.
    """

    def __init__(self, config: CarrierConfig, now: float, wall: float) -> None:
        self.settings = config.signing or SigningModel()
        self.serves = self.settings.deliver == "http"
        self.live = False
        self.certificate = b""
        self._contact = (config.redress or USUAL_REDRESS).contact()
        self._started = wall
        self._wall_offset = wall - now
        self._credential: Credential | None = None
        self._signer: RejectionSigner | None = None
        self._damaged: DamagedCards | None = None
        where = self.settings.listen
        self._base = f"{'https' if where.secure else 'http'}://{host_for_uri(where.host)}:{where.port}"
        self._kept: OrderedDict[str, tuple[float, bytes | str]] = OrderedDict()

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def begin(self) -> None:
        """Get ready to sign, if that is not done yet and anybody is to read it.

        Raises:
            simcarrier.extras.MissingExtra: a package is missing.
            simcarrier.trust.pki.PkiError: the files do not hold a certificate and its key any more.
        """
        if not self.live or self._credential is not None:
            return
        from simcarrier.trust import pki  # slow to import, and for those only who sign

        settings = self.settings
        if settings.certificate is not None and settings.key is not None:
            self._credential = pki.load_credential(settings.certificate, settings.key)
        else:
            self._credential = pki.make_signer(pki.make_authority(self._started), self._started)
        self.certificate = self._credential.certificate_pem()
        self.serve_at(self._base)

    def serve_at(self, base: str) -> None:
        """Say under which address the cards are served, now that its port is known."""
        self._base = base
        if self._credential is None:
            return
        from simcarrier.trust.rejection import RejectionSigner

        self._signer = RejectionSigner(self._credential.key, self._x5u(), self._contact)
        self._damaged = None

    def _x5u(self) -> str:
        return self.settings.x5u or (f"{self._base}/{CERTIFICATE}" if self.serves else NOWHERE)

    def call_info(self, now: float, damage: CardDamage | None = None) -> str:
        """The header line for a response that goes out now, with its CRLF; empty on paper.

        Args:
            now: the time, seconds.
            damage: what is to be wrong with the card.
        """
        if self._signer is None:
            return ""
        if damage is not None:
            uri = self._damaged_card(damage, now)
        else:
            token = self._signer.sign(now + self._wall_offset)
            uri = self._keep(token.encode("ascii"), now) if self.serves else f"data:application/jose,{token}"
        return f"Call-Info: <{uri}>;purpose=jwscard\r\n"

    def _damaged_card(self, damage: CardDamage, now: float) -> str:
        """The address of a card that is wrong, or that is not where it should be."""
        assert self._credential is not None  # there is a signer
        if damage in SERVED_ONLY and not self.serves:
            return f"{NO_SERVER}/{secrets.token_urlsafe(16)}"
        if damage is CardDamage.NOT_THERE:
            return f"{self._base}/{secrets.token_urlsafe(16)}"
        if damage is CardDamage.REDIRECT_LOOP:
            there, back = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
            self._keep(f"{self._base}/{back}", now, there)
            return self._keep(f"{self._base}/{there}", now, back)
        from simcarrier.trust.damaged_card import DamagedCards
        from simcarrier.trust.rejection import data_uri

        if self._damaged is None:
            self._damaged = DamagedCards(self._credential.key, self._x5u(), self._contact)
        token = self._damaged.make(damage, now + self._wall_offset)
        return self._keep(token.encode("utf-8"), now) if self.serves else data_uri(token)

    def _keep(self, what: bytes | str, now: float, name: str | None = None) -> str:
        """Keep a card, or the address to which it has moved, and say where it is found."""
        name = name or secrets.token_urlsafe(16)
        kept = self._kept
        kept[name] = (now + FORGOTTEN_AFTER, what)
        while len(kept) > KEPT or next(iter(kept.values()))[0] <= now:
            kept.popitem(last=False)
        return f"{self._base}/{name}"

    def find(self, name: str, now: float) -> bytes | str | None:
        """What is served under a name: a card, or the certificate; None if there is nothing, or not any more.

        A text is the address to which it has moved.
        """
        if name == CERTIFICATE:
            return self.certificate or None
        until, what = self._kept.get(name, (now, b""))
        return what if until > now else None
