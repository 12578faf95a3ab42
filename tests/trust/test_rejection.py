"""The signed card of a 608: bytes, other libraries, and every way in which it is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk
from joserfc import jws as joserfc_jws

from simcarrier.trust import jws
from simcarrier.trust.jcard import Contact, read_jcard
from simcarrier.trust.pki import make_authority, make_signer
from simcarrier.trust.rejection import RejectionSigner, RejectionVerdict, call_info, data_uri, read_rejection
from simcarrier.trust.store import Certificates, TrustList
from tests.trust.kit import AUTHORITY, CERTIFICATES, CONTACT, DAY, NOW, SIGNER, TRUST, X5U, handmade, resigned

BLOCKER = RejectionSigner(SIGNER.key, X5U, CONTACT)
TOKEN = BLOCKER.sign(NOW)
HEADER = {"alg": "ES256", "typ": "vcard+json", "x5u": X5U}
JCARD = ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Desk"], ["tel", {}, "uri", "tel:+18005550100"]]]
PAYLOAD = {"iat": int(NOW), "jcard": JCARD}


def read(token: str | bytes, now: float = NOW, x5u: str | None = None) -> RejectionVerdict:
    return read_rejection(token, certificate_for=CERTIFICATES, trust=TRUST, now=now, x5u=x5u)


def unpadded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_what_is_signed_is_read() -> None:
    verdict = read(TOKEN)
    assert verdict == RejectionVerdict(CONTACT, int(NOW), X5U, ())
    assert verdict.ok


EXAMPLE_HEADER = (
    "eyJhbGciOiJFUzI1NiIsInR5cCI6InZjYXJkK2pzb24iLCJ4NXUiOiJodHRwczovL2NlcnRzLmV4YW1wbGUubmV0L3JlamVjdF9rZXkuY2VyIn0"
)
EXAMPLE_PAYLOAD = (
    "eyJpYXQiOjE1NDYwMDg2OTgsImpjYXJkIjpbInZjYXJkIixbWyJ2ZXJzaW9uIix7fSwidGV4dCIsIjQuMCJdLFsiZm4iLHt9LCJ0ZXh0IiwiUm9i"
    "b2NhbGwgQWRqdWRpY2F0aW9uIl0sWyJlbWFpbCIseyJ0eXBlIjoid29yayJ9LCJ0ZXh0IiwicmVtZWRpYXRpb25AYmxvY2tlci5leGFtcGxlLm5l"
    "dCJdXV19"
)
EXAMPLE_SIGNATURE = "7uz2SADRvPFOQOO_UgF2ZTUjPlDTegtPrYB04UHBMwBD6g9AmL5harLJdTKDSTtH-LOV1jwJaGRUOUJiwP27ag"
EXAMPLE_KEY = (
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8HNbQd/TmvCKwPKHkMF9fScavGeH\n"
    "78YTU8qLS8I5HLHSSmlATLcslQMhNC/OhlWBYC626nIlo7XeebYS7Sb37g==\n"
    "-----END PUBLIC KEY-----\n"
)
EXAMPLE_X5U = "https://certs.example.net/reject_key.cer"
EXAMPLE_CONTACT = Contact("Robocall Adjudication", email="remediation@blocker.example.net")


def test_the_example_of_the_standard_byte_for_byte() -> None:
    """RFC 8688 section 4.1: what is signed there, encoded by our signer from the same contact and the same second."""
    signer = RejectionSigner(SIGNER.key, EXAMPLE_X5U, EXAMPLE_CONTACT)
    head, body, signature = signer.sign(1_546_008_698.9).split(".")
    assert head == EXAMPLE_HEADER == unpadded(f'{{"alg":"ES256","typ":"vcard+json","x5u":"{EXAMPLE_X5U}"}}')
    assert body == EXAMPLE_PAYLOAD
    assert len(base64.urlsafe_b64decode(signature + "==")) == 64


def test_the_example_of_the_standard_is_read() -> None:
    """Its signature does not belong to the public key that is printed below it, so it is not to be believed."""
    token = f"{EXAMPLE_HEADER}.{EXAMPLE_PAYLOAD}.{EXAMPLE_SIGNATURE}"
    verdict = read_rejection(token, certificate_for=CERTIFICATES, trust=TRUST, now=1_546_008_698 + 30)
    assert (verdict.contact, verdict.issued, verdict.x5u) == (EXAMPLE_CONTACT, 1_546_008_698, EXAMPLE_X5U)
    assert verdict.names == ("certificate not available",)
    assert "expired" in read(token).names
    key = serialization.load_pem_public_key(EXAMPLE_KEY.encode())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert not jws.verify(jws.read(token), key)


def test_the_other_cards_of_the_standard() -> None:
    """RFC 8688 sections 4.2 and 4.3. The address of the second one is short of a component (RFC 6350 section 6.3.1)."""
    head: list[object] = [["version", {}, "text", "4.0"], ["fn", {}, "text", "Robocall Adjudication"]]
    form = "https://blocker.example.net/adjudication-form"
    site = read_jcard(["vcard", [*head, ["url", {"type": "work"}, "text", form]]])
    assert site == (Contact("Robocall Adjudication", url=form), ())
    street = ["Argument Clinic", "12 Main St", "Anytown", "AP", "000000", "Somecountry"]
    ways = [["adr", {"type": "work"}, "text", street], ["tel", {"type": "work"}, "uri", "tel:+1-555-555-0112"]]
    both = read_jcard(["vcard", [*head, *ways]])
    assert both == (Contact("Robocall Adjudication", tel="+1-555-555-0112"), ("adr has 6 components, not 7",))


def test_names_are_utf8() -> None:
    token = RejectionSigner(SIGNER.key, X5U, Contact("Büro für Sperren", tel="+4930123456")).sign(NOW)
    body = token.split(".")[1]
    assert "Büro für Sperren" in base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
    assert read(token).ok


def test_other_libraries_verify_it() -> None:
    public = SIGNER.key.public_key()
    claims = jwt.decode(TOKEN, public, algorithms=["ES256"], options={"verify_iat": False})
    assert claims["jcard"][0] == "vcard"
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    found = joserfc_jws.deserialize_compact(TOKEN, jwk.ECKey.import_key(pem), algorithms=["ES256"])
    assert found.headers() == HEADER
    assert json.loads(found.payload or b"")["iat"] == int(NOW)


def test_what_other_libraries_sign_is_read() -> None:
    one = jwt.encode({"jcard": JCARD, "iat": int(NOW)}, SIGNER.key, algorithm="ES256", headers=HEADER)
    key = jwk.ECKey.import_key(SIGNER.key_pem())
    other = joserfc_jws.serialize_compact(HEADER, json.dumps(PAYLOAD, indent=2), key, algorithms=["ES256"])
    for token in (one, other, one.encode(), f"\r\n {other}\n"):
        verdict = read(token)
        assert (verdict.names, verdict.contact) == ((), Contact("Desk", tel="+18005550100"))


def test_any_white_space_in_the_json_is_accepted() -> None:
    assert read(handmade(HEADER, PAYLOAD, indent=4)).ok


@pytest.mark.parametrize(
    ("payload", "faults"),
    [
        (PAYLOAD | {"iat": int(NOW) - 60}, []),
        (PAYLOAD | {"iat": int(NOW) - 61}, ["expired"]),
        (PAYLOAD | {"iat": int(NOW) + 5}, []),
        (PAYLOAD | {"iat": int(NOW) + 6}, ["issued in the future"]),
        (PAYLOAD | {"iat": str(int(NOW))}, ["iat missing"]),
        (PAYLOAD | {"iat": True}, ["iat missing"]),
        (PAYLOAD | {"iat": 10**400}, ["iat missing"]),
        ({"jcard": JCARD}, ["iat missing"]),
        ({"iat": int(NOW)}, ["not a jCard"]),
        (PAYLOAD | {"jcard": "desk"}, ["not a jCard"]),
        (PAYLOAD | {"jcard": ["vcard", JCARD[1][:2]]}, ["no contact in the jCard"]),
        (PAYLOAD | {"jcard": ["vcard", JCARD[1][1:]]}, ["not a jCard"]),
        (PAYLOAD | {"jcard": ["vcard", []], "iat": 0}, ["expired", *["not a jCard"] * 2, "no contact in the jCard"]),
    ],
)  # fmt: skip
def test_payloads(payload: object, faults: list[str]) -> None:
    assert list(read(handmade(HEADER, payload)).names) == faults


@pytest.mark.parametrize(
    ("header", "faults"),
    [
        (HEADER | {"alg": "none"}, ["alg none"]),
        (HEADER | {"alg": "nOnE"}, ["alg none"]),
        (HEADER | {"alg": "RS256"}, ["alg RS256 is not allowed"]),
        (HEADER | {"alg": "es256"}, ["alg es256 is not allowed"]),
        (HEADER | {"alg": ["ES256"]}, ["alg ['ES256'] is not allowed"]),
        (HEADER | {"alg": "\x1b[2J" + "x" * 90}, ["alg ?[2Jxxxxxxxxxxxxxxxx... is not allowed"]),
        ({"typ": "vcard+json", "x5u": X5U}, ["alg missing"]),
        (HEADER | {"crit": ["b64"], "b64": False}, ["crit is not understood"]),
        (HEADER | {"typ": "JWT"}, ["typ is not vcard+json"]),
        ({"alg": "ES256", "typ": "vcard+json"}, ["x5u missing"]),
        (HEADER | {"x5u": 7}, ["x5u missing"]),
        (HEADER | {"x5u": "https://elsewhere.example/"}, ["certificate not available"]),
        ({}, ["typ is not vcard+json", "x5u missing", "alg missing"]),
    ],
)
def test_headers(header: object, faults: list[str]) -> None:
    assert list(read(handmade(header, PAYLOAD)).names) == faults


def test_alg_none_without_a_signature() -> None:
    token = f"{unpadded(json.dumps(HEADER | {'alg': 'none'}))}.{unpadded(json.dumps(PAYLOAD))}."
    assert read(token).names == ("alg none",)


@pytest.mark.parametrize("form", ["PEM", "DER", "certificate"])
def test_the_public_key_as_a_secret(form: str) -> None:
    """Who knows only the certificate must not be able to sign, whatever of it is taken for the shared secret."""
    public = SIGNER.key.public_key()
    secret = {
        "PEM": public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        "DER": public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        "certificate": SIGNER.certificate_pem(),
    }[form]
    signed = f"{unpadded(json.dumps(HEADER | {'alg': 'HS256'}))}.{unpadded(json.dumps(PAYLOAD))}"
    mac = base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), hashlib.sha256)).decode().rstrip("=")
    assert read(f"{signed}.{mac}").names == ("alg HS256 is not allowed",)


def test_a_card_changed_by_one_byte() -> None:
    head, body, signature = TOKEN.split(".")
    data = bytearray(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    at = data.index(b"+18005550100") + 11
    data[at : at + 1] = b"1"
    verdict = read(f"{head}.{base64.urlsafe_b64encode(bytes(data)).decode().rstrip('=')}.{signature}")
    assert verdict.names == ("signature does not verify",)
    assert verdict.contact is not None
    assert verdict.contact.tel == "+18005550101"


@given(st.integers(0, len(TOKEN) - 1), st.characters(codec="ascii"))
def test_no_other_token_verifies(at: int, char: str) -> None:
    changed = TOKEN[:at] + char + TOKEN[at + 1 :]
    if changed != TOKEN:
        assert read(changed).faults


@given(st.integers(0, len(TOKEN) - 1))
def test_truncated(end: int) -> None:
    assert read(TOKEN[:end]).faults


@pytest.mark.parametrize("signature", ["", "AA", "A" * 86, "_" * 86, "A" * 1000])
def test_signatures_of_other_lengths_and_numbers(signature: str) -> None:
    head, body, _ = TOKEN.split(".")
    assert set(read(f"{head}.{body}.{signature}").names) <= {"signature does not verify", "referent is not a JWS"}
    assert read(f"{head}.{body}.{signature}").faults


def test_another_key_of_the_same_authority() -> None:
    other = make_signer(AUTHORITY, NOW)
    token = RejectionSigner(other.key, X5U, CONTACT).sign(NOW)
    assert read(token).names == ("signature does not verify",)


def test_an_authority_that_nobody_trusts() -> None:
    other = make_signer(make_authority(NOW), NOW)
    token = RejectionSigner(other.key, X5U, CONTACT).sign(NOW)
    theirs = Certificates([(X5U, other.chain)])
    verdict = read_rejection(token, certificate_for=theirs, trust=TRUST, now=NOW)
    assert verdict.names == ("certificate not trusted",)
    assert read_rejection(token, certificate_for=theirs, trust=TrustList([]), now=NOW).names == (
        "certificate not trusted",
    )


def test_an_expired_certificate() -> None:
    old = make_signer(AUTHORITY, NOW - 9 * DAY, days=8)
    token = RejectionSigner(old.key, X5U, CONTACT).sign(NOW)
    theirs = Certificates([(X5U, old.chain)])
    assert read_rejection(token, certificate_for=theirs, trust=TRUST, now=NOW).names == ("certificate expired",)


def test_the_x5u_that_was_agreed() -> None:
    assert read(TOKEN, x5u=X5U).ok
    assert read(TOKEN, x5u="https://other.example/").names == ("x5u does not match",)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "three parts"),
        ("<html>", "three parts"),
        (json.dumps(PAYLOAD), "plain JSON"),
        ("[]", "plain JSON"),
        ("a.b", "three parts"),
        ("a.b.c.d", "three parts"),
        ("eyJ9.eyJ9.AAAA", "header is no JSON"),
        (b"\xff.\xfe.x", "three parts"),
        (f"{unpadded('[]')}.{unpadded('{}')}.AAAA", "header is no JSON object"),
        (f"{unpadded('{}')}.{unpadded('7')}.AAAA", "payload is no JSON object"),
        (f"{unpadded('{}')}.{unpadded('{')}.AAAA", "payload is no JSON"),
        (f"{unpadded('{}')}.{unpadded('{' + chr(34) + 'a' + chr(34) + ':NaN}')}.AAAA", "payload is no JSON"),
        (f"{unpadded('{}')}.{unpadded('[' * 20_000)}.AAAA", "payload is no JSON"),
        (f"{unpadded('{}')}.{unpadded('9' * 5000)}.AAAA", "payload is no JSON"),
        (unpadded('{"alg":"none","alg":"ES256"}') + f".{unpadded('{}')}.AAAA", "header is no JSON"),
        (TOKEN.replace(".", ".\r\n"), "three parts"),
        (TOKEN[:-2] + chr(ord(TOKEN[-2]) ^ 1) + "/", "three parts"),
    ],
)
def test_what_is_no_jws(text: str | bytes, detail: str) -> None:
    (fault,) = read(text).faults
    assert fault.name == "referent is not a JWS"
    assert detail in fault.detail


def test_a_huge_one_is_not_even_read() -> None:
    began = time.thread_time()
    assert read("A" * 100_000_000).names == ("too large",)
    assert read("A" * 65_537).names == ("too large",)
    assert time.thread_time() - began < 0.2
    assert read("A" * 65_536).names == ("referent is not a JWS",)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from(["alg", "typ", "x5u", "crit", "b64"]), JSON | st.sampled_from(["ES256", X5U])),
    st.dictionaries(st.sampled_from(["iat", "jcard"]), JSON),
)
def test_nothing_signed_makes_it_raise(header: object, payload: object) -> None:
    verdict = read(handmade(header, payload))
    assert verdict.faults
    assert all(str(fault).isprintable() for fault in verdict.faults)


@given(st.text(max_size=60) | st.binary(max_size=60) | st.text("eyJ9.A_-", max_size=60))
def test_nothing_makes_it_raise(token: str | bytes) -> None:
    verdict = read(token)
    assert verdict.faults
    assert all(str(fault).isprintable() for fault in verdict.faults)


def test_the_kit_signs_what_it_says() -> None:
    assert read(resigned(TOKEN)).ok


def test_the_key_must_be_of_p256() -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    with pytest.raises(ValueError, match="P-256"):
        RejectionSigner(ec.generate_private_key(ec.SECP384R1()), X5U, CONTACT)
    with pytest.raises(ValueError, match="ES256"):
        jws.Signer(SIGNER.key, {"alg": "none"})


def test_ways_to_point_to_it() -> None:
    assert call_info("https://block.example/r/9f2c") == "<https://block.example/r/9f2c>;purpose=jwscard"
    assert data_uri(TOKEN) == "data:application/jose," + TOKEN


def test_signing_is_quick_enough_for_each_call() -> None:
    def cost() -> float:
        began = time.thread_time()
        for _ in range(50):
            BLOCKER.sign(NOW)
        return (time.thread_time() - began) / 50

    assert min(cost() for _ in range(5)) < 0.0005  # 45 us where it was measured; this only tells of a blunder
