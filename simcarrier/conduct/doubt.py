"""What loss might explain: how often it must happen before it is told.

Over UDP an ACK that does not come may have been lost, and so may the response that was to bring it about. A single
call proves nothing then. But losses are rare: that a network which loses three datagrams in ten loses one of the two
more than twenty times in a row happens less than once in a million. So what loss might explain is counted by caller and
rule, as the chance that such a network did it all; a call in which the caller did right makes it begin anew. Once the
chance is below one in a million it was the caller.

All cases of a rule must be put in at the same point of their lives, the good ones and the bad, or the bad ones that
come early would add up while the good ones wait.
"""

from __future__ import annotations

LOSS = 0.3
"""Share of datagrams that a very bad network loses."""

THERE_AND_BACK = 1 - (1 - LOSS) ** 2
"""Chance that a message or its answer is lost."""

ENOUGH = 1e-6
"""Chance below which it was not the network."""

HELD_BACK = 1.0
"""Seconds for which a network may hold a datagram back, or bring a second copy of it. Far more than real ones do, and
less than the five of T4, so that a caller is told of its fault within a call."""

MOST = 2_000
"""Callers and rules that are counted at the same time; the one that was changed longest ago is forgotten. A caller is a
host, so a run has few."""


class Doubts:
    """The chances, by rule and caller."""

    def __init__(self) -> None:
        self._chances: dict[tuple[str, str], float] = {}

    def suspect(self, rule: str, who: str, chance: float) -> bool:
        """Put in a case that the network explains with this chance; whether it was the caller after all."""
        key = rule, who
        left = self._chances.pop(key, 1.0) * chance
        if len(self._chances) >= MOST:
            del self._chances[next(iter(self._chances))]
        # No smaller than needed, so that a caller who has mended its ways is not held to the past.
        self._chances[key] = max(left, ENOUGH / 10)
        return left < ENOUGH

    def clear(self, rule: str, who: str) -> None:
        """Put in a case in which the caller did right."""
        if self._chances:
            self._chances.pop((rule, who), None)
