"""What a TLS peer must prove to pjproject, and what was wrong if it did not: by the rules of the built-in engine."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from simcarrier.probe.plan import Plan
from simcarrier.probe.troubles import UNTRUSTED

MOST_ROOTS = 1000
"""Files of a folder of roots that are read; systems have some 150."""

# Bits of pj_ssl_cert_verify_flag_t.
_UNTRUSTED = 1 << 0 | 1 << 1
_VALIDITY = 1 << 2
_IDENTITY = 1 << 30


def trust_file(plan: Plan) -> IO[bytes]:
    """A temporary file of all roots that a plan trusts, the system's and its trunks'; it is gone when it is closed."""
    file = tempfile.NamedTemporaryFile(prefix="simcarrier-roots-", suffix=".pem")  # noqa: SIM115 - the caller closes it
    named = (trunk.ca for trunk in plan.trunks.values() if trunk.ca is not None)
    for part in dict.fromkeys((*_system_roots(), *named)):
        file.write(part.read_bytes().rstrip(b"\n") + b"\n")
    file.flush()
    return file


def _system_roots() -> Iterator[Path]:
    """pjproject reads one file; a system has one, or a folder of one file each."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        yield Path(paths.cafile)
        return
    for folder in (paths.capath or "").split(":"):
        bundle = Path(folder, "ca-certificates.crt")
        if folder and bundle.is_file():
            yield bundle
        elif folder:
            found = sorted(each.resolve() for each in Path(folder).glob("*.[p0]*"))
            yield from dict.fromkeys(each for each in found[:MOST_ROOTS] if each.is_file())


def in_words(why: str, verify: int) -> str:
    """What was wrong with a connection.

    Args:
        why: in pjproject's words.
        verify: bits of pj_ssl_cert_verify_flag_t.
    """
    if verify & _VALIDITY:
        return "the certificate is not valid at this time"
    if verify & _UNTRUSTED:
        return f"the certificate is not trusted; {UNTRUSTED}"
    if verify & _IDENTITY:
        return "the certificate is for another name; call the trunk by the name in its certificate"
    if verify:
        return f"the certificate is not trusted: {why}; {UNTRUSTED}"
    if "SSL" in why or "TLS" in why:
        return f"TLS failed: {why}; is there TLS at this port?"
    return why.lower() if why.isascii() else why
