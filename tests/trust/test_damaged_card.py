"""Cards that are wrong on purpose: ours names just what is wrong with each, and other libraries refuse it."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.block_codes import read_block
from simcarrier.trust.card_damage import MEANINGS, NAMED, SERVED_ONLY, CardDamage
from simcarrier.trust.damaged_card import DamagedCards
from simcarrier.trust.fetch import OffFetcher
from simcarrier.trust.jcard import Contact
from simcarrier.trust.referent import follow_card
from simcarrier.trust.rejection import RejectionVerdict, call_info, data_uri, read_rejection
from tests.trust.kit import CERTIFICATES, CONTACT, NOW, SIGNER, TRUST, X5U

CARDS = DamagedCards(SIGNER.key, X5U, CONTACT)
AT_ITS_ADDRESS = (CardDamage.NOT_THERE, CardDamage.REDIRECT_LOOP)


def read(token: str, x5u: str | None = None) -> RejectionVerdict:
    return read_rejection(token, certificate_for=CERTIFICATES, trust=TRUST, now=NOW, x5u=x5u)


def test_each_has_a_meaning_and_a_fault() -> None:
    assert list(MEANINGS) == list(NAMED) == list(CardDamage)


@pytest.mark.parametrize("damage", [one for one in CardDamage if one not in AT_ITS_ADDRESS])
def test_each_is_named_and_nothing_else_is_wrong(damage: CardDamage) -> None:
    named = "too large" if damage is CardDamage.TOO_LARGE else NAMED[damage]
    assert read(CARDS.make(damage, NOW)).names == (named,)


@pytest.mark.parametrize("damage", AT_ITS_ADDRESS)
def test_where_the_address_is_wrong_the_card_is_right(damage: CardDamage) -> None:
    assert read(CARDS.make(damage, NOW)).ok


def test_a_certificate_that_was_agreed_on() -> None:
    assert read(CARDS.make(CardDamage.WRONG_X5U, NOW), X5U).names == ("x5u does not match",)


@pytest.mark.parametrize("damage", [one for one in CardDamage if one not in SERVED_ONLY])
@pytest.mark.asyncio
async def test_each_in_call_info(damage: CardDamage) -> None:
    """By the way that it takes: a header field, a link, a verdict."""
    block = read_block(608, "Rejected", (), [call_info(data_uri(CARDS.make(damage, NOW)))])
    assert block.referent is not None
    verdict = await follow_card(block.referent, fetcher=OffFetcher(), certificates=CERTIFICATES, trust=TRUST, now=NOW)
    assert verdict.names == (NAMED[damage],)


FOR_ANY_JWT = [
    CardDamage.FORGED,
    CardDamage.CHANGED,
    CardDamage.DER_SIGNATURE,
    CardDamage.ALG_NONE,
    CardDamage.ALG_HS256,
    CardDamage.NOT_A_JWS,
]


@pytest.mark.parametrize("damage", FOR_ANY_JWT)
def test_another_library_refuses_it(damage: CardDamage) -> None:
    def claims(damage: CardDamage) -> dict[str, Any]:
        token = CARDS.make(damage, NOW)
        return jwt.decode(token, SIGNER.key.public_key(), ["ES256"], options={"verify_iat": False})

    assert claims(CardDamage.EXPIRED)["iat"] == NOW - 3600
    with pytest.raises(jwt.InvalidTokenError):
        claims(damage)


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=5))
def test_whatever_the_name(name: str) -> None:
    cards = DamagedCards(SIGNER.key, X5U, Contact(name, tel="+1800"))
    assert read(cards.make(CardDamage.CHANGED, NOW)).names == ("signature does not verify",)
    assert read(cards.make(CardDamage.NOT_A_JCARD, NOW)).names == ("not a jCard",)
