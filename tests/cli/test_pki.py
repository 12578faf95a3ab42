"""``simcarrier pki init``: files, their modes, and what it refuses."""

from __future__ import annotations

import ssl
import stat
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509

from simcarrier.cli.pki import pki
from simcarrier.net.tls import client_context, server_context
from simcarrier.trust.pki import load_chain, load_credential, spc_of
from simcarrier.trust.store import TrustList

NAMES = {"ca.pem", "ca-key.pem", "signing.pem", "signing-key.pem", "server.pem", "server-key.pem"}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(pki, ["init", *map(str, arguments)])


def test_what_it_makes_works_together(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    result = run(folder, "--host", "sip.example", "--host", "127.0.0.1", "--spc", "709J", "--days", "30")
    assert result.exit_code == 0, result.output
    assert {path.name for path in folder.iterdir()} == NAMES
    told = [line.partition(": ") for line in result.output.splitlines()]
    assert {Path(name).name for name, _, purpose in told if purpose} == NAMES
    assert "PRIVATE" not in result.output

    signer = load_credential(folder / "signing.pem", folder / "signing-key.pem")
    now = signer.certificate.not_valid_before_utc.timestamp() + 3600
    roots = load_chain(folder / "ca.pem")
    assert TrustList(roots).judge(signer.chain, now) == ()
    assert TrustList(roots).judge(signer.chain, now + 31 * 86_400) != ()
    assert spc_of(signer.certificate) == "709J"
    server = load_credential(folder / "server.pem", folder / "server-key.pem")
    names = server.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(one.value) for one in names] == ["sip.example", "127.0.0.1"]


def test_a_tls_client_believes_the_server(tmp_path: Path) -> None:
    run(tmp_path)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context(tmp_path / "ca.pem").wrap_bio(back, there, server_hostname="localhost")
    server = server_context(tmp_path / "server.pem", tmp_path / "server-key.pem").wrap_bio(
        there, back, server_side=True
    )
    done: set[ssl.SSLObject] = set()
    for _ in range(5):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            done.add(side)
    assert done == {client, server}


def test_keys_are_for_their_owner(tmp_path: Path) -> None:
    run(tmp_path)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert {name for name, mode in modes.items() if mode == 0o600} == {name for name in NAMES if "-key" in name}


def test_it_does_not_overwrite(tmp_path: Path) -> None:
    run(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    result = run(tmp_path)
    assert result.exit_code == 2
    assert "ca.pem: there is one already; --force replaces it" in result.output
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert run(tmp_path, "--force").exit_code == 0
    assert not set(before.values()) & {path.read_bytes() for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--host", "a b"], "'a b' is neither a host name nor an IP address"),
        (["--spc", "1 2"], "letters and digits"),
        (["--days", "0"], "--days"),
        (["--days", "99999"], "--days"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: list[str], why: str) -> None:
    result = run(tmp_path / "x", *arguments)
    assert result.exit_code == 2
    assert why in result.output
    assert not (tmp_path / "x").exists()


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    for name in [name for name in sys.modules if name.startswith("simcarrier.trust")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("simcarrier.trust", raising=False)
    result = run(tmp_path)
    assert result.exit_code == 2
    assert "pip install 'simcarrier[trust]'" in result.output
