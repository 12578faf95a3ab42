"""Alerts: rules held against the records, again and again; one alert when a trouble begins, one word when it is over.

A rule and what it is about (a caller ID, a trunk, a market) are in an episode from the look at which the share passed
the threshold until the look at which it is back at a lower one (hysteresis): a share that wavers around the threshold
is one episode, not twenty. A share of few calls says nothing: a rule has a minimum sample, and an alert says how many
calls it is of and between which shares the true one lies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from enum import StrEnum
from fractions import Fraction
from hashlib import sha256
from typing import Any, Final

from . import statements
from .causes import likely_cause
from .distributions import hour_of
from .queries import DAY, HOUR, Counts, Queries
from .rules import FIELDS, Rule, Rules, exactly
from .statistics import interval
from .volume import Volume, volumes
from .windows import as_of

WEEK: Final = 7 * DAY

SHOWN: Final = 5
"""Calls that an alert shows as evidence: a carrier wants fresh examples, and reads a few."""

LOOKED_AT: Final = 50
"""Calls whose cause is asked for."""

MOST_EPISODES: Final = 10_000
"""Episodes that are open at once: more is one trouble of everything. Further ones are counted, not told."""

Value = str | None
"""What a rule is about: a caller ID, a trunk; None if it is not known, ``""`` for all calls."""

Call = Mapping[str, Any]
"""A call shown as evidence, by `statements.EVIDENCE`."""

Explain = Callable[[Sequence[Call]], str | None]
"""Says the likely cause behind some calls that failed alike, in words; None if it can't."""


class Change(StrEnum):
    """What an alert says of its episode."""

    BEGINS = "begins"
    WORSENS = "worsens"
    ENDS = "ends"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something to tell.

    Attributes:
        episode: tells the episode from all others, also after a restart.
        change: whether it begins, worsens, or ends.
        rule, about, by: as the rule has them.
        value: the caller ID, trunk or market; None if it is not known, ``""`` for all calls.
        severe: the share is beyond `severe_above`.
        at: when it was looked at, and
        since: when the episode began; ms since 1970.
        window: ms.
        attempts, hits: calls in the window, and those that the rule is about.
        above: the threshold.
        week_before: attempts and hits of the same window a week earlier.
        volume: calls of the number in the last hour against its past, if the rule asks for it.
        others: attempts and hits of all others, if the rule asks for them.
        evidence: the latest calls.
        cause: the likely one, in words; None if the records do not tell.
        advice: what to do.
    """

    episode: str
    change: Change
    rule: str
    about: str
    by: str
    value: Value
    severe: bool
    at: int
    since: int
    window: int
    attempts: int
    hits: int
    above: float
    week_before: tuple[int, int] = (0, 0)
    volume: Volume | None = None
    others: tuple[int, int] | None = None
    evidence: tuple[Call, ...] = ()
    cause: str | None = None
    advice: str = ""

    @property
    def share(self) -> float:
        """The share, 0 to 1."""
        return self.hits / self.attempts if self.attempts else 0.0

    @property
    def subject(self) -> str:
        """What it is about, in words."""
        if self.by == "all":
            return "all calls"
        return f"{self.by.replace('_', ' ')} {self.value if self.value is not None else 'unknown'}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON: shares from 0 to 1, times in ms since 1970."""
        low, high = interval(self.hits, self.attempts)
        volume = self.volume
        return {
            "event": "alert",
            "episode": self.episode,
            "change": str(self.change),
            "rule": self.rule,
            "about": self.about,
            "by": self.by,
            "value": self.value,
            "severe": self.severe,
            "at": self.at,
            "since": self.since,
            "window": self.window,
            "attempts": self.attempts,
            "hits": self.hits,
            "share": round(self.share, 6),
            "share_between": [round(low, 6), round(high, 6)],
            "above": self.above,
            "week_before": {"attempts": self.week_before[0], "hits": self.week_before[1]},
            "others": None if self.others is None else {"attempts": self.others[0], "hits": self.others[1]},
            "last_hour": None if volume is None else volume.attempts,
            "usual_hour": None if volume is None or volume.usual is None else round(volume.usual, 3),
            "evidence": [dict(call) for call in self.evidence],
            "cause": self.cause,
            "advice": self.advice,
        }


@dataclass(slots=True)
class _Episode:
    since: int
    severe: bool
    told: bool


