"""The share of 603 along a range, with the thresholds that people act on, as a table that a script draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from simcarrier.deliverability.lines import Lines, rolling_lines
from simcarrier.deliverability.policy import Policy, in_milliseconds
from simcarrier.deliverability.queries import HOUR, WINDOW, Queries
from simcarrier.deliverability.rules import Rule, Rules, exactly
from simcarrier.deliverability.tables import Cell, Table, Which
from simcarrier.deliverability.telling import length_of, moment_of, named, share

from .asked import Range

ABOUT: Final = "603"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A share at which something happens.

    Attributes:
        percent: it.
        label: what happens, in a word or two.
        said: the same in full.
    """

    percent: float
    label: str
    said: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The lines of a range.

    Attributes:
        after, until: the range.
        lines: they.
        thresholds: the lowest first.
    """

    after: int
    until: int
    lines: Lines
    thresholds: Sequence[Threshold]

    @property
    def drawn(self) -> str:
        """The thresholds as charts.js reads them."""
        return ",".join(f"{each.percent:g}:{each.label}" for each in self.thresholds)

    def table(self) -> Table:
        """Moments as rows, callers as columns. A cell of too few calls is empty; one above the lowest threshold leads
        to its calls with that code."""
        lines = self.lines
        lowest = self.thresholds[0].percent if self.thresholds else 0.0
        rows: list[list[Cell]] = []
        for place, moment in enumerate(lines.moments):
            cells = [Cell(moment_of(moment), at=moment)]
            for caller, points in lines.points.items():
                attempts, hits = points[place]
                which = Which(moment - lines.window - 1, moment - 1, (("caller", caller), ("about", ABOUT)))
                told = attempts >= lines.at_least
                if not told:
                    cells.append(Cell("", ""))
                    continue
                value = 100 * hits / attempts
                cells.append(Cell(share(hits, attempts), round(value, 3), which if value > lowest else None))
            rows.append(cells)
        title = f"Share of {ABOUT} over {length_of(lines.window)}, by caller, in per cent"
        return Table("share", title, ("until", *map(named, lines.points)), rows)


def chart(queries: Queries, when: Range, rules: Rules, policy: Policy) -> Chart:
    """The callers with the highest share of 603, along a range."""
    rule = next(iter(_rules_about(rules)), None)
    window = rule.length if rule is not None and rule.length % HOUR == 0 else WINDOW
    at_least = rule.at_least if rule is not None else policy.rest.at_least
    found = rolling_lines(queries, when.after, when.until, window=window, at_least=at_least)
    return Chart(when.after, when.until, found, thresholds(rules, policy))


def thresholds(rules: Rules, policy: Policy) -> list[Threshold]:
    """The shares of 603 at which alerts are told, and numbers are slowed or rest."""
    found: dict[Fraction, list[tuple[str, str]]] = {}
    for rule in _rules_about(rules):
        told = f"of {rule.at_least} calls at least in {length_of(rule.length)}"
        found.setdefault(rule.begins, []).append(("alert", f'alert "{rule.name}", {told}'))
        if rule.severe_above is not None:
            severe = ("severe", f'alert "{rule.name}" is severe')
            found.setdefault(exactly(rule.severe_above), []).append(severe)
    for part, what, word in ((policy.rest, "the number rests", "rest"), (policy.slow, "it is slowed down", "slowed")):
        told = f"{what}, of {part.at_least} calls at least in {length_of(in_milliseconds(part.window))}"
        found.setdefault(exactly(part.above), []).append((word, told))
    return [
        Threshold(float(100 * at), " and ".join(dict.fromkeys(label for label, _ in told)),
                  "; ".join(dict.fromkeys(said for _, said in told)))
        for at, told in sorted(found.items())
    ]  # fmt: skip


def _rules_about(rules: Rules) -> list[Rule]:
    return [rule for rule in rules.rules if rule.about == ABOUT and rule.by == "caller" and rule.off_peak is None]
