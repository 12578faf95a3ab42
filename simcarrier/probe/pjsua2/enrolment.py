"""A registration by pjproject."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from simcarrier.sip.authentication import CHALLENGES

from .events import Account, Registered


class Registrar(Protocol):
    """What registers: the stack."""

    def register(self, account: Account) -> None:
        """Register, and stay so."""

    def withdraw(self, account: Account) -> None:
        """Take a registration back."""


class PjEnrolment:
    """A registration of pjproject's, which sees to challenges, to 423 and to refreshing by itself."""

    def __init__(self, stack: Registrar, account: Account, settled: Callable[[str | None], None]) -> None:
        self._stack = stack
        self._account = account
        self._settled: Callable[[str | None], None] | None = settled
        self._active = False
        self.waiting = False

    def begin(self, now: float) -> None:
        """Register, and stay so."""
        self._stack.register(self._account)

    def withdraw(self, now: float) -> None:
        """Take it back."""
        self._settled = None
        if self._active:
            self.waiting = True
            self._stack.withdraw(self._account)

    def told(self, event: Registered) -> None:
        """The registrar has answered, or does not."""
        self._active, self.waiting = event.active, False
        if not event.active and 200 <= event.code < 300:
            return  # the end of one
        settled, self._settled = self._settled, None
        if settled is not None:
            settled(None if event.active else self._refusal(event))

    def _refusal(self, event: Registered) -> str:
        if event.code in CHALLENGES:
            return f"the registrar refuses the credentials of {self._account.username}"
        if event.code == 408:
            return "the registrar does not answer"
        return f"the registrar says {event.code} {event.reason}"
