"""Reliable provisional responses, the server's side (RFC 3262 section 3).

A provisional response that ``Require``s 100rel carries an RSeq and is sent until a PRACK names it. One is under way
at a time; later ones wait their turn, and a 2xx waits while a session description is unacknowledged.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .endpoint import Endpoint
from .message import Request
from .repeater import Repeater
from .transaction import InviteServerTransaction


@dataclass(slots=True)
class _Provisional:
    status: int
    phrase: str | None
    extra: str
    body: bytes


class ReliableProvisionals:
    """The reliable provisional responses of one INVITE.

    Args:
        endpoint: sends and keeps the timers.
        transaction: the INVITE's.
        gave_up: told when a response was not acknowledged in 64 T1; the INVITE is then to be refused with 5xx.
    """

    __slots__ = ("_endpoint", "_gave_up", "_rseq", "_then", "_transaction", "_under_way", "_waiting")

    def __init__(
        self, endpoint: Endpoint, transaction: InviteServerTransaction, gave_up: Callable[[float], None]
    ) -> None:
        self._endpoint = endpoint
        self._transaction = transaction
        self._gave_up = gave_up
        self._rseq = random.randrange(1, 2**31 - 1)
        self._waiting: deque[_Provisional] = deque()
        self._under_way: tuple[_Provisional, Repeater] | None = None
        self._then: Callable[[float], None] | None = None

    def send(self, status: int, phrase: str | None, extra: str, body: bytes, now: float) -> None:
        """Send it now, or once those before it are acknowledged."""
        provisional = _Provisional(status, phrase, extra, body)
        if self._under_way is not None:
            self._waiting.append(provisional)
            return
        extra = f"{provisional.extra}Require: 100rel\r\nRSeq: {self._rseq}\r\n"
        transaction = self._transaction
        transaction.respond(status, now, phrase, extra, body)
        data = transaction.last
        repeater = Repeater(
            self._endpoint.timers,
            self._endpoint.base,
            lambda now: transaction.respond_again(now, data),
            self._gave_up,
            now,
            None,
        )
        self._under_way = (provisional, repeater)

    def acknowledge(self, prack: Request, now: float) -> bool:
        """Whether a PRACK names the response under way (``RAck: rseq cseq INVITE``); if so the next one goes out."""
        if self._under_way is None:
            return False
        words = (prack.get("rack") or "").split()
        number, method = self._transaction.request.cseq
        if words != [str(self._rseq), str(number), method]:
            return False
        self._under_way[1].stop()
        self._under_way = None
        self._rseq += 1
        if self._waiting:
            following = self._waiting.popleft()
            self.send(following.status, following.phrase, following.extra, following.body, now)
        elif self._then is not None:
            then, self._then = self._then, None
            then(now)
        return True

    def before_answer(self, then: Callable[[float], None]) -> bool:
        """Whether a 2xx must wait; it is then sent by ``then`` when the last description is acknowledged."""
        bodies = [waiting.body for waiting in self._waiting]
        if self._under_way is not None:
            bodies.append(self._under_way[0].body)
        if any(bodies):
            self._then = then
            return True
        return False

    def stop(self) -> None:
        """The INVITE has its final response: nothing is repeated any more."""
        if self._under_way is not None:
            self._under_way[1].stop()
            self._under_way = None
        self._waiting.clear()
        self._then = None
