"""Figures as tables: made once, for text, for pages, and for spreadsheets.

A cell has the text that people read, the value that a program wants, and which calls are behind it, so that whoever can
show calls leads there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final

from .alerts import Alert
from .baseline import Comparison, Verdict
from .distributions import Codes, Delays, Value
from .episodes import Episode
from .overview import Overview
from .pacing import Pace
from .queries import DAY, HOUR, WINDOW, Counts
from .rules import FIELDS, Rules
from .statistics import interval
from .telling import length_of, moment_of, named, named_long, share
from .volume import Volume

MOST_ROWS: Final = 30
"""Rows of a table; the rest is counted."""

HEADS: Final = ("calls", "answered", *FIELDS)
"""What is counted of calls, as columns are called; in the order of `Counts`."""


@dataclass(frozen=True, slots=True)
class Which:
    """Which calls are behind a figure.

    Attributes:
        after, until: they began in (after, until], ms since 1970.
        where: what they have in common: a column and its value, ``""`` where it is not known; or ``about`` and one of
            the names of `FIELDS`.
    """

    after: int
    until: int
    where: tuple[tuple[str, str], ...] = ()

    def and_(self, column: str, value: str) -> Which:
        """Those of them that have this, too."""
        return Which(self.after, self.until, (*self.where, (column, value)))


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell.

    Attributes:
        text: for people.
        value: for programs: a count where the text is a share, seconds where it is a time; None for the text itself.
        which: the calls behind it.
        at: the moment that it is, ms since 1970.
    """

    text: str
    value: str | int | float | None = None
    which: Which | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        name: what it is called in a path.
        title: what it is called by people.
        heads: of the columns.
        rows: as many cells each.
        below: what is said below it.
        words: the columns whose cells are words, not numbers; the first is one of them.
    """

    name: str
    title: str
    heads: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    below: str = ""
    words: frozenset[int] = field(default=frozenset({0}))


def tables(told: Overview, zone: tzinfo) -> Iterator[Table]:
    """All tables of a report."""
    which = Which(told.after, told.until)
    yield codes_table(told.codes, told.total.attempts, which)
    for name, groups in told.groups.items():
        yield groups_table(name, groups, which)
    yield hours_table(told.hours, moment_of(told.until, zone).rsplit(" ", 1)[-1])
    yield latest_table(told.now, told.until)
    if told.spikes:
        yield spikes_table(told.spikes, told.until)
    if told.delays:
        yield delays_table(told.delays, which)


def counted(counts: Counts, which: Which | None = None) -> list[Cell]:
    """The cells of `HEADS`: how many calls, and the shares of what became of them."""
    cells = [Cell(str(counts.attempts), counts.attempts, which)]
    answered = which and which.and_("outcome", "answered")
    cells.append(Cell(share(counts.answered, counts.attempts), counts.answered, answered))
    for about, name in FIELDS.items():
        part = getattr(counts, name)
        cells.append(Cell(share(part, counts.attempts), part, which and which.and_("about", about)))
    return cells


def codes_table(codes: Mapping[Value, Codes], total: int, which: Which) -> Table:
    """How often each final response came."""
    rows = []
    for code, each in codes.items():
        behind = which.and_("code", "none" if code is None else str(code))
        rows.append(
            [
                Cell(str(code or "none"), code),
                Cell(str(each.attempts), each.attempts, behind),
                Cell(share(each.attempts, total), _part(each.attempts, total)),
            ]
        )
    return Table("codes", "Final responses", ("code", "calls", "share"), rows)


def groups_table(name: str, groups: Mapping[Value, Counts], which: Which, most: int | None = MOST_ROWS) -> Table:
    """The counts by caller, market, terminating carrier or trunk, the most calls first.

    Args:
        name: the column.
        groups: the counts by its value; None or ``""`` where it is not known.
        which: all the calls.
        most: rows; None for all.
    """
    words = name.replace("_", " ")
    found = sorted(groups.items(), key=lambda item: (-item[1].attempts, named(item[0])))
    rows = [[_name(value), *counted(counts, which.and_(name, str(value or "")))] for value, counts in found[:most]]
    return Table(_PLURALS[name], f"By {words}", (words, *HEADS), rows, _and_more(len(found) - len(rows)))


_PLURALS: Final = {
    "caller": "callers",
    "market": "markets",
    "terminating_carrier": "carriers",
    "trunk": "trunks",
}
"""What the tables by these columns are called in a path."""


def hours_table(hours: Mapping[int, Counts], zone: str) -> Table:
    """The counts by the hour of the day, as clocks in ``zone`` show it."""
    rows = [[Cell(f"{hour:02}:00", hour), *counted(counts)] for hour, counts in hours.items()]
    return Table("hours", f"By hour ({zone})", ("hour", *HEADS), rows)


def latest_table(now: Mapping[str, Counts], until: int, most: int | None = MOST_ROWS) -> Table:
    """The share of 603 of each caller in the window as of now, and between which shares the true one lies."""
    rows = []
    for caller, counts in list(now.items())[:most]:
        low, high = interval(counts.code_603, counts.attempts)
        which = Which(until - WINDOW, until, (("caller", caller),))
        rows.append(
            [
                _name(caller),
                Cell(str(counts.attempts), counts.attempts, which),
                Cell(share(counts.code_603, counts.attempts), counts.code_603, which.and_("about", "603")),
                Cell(f"{100 * low:.1f}..{100 * high:.1f}%"),
            ]
        )
    heads = ("caller", "calls", "603", "true share, 95 %")
    title = f"The last {WINDOW // HOUR} hours, by caller"
    return Table("latest", title, heads, rows, _and_more(len(now) - len(rows)))


def spikes_table(spikes: Mapping[str, Volume], until: int, most: int | None = None) -> Table:
    """Numbers that call far more than they used to."""
    rows = [
        [
            _name(caller),
            Cell(str(each.attempts), each.attempts, Which(until - HOUR, until, (("caller", caller),))),
            Cell(f"{each.usual or 0:.1f}", round(each.usual or 0, 3)),
            Cell(f"{each.times or 0:.1f}", round(each.times or 0, 3)),
        ]
        for caller, each in list(spikes.items())[:most]
    ]
    heads = ("caller", "last hour", "usual hour", "times")
    return Table("spikes", "Spikes", heads, rows, _and_more(len(spikes) - len(rows)))


def delays_table(delays: Mapping[Value, Delays], which: Which | None) -> Table:
    """Percentiles of the post-dial delay by market."""
    rows = [
        [
            _name(market),
            Cell(str(each.measured), each.measured, which and which.and_("market", str(market or ""))),
            *(Cell(f"{delay / 1000:.2f}", delay / 1000) for delay in each.percentiles.values()),
        ]
        for market, each in delays.items()
    ]
    percentiles = [f"{each} %" for each in next(iter(delays.values())).percentiles] if delays else []
    return Table("delays", "Post-dial delay in seconds, by market", ("market", "measured", *percentiles), rows)


def baselines_table(baselines: Iterable[Comparison], until: int) -> Table:
    """Each market's last 24 hours against the five days before."""
    rows = []
    for each in baselines:
        which = Which(until - DAY, until, (("market", each.market or ""),))
        told = each.verdict in (Verdict.SAME, Verdict.DIFFERS)
        chance = ("less than 0.001" if (each.chance or 0) < 0.001 else f"{each.chance:.3f}") if told else ""
        changed = [f"{shift.answer} {100 * shift.before:.1f}% to {100 * shift.today:.1f}%" for shift in each.shifts[:3]]
        before = Which(until - 6 * DAY, until - DAY, which.where)
        rows.append(
            [
                _name(each.market),
                Cell(str(each.verdict)),
                Cell(str(each.calls), each.calls, which),
                Cell(str(sum(each.before)), sum(each.before), before),
                Cell(str(min(each.before, default=0)), min(each.before, default=0)),
                Cell(chance, each.chance),
                Cell("" if each.distance is None else f"{100 * each.distance:.1f}%", each.distance),
                Cell(", ".join(changed)),
            ]
        )
    heads = (
        "market", "verdict", "last 24 h", "5 days before", "fewest of a day", "p", "changed places", "largest changes",
    )  # fmt: skip
    title = "The last 24 hours against the five days before, by market"
    return Table("baselines", title, heads, rows, words=frozenset({0, 1, 7}))


