"""The registrations of a round: made before its calls where the plan wants them, withdrawn after them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from .engine import Engine, Enrolment
from .invite import domain_of
from .plan import Plan
from .target import Target
from .turns import Bell

WITHIN = 10.0
"""Seconds that registrars have to answer before the calls are made all the same."""


class Enrolments:
    """Registers with trunks, all at once.

    Args:
        engine: what registers.
        note: told, in words, why a registration did not come about.
        bell: rung when a registrar has answered; also by whoever wants no more waiting.
    """

    def __init__(self, engine: Engine, note: Callable[[str], None], bell: Bell) -> None:
        self._engine = engine
        self._note = note
        self._bell = bell
        self._made: list[Enrolment] = []
        self._open: set[str] = set()

    def begin(
        self,
        plan: Plan,
        targets: Mapping[str, tuple[Target, ...]],
        credentials: Mapping[str, tuple[str, str] | None],
        wanted: Callable[[tuple[Target, ...]], bool],
        now: float,
    ) -> None:
        """Send a REGISTER to each trunk that wants one.

        Args:
            plan: has the trunks.
            targets, credentials: of each trunk.
            wanted: whether a trunk at these addresses may be asked.
            now: seconds.
        """
        for name, trunk in plan.trunks.items():
            known, found = credentials[name], targets[name]
            if not trunk.register_ or known is None or not found or not wanted(found):
                continue
            settled = partial(self._settled, name)
            try:
                enrolment = self._engine.enrolment(name, domain_of(trunk), known, found[0], settled)
            except OSError as error:
                self._note(f"trunk {name}: not registered: {error.strerror or error}")
                continue
            self._open.add(name)
            self._made.append(enrolment)
            enrolment.begin(now)

    async def settle(self, stopping: Callable[[], bool]) -> None:
        """Wait until every registrar has answered, or somebody wants no more waiting."""
        loop = asyncio.get_running_loop()
        until = loop.time() + WITHIN
        while self._open and not stopping() and loop.time() < until:
            await self._bell.wait(until)

    def withdraw(self, now: float) -> None:
        """Take all of them back."""
        for enrolment in self._made:
            enrolment.withdraw(now)
        self._made.clear()

    def _settled(self, name: str, why: str | None) -> None:
        self._open.discard(name)
        if why is not None:
            self._note(f"trunk {name}: not registered: {why}")
        self._bell.ring()
