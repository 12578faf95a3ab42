"""The reputation of caller IDs: what an engine in a network makes of how a number is used.

The engine sees no content, only signalling. `score.Formula` makes a score from 0 to 1 of what it sees of a caller ID in
the window that lies behind. The score says how the window looks now; the reputation is the worst score there was, half
of it after each `recovery` since, or the score of now if that is worse. Below `labelled_at` nothing is remembered: the
caller ID is clean.

What is kept is bounded and costs the same for every call:

- The window is cut into `SLICES`. A slice falls out as a whole, so the engine looks back fifteen to sixteen sixteenths
  of the window. Only the latest is counted in; the sums over those before are kept and not added up anew.
- Of the numbers called a few bits are kept (`simcarrier.carrier.business.score`).
- Of the caller IDs the one idle longest is forgotten first.

Times are seconds on one clock, the exchange's.
"""

from __future__ import annotations

from collections import OrderedDict
from enum import StrEnum
from typing import NamedTuple

from simcarrier.scenario.business.analytics import AnalyticsModel

from .score import LEAN, SLACK, Formula

SLICES = 16
"""Parts of the window that are counted apart."""

CALLERS = 50_000
"""Caller IDs that are remembered: 30 MB if they call now and then, 200 MB if all of them call without pause."""

NOBODY = frozenset({"", "anonymous"})
"""Callers without a number of their own (RFC 3323): they have no reputation, and must not spoil each other's."""

LONGEST_ID = 64
"""Characters of a caller ID that are looked at: E.164 has fifteen digits, and a caller chooses what it sends."""


class Sign(StrEnum):
    """What else may speak for or against a caller ID, noted once per call."""

    TRUSTED = "trusted"
    """The caller may use this number, and somebody vouches for it, such as by a full attestation."""
    DOUBTED = "doubted"
    """Nobody vouches for the number, such as where a gateway attests to nothing but itself."""


class Standing(StrEnum):
    """What a reputation means to the calls."""

    CLEAN = "clean"
    LABELLED = "labelled"
    BLOCKED = "blocked"


class Tally:
    """`score.Counts` of some slices of the window.

    Attributes:
        until: when the last of them is over.
    """

    __slots__ = ("answered", "bits", "calls", "doubted", "short", "trusted", "unanswered", "until")

    def __init__(self, until: float = 0.0) -> None:
        self.until = until
        self.calls = self.answered = self.short = self.unanswered = self.trusted = self.doubted = self.bits = 0

    def add(self, other: Tally, times: int = 1) -> None:
        """Add another's counts to this one's, or with -1 take them off; not the bits, which several may have set."""
        self.calls += times * other.calls
        self.answered += times * other.answered
        self.short += times * other.short
        self.unanswered += times * other.unanswered
        self.trusted += times * other.trusted
        self.doubted += times * other.doubted


class History(Tally):
    """A caller ID and how it was used.

    As a tally it is the one of the latest slice: most caller IDs of a big campaign never see a second one, and a new
    one with each call must not cost more than an object.

    Attributes:
        caller: the caller ID.
        exempt: registered, or nobody's number; nothing is counted.
        past: the counts of the slices before the latest, but for the bits; None if there are none.
        worst: the worst score that is still remembered, and
        worst_at: when that was; 0 if the caller ID is clean.
        score: the reputation that the last look gave, 0 to 1; of a clean caller ID it may be too high, yet clean.
        standing: what that means.
    """

    __slots__ = ("_before", "caller", "exempt", "past", "score", "standing", "worst", "worst_at")

    def __init__(self, caller: str, exempt: bool, until: float) -> None:
        self.caller = caller
        self.exempt = exempt
        self.until = until
        self.calls = self.answered = self.short = self.unanswered = self.trusted = self.doubted = self.bits = 0
        self.past: Tally | None = None
        self._before: list[Tally] | None = None
        self.worst = self.worst_at = self.score = 0.0
        self.standing = Standing.CLEAN

    def turn(self, until: float, oldest: float) -> None:
        """Begin a slice.

        Args:
            until: when it is over.
            oldest: slices that were over before have fallen out of the window by now.
        """
        closed = Tally(self.until)
        closed.add(self)
        closed.bits = self.bits
        before, past = self._before, self.past
        if before is None or past is None:
            self._before, self.past = before, past = [], Tally()
        before.append(closed)
        past.add(closed)
        while before and before[0].until < oldest:
            past.add(before.pop(0), -1)
        self.until = until
        self.calls = self.answered = self.short = self.unanswered = self.trusted = self.doubted = self.bits = 0

    @property
    def slices(self) -> list[Tally]:
        """All slices of the window, the oldest first."""
        return [*(self._before or ()), self]

    @property
    def total(self) -> Tally:
        """The counts of the window."""
        total = Tally(self.until)
        total.add(self)
        if self.past is not None:
            total.add(self.past)
        for part in self.slices:
            total.bits |= part.bits
        return total


class Opinion(NamedTuple):
    """What is thought of a caller ID.

    Attributes:
        score: the reputation, 0 to 1.
        standing: what that means.
        history: what it comes from.
    """

    score: float
    standing: Standing
    history: History


