"""What other calls say: the same trunk, the same caller ID, the same number, the same hour, the load.

One call with 480 says little. Ten calls to ten numbers, all with 480, say that the supplier is at fault; the same 480
with a caller ID while another passes says something else. A sign is a plain statement about a list of calls, true or
false; `context.yaml` says how likely it is for each condition. Only signs that are there are counted: that a sign is
missing mostly means that nobody has tried.

Signs depend on each other, so each counts less than all of its weight (`WEIGHT`), and no more than `MOST_CALLS` calls
are looked at, the latest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from heapq import nsmallest
from typing import Final

from simcarrier.conditions import Condition
from simcarrier.records.observation import Observation, Outcome

from .causes import CONDITIONS, Causes, Column, column_of
from .evidence import read_evidence
from .numbers import ending_of, region_of
from .ranking import Clue
from .tables import Lines, Source, share_of, shipped

WEIGHT: Final = 0.85
"""How much a sign counts beside the others."""

FEW: Final = 3
"""Calls from which on something is a pattern."""

NEAR: Final = 6 * 3600.0
"""Seconds: calls further apart than this say nothing of the trunk's state now."""

HOUR: Final = 3600.0
DAY: Final = 86_400.0

MOST_CALLS: Final = 500
"""Calls of the history that are looked at: more do not change a share by much, and a diagnosis is to stay quick."""

MOSTLY: Final = 0.8
"""A share from which on calls are said to fail alike, for now and then one call differs."""

RISEN: Final = 3.0
"""A code is above its baseline if it is so many times as common."""

BLOCKED_BY_NAME: Final = frozenset({"603+", "603~", "608"})

_LOST: Final = frozenset({Outcome.INTERRUPTED, Outcome.UNRESOLVED})


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the history, as far as signs look at it.

    Attributes:
        trunk, caller, called: as sent.
        started: seconds since 1970.
        answer: as in `Evidence`.
        passed: it rang or was answered.
        concurrent: calls up, itself included.
        seconds: to the first response that says more than 100; None without one.
    """

    trunk: str
    caller: str
    called: str
    started: float
    answer: str
    passed: bool
    concurrent: int = 1
    seconds: float | None = None

    @classmethod
    def of(cls, seen: Observation) -> Call:
        """What an observation shows."""
        return cls(
            seen.trunk,
            seen.caller,
            seen.called,
            seen.started,
            read_evidence(seen).answer,
            seen.outcome is Outcome.ANSWERED or seen.rang,
            seen.concurrent,
            seen.post_dial_delay,
        )


@dataclass(frozen=True, slots=True)
class Sign:
    """A row of the table: its sentence, and how likely it is."""

    say: str
    column: Column


def signs_of(
    seen: Observation,
    history: Iterable[Observation | Call],
    table: Causes,
    baseline: Mapping[str, float] | None = None,
) -> list[Clue]:
    """What the history says of a call.

    Args:
        seen: the call.
        history: other calls; the call itself among them is passed over.
        table: of causes; for its priors.
        baseline: the share of calls that usually end with each answer (``480``, ``603``, ``answered``).
    """
    others = [
        other if isinstance(other, Call) else Call.of(other)
        for other in history
        if isinstance(other, Call) or (not _is_same(other, seen) and other.outcome not in _LOST)
    ]
    if not others:
        return []
    if len(others) > MOST_CALLS:
        others = nsmallest(MOST_CALLS, others, key=lambda one: abs(one.started - seen.started))
    view = View(Call.of(seen), others, baseline or {})
    known = _signs(table)
    clues = []
    for find in FINDERS:
        for name, values in find(view):
            sign = known[name]
            clues.append(Clue(sign.column, partial(_said, sign.say.format(**values))))
    return clues


def _said(what: str, condition: Condition, good: bool) -> str:
    return what


def _is_same(one: Observation, other: Observation) -> bool:
    return one is other or bool(one.call_id and one.call_id == other.call_id)


class View:
    """The calls around one call.

    Attributes:
        call: the call itself.
        others: all others.
        near: those on the same trunk, not long before or after.
        baseline: what is usual.
    """

    def __init__(self, call: Call, others: Sequence[Call], baseline: Mapping[str, float]) -> None:
        self.call = call
        self.others = others
        self.near = [each for each in others if each.trunk == call.trunk and abs(each.started - call.started) <= NEAR]
        self.baseline = baseline

    def alike(self, calls: Sequence[Call]) -> bool:
        """Whether these calls fail as this one does, but for a few."""
        answer = self.call.answer
        failed = [each for each in calls if each.answer == answer and not each.passed]
        return bool(failed) and len(failed) >= MOSTLY * len(calls)


def _share(calls: Sequence[Call], good: Callable[[Call], bool]) -> float:
    return sum(map(good, calls)) / len(calls) if calls else 0.0


def _passed(calls: Iterable[Call]) -> list[Call]:
    return [each for each in calls if each.passed]


Found = Iterator[tuple[str, dict[str, object]]]


def of_trunk(view: View) -> Found:
    """Whether other calls on the trunk get through, or fail alike."""
    call = view.call
    others = [each for each in view.near if each.called != call.called]
    own = [each for each in others if each.caller == call.caller]
    passed = _passed(own)
    if len(own) >= FEW and len(passed) >= len(own) / 2 and not call.passed:
        yield "others_pass", {"passed": len(passed), "count": len(own)}
    numbers = {each.called for each in others}
    if len(numbers) >= FEW and not call.passed and view.alike(others):
        yield "all_fail_alike", {"count": len(others), "numbers": len(numbers), "answer": call.answer}


def of_caller(view: View) -> Found:
    """Whether it is this caller's calls only that fail."""
    call = view.call
    if call.passed or not call.caller:
        return
    own = [each for each in view.near if each.caller == call.caller]
    foreign = [each for each in view.near if each.caller != call.caller]
    through = _passed(foreign)
    # A caller that is blocked may hear 603 at one time and nothing at another: not to get through is enough.
    fails = bool(own) and _share(own, lambda each: not each.passed) >= MOSTLY
    if fails and len(through) >= max(2, len(foreign) / 2):
        yield "only_this_caller", {"count": len(own) + 1, "passed": len(through)}
    elif len(foreign) >= 2 and view.alike(foreign):
        yield "every_caller", {"callers": len({each.caller for each in foreign}) + 1}
    blocked = [each for each in view.others if each.answer in BLOCKED_BY_NAME and each.caller == call.caller]
    if blocked and call.answer not in BLOCKED_BY_NAME:
        nearest = min(blocked, key=lambda each: abs(each.started - call.started))
        if abs(nearest.started - call.started) <= DAY:
            yield "caller_was_blocked", {"answer": nearest.answer}


