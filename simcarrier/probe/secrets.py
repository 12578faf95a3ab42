"""What a plan only names and a run must have: passwords from the environment, keys that sign, roots to believe."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

from .plan import IdentityModel, TrunkModel

Sign = Callable[[str, str, float], str]
"""The value of Identity: calling number, called number, seconds since 1970."""


class MissingSecret(Exception):
    """Something that the plan names is not there, or is not what it should be; the text says what."""


def credentials_of(trunk: TrunkModel, environment: Mapping[str, str]) -> tuple[str, str] | None:
    """A trunk's user and password; None if it has none.

    Raises:
        MissingSecret: a variable is not set.
    """
    if trunk.password_env is None:
        return None
    for name in (trunk.username_env, trunk.password_env):
        if name is not None and name not in environment:
            raise MissingSecret(f"the environment variable {name} is not set: the plan's trunk needs it")
    user = trunk.username if trunk.username_env is None else environment[trunk.username_env]
    return user or "", environment[trunk.password_env]


def signer_of(identity: IdentityModel, rng: Random) -> Sign:
    """What signs a trunk's calls.

    Args:
        identity: as the plan has it.
        rng: for the origid, if the plan names none.

    Raises:
        MissingSecret: the files do not hold a certificate and its key, or the extra ``trust`` is not installed.
    """
    try:
        from simcarrier.trust.passport import IdentitySigner
        from simcarrier.trust.pki import PkiError, load_credential
    except ImportError as error:
        raise MissingSecret(f"identity: {error}") from None
    try:
        signer = IdentitySigner(load_credential(identity.certificate, identity.key).key, identity.x5u)
    except PkiError as error:
        raise MissingSecret(f"identity: {error}") from None
    origid = identity.origid or str(uuid.UUID(int=rng.getrandbits(128), version=4))

    def sign(caller: str, called: str, now: float) -> str:
        return signer.sign(from_tn=caller, to_tn=called, attestation=identity.attestation, origid=origid, now=now)

    return sign


def roots_of(file: Path | None) -> tuple[Any, ...]:
    """The certificates by which cards are believed.

    Raises:
        MissingSecret: the file holds none, or the extra ``trust`` is not installed.
    """
    if file is None:
        return ()
    try:
        from simcarrier.trust.pki import PkiError, load_chain
    except ImportError as error:
        raise MissingSecret(f"card_ca: {error}") from None
    try:
        return tuple(load_chain(file))
    except PkiError as error:
        raise MissingSecret(f"card_ca: {error}") from None