def alerts_table(alerts: Iterable[Alert], rules: Rules, below: str = "") -> Table:
    """Alerts with their numbers.

    Args:
        alerts: these.
        rules: by which they are.
        below: what is said below.
    """
    rows = []
    for each in alerts:
        low, high = interval(each.hits, each.attempts)
        window = which_of(each, rules)
        rows.append(
            [
                Cell(each.rule),
                Cell(named(each.subject), named_long(each.subject)),
                Cell("severe" if each.severe else "alert"),
                _moment(each.since),
                Cell(length_of(each.window)),
                Cell(each.about),
                Cell(str(each.attempts), each.attempts, window),
                Cell(share(each.hits, each.attempts), each.hits, window and window.and_("about", each.about)),
                Cell(f"{100 * low:.1f}..{100 * high:.1f}%"),
                Cell(f"{100 * each.above:g}%", each.above),
                Cell(named_long(each.cause or "")),
                Cell(each.advice),
            ]
        )
    heads = (
        "rule", "of", "weight", "since", "window", "about", "calls", "share", "true share, 95 %", "threshold", "cause",
        "advice",
    )  # fmt: skip
    return Table("alerts", "Alerts", heads, rows, below, frozenset({0, 1, 2, 3, 4, 5, 10, 11}))


def which_of(alert: Alert, rules: Rules) -> Which | None:
    """The calls that an alert looked at; None if its rule looks at some hours of the day only."""
    if any(rule.name == alert.rule and rule.off_peak is not None for rule in rules.rules):
        return None
    where = () if alert.by == "all" else ((alert.by, alert.value or ""),)
    return Which(alert.at - alert.window, alert.at, where)