def of_number(view: View) -> Found:
    """What became of other calls to this number."""
    call = view.call
    if call.passed:
        return
    same = [each for each in view.others if each.called == call.called]
    if any(each.passed and each.started <= call.started for each in same):
        yield "number_was_reached", {}
    again = [each for each in same if each.trunk == call.trunk]
    if len(again) >= 2 and view.alike(again) and len(_passed(view.near)) >= 2:
        yield "number_always_so", {"count": len(again) + 1}
    ending = ending_of(call.called)
    if ending and any(
        each.passed and each.called != call.called and ending_of(each.called) == ending for each in view.others
    ):
        yield "other_form_reached", {}


def of_load(view: View) -> Found:
    """Whether it goes with the number of calls that are up."""
    call = view.call
    if call.passed:
        return
    failed = [call, *(each for each in view.near if each.answer == call.answer and not each.passed)]
    passed = _passed(view.near)
    if len(failed) < FEW:
        return
    least = min(each.concurrent for each in failed)
    if len(passed) >= FEW and least > 1 and _share(passed, lambda each: each.concurrent < least) >= MOSTLY:
        yield "under_load_only", {"loaded": least}
    elif least == 1 and max(each.concurrent for each in failed) > 1:
        yield "without_load_too", {}


def of_region(view: View) -> Found:
    """Whether it goes with where the call goes."""
    call = view.call
    where = region_of(call.called)
    if call.passed or where is None:
        return
    led = [(each, region_of(each.called)) for each in view.near]
    there = [each for each, region in led if region == where]
    elsewhere = [each for each, region in led if region not in (where, None)]
    numbers = {call.called, *(each.called for each in there)}
    passed = _passed(elsewhere)
    if len(numbers) >= FEW and view.alike(there) and len(passed) >= 2:
        yield "only_this_region", {"count": len(there) + 1, "region": where, "passed": len(passed)}
    elif len(elsewhere) >= 2 and view.alike(elsewhere):
        regions = sorted({where, *(region_of(each.called) or where for each in elsewhere)})
        yield "every_region", {"regions": ", ".join(regions[:5])}


