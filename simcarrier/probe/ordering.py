"""From a call that the plan asks for to the order that it is placed by: credentials, signature, deadlines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from .campaign import Go, Wanted
from .deadlines import Deadlines
from .invite import invitation_of
from .numbers import facts_of
from .order import Order
from .plan import Plan
from .secrets import Sign, credentials_of, roots_of, signer_of
from .target import Target


class Orders:
    """Makes orders, once the secrets of the plan are at hand.

    Args:
        plan: as loaded.
        note: told, in words, why a call was not signed.
        recordings: the folder for what is heard; None: nothing is recorded.

    Attributes:
        credentials: user and password of each trunk; None for a trunk without. Empty before `unlock`.
        roots: the certificates by which cards are believed.
    """

    def __init__(self, plan: Plan, note: Callable[[str], None], recordings: Path | None = None) -> None:
        self._plan = plan
        self._recordings = recordings
        self._note = note
        self.credentials: dict[str, tuple[str, str] | None] = {}
        self.roots: tuple[Any, ...] = ()
        self._signers: dict[str, Sign] = {}

    def unlock(self, environment: Mapping[str, str], rng: Random) -> None:
        """Get the passwords and keys that the plan names.

        Raises:
            MissingSecret: a password's variable is not set, or a certificate or key can't be used.
        """
        for name, trunk in self._plan.trunks.items():
            self.credentials[name] = credentials_of(trunk, environment)
            if trunk.identity is not None:
                self._signers[name] = signer_of(trunk.identity, rng)
        self.roots = roots_of(self._plan.card_ca)

    def of(self, go: Go, targets: tuple[Target, ...], wall: float) -> Order:
        """The order of a call that may be made now.

        Args:
            go: the call.
            targets: the addresses of its trunk.
            wall: seconds since 1970, for its signature.
        """
        wanted, plan = go.wanted, self._plan
        username, password = self.credentials[wanted.trunk] or (None, None)
        return Order(
            wanted.number,
            wanted.trunk,
            invitation_of(plan, wanted, self._signed(wanted, wall)),
            wanted.caller,
            wanted.called,
            targets,
            Deadlines(plan.no_response, plan.stall, plan.ringing, go.permit.talk),
            username,
            password,
            plan.follow_redirects,
            go.concurrent,
            self._countries(wanted.called),
            self._recording(wanted.number, wall),
        )

    def _recording(self, number: int, wall: float) -> Path | None:
        """Its file, under a name that no other run has given."""
        if self._recordings is None:
            return None
        at = datetime.fromtimestamp(wall, UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
        return self._recordings / f"{at}Z-call-{number}.wav"

    def _countries(self, called: str) -> tuple[str, ...]:
        """Whose tones are to be expected, if the call is listened to."""
        known = None if self._plan.listen is None else facts_of(called, self._plan.region)
        return () if known is None or known.region is None else (known.region,)

    def _signed(self, wanted: Wanted, wall: float) -> str | None:
        sign = self._signers.get(wanted.trunk)
        if sign is None:
            return None
        try:
            return sign(wanted.caller, wanted.called, wall)
        except ValueError as why:
            self._note(f"{wanted.caller} -> {wanted.called}: not signed: {why}")
            return None
