"""Whom ``simcarrier inspect`` is told to believe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .told import Unknown

if TYPE_CHECKING:
    from simcarrier.trust.store import Certificates, TrustList


@dataclass(frozen=True)
class Known:
    """Whom to believe.

    Attributes:
        certificates: what stands at a token's x5u.
        trust: the authorities.
        any: whether any certificate is known; else signatures are not looked at.
    """

    certificates: Certificates
    trust: TrustList
    any: bool


def known(ca: Path | None, certificates: tuple[str, ...]) -> Known | None:
    """What the command line names; None if the extra is not there and nothing is named.

    Raises:
        Unknown: a file cannot be read, or signatures cannot be checked at all.
    """
    try:
        from simcarrier.trust.pki import PkiError, load_chain
        from simcarrier.trust.store import Certificates, TrustList
    except ImportError as why:
        if ca is None and not certificates:
            return None
        raise Unknown(str(why)) from None
    try:
        store = Certificates()
        for written in certificates:
            uri, equals, path = written.rpartition("=")
            if not equals:
                raise Unknown(f"--certificate must be URI=FILE, not {written}")
            store.put(uri, load_chain(Path(path)))
        return Known(store, TrustList(load_chain(ca) if ca is not None else ()), bool(certificates))
    except PkiError as why:
        raise Unknown(str(why)) from None