class Watch:
    """Rules at work; what it remembers is which episodes are open.

    Args:
        rules: as in the file.
        zone: whose hours of the day the rules mean.
        explain: says the likely cause behind some calls, in words; None if it can't.

    Attributes:
        untold: episodes that were too many to be told.
    """

    def __init__(
        self,
        rules: Rules,
        zone: tzinfo = UTC,
        explain: Explain = likely_cause,
    ) -> None:
        self._rules = rules.rules
        self._zone = zone
        self._explain = explain
        self._open: dict[tuple[str, Value], _Episode] = {}
        self.untold = 0

    def restore(self, episodes: Iterable[tuple[str, Value, int, bool]]) -> None:
        """Go on with episodes that were told before: rule, value, since, and whether it was severe."""
        for rule, value, since, severe in episodes:
            self._open[rule, value] = _Episode(since, severe, told=True)

    def look(self, queries: Queries, now: int) -> list[Alert]:
        """Hold all rules against the records.

        Args:
            queries: the records, with their tallies.
            now: ms since 1970; not earlier than the last time.

        Returns:
            What is to be told, in the order of the rules, the largest share first.
        """
        seen = _Seen(queries, now, self._zone)
        return [
            self._alert(rule, value, episode, change, seen.counts(rule, now).get(value, Counts()), seen)
            for rule, value, episode, change in self._changes(seen)
        ]

    def follow(self, queries: Queries, now: int) -> None:
        """The same without telling anybody: no evidence is asked for, whatever begins or ends."""
        for _ in self._changes(_Seen(queries, now, self._zone)):
            pass

    def current(self, queries: Queries, now: int, most: int | None = None) -> list[Alert]:
        """The episodes that are open and were told, with the figures of ``now``.

        Args:
            queries: the records.
            now: ms since 1970.
            most: so many at most, those that are severe first, then those with the largest share; None for all, in the
                order of the rules.
        """
        seen = _Seen(queries, now, self._zone)
        found = [
            (rule, value, episode, seen.counts(rule, now).get(value, Counts()))
            for rule in self._rules
            for (name, value), episode in self._open.items()
            if name == rule.name and episode.told
        ]
        if most is not None:
            found.sort(key=lambda each: (not each[2].severe, -_ratio(each[0], each[3]), each[1] or ""))
        return [
            self._alert(rule, value, episode, Change.BEGINS, counts, seen)
            for rule, value, episode, counts in found[:most]
        ]

    @property
    def open(self) -> int:
        """How many episodes are open and were told."""
        return sum(episode.told for episode in self._open.values())

    def _changes(self, seen: _Seen) -> Iterator[tuple[Rule, Value, _Episode, Change]]:
        for rule in self._rules:
            counts = seen.counts(rule, seen.now)
            due = sorted(counts, key=lambda value: (-_ratio(rule, counts[value]), value or ""))
            gone = [value for name, value in self._open if name == rule.name and value not in counts]
            for value in (*due, *sorted(gone, key=lambda each: each or "")):
                found = self._judge(rule, value, seen)
                if found is not None:
                    yield rule, value, *found

    def _judge(self, rule: Rule, value: Value, seen: _Seen) -> tuple[_Episode, Change] | None:
        key = rule.name, value
        episode = self._open.get(key)
        counts = seen.counts(rule, seen.now).get(value, Counts())
        share = _ratio(rule, counts)
        severe = rule.severe_above is not None and share > exactly(rule.severe_above)
        if episode is None or not episode.told:
            if not self._begins(rule, value, counts, share, seen):
                self._open.pop(key, None)
                return None
            if episode is None:
                if len(self._open) >= MOST_EPISODES:
                    self.untold += 1
                    return None
                episode = self._open[key] = _Episode(seen.now, severe, told=False)
            if seen.now - episode.since < rule.patience:
                return None
            episode.told, episode.severe = True, severe
            return episode, Change.BEGINS
        if share <= rule.ends:
            del self._open[key]
            return episode, Change.ENDS
        if severe and not episode.severe and counts.attempts >= rule.at_least:
            episode.severe = True
            return episode, Change.WORSENS
        return None

    def _begins(self, rule: Rule, value: Value, counts: Counts, share: Fraction, seen: _Seen) -> bool:
        if counts.attempts < rule.at_least or share <= rule.begins:
            return False
        if any((other, value) in self._open and self._open[other, value].told for other in rule.unless):
            return False
        if rule.spike is not None:
            volume = seen.volume(value)
            if volume is None or not volume.is_spike(float(rule.spike)):
                return False
        if rule.times_others is not None:
            attempts, hits = seen.others(rule, value)
            # Without others there is nothing to be worse than.
            return attempts >= rule.at_least and share * attempts >= rule.times_others * hits
        return True

    def _alert(self, rule: Rule, value: Value, episode: _Episode, change: Change, counts: Counts, seen: _Seen) -> Alert:
        told = f"{rule.name}\0{rule.by}\0{'?' if value is None else '=' + value}\0{episode.since}"
        alert = Alert(
            episode=sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16],
            change=change,
            rule=rule.name,
            about=rule.about,
            by=rule.by,
            value=value,
            severe=episode.severe,
            at=seen.now,
            since=episode.since,
            window=rule.length,
            attempts=counts.attempts,
            hits=getattr(counts, FIELDS[rule.about]),
            above=rule.above,
            advice=rule.advice,
        )
        if change is Change.ENDS:
            return alert
        before = seen.counts(rule, seen.now - WEEK).get(value, Counts())
        calls = seen.calls(rule, value)
        return replace(
            alert,
            week_before=(before.attempts, getattr(before, FIELDS[rule.about])),
            volume=seen.volume(value) if rule.spike is not None else None,
            others=seen.others(rule, value) if rule.times_others is not None else None,
            evidence=tuple(calls[:SHOWN]),
            cause=self._explain(calls),
        )


