"""Chains: whom to believe, and the reason where not."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from simcarrier.trust.pki import Credential, make_authority, make_server, make_signer
from simcarrier.trust.store import Certificates, TrustList, public_key
from tests.trust.kit import AUTHORITY, DAY, NOW, SIGNER, TRUST, X5U


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def issue(
    issuer: Credential | None,
    subject: str,
    *extensions: tuple[x509.ExtensionType, bool],
    key: ec.EllipticCurvePrivateKey | None = None,
    start: float = NOW - DAY,
    end: float = NOW + DAY,
) -> Credential:
    """A certificate with just these extensions."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(issuer.certificate.subject if issuer else name(subject))
        .public_key(own.public_key())
        .serial_number(1)
        .not_valid_before(datetime.datetime.fromtimestamp(start, datetime.UTC))
        .not_valid_after(datetime.datetime.fromtimestamp(end, datetime.UTC))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return Credential((builder.sign(issuer.key if issuer else own, hashes.SHA256()),), own)


CA = (x509.BasicConstraints(ca=True, path_length=None), True)
ROOT = issue(None, "root", CA)


def judge(chain: tuple[x509.Certificate, ...], root: Credential = ROOT, now: float = NOW) -> list[str]:
    return [str(fault) for fault in TrustList(root.chain).judge(chain, now)]


def test_the_test_pki_is_believed() -> None:
    assert TRUST.judge(SIGNER.chain, NOW) == ()
    assert TRUST.judge((*SIGNER.chain, *AUTHORITY.chain), NOW) == ()


def test_times() -> None:
    assert [fault.name for fault in TRUST.judge(SIGNER.chain, NOW - 2 * DAY)] == ["certificate not yet valid"] * 2
    (expired, _) = TRUST.judge(SIGNER.chain, NOW + 366 * DAY)
    assert expired.name == "certificate expired"
    assert expired.detail == "CN=SHAKEN 1234 on 2027-09-21 14:13:20 UTC"
    assert TRUST.judge(SIGNER.chain, NOW + 364 * DAY) == ()


def test_a_root_that_has_expired() -> None:
    root = issue(None, "old root", CA, end=NOW - 1)
    assert judge(issue(root, "signer").chain, root) == ["certificate expired: CN=old root on 2026-09-21 14:13:19 UTC"]


def test_chains_of_intermediates() -> None:
    upper = issue(ROOT, "upper", CA)
    lower = issue(upper, "lower", CA)
    signer = issue(lower, "signer")
    assert judge((*signer.chain, *lower.chain, *upper.chain)) == []
    assert judge((*signer.chain, *upper.chain, *lower.chain)) == []
    assert judge((*signer.chain, *lower.chain)) == ["certificate not trusted: nobody we trust issued CN=lower"]


def test_a_chain_that_is_too_long() -> None:
    chain = [ROOT]
    for number in range(6):
        chain.append(issue(chain[-1], f"ca {number}", CA))
    signer = issue(chain[-1], "signer")
    certificates = (*signer.chain, *(one.certificate for one in reversed(chain[1:])))
    assert judge(certificates) == ["certificate not trusted: a chain of more than 5 certificates"]


def test_a_name_is_not_a_signature() -> None:
    forged = issue(issue(None, "root", CA), "signer")
    assert judge(forged.chain) == ["certificate not trusted: nobody we trust issued CN=signer"]


def usage(*, digital_signature: bool = False, key_agreement: bool = False) -> x509.KeyUsage:
    """Key usage with one thing at most."""
    return x509.KeyUsage(digital_signature, False, False, False, key_agreement, False, False, False, False)


@pytest.mark.parametrize(
    ("extensions", "why"),
    [
        ([], "certificate not trusted: CN=middle is no certificate authority"),
        (
            [(x509.BasicConstraints(ca=False, path_length=None), True)],
            "certificate not trusted: CN=middle is no certificate authority",
        ),
        (
            [CA, (usage(digital_signature=True), True)],
            "certificate not trusted: CN=middle may not sign certificates (key usage)",
        ),
        (
            [CA, (x509.NameConstraints([x509.DNSName("x.example")], None), True)],
            "certificate not trusted: CN=middle has a critical extension 2.5.29.30",
        ),
    ],
)
def test_who_may_not_issue(extensions: list[tuple[x509.ExtensionType, bool]], why: str) -> None:
    middle = issue(ROOT, "middle", *extensions)
    assert judge((*issue(middle, "signer").chain, *middle.chain)) == [why]
    assert judge(issue(middle, "signer").chain, middle) == [why]


def test_path_length() -> None:
    root = issue(None, "short root", (x509.BasicConstraints(ca=True, path_length=0), True))
    assert judge(issue(root, "signer").chain, root) == []
    middle = issue(root, "middle", CA)
    assert judge((*issue(middle, "signer").chain, *middle.chain), root) == [
        "certificate not trusted: CN=short root allows no longer chain"
    ]


def test_who_may_not_sign() -> None:
    assert judge(issue(ROOT, "x", (usage(key_agreement=True), True)).chain) == [
        "certificate not fit to sign: its key usage has no digital signature"
    ]
    big = issue(ROOT, "x", key=ec.generate_private_key(ec.SECP384R1()))
    assert judge(big.chain) == ["certificate not fit to sign: its key is not for ES256 (P-256)"]
    assert public_key(big.chain) is None


def test_a_key_of_another_kind() -> None:
    key = rsa.generate_private_key(65537, 2048)
    one = (
        x509.CertificateBuilder()
        .subject_name(name("rsa"))
        .issuer_name(ROOT.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.datetime.fromtimestamp(NOW - DAY, datetime.UTC))
        .not_valid_after(datetime.datetime.fromtimestamp(NOW + DAY, datetime.UTC))
        .sign(ROOT.key, hashes.SHA256())
    )
    assert judge((one,)) == ["certificate not fit to sign: its key is not for ES256 (P-256)"]


def test_a_signer_can_be_believed_by_itself() -> None:
    pinned = issue(issue(None, "unknown", CA), "pinned")
    assert judge(pinned.chain, pinned) == []
    assert judge(pinned.chain, pinned, NOW + 2 * DAY)[0].startswith("certificate expired: CN=pinned")


def test_an_empty_chain() -> None:
    assert judge(()) == ["certificate not trusted: there is none"]
    assert public_key(()) is None


def test_a_server_certificate_is_none_of_another_authority() -> None:
    assert TRUST.judge(make_server(AUTHORITY, NOW).chain, NOW) == ()
    assert TRUST.judge(make_signer(make_authority(NOW), NOW).chain, NOW) != ()


def test_certificates_are_found_by_their_uri() -> None:
    certificates = Certificates([(X5U, SIGNER.chain)])
    assert certificates(X5U) == SIGNER.chain
    assert certificates("https://other.example/") is None
    with pytest.raises(ValueError, match="at least one"):
        certificates.put("https://x/", ())


def test_certificates_do_not_grow_without_bound() -> None:
    certificates = Certificates(most=2)
    for uri in ("a", "b", "a", "c"):
        certificates.put(uri, SIGNER.chain)
    assert [certificates(uri) is not None for uri in ("a", "b", "c")] == [True, False, True]


def test_judgements_do_not_grow_without_bound() -> None:
    trust = TrustList(AUTHORITY.chain)
    extra = tuple(ROOT.chain * 3)
    for count in range(400):
        assert trust.judge((*SIGNER.chain, *extra[: count % 3], *[ROOT.certificate] * count), NOW) == ()
    assert len(trust._paths) <= 256
