"""The test PKI: what is in the certificates, and that no key is ever written for others to read."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from simcarrier.extras import MissingExtra
from simcarrier.trust.extra import needed
from simcarrier.trust.pki import (
    Credential,
    PkiError,
    load_chain,
    load_credential,
    make_server,
    make_signer,
    parse_chain,
    spc_of,
    tn_auth_list,
    write_new,
)
from tests.trust.kit import AUTHORITY, NOW, SIGNER


def test_the_tn_auth_list() -> None:
    assert tn_auth_list("709J").hex() == "3008a00616043730394a"  # as real SHAKEN certificates have it
    assert spc_of(SIGNER.certificate) == "1234"
    assert spc_of(make_signer(AUTHORITY, NOW, spc="709J").certificate) == "709J"
    assert spc_of(AUTHORITY.certificate) is None


@pytest.mark.parametrize("spc", ["", "a b", "x" * 41, "ß"])
def test_codes_that_are_none(spc: str) -> None:
    with pytest.raises(ValueError, match="letters and digits"):
        make_signer(AUTHORITY, NOW, spc=spc)


def test_servers() -> None:
    server = make_server(AUTHORITY, NOW, hosts=["sip.example", "192.0.2.1", "[2001:db8::1]", "sip.example"])
    names = server.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(one.value) for one in names] == ["sip.example", "192.0.2.1", "2001:db8::1"]


@pytest.mark.parametrize("hosts", [["a b"], ["*"], ["ex ample"], ["-x"], [""], []])
def test_hosts_that_are_none(hosts: list[str]) -> None:
    with pytest.raises(ValueError, match=r"host"):
        make_server(AUTHORITY, NOW, hosts=hosts)


def write(folder: Path, credential: Credential) -> tuple[Path, Path]:
    write_new(folder, {"c.pem": credential.certificate_pem(), "k.pem": credential.key_pem()}, ["k.pem"])
    return folder / "c.pem", folder / "k.pem"


def test_what_is_written_is_read(tmp_path: Path) -> None:
    certificate, key = write(tmp_path / "deep" / "down", SIGNER)
    loaded = load_credential(certificate, key)
    assert loaded.chain == SIGNER.chain
    assert loaded.key.private_numbers() == SIGNER.key.private_numbers()
    assert load_chain(certificate) == SIGNER.chain


def test_an_x5u_may_lead_to_pem_or_der() -> None:
    assert parse_chain(SIGNER.certificate_pem() + AUTHORITY.certificate_pem()) == (*SIGNER.chain, *AUTHORITY.chain)
    assert parse_chain(SIGNER.certificate.public_bytes(serialization.Encoding.DER)) == SIGNER.chain
    for data in (
        b"",
        b"<html>",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        AUTHORITY.key_pem(),
    ):
        with pytest.raises(ValueError, match="holds no certificate"):
            parse_chain(data)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize("replace", [False, True])
def test_no_key_is_ever_open_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: int, replace: bool
) -> None:
    modes: list[int] = []
    opened = os.open

    def spy(path: Path, flags: int, mode: int = 0o777) -> int:
        handle = opened(path, flags, mode)
        modes.append(stat.S_IMODE(os.fstat(handle).st_mode))
        assert flags & os.O_EXCL
        return handle

    if replace:
        (tmp_path / "key.pem").write_text("open to all")
        (tmp_path / "key.pem").chmod(0o666)
    monkeypatch.setattr("simcarrier.trust.pki.os.open", spy)
    before = os.umask(umask)
    try:
        write_new(tmp_path, {"key.pem": b"secret"}, ["key.pem"], replace=replace)
    finally:
        os.umask(before)
    assert modes == [0o600]
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]


def test_what_is_there_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises(PkiError, match="b: there is one already"):
        write_new(tmp_path, {"a": b"1", "b": b"2"}, [])
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    write_new(tmp_path, {"a": b"1", "b": b"2"}, [], replace=True)
    assert (tmp_path / "b").read_bytes() == b"2"


def test_links_are_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    link = tmp_path / "key.pem"
    link.symlink_to(target)
    with pytest.raises(PkiError, match="already"):
        write_new(tmp_path, {"key.pem": b"secret"}, ["key.pem"])
    write_new(tmp_path, {"key.pem": b"secret"}, ["key.pem"], replace=True)
    assert not target.exists()
    assert not link.is_symlink()


def test_a_disk_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device", "key.pem")

    monkeypatch.setattr("simcarrier.trust.pki.Path.replace", fail)
    with pytest.raises(PkiError, match="cannot be written: No space left"):
        write_new(tmp_path, {"key.pem": b"secret"}, ["key.pem"], replace=True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PkiError, match="cannot be written"):
        write_new(tmp_path / "file", {"a": b""}, [])


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    certificate, key = write(tmp_path, SIGNER)
    _, other = write(tmp_path / "other", AUTHORITY)
    encrypted = tmp_path / "encrypted.pem"
    encrypted.write_bytes(
        SIGNER.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
        )
    )
    big = tmp_path / "p384.pem"
    big.write_bytes(
        ec.generate_private_key(ec.SECP384R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    for certificate_path, key_path, why in (
        (tmp_path / "none", key, "none: cannot be read: No such file"),
        (certificate, tmp_path / "none", "none: cannot be read: No such file"),
        (key, key, r"k\.pem: holds no certificate"),
        (certificate, certificate, r"c\.pem: holds no private key"),
        (certificate, encrypted, "the key is encrypted"),
        (certificate, big, "not for ES256"),
        (certificate, other, "does not belong to the certificate"),
    ):
        with pytest.raises(PkiError, match=why) as caught:
            load_credential(certificate_path, key_path)
        assert "PRIVATE" not in str(caught.value)


def test_keys_are_not_shown() -> None:
    assert "PRIVATE" not in repr(SIGNER)
    assert str(SIGNER.key.private_numbers().private_value) not in repr(SIGNER)


def test_without_the_extra_it_is_told_what_to_install() -> None:
    source = (
        "import sys; sys.modules['cryptography'] = None\n"
        "try:\n    import simcarrier.trust.rejection\nexcept ImportError as error:\n    print(error)"
    )
    result = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=20, check=True)
    assert result.stdout == "signatures need the package cryptography: pip install 'simcarrier[trust]'\n"


def test_other_imports_that_fail_are_not_the_extra() -> None:
    with pytest.raises(ModuleNotFoundError) as caught, needed():
        import no_such_module_at_all  # type: ignore[import-not-found]  # noqa: F401  # that is the point
    assert not isinstance(caught.value, MissingExtra)


def test_cards_and_faults_need_no_extra() -> None:
    source = (
        "import sys; sys.modules['cryptography'] = sys.modules['httpx'] = None\n"
        "import simcarrier.trust.jcard, simcarrier.trust.fault, simcarrier.trust.fetch"
    )
    subprocess.run([sys.executable, "-c", source], timeout=20, check=True)
