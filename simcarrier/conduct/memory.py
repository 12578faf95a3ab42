"""What is remembered over all calls of a run: branches, and challenges with the counts that were used with them."""

from __future__ import annotations

from dataclasses import dataclass, field

MOST_BRANCHES = 10_000
"""Branches remembered: a caller that uses one twice does so soon, or always."""

MOST_CHALLENGES = 2_000
"""Challenges remembered: a nonce lives for about a minute."""

MOST_COUNTS = 1_000
"""Nonce counts remembered with one challenge."""


MOST_CALLERS = 10_000
"""Hosts remembered: a run has a few, unless it is a flood from forged addresses."""


@dataclass(slots=True)
class ChallengeSeen:
    """A challenge that the carrier sent.

    Attributes:
        realm: whose password it asks for.
        qop: whether it offers a quality of protection.
        used: user and nonce count -> the request that used them, as Call-ID and CSeq number.
    """

    realm: str
    qop: bool
    used: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)


class Memory:
    """The oldest goes where something new has no room.

    Attributes:
        branches: branch and sent-by -> Call-ID, CSeq number and method of the request that had it first.
        challenges: by nonce.
        heard: when each caller, by host, was heard last.
    """

    __slots__ = ("branches", "challenges", "heard")

    def __init__(self) -> None:
        self.branches: dict[str, tuple[str, int, str]] = {}
        self.challenges: dict[str, ChallengeSeen] = {}
        self.heard: dict[str, float] = {}

    def note_heard(self, host: str, at: float) -> None:
        """A caller was heard."""
        heard = self.heard
        if host not in heard and len(heard) >= MOST_CALLERS:
            del heard[next(iter(heard))]
        heard[host] = at

    def note_branch(self, key: str, call_id: str, number: int, method: str) -> None:
        """A request has that branch."""
        if len(self.branches) >= MOST_BRANCHES:
            del self.branches[next(iter(self.branches))]
        self.branches[key] = call_id, number, method

    def note_challenge(self, nonce: str, challenge: ChallengeSeen) -> None:
        """The carrier has asked for credentials; the same nonce twice is one challenge."""
        if nonce not in self.challenges:
            if len(self.challenges) >= MOST_CHALLENGES:
                del self.challenges[next(iter(self.challenges))]
            self.challenges[nonce] = challenge
