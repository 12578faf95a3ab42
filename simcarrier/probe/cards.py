"""The card behind a 608: who blocked, and how to reach them (RFC 8688), as a result tells it.

A card in a ``data:`` URI is read in any case, since that asks nobody. One behind a link is fetched only if somebody has
asked for it: whoever refuses a call chooses the link.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simcarrier.trust.fetch import Fetcher


@dataclass(frozen=True, slots=True)
class Card:
    """What a card says.

    Attributes:
        name, url, email, tel: the contact; None for what it does not say.
        verified: the signature and its certificate are in order. Else anybody may have written it.
        faults: what is wrong, in words.
    """

    name: str | None = None
    url: str | None = None
    email: str | None = None
    tel: str | None = None
    verified: bool = False
    faults: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        contact = {"name": self.name, "url": self.url, "email": self.email, "tel": self.tel}
        return {"verified": self.verified, "contact": contact, "faults": list(self.faults)}


def asks_nobody(uri: str) -> bool:
    """Whether the card stands in the URI itself."""
    return uri[:5].lower() == "data:"


async def read_card(uri: str, fetcher: Fetcher | None, roots: tuple[Any, ...], now: float) -> Card:
    """Follow a card's URI and judge what is there; never raises for what a peer did.

    Args:
        uri: the referent.
        fetcher: follows it; None: only ``data:`` is read.
        roots: certificates to believe.
        now: seconds since 1970.
    """
    try:
        from simcarrier.trust.fetch import OffFetcher
        from simcarrier.trust.referent import follow_card
        from simcarrier.trust.store import Certificates, TrustList
    except ImportError as error:
        return Card(faults=(str(error),))
    verdict = await follow_card(
        uri, fetcher=fetcher or OffFetcher(), certificates=Certificates(), trust=TrustList(roots), now=now
    )
    faults = tuple(f"{fault.name}: {fault.detail}" if fault.detail else fault.name for fault in verdict.faults)
    contact = verdict.contact
    if contact is None:
        return Card(faults=faults)
    return Card(contact.fn, contact.url, contact.email, contact.tel, verdict.ok, faults)