class Reputation:
    """What an engine thinks of all caller IDs.

    Args:
        model: as the scenario has it.
        callers: how many caller IDs are remembered.
    """

    def __init__(self, model: AnalyticsModel, callers: int = CALLERS) -> None:
        self.formula = Formula(model)
        self._model = model
        self._width = model.window.low / SLICES
        self._labelled_at, self._blocked_at = model.labelled_at, model.blocked_at
        self._half_life = model.recovery.low
        self._most = callers
        # With fewer calls not even the worst of them make a label.
        self._enough = model.labelled_at * model.calls / (1 + LEAN)
        self._histories: OrderedDict[str, History] = OrderedDict()
        self._until = 0.0  # when the slice of now is over

    def __len__(self) -> int:
        """How many caller IDs are remembered."""
        return len(self._histories)

    def _end_of_slice(self, now: float) -> float:
        """When the slice is over that it is now."""
        if not self._until - self._width <= now < self._until:
            self._until = (int(now / self._width) + 1) * self._width
        return self._until

    def turn(self, history: History, now: float) -> None:
        """Begin the slice that it is now, for a caller ID whose latest is over."""
        until = self._end_of_slice(now)
        # Between the ends of two slices, so that no rounding counts.
        history.turn(until, until - (SLICES - 0.5) * self._width)

    def history(self, caller: str, now: float) -> History:
        """What is known of a caller ID; it counts as used now."""
        if len(caller) > LONGEST_ID:
            caller = caller[:LONGEST_ID]
        histories = self._histories
        found = histories.get(caller)
        if found is not None:
            histories.move_to_end(caller)
            return found
        registered = self._model.exempt
        exempt = caller in NOBODY or (registered is not None and registered.matches(caller))
        found = histories[caller] = History(caller, exempt, self._end_of_slice(now))
        if len(histories) > self._most:
            histories.popitem(last=False)
        return found

    def tried(self, caller: str, called: str, now: float) -> History:
        """A caller ID calls a number: count it, and judge.

        Args:
            caller: the caller ID.
            called: the number called, in one form for all calls.
            now: seconds.

        Returns:
            Its history, with the score and the standing of now.
        """
        found = self._histories.get(caller)
        if found is None:
            found = self.history(caller, now)
        else:
            self._histories.move_to_end(caller)
        if found.exempt:
            return found
        if now >= found.until:
            self.turn(found, now)
        calls = found.calls = found.calls + 1
        found.bits |= self.formula.bit_of(called)
        past = found.past
        if past is not None:
            calls += past.calls
        if calls >= self._enough or found.worst:
            self._judge(found, now)
        return found

    def answered(self, history: History, now: float) -> None:
        """A call was answered."""
        if now >= history.until:
            self.turn(history, now)
        history.answered += 1

    def short(self, history: History, now: float) -> None:
        """A call that was answered was over soon."""
        if now >= history.until:
            self.turn(history, now)
        history.short += 1

    def unanswered(self, history: History, now: float) -> None:
        """A call was over without an answer."""
        if now >= history.until:
            self.turn(history, now)
        history.unanswered += 1

    def note(self, caller: str, sign: Sign, now: float) -> None:
        """Note what else speaks for or against a caller ID, once per call.

        Args:
            caller: the caller ID.
            sign: what.
            now: seconds on the exchange's clock.
        """
        found = self.history(caller, now)
        if not found.exempt:
            if now >= found.until:
                self.turn(found, now)
            if sign is Sign.TRUSTED:
                found.trusted += 1
            else:
                found.doubted += 1

    def look(self, caller: str, now: float) -> Opinion | None:
        """What is thought of a caller ID; None if nothing is known. Looking changes nothing."""
        found = self._histories.get(caller[:LONGEST_ID])
        if found is None:
            return None
        if now >= found.until:
            self.turn(found, now)
        worst = self._healed(found, now)
        score = max(worst, self.formula.score(found.total))
        return Opinion(score, self._standing(score), found)

    def _healed(self, history: History, now: float) -> float:
        """What is left of the worst score; 0 if that no longer makes a label."""
        worst = history.worst
        if worst:
            worst *= 0.5 ** ((now - history.worst_at) / self._half_life)
        return worst if worst >= self._labelled_at else 0.0

    def _standing(self, score: float) -> Standing:
        if score < self._labelled_at:
            return Standing.CLEAN
        return Standing.LABELLED if score < self._blocked_at else Standing.BLOCKED

    def _judge(self, history: History, now: float) -> None:
        formula, worst = self.formula, 0.0
        if history.worst:
            worst = self._healed(history, now)
            if not worst:
                history.worst = 0.0
        score = formula.at_most(history, history.past)
        if score + SLACK >= self._labelled_at:
            score = formula.score(history.total)
            if score >= self._labelled_at and score >= worst:
                history.worst, history.worst_at = score, now
        history.score = score = score if score > worst else worst
        history.standing = self._standing(score) if history.worst else Standing.CLEAN

    def why(self, history: History, now: float) -> str:
        """The reputation in words: ``reputation of +4930123: 0.83, blocked from 0.70 (212 calls in 4h, 71% short)``."""
        blocked = history.standing is Standing.BLOCKED
        limit = self._blocked_at if blocked else self._labelled_at
        head = f"reputation of {history.caller}: {history.score:.2f}, {history.standing} from {limit:.2f}"
        total = history.total
        if self.formula.score(total) < self._labelled_at:
            return f"{head} ({history.worst:.2f} {brief(now - history.worst_at)} ago)"
        return f"{head} ({total.calls} calls in {brief(self._model.window.low)}, {self.formula.worst(total)})"


def brief(seconds: float) -> str:
    """A length of time in its largest unit: ``4h``, ``90m``, ``12s``."""
    if seconds >= 2 * 3600 or (seconds >= 3600 and not seconds % 3600):
        return f"{seconds / 3600:.3g}h"
    if seconds >= 120 or (seconds >= 60 and not seconds % 60):
        return f"{seconds / 60:.3g}m"
    return f"{seconds:.3g}s"
