"""What stands on the page: each section is a question to the book, with an answer of its own.

What a section depends on is its key; so pages of different zones share what does not depend on hours.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple

from simcarrier.deliverability import tables
from simcarrier.deliverability.alerts import Alert
from simcarrier.deliverability.baseline import compare_sums
from simcarrier.deliverability.distributions import Value, codes_by, latest_delays
from simcarrier.deliverability.episodes import episodes
from simcarrier.deliverability.explaining import explain
from simcarrier.deliverability.overview import SPIKE, watched
from simcarrier.deliverability.pacing import replayed
from simcarrier.deliverability.policy import Policy, load_policy
from simcarrier.deliverability.queries import HOUR, WINDOW, Counts
from simcarrier.deliverability.rules import Rules, load_rules
from simcarrier.deliverability.tables import Table, Which
from simcarrier.deliverability.volume import volumes
from simcarrier.deliverability.windows import as_of
from simcarrier.stores.store import Store, StoreFault

from .asked import Asked, Range, range_of
from .chart import Chart, chart
from .heat import Heat, by_hour, heat

MOST_ALERTS: Final = 20
"""Each brings its evidence, and the diagnosis of ten calls."""

MOST_EPISODES: Final = 50

MOST_DELAYS: Final = 100_000
"""Calls whose post-dial delay is looked at, the latest."""

MOST_CODES: Final = 200_000
"""Calls of a range up to which each single code is counted: there are no sums of them."""

MOST_REPLAYED: Final = 50_000
"""Calls that are gone through for pacing; one after the other, as it has to be."""

MOST_PACED: Final = 200
"""Numbers whose pace is told."""

PACED: Final = 96 * HOUR
"""How far back calls are gone through: longer than the longest rest and the steps after it, as in `simcarrier pace`."""


class Head(NamedTuple):
    """What the page begins with.

    Attributes:
        when: the range.
        counts: of all its calls.
    """

    when: Range
    counts: Counts


class Trouble(NamedTuple):
    """Alerts that are open at the end of the range; `open` counts those that are not shown, too."""

    when: Range
    alerts: tuple[Alert, ...]
    open: int
    rules: Rules

    @property
    def table(self) -> Table:
        """As a table."""
        rest = self.open - len(self.alerts)
        return tables.alerts_table(self.alerts, self.rules, f"and {rest} more" if rest > 0 else "")


class Sheets(NamedTuple):
    """Tables of a range."""

    when: Range
    tables: tuple[Table, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A section.

    Attributes:
        make: asks the store, of a range; ``most`` is how many rows a table has at most.
        key: what the answer depends on, beside the range.
        sheets: names of the tables that can be had as spreadsheets.
    """

    make: Callable[[Store, Range, Asked, int | None], Any]
    sheets: tuple[str, ...]
    key: Callable[[Asked], Hashable] = lambda asked: None

    def question(self, name: str, asked: Asked, most: int | None = tables.MOST_ROWS) -> tuple[Hashable, Any]:
        """For a `Desk`."""

        def ask(store: Store) -> Any:
            return self.make(store, range_of(store, asked, time.time_ns() // 1_000_000), asked, most)

        return ("deliverability", name, asked.time, self.key(asked), most), ask


@cache
def shipped() -> tuple[Rules, Policy]:
    """The rules of alerts and the policy of pacing that ship."""
    return load_rules(), load_policy()


def _head(store: Store, when: Range, asked: Asked, most: int | None) -> Head:
    counts = as_of(store, when.until, when.until - when.after, "market")
    return Head(when, sum(counts.values(), Counts()))


def _trouble(store: Store, when: Range, asked: Asked, most: int | None) -> Trouble:
    rules, _ = shipped()
    watch = watched(store, when.until, rules, asked.zone, explain)
    return Trouble(when, tuple(watch.current(store, when.until, MOST_ALERTS)), watch.open, rules)


def _chart(store: Store, when: Range, asked: Asked, most: int | None) -> Chart:
    return chart(store, when, *shipped())


def _heat(store: Store, when: Range, asked: Asked, most: int | None) -> Heat:
    return heat(store, when, asked.zone, asked.about)


def _sums(store: Store, when: Range, asked: Asked, most: int | None) -> Sheets:
    which = Which(when.after, when.until)
    found = []
    for name in ("terminating_carrier", "market", "trunk", "caller"):
        counted = as_of(store, when.until, when.until - when.after, name)
        groups: dict[Value, Counts] = {value or None: counts for value, counts in counted.items()}
        if name == "caller" or any(value is not None for value in groups):
            found.append(tables.groups_table(name, groups, which, most))
    return Sheets(when, tuple(found))


def _hours(store: Store, when: Range, asked: Asked, most: int | None) -> Sheets:
    return Sheets(when, (tables.hours_table(by_hour(store, when, asked.zone), asked.zone_name or "UTC"),))


def _latest(store: Store, when: Range, asked: Asked, most: int | None) -> Sheets:
    now = as_of(store, when.until, WINDOW)
    ordered = sorted(now.items(), key=lambda item: (-item[1].code_603, -item[1].attempts, item[0]))
    return Sheets(when, (tables.latest_table(dict(ordered), when.until, most),))


def _codes(store: Store, when: Range, asked: Asked, most: int | None) -> Sheets:
    total = sum(each.attempts for each in as_of(store, when.until, when.until - when.after, "market").values())
    if total > MOST_CODES:
        note = f"Single codes are counted in ranges of up to {MOST_CODES:,} calls: choose a shorter one."
        return Sheets(when, (), note)
    codes = codes_by(store, "code", when.after, when.until)
    return Sheets(when, (tables.codes_table(codes, total, Which(when.after, when.until)),))


def _baselines(store: Store, when: Range, asked: Asked, most: int | None) -> Sheets:
    return Sheets(when, (tables.baselines_table(compare_sums(store, when.until), when.until),))


def _delays(store: Store, when: Range, asked: Asked, most: int | None) -> Sheets:
    found = latest_delays(store, when.after, when.until, MOST_DELAYS)
    measured = sum(each.measured for each in found.values())
    note = f"Of the latest {MOST_DELAYS:,} calls that it was measured of." if measured >= MOST_DELAYS else ""
    which = None if note else Which(when.after, when.until)
    return Sheets(when, (tables.delays_table(found, which),), note)


def _spikes(store: Store, when: Range, asked: Asked, most: int | None) -> Sheets:
    found = {caller: each for caller, each in volumes(store, when.until).items() if each.is_spike(SPIKE)}
    return Sheets(when, (tables.spikes_table(found, when.until, most),))


def _pacing(store: Store, when: Range, asked: Asked, most: int | None) -> Sheets:
    _, policy = shipped()
    known = as_of(store, when.until, PACED)
    known = {caller: counts for caller, counts in known.items() if caller}
    chosen: list[str] = []
    calls = 0
    for caller in sorted(known, key=lambda each: (-known[each].code_603, -known[each].attempts, each))[:MOST_PACED]:
        calls += known[caller].attempts
        if chosen and calls > MOST_REPLAYED:
            break
        chosen.append(caller)
    pacer, _ = replayed(store, when.until, PACED, policy, chosen)
    paces = sorted((pacer.ask(caller, when.until) for caller in chosen), key=lambda pace: _ORDER.index(pace.state))
    shown = paces[:most]
    rest = f"and {len(paces) - len(shown)} more" if len(shown) < len(paces) else ""
    left = len(known) - len(chosen)
    untold = f"{left} numbers with no more 603 are not told of: `simcarrier pace` tells of all" if left else ""
    below = "; ".join(each for each in (rest, untold) if each)
    return Sheets(when, (tables.paces_table(shown, when.until, below),))


_ORDER: Final = ("resting", "recovering", "slowed", "free")


def _episodes(store: Store, when: Range, asked: Asked, most: int | None) -> Sheets:
    try:
        found = episodes(store, when.after, when.until, MOST_EPISODES)
    except StoreFault:
        return Sheets(when, ())  # there is no such table: nobody has watched with --table
    below = f"the latest {MOST_EPISODES}" if len(found) == MOST_EPISODES else ""
    return Sheets(when, (tables.episodes_table(found, below),))


def _by_zone(asked: Asked) -> Hashable:
    return asked.zone_name


SECTIONS: Final[dict[str, Section]] = {
    "head": Section(_head, ()),
    "share": Section(_chart, ("share",)),
    "heat": Section(_heat, ("heat", "behind"), lambda asked: (asked.zone_name, asked.about)),
    "sums": Section(_sums, ("carriers", "markets", "trunks", "callers")),
    "hours": Section(_hours, ("hours",), _by_zone),
    "latest": Section(_latest, ("latest",)),
    "spikes": Section(_spikes, ("spikes",)),
    "baselines": Section(_baselines, ("baselines",)),
    "episodes": Section(_episodes, ("episodes",)),
    "codes": Section(_codes, ("codes",)),
    "delays": Section(_delays, ("delays",)),
    "trouble": Section(_trouble, ("alerts",), _by_zone),
    "pacing": Section(_pacing, ("pacing",)),
}
"""In the order in which they are asked: what takes long comes last."""


def tables_of(answer: Any, asked: Asked) -> Sequence[Table]:
    """The tables of an answer."""
    if isinstance(answer, Sheets):
        return answer.tables
    if isinstance(answer, Trouble):
        return (answer.table,)
    if isinstance(answer, Chart):
        return (answer.table(),)
    if isinstance(answer, Heat):
        behind = None if asked.row is None or asked.hour is None else answer.behind(asked.row, asked.hour)
        return (answer.table(asked.zone_name or "UTC"), *([] if behind is None else [behind]))
    return ()
