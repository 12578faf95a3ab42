"""Drop: messages of this call get lost on their way to us, as many as said, or all from here on.

It is the network's loss, so nothing is answered: not a repeated INVITE, not a CANCEL.
"""

from __future__ import annotations

from collections.abc import Iterator

from simcarrier.carrier.call import Call, Rung
from simcarrier.scenario import steps
from simcarrier.sip.endpoint import Deafness

from .silence import Forget, Silence


class Drop:
    """Loses what is received from here on."""

    __slots__ = ("_count",)

    def __init__(self, count: int | None) -> None:
        self._count = count

    def perform(self, call: Call, now: float) -> float:
        """Be deaf to the call's messages."""
        call.session.agent.endpoint.deaf[call.invite.call_id] = Deafness(self._count)
        return 0.0


def rungs(step: steps.Drop) -> Iterator[Rung]:
    """A number of messages, or all of them until the call is forgotten."""
    yield Drop(step.count)
    if step.count is None:
        yield Silence()
        yield Forget()
