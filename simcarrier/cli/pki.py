"""``simcarrier pki``: certificates for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

_DAY: Final = 86_400
_LONGEST: Final = 3650  # days; a test PKI that outlives its test bench is a hazard

_FILES: Final = {
    "ca.pem": "the authority's certificate: give it to whoever is to trust the others",
    "ca-key.pem": "the authority's key: only for making more certificates",
    "signing.pem": "signs calls (SHAKEN) and blocks (608): what x5u leads to",
    "signing-key.pem": "its key: for the carrier",
    "server.pem": "for TLS listeners: `certificate` of a scenario's `tls`",
    "server-key.pem": "its key: `key` of a scenario's `tls`",
}


class _Missing(click.ClickException):
    """A package is missing."""

    exit_code = 2


@click.group()
def pki() -> None:
    """Make certificates for tests."""


@pki.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="HOST",
    help="A name or address by which the TLS server is called; repeatable. Default: localhost, 127.0.0.1 and ::1.",
)
@click.option(
    "--days",
    type=click.IntRange(1, _LONGEST),
    default=365,
    show_default=True,
    metavar="N",
    help="How long the certificates are valid.",
)
@click.option(
    "--spc",
    default="1234",
    show_default=True,
    metavar="CODE",
    help="The service provider code in the signing certificate.",
)
@click.option("--force", is_flag=True, help="Replace files that are there; what the old keys signed is then void.")
def init(folder: Path, hosts: tuple[str, ...], days: int, spc: str, force: bool) -> None:
    """Make an authority, a signing certificate and a TLS server's certificate in DIR.

    They are for tests: nobody trusts them who is not told to. Keys can be read by their owner only. Files that are
    there already are not touched unless --force is said.
    """
    import time

    try:
        from ..trust import pki as trust
    except ImportError as error:
        raise _Missing(str(error)) from error
    now = time.time()
    try:
        authority = trust.make_authority(now, days)
        signer = trust.make_signer(authority, now, days, spc)
        server = trust.make_server(authority, now, days, hosts or ("localhost", "127.0.0.1", "::1"))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    contents = {
        "ca.pem": authority.certificate_pem(),
        "ca-key.pem": authority.key_pem(),
        "signing.pem": signer.certificate_pem(),
        "signing-key.pem": signer.key_pem(),
        "server.pem": server.certificate_pem(),
        "server-key.pem": server.key_pem(),
    }
    private = [name for name in contents if name.endswith("-key.pem")]
    try:
        trust.write_new(folder, contents, private, replace=force)
    except trust.PkiError as error:
        hint = "" if force or "already" not in str(error) else "; --force replaces it"
        raise click.UsageError(f"{error}{hint}") from error
    for name, purpose in _FILES.items():
        click.echo(f"{folder / name}: {purpose}")