def of_hour(view: View) -> Found:
    """Whether it goes with the hour of the day (UTC)."""
    call = view.call
    if call.passed:
        return
    hour = call.started % DAY // HOUR
    now: list[Call] = []
    then: list[Call] = []
    for each in view.others:
        if each.trunk == call.trunk:
            (now if each.started % DAY // HOUR == hour else then).append(each)
    through = _passed(then)
    if len(now) >= FEW and view.alike(now) and len(then) >= FEW and len(through) >= MOSTLY * len(then):
        yield "only_this_hour", {"count": len(now) + 1, "passed": len(through)}


def of_pace(view: View) -> Found:
    """Whether a stall is the way of this trunk."""
    if view.call.answer != Outcome.STALLED:
        return
    told = sorted(each.seconds for each in view.near if each.seconds is not None)
    if len(told) >= FEW and len(told) >= MOSTLY * len(view.near):
        yield "trunk_refuses_quickly_else", {"usual": f"{told[int(len(told) * 0.9)]:.1f}"}


def of_market(view: View) -> Found:
    """Whether the answer is commoner than it used to be."""
    usual = view.baseline.get(view.call.answer)
    calls = [view.call, *view.near]
    if usual is None or len(calls) < 10 * FEW:
        return
    share = _share(calls, lambda each: each.answer == view.call.answer)
    said: dict[str, object] = {"share": f"{share:.0%}", "baseline": f"{usual:.0%}"}
    if share >= RISEN * max(usual, 0.01):
        yield "above_baseline", said
    elif share <= 1.5 * usual:
        yield "as_the_baseline", said


FINDERS: Final[tuple[Callable[[View], Found], ...]] = (
    of_trunk, of_caller, of_number, of_load, of_region, of_hour, of_pace, of_market,
)  # fmt: skip
"""All that looks for signs."""


@lru_cache(maxsize=4)
def _signs(table: Causes) -> dict[str, Sign]:
    return read_signs(shipped("context.yaml"), "context.yaml", table)


def read_signs(text: str, name: str, table: Causes) -> dict[str, Sign]:
    """Read the table of signs.

    Raises:
        TableError: it has faults.
    """
    source = Source(text, name)
    source.only(source.top, {"groups", "signs"}, "the table")
    groups = groups_of(source)
    signs = {}
    written = source.map(source.top, "signs")
    for key in written:
        given = source.map(written, key)
        source.only(given, {"say", "usual", "shares"}, key)
        shares = dict.fromkeys(CONDITIONS, source.share(given, "usual"))
        named = source.map(given, "shares")
        for said in named:
            share = share_of(said)
            if share is None or share == 0:
                source.fault(named.lines[said], f"{key}: {said} must be a share such as 5%")
                continue
            for condition in conditions_in(source, named, said, groups):
                shares[condition] = share
        signs[key] = Sign(str(given.get("say", "")), column_of([shares[each] for each in CONDITIONS], table, WEIGHT))
    source.done()
    return signs


def groups_of(source: Source) -> dict[str, list[Condition]]:
    """The groups of conditions that a table names."""
    groups: dict[str, list[Condition]] = {}
    written = source.map(source.top, "groups")
    for name in written:
        groups[name] = conditions_in(source, written, name, groups)
    return groups


def conditions_in(source: Source, given: Lines, key: str, groups: Mapping[str, Sequence[Condition]]) -> list[Condition]:
    """The conditions of a list, groups among them put in."""
    found: list[Condition] = []
    for word in source.items(given, key):
        if word.startswith("$") and word[1:] in groups:
            found += groups[word[1:]]
        elif word in set(CONDITIONS):
            found.append(Condition(word))
        else:
            source.fault(given.lines[key], f"{word} is neither a condition nor a group")
    return found
