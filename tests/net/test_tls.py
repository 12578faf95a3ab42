"""Contexts for TLS without a network; what they do on the wire stands in test_streams."""

from __future__ import annotations

import os
import ssl
import sys
from pathlib import Path

import pytest

from simcarrier.net.tls import NoCryptography, client_context, server_context


def test_the_key_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    modes: list[int] = []

    load = ssl.SSLContext.load_cert_chain

    def spy(context: ssl.SSLContext, certfile: str) -> None:
        modes.append(os.stat(certfile).st_mode & 0o777)
        load(context, certfile)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", spy)
    server_context()
    assert modes == [0o600]
    assert list(tmp_path.iterdir()) == []


def test_a_key_needs_its_certificate(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="certificate"):
        server_context(None, tmp_path / "key.pem")


def test_a_client_verifies_unless_told_otherwise() -> None:
    context = client_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        server_context(tmp_path / "none.pem")
    with pytest.raises(FileNotFoundError):
        client_context(tmp_path / "none.pem")


def test_without_cryptography_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(NoCryptography, match=r"pip install 'simcarrier\[tls\]'"):
        server_context()
