"""What there is to say of a stretch of time: all figures of a report, put together once for text, HTML and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, tzinfo
from typing import Any, Final

from . import statements
from .alerts import Alert, Explain, Watch
from .baseline import Comparison, compare_all
from .causes import likely_cause
from .distributions import Codes, Delays, Value, codes_by, counts_by, counts_by_hour, delays_by
from .queries import WINDOW, Counts, Queries
from .rules import Rules
from .volume import Volume, volumes
from .windows import SHORT, as_of

LOOKS: Final = 4
"""Looks back at which rules are held against the records, so that those that want a share to last can see it last."""

SPIKE: Final = 3.0
"""A number that calls so many times more than it used to stands in the report."""


@dataclass(frozen=True, slots=True)
class Overview:
    """A stretch of time; times in ms since 1970.

    Attributes:
        after, until: its ends: (after, until].
        total: the counts of all its calls.
        outcomes: how often each outcome came.
        codes: how often each final response came; None for calls without one.
        groups: the counts by caller, terminating carrier, market and trunk, as far as one of them is known.
        hours: the counts by the hour of the day.
        now: the counts of each caller in the last 4 hours.
        spikes: numbers that call far more than they used to.
        delays: the post-dial delay by market.
        baselines: each market's last 24 hours against the five days before.
        alerts: the episodes that are open at the end.
    """

    after: int
    until: int
    total: Counts
    outcomes: Mapping[str | None, int]
    codes: Mapping[Value, Codes]
    groups: Mapping[str, Mapping[Value, Counts]]
    hours: Mapping[int, Counts]
    now: Mapping[str, Counts]
    spikes: Mapping[str, Volume]
    delays: Mapping[Value, Delays]
    baselines: tuple[Comparison, ...]
    alerts: tuple[Alert, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON: lists of rows, counts by name."""
        return {
            "after": self.after,
            "until": self.until,
            "total": asdict(self.total),
            "outcomes": [{"outcome": outcome, "calls": calls} for outcome, calls in self.outcomes.items()],
            "codes": [{"code": code, "calls": told.attempts} for code, told in self.codes.items()],
            "groups": {
                name: [{"value": value} | asdict(counts) for value, counts in found.items()]
                for name, found in self.groups.items()
            },
            "hours": [{"hour": hour} | asdict(counts) for hour, counts in self.hours.items()],
            "now": [{"caller": caller or None} | asdict(counts) for caller, counts in self.now.items()],
            "spikes": [
                {
                    "caller": caller or None,
                    "last_hour": volume.attempts,
                    "usual_hour": volume.usual,
                    "chance": volume.chance,
                }
                for caller, volume in self.spikes.items()
            ],
            "delays": [
                {"market": market, "measured": told.measured}
                | {f"p{percentile}": delay for percentile, delay in told.percentiles.items()}
                for market, told in self.delays.items()
            ],
            "baselines": [asdict(each) | {"verdict": str(each.verdict)} for each in self.baselines],
            "alerts": [alert.as_dict() for alert in self.alerts],
        }


def overview(
    queries: Queries, after: int, until: int, rules: Rules, zone: tzinfo = UTC, explain: Explain = likely_cause
) -> Overview:
    """All figures of the calls that began in (after, until].

    Args:
        queries: the records, with their tallies.
        after, until: ms since 1970.
        rules: what is worth an alert.
        zone: whose hours of the day are meant.
        explain: as in `Watch`.
    """
    outcomes = {outcome: int(calls) for outcome, calls in queries.query(statements.OUTCOMES, (after, until))}
    groups = {name: counts_by(queries, name, after, until) for name in statements.GROUPS if name != "code"}
    now = as_of(queries, until, WINDOW)
    spikes = {caller: each for caller, each in volumes(queries, until).items() if each.is_spike(SPIKE)}
    return Overview(
        after=after,
        until=until,
        total=sum(groups["caller"].values(), Counts()),
        outcomes=dict(sorted(outcomes.items(), key=lambda item: (-item[1], item[0] or ""))),
        codes=codes_by(queries, "code", after, until),
        groups={name: found for name, found in groups.items() if any(value is not None for value in found)},
        hours=counts_by_hour(queries, after, until, zone),
        now=dict(sorted(now.items(), key=lambda item: (-item[1].attempts, item[0]))),
        spikes=spikes,
        delays=delays_by(queries, "market", after, until),
        baselines=tuple(compare_all(queries, until)),
        alerts=tuple(open_alerts(queries, until, rules, zone, explain)),
    )


def open_alerts(
    queries: Queries, until: int, rules: Rules, zone: tzinfo = UTC, explain: Explain = likely_cause
) -> list[Alert]:
    """The episodes that are open at a time, as somebody would know them who had looked for a while."""
    return watched(queries, until, rules, zone, explain).current(queries, until)


def watched(queries: Queries, until: int, rules: Rules, zone: tzinfo = UTC, explain: Explain = likely_cause) -> Watch:
    """The watch of somebody who had looked for a while, with the episodes that are open."""
    watch = Watch(rules, zone, explain)
    patience = max(rule.patience for rule in rules.rules)
    for look in range(LOOKS, -1, -1) if patience else (0,):
        at = until - patience * look // LOOKS
        # Windows that end with a step of the sums are cheap: at the looks before the last one these will do.
        watch.follow(queries, at - at % SHORT - 1 if look else at)
    return watch