def paces_table(paces: Iterable[Pace], until: int, below: str = "") -> Table:
    """How fast numbers may call, and why.

    Args:
        paces: as a pacer tells them.
        until: when they were asked for, ms since 1970: a number leads to its calls of the hours before.
        below: what is said below.
    """
    rows = [
        [
            Cell(named(each.caller), each.caller, Which(until - WINDOW, until, (("caller", each.caller),))),
            Cell(str(each.state)),
            Cell(f"{each.calls_per_hour:g}", each.calls_per_hour),
            Cell("now") if each.allowed else _moment(each.next_call),
            _moment(each.until),
            Cell(named_long(each.why)),
        ]
        for each in paces
    ]
    heads = ("caller", "state", "calls an hour", "next call", "until", "why")
    return Table("pacing", "Pacing", heads, rows, below, frozenset({0, 1, 3, 4, 5}))


def episodes_table(found: Iterable[Episode], below: str = "") -> Table:
    """Alerts that were told, open or over."""
    rows = []
    for each in found:
        subject = "all calls" if each.by == "all" else f"{each.by.replace('_', ' ')} {each.value or 'unknown'}"
        rows.append(
            [
                _moment(each.since),
                _moment(each.ended) if each.ended is not None else Cell("open"),
                Cell(each.rule),
                Cell(named(subject), subject),
                Cell("severe" if each.severe else "alert"),
                Cell(each.about),
                Cell(str(each.attempts), each.attempts),
                Cell(share(each.hits, each.attempts), each.hits),
                Cell(named_long(each.cause or "")),
            ]
        )
    heads = ("since", "until", "rule", "of", "weight", "about", "calls", "share", "cause")
    return Table("episodes", "Alerts that were told", heads, rows, below, frozenset({0, 1, 2, 3, 4, 5, 8}))


def _moment(at: int | None) -> Cell:
    return Cell("") if at is None else Cell(moment_of(at), at=at)


def _name(value: Value) -> Cell:
    """What calls are told apart by; whole for programs."""
    return Cell(named(value), "" if value is None else value)


def _part(part: int, of: int) -> float | None:
    return round(part / of, 6) if of else None


def _and_more(rest: int) -> str:
    return f"and {rest} more" if rest > 0 else ""
