"""The rules in force with the calls that they have taken, as a table that moves.

The table is made when the rules change. Between two changes only its numbers move, and each is a part of its own: a
thousand rules cost a millisecond a beat, not the making of a thousand rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from urllib.parse import urlencode

from markupsafe import Markup, escape

from simcarrier.records.model import NearMiss
from simcarrier.scenario.models import Scenario

from ..running import Running
from ..templating import block, number
from .editing import does
from .verbatim import visible

MOST_RULES: Final = 2_000
"""Rules that are shown; a file may have more."""

LOOKED_AT: Final = 1_000
"""Calls, the last that have ended, in which near misses are counted."""

Scrub = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Row:
    """A rule.

    Attributes:
        name: what records call it.
        added: by the API.
        priority: it is asked first if that is higher.
        asks: what it asks: the key, and what it wants.
        does: in short.
        link: to the calls that it took, up to their number.
    """

    name: str
    added: bool
    priority: int
    asks: tuple[tuple[str, str], ...]
    does: str
    link: str


class RuleBoard:
    """The rules of a carrier.

    Args:
        running: the carrier.
    """

    def __init__(self, running: Running) -> None:
        self._running = running
        self._of: tuple[int, Scenario] | None = None
        self._rows: tuple[Row, ...] = ()
        self._table = ""

    def parts(self, scrub: Scrub) -> dict[str, str]:
        """The table, then its numbers; the table first, for it holds older ones.

        Args:
            scrub: hides passwords.
        """
        if self._of != self._now() or not self._table:
            self._table = block("scenario.html", "part_rules", self.values(scrub))
        return {"rules": self._table, **self._numbers()}

    def values(self, scrub: Scrub) -> dict[str, Any]:
        """What the table shows."""
        api, scenario = self._running.api, self._running.carrier.scenario
        if self._of != self._now():
            self._of, self._table = self._now(), ""
            self._rows = self._made(scrub)
        in_force = {each.name for each in api.rules.standing if each.written is None}
        return {
            "rows": self._rows,
            "moving": {name: Markup(html) for name, html in self._numbers().items()},
            "more_rules": max(len(api.rules.standing) - MOST_RULES, 0),
            "priorities": any(row.priority for row in self._rows),
            "added": sum(each.written is not None for each in api.rules.standing),
            "missing": [rule.name for rule in scenario.calls if rule.name not in in_force],
            "revision": api.rules.revision,
            "unmatched": scrub(does(scenario.carrier.unmatched)),
            "subscribers": bool(scenario.carrier.subscribers),
            "looked_at": LOOKED_AT,
        }

    def differs(self, *, keep: bool) -> bool:
        """Whether other rules than the scenario's own are in force; added ones count unless they are to be kept."""
        standing = self._running.api.rules.standing
        own = [each.name for each in standing if each.written is None]
        gone = own != [rule.name for rule in self._running.carrier.scenario.calls]
        return gone or (not keep and len(own) != len(standing))

    def _now(self) -> tuple[int, Scenario]:
        return self._running.api.rules.revision, self._running.carrier.scenario

    def _made(self, scrub: Scrub) -> tuple[Row, ...]:
        standing = {id(each.rule): each for each in self._running.api.rules.standing}
        made = []
        for entry in self._running.carrier.switch.carrier.rulebook.entries[:MOST_RULES]:
            each = standing[id(entry.rule)]
            asks = tuple((question.field, scrub(question.wanted)) for question in entry.conditions)
            link = f'<a href="/calls?{escape(urlencode({"q": _query(each.name)}))}">'
            what = scrub(does(entry.rule.action))
            made.append(Row(each.name, each.written is not None, entry.rule.priority, asks, what, link))
        return tuple(made)

    def _numbers(self) -> dict[str, str]:
        """The HTML of what moves, by the id of its place."""
        hits = self._running.api.seen.hits()
        before = {each.name: each.hits_before for each in self._running.api.rules.standing}
        missed: Counter[str] = Counter()
        last: dict[str, NearMiss] = {}
        for record in islice(reversed(self._running.api.seen.records), LOOKED_AT):
            for miss in record.near_misses:
                missed[miss.rule] += 1
                last.setdefault(miss.rule, miss)
        told = {}
        for place, row in enumerate(self._rows):
            count = max(hits[row.name] - before.get(row.name, 0), 0)
            told[f"hits-{place}"] = f"{row.link}{count:,}</a>" if count else '<span class="mark">never used</span>'
            told[f"near-{place}"] = _missed(missed[row.name], last.get(row.name))
        return told


def _missed(count: int, last: NearMiss | None) -> str:
    if last is None:
        return ""
    got = visible(last.got[:100]) if last.got else "empty"
    return str(
        Markup('{}<span class="faint">, the last: {} was {}</span>').format(number(count), last.field, Markup(got))
    )


def _query(rule: str) -> str:
    """A search for the calls of a rule."""
    return 'rule:"{}"'.format(rule.replace('"', '""'))
