"""SHAKEN PASSporTs: bytes, other libraries, and the answer to everything that can be wrong."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.identity import Identity
from simcarrier.trust import jws
from simcarrier.trust.passport import ANSWERS, Claims, IdentitySigner, IdentityVerdict, canonical, verify_identity
from simcarrier.trust.pki import make_authority, make_signer
from simcarrier.trust.store import Certificates
from tests.trust.kit import AUTHORITY, CERTIFICATES, DAY, NOW, SIGNER, TRUST, X5U, handmade

CALLER, CALLED = "+12155550121", "+12155550131"
ORIGID = "123e4567-e89b-12d3-a456-426655440000"
ORIGINATOR = IdentitySigner(SIGNER.key, X5U)
GOOD = ORIGINATOR.sign(from_tn=CALLER, to_tn=CALLED, attestation="A", origid=ORIGID, now=NOW)
HEADER: dict[str, Any] = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": X5U}
PAYLOAD: dict[str, Any] = {
    "attest": "A",
    "dest": {"tn": ["12155550131"]},
    "iat": int(NOW),
    "orig": {"tn": "12155550121"},
    "origid": ORIGID,
}
CLAIMS = Claims("A", "12155550121", ("12155550131",), ORIGID, int(NOW))


def field(header: object = HEADER, payload: object = PAYLOAD, tail: str = f";info=<{X5U}>;alg=ES256;ppt=shaken") -> str:
    return handmade(header, payload) + tail


def judge(
    values: Sequence[str],
    *,
    from_tn: str | None = CALLER,
    to_tn: str | None = CALLED,
    now: float = NOW,
    date: float | None = None,
    demanded: bool = False,
    certificates: Certificates = CERTIFICATES,
) -> IdentityVerdict:
    return verify_identity(
        values,
        from_tn=from_tn,
        to_tn=to_tn,
        now=now,
        date=date,
        demanded=demanded,
        certificate_for=certificates,
        trust=TRUST,
    )


def unpadded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_as_it_is_written() -> None:
    """RFC 8225 section 9 and RFC 8588 section 5: lexicographic order, no white space, no plus."""
    signer = IdentitySigner(SIGNER.key, "https://cert.example.org/passport.cer")
    value = signer.sign(from_tn="12155550121", to_tn=CALLED, attestation="A", origid=ORIGID, now=1_443_208_345.9)
    token, _, tail = value.partition(";")
    head, body, signature = token.split(".")
    assert head == unpadded(
        '{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"https://cert.example.org/passport.cer"}'
    )
    assert body == unpadded(
        '{"attest":"A","dest":{"tn":["12155550131"]},"iat":1443208345,"orig":{"tn":"12155550121"},'
        f'"origid":"{ORIGID}"}}'
    )
    assert len(signature) == 86
    assert tail == "info=<https://cert.example.org/passport.cer>;alg=ES256;ppt=shaken"


def test_the_encodings_of_rfc_8225_appendix_a() -> None:
    head = {"alg": "ES256", "typ": "passport", "x5u": "https://cert.example.org/passport.cer"}
    body = {"dest": {"uri": ["sip:alice@example.com"]}, "iat": 1471375418, "orig": {"tn": "12155551212"}}
    assert jws.encode(jws.to_json(head)) == (
        b"eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9"
    )
    assert jws.encode(jws.to_json(body)) == (
        b"eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6MTQ3MTM3NTQxOCwib3JpZyI6eyJ0biI6"
        b"IjEyMTU1NTUxMjEyIn19"
    )


def test_what_is_signed_is_verified() -> None:
    verdict = judge([GOOD])
    assert verdict == IdentityVerdict(True, CLAIMS)
    assert (verdict.attestation, verdict.answer, verdict.phrase) == ("A", None, None)


def test_another_library_verifies_it() -> None:
    token = GOOD.partition(";")[0]
    claims = jwt.decode(token, SIGNER.key.public_key(), algorithms=["ES256"], options={"verify_iat": False})
    assert claims == PAYLOAD
    assert jwt.get_unverified_header(token) == HEADER


def test_what_another_library_signs_is_verified() -> None:
    token = jwt.encode(PAYLOAD, SIGNER.key, algorithm="ES256", headers=HEADER)
    assert judge([str(Identity(token, X5U, "ES256", "shaken"))]).verified


@pytest.mark.parametrize("attestation", ["A", "B", "C"])
def test_attestations(attestation: str) -> None:
    value = ORIGINATOR.sign(
        from_tn=CALLER, to_tn=[CALLED, "+442079460000"], attestation=attestation, origid="x", now=NOW
    )
    assert judge([value]).attestation == attestation
    assert judge([value], to_tn="tel:+44-20-7946-0000").attestation == attestation


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"attestation": "D"}, "A, B or C"),
        ({"attestation": ""}, "A, B or C"),
        ({"origid": ""}, "origid"),
        ({"from_tn": "anonymous"}, "telephone numbers"),
        ({"to_tn": "alice"}, "telephone numbers"),
        ({"to_tn": []}, "telephone numbers"),
    ],
)
def test_what_cannot_be_signed(wrong: dict[str, Any], why: str) -> None:
    right: dict[str, Any] = {"from_tn": CALLER, "to_tn": CALLED, "attestation": "A", "origid": "x", "now": NOW}
    with pytest.raises(ValueError, match=why):
        ORIGINATOR.sign(**right | wrong)


@pytest.mark.parametrize(
    ("number", "digits"),
    [
        ("+1 (215) 555-0121", "12155550121"),
        ("tel:+1-215-555-0121;ext=7", "12155550121"),
        ("12155550121;npdi;rn=+1999", "12155550121"),
        ("*67#", "*67#"),
        ("anonymous", ""),
        ("alice2", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_canonical_numbers(number: str | None, digits: str) -> None:
    assert canonical(number) == digits


def without(key: str, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != key}


WRONG: dict[str, tuple[str, int, list[str]]] = {
    "not an Identity": ("nonsense", 438, ["not an Identity"]),
    "RFC 4474": ('"c2ln"', 438, ["not an Identity"]),
    "no info": (field(tail=";ppt=shaken"), 436, ["info missing"]),
    "info is http": (field(tail=";info=<http://certs.example/sp.pem>;ppt=shaken"), 436, ["info is not https"]),
    "info leads nowhere": (
        field(HEADER | {"x5u": "https://x.example/"}, tail=";info=<https://x.example/>;ppt=shaken"),
        436,
        ["certificate not available"],
    ),
    "x5u is another": (field(HEADER | {"x5u": "https://x.example/"}), 436, ["x5u does not match"]),
    "no x5u": (field(without("x5u", HEADER)), 436, ["x5u missing"]),
    "compact": (f"..c2ln;info=<{X5U}>;alg=ES256;ppt=shaken", 438, ["compact form"]),
    "alg in the field": (field(tail=f";info=<{X5U}>;alg=HS256;ppt=shaken"), 437, ["alg HS256 is not allowed"]),
    "alg in the token": (field(HEADER | {"alg": "HS256"}), 437, ["alg HS256 is not allowed"]),
    "alg none": (field(HEADER | {"alg": "none"}), 437, ["alg none"]),
    "no typ": (field(without("typ", HEADER)), 438, ["typ is not passport"]),
    "ppt in the token": (field(HEADER | {"ppt": "div"}), 438, ["ppt is not shaken"]),
    "no ppt anywhere": (field(without("ppt", HEADER), tail=f";info=<{X5U}>"), 438, ["ppt is not shaken"]),
    "no token": (f"a.b.c;info=<{X5U}>;ppt=shaken", 438, ["not a PASSporT"]),
    "no attest": (field(payload=without("attest", PAYLOAD)), 438, ["attest missing"]),
    "attest D": (field(payload=PAYLOAD | {"attest": "D"}), 438, ["attest cannot be read"]),
    "no dest": (field(payload=without("dest", PAYLOAD)), 438, ["dest missing"]),
    "dest is a text": (field(payload=PAYLOAD | {"dest": {"tn": "12155550131"}}), 438, ["dest cannot be read"]),
    "dest is a URI": (field(payload=PAYLOAD | {"dest": {"uri": ["sip:a@b"]}}), 438, ["dest cannot be read"]),
    "no orig": (field(payload=without("orig", PAYLOAD)), 438, ["orig missing"]),
    "orig with plus": (field(payload=PAYLOAD | {"orig": {"tn": "+12155550121"}}), 438, ["orig cannot be read"]),
    "no origid": (field(payload=without("origid", PAYLOAD)), 438, ["origid missing"]),
    "origid is a number": (field(payload=PAYLOAD | {"origid": 7}), 438, ["origid cannot be read"]),
    "no iat": (field(payload=without("iat", PAYLOAD)), 438, ["iat missing"]),
    "iat is a text": (field(payload=PAYLOAD | {"iat": str(int(NOW))}), 438, ["iat cannot be read"]),
    "another caller": (field(payload=PAYLOAD | {"orig": {"tn": "12155550122"}}), 438, ["orig does not match"]),
    "another called": (field(payload=PAYLOAD | {"dest": {"tn": ["1911"]}}), 438, ["dest does not match"]),
    "old": (field(payload=PAYLOAD | {"iat": int(NOW) - 61}), 403, ["expired"]),
    "from the future": (field(payload=PAYLOAD | {"iat": int(NOW) + 61}), 403, ["issued in the future"]),
}


@pytest.mark.parametrize(("value", "answer", "names"), WRONG.values(), ids=WRONG)
def test_answers(value: str, answer: int, names: list[str]) -> None:
    verdict = judge([value])
    assert (verdict.verified, verdict.answer, list(verdict.names)) == (False, answer, names)
    assert verdict.phrase == ANSWERS[answer]
    assert verdict.attestation is None


def test_phrases() -> None:
    assert ANSWERS == {
        403: "Stale Date",
        428: "Use Identity Header",
        436: "Bad Identity Info",
        437: "Unsupported Credential",
        438: "Invalid Identity Header",
    }


def test_the_edges_of_freshness() -> None:
    assert judge([GOOD], now=NOW + 60).verified
    assert judge([GOOD], now=NOW - 60).verified
    assert judge([GOOD], now=NOW + 60.5).names == ("expired",)
    assert judge([GOOD], date=NOW - 60).verified
    assert judge([GOOD], date=NOW - 61).names == ("Date is stale",)
    assert judge([GOOD], date=NOW + 61).names == ("Date is stale",)
    assert judge([GOOD], date=NOW - 61).answer == 403
    assert judge([GOOD], now=NOW + 50, date=NOW + 100).verified


def test_the_order_of_looking() -> None:
    """RFC 8224 section 6.2: certificate, times, signature; all are named, and the first answers."""
    forged = IdentitySigner(make_signer(make_authority(NOW), NOW).key, X5U)
    value = forged.sign(from_tn=CALLER, to_tn="+1999", attestation="A", origid="x", now=NOW - 100)
    verdict = judge([value])
    assert verdict.names == ("expired", "signature does not verify", "dest does not match")
    assert verdict.answer == 403


def test_a_changed_token() -> None:
    token, semicolon, tail = GOOD.partition(";")
    head, _, signature = token.split(".")
    body = unpadded(json.dumps(PAYLOAD | {"attest": "B"}, separators=(",", ":")))
    verdict = judge([f"{head}.{body}.{signature}{semicolon}{tail}"])
    assert (verdict.answer, verdict.names) == (438, ("signature does not verify",))


def test_a_signer_that_nobody_trusts() -> None:
    other = make_signer(make_authority(NOW), NOW)
    value = IdentitySigner(other.key, X5U).sign(from_tn=CALLER, to_tn=CALLED, attestation="A", origid="x", now=NOW)
    verdict = judge([value], certificates=Certificates([(X5U, other.chain)]))
    assert (verdict.answer, verdict.names) == (437, ("certificate not trusted",))


def test_an_expired_certificate() -> None:
    old = make_signer(AUTHORITY, NOW - 9 * DAY, days=8)
    value = IdentitySigner(old.key, X5U).sign(from_tn=CALLER, to_tn=CALLED, attestation="A", origid="x", now=NOW)
    verdict = judge([value], certificates=Certificates([(X5U, old.chain)]))
    assert (verdict.answer, verdict.names) == (437, ("certificate expired",))


def test_all_faults_are_named_and_the_first_answers() -> None:
    verdict = judge([field(payload=PAYLOAD | {"iat": 0, "attest": "Z"})], to_tn=None, from_tn="anonymous")
    assert verdict.names == ("expired", "attest cannot be read", "orig does not match", "dest does not match")
    assert verdict.answer == 403
    assert verdict.claims.orig == "12155550121"


def test_none() -> None:
    assert judge([]) == IdentityVerdict()
    verdict = judge([], demanded=True)
    assert (verdict.answer, verdict.phrase, verdict.names) == (428, "Use Identity Header", ("no Identity",))


def test_other_extensions_are_passed_over() -> None:
    others = [field(tail=f";info=<{X5U}>;ppt=div"), field(tail=f';info=<{X5U}>;ppt="rph"')]
    assert judge(others) == IdentityVerdict(ignored=("div", "rph"))
    assert judge(others, demanded=True).answer == 428
    verdict = judge([*others, GOOD])
    assert (verdict.verified, verdict.ignored) == (True, ("div", "rph"))


def test_one_right_one_is_enough() -> None:
    wrong = WRONG["another called"][0]
    assert judge([wrong, GOOD]).verified
    assert judge([f"{wrong}, {GOOD}"]).verified
    assert judge([wrong, "nonsense"]).names == ("dest does not match",)
    assert judge([WRONG["old"][0], wrong]).answer == 403


def test_436_is_for_calls_none_of_whose_certificates_can_be_had() -> None:
    """RFC 8224 section 6.2.2."""
    nowhere = GOOD.replace(X5U, "https://nowhere.example/")
    elsewhere = IdentitySigner(SIGNER.key, "https://nowhere.example/").sign(
        from_tn=CALLER, to_tn=CALLED, attestation="A", origid="x", now=NOW
    )
    assert judge([elsewhere]).names == ("certificate not available",)
    assert judge([elsewhere, nowhere]).answer == 436
    assert judge([elsewhere, WRONG["another called"][0]]).answer == 438
    assert judge([elsewhere, GOOD]).verified


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from(["tn", "A", "12155550121"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["tn", "uri"]), inner, max_size=2),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from(sorted(HEADER)), JSON | st.sampled_from(list(HEADER.values()))),
    st.dictionaries(st.sampled_from(sorted(PAYLOAD)), JSON),
)
def test_nothing_signed_makes_it_raise(header: object, payload: object) -> None:
    verdict = judge([field(header, payload)])
    assert not verdict.verified
    assert verdict.answer in ANSWERS
    assert all(str(fault).isprintable() for fault in verdict.faults)


@given(st.lists(st.text(max_size=50) | st.text('aA._-;info=<>",', max_size=50), max_size=3), st.booleans())
def test_nothing_makes_it_raise(values: list[str], demanded: bool) -> None:
    verdict = judge(values, demanded=demanded)
    assert not verdict.verified
    assert verdict.answer in {None, *ANSWERS}


@given(st.integers(0, len(GOOD.partition(";")[0]) - 1), st.characters(codec="ascii"))
def test_no_other_token_verifies(at: int, char: str) -> None:
    changed = GOOD[:at] + char + GOOD[at + 1 :]
    if changed.strip(" \t") != GOOD:
        assert not judge([changed]).verified
