"""From a 608 on the wire to a verdict, through a fetcher of the test's own."""

from __future__ import annotations

import pytest

from simcarrier.sip.block_codes import read_block
from simcarrier.trust.fetch import Fetched, FetchRefused, OffFetcher
from simcarrier.trust.referent import follow_card
from simcarrier.trust.rejection import RejectionSigner, RejectionVerdict, call_info, data_uri
from simcarrier.trust.store import Certificates
from tests.trust.kit import CERTIFICATES, CONTACT, NOW, SIGNER, TRUST, X5U

CARD = "https://block.example/r/9f2c"
TOKEN = RejectionSigner(SIGNER.key, X5U, CONTACT).sign(NOW)


class Shelf:
    """Gives what was put on it."""

    def __init__(self, **pages: bytes) -> None:
        self.pages = {CARD: TOKEN.encode(), X5U: SIGNER.certificate_pem()} | pages
        self.asked: list[str] = []

    async def fetch(self, uri: str) -> Fetched:
        self.asked.append(uri)
        if uri not in self.pages:
            raise FetchRefused("not answered with 200", "404")
        return Fetched(uri, self.pages[uri])


async def follow(shelf: Shelf, certificates: Certificates | None = None) -> RejectionVerdict:
    known = Certificates() if certificates is None else certificates
    return await follow_card(CARD, fetcher=shelf, certificates=known, trust=TRUST, now=NOW)


@pytest.mark.asyncio
async def test_to_the_end() -> None:
    shelf, certificates = Shelf(), Certificates()
    for _ in range(2):
        verdict = await follow(shelf, certificates)
        assert (verdict.ok, verdict.contact) == (True, CONTACT)
    assert shelf.asked == [CARD, X5U, CARD]


@pytest.mark.asyncio
async def test_a_608_that_needs_no_web() -> None:
    block = read_block(608, "Rejected", (), [call_info(data_uri(TOKEN))])
    assert block.referent is not None
    verdict = await follow_card(block.referent, fetcher=OffFetcher(), certificates=CERTIFICATES, trust=TRUST, now=NOW)
    assert (verdict.ok, verdict.contact) == (True, CONTACT)


@pytest.mark.asyncio
async def test_nothing_there() -> None:
    shelf = Shelf()
    del shelf.pages[CARD]
    assert [str(fault) for fault in (await follow(shelf)).faults] == [
        "referent not fetched: not answered with 200: 404"
    ]


@pytest.mark.asyncio
async def test_no_certificate_there() -> None:
    shelf = Shelf()
    shelf.pages[X5U] = b"<html>"
    assert [str(fault) for fault in (await follow(shelf)).faults] == [
        "certificate not available: what is there holds no certificate"
    ]
    del shelf.pages[X5U]
    verdict = await follow(shelf)
    assert [str(fault) for fault in verdict.faults] == ["certificate not available: not answered with 200: 404"]
    assert verdict.contact == CONTACT


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"iat": 1}', "referent is not a JWS"),
        (b"\xff" * 70_000, "too large"),
        (b"", "referent is not a JWS"),
        (b"e30.e30.AA", "typ is not vcard+json"),
    ],
)
async def test_something_else_there(body: bytes, name: str) -> None:
    shelf = Shelf()
    shelf.pages[CARD] = body
    verdict = await follow(shelf)
    assert verdict.names[0] == name
    assert shelf.asked == [CARD]