def _ratio(rule: Rule, counts: Counts) -> Fraction:
    return Fraction(getattr(counts, FIELDS[rule.about]), counts.attempts) if counts.attempts else Fraction(0)


def stretches(after: int, until: int, hours: frozenset[int], zone: tzinfo) -> list[tuple[int, int]]:
    """The parts of (after, until] in which clocks show one of these hours, each as (after, until]."""
    found: list[tuple[int, int]] = []
    at = after + 1
    while at <= until:
        end = min(at - at % statements.QUARTER + statements.QUARTER - 1, until)  # zones differ by quarters of an hour
        if hour_of(at, zone) in hours:
            if found and found[-1][1] == at - 1:
                found[-1] = found[-1][0], end
            else:
                found.append((at - 1, end))
        at = end + 1
    return found


class _Seen:
    """What one look finds; each question is asked once."""

    def __init__(self, queries: Queries, now: int, zone: tzinfo) -> None:
        self.now = now
        self._queries = queries
        self._zone = zone
        self._counts: dict[tuple[object, ...], Mapping[Value, Counts]] = {}
        self._volumes: Mapping[str, Volume] | None = None
        self._totals: dict[str, tuple[int, int]] = {}

    def counts(self, rule: Rule, until: int) -> Mapping[Value, Counts]:
        """The counts of the rule's window that ends with ``until``, by what the rule is about."""
        key = rule.by, rule.length, rule.off_peak, until
        found = self._counts.get(key)
        if found is None:
            found = self._counts[key] = self._ask(rule, until)
        return found

    def _ask(self, rule: Rule, until: int) -> Mapping[Value, Counts]:
        length = rule.length
        if rule.off_peak is not None:
            off_peak: dict[Value, Counts] = {}
            for after, end in stretches(until - length, until, rule.off_peak, self._zone):
                for caller, counts in as_of(self._queries, end, end - after).items():
                    if caller:
                        off_peak[caller] = off_peak.get(caller, Counts()) + counts
            return off_peak
        if rule.by in ("caller", "all"):
            callers = as_of(self._queries, until, length)
            if rule.by == "all":
                return {"": sum(callers.values(), Counts())}
            return {caller: counts for caller, counts in callers.items() if caller}
        found = as_of(self._queries, until, length, rule.by)
        return {value or None: counts for value, counts in found.items()}

    def others(self, rule: Rule, value: Value) -> tuple[int, int]:
        """Attempts and hits of all others in the rule's window."""
        total = self._totals.get(rule.name)
        counts = self.counts(rule, self.now)
        if total is None:
            every = counts.values()
            total = sum(each.attempts for each in every), sum(getattr(each, FIELDS[rule.about]) for each in every)
            self._totals[rule.name] = total
        own = counts.get(value, Counts())
        return total[0] - own.attempts, total[1] - getattr(own, FIELDS[rule.about])

    def volume(self, caller: Value) -> Volume | None:
        """The volume of a number."""
        if self._volumes is None:
            self._volumes = volumes(self._queries, self.now, as_of(self._queries, self.now, HOUR))
        return self._volumes.get(caller or "")

    def calls(self, rule: Rule, value: Value) -> list[Call]:
        """The latest calls that the rule is about."""
        group = None if rule.by == "all" else rule.by
        text = statements.evidence(group, rule.about, known=value is not None)
        which = () if group is None or value is None else (value,)
        rows = self._queries.query(text, (self.now - rule.length, self.now, *which, LOOKED_AT))
        return [dict(zip(statements.EVIDENCE, row, strict=True)) for row in rows]
