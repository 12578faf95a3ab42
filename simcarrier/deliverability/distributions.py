"""How answers are distributed: over codes, by caller, hour, terminating carrier, market or trunk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from . import statements
from .queries import Counts, Queries

Value = str | int | None
"""What calls are told apart by; None where it is not known."""


@dataclass(frozen=True, slots=True)
class Codes:
    """The answers to some calls.

    Attributes:
        attempts: how many calls.
        codes: how often each final response came; None for calls without one.
        stalls: calls that stalled.
    """

    attempts: int
    codes: Mapping[int | None, int]
    stalls: int


@dataclass(frozen=True, slots=True)
class Delays:
    """Post-dial delays, in milliseconds: from the INVITE to the first sign of life beyond 100.

    Attributes:
        measured: of how many calls it is known.
        percentiles: delays by percentile; each was measured (nearest rank), none is made up between two.
    """

    measured: int
    percentiles: Mapping[int, int]


def codes_by(queries: Queries, group: str, after: int, until: int) -> Mapping[Value, Codes]:
    """The answers by ``group`` (one of `statements.GROUPS`) of calls that began in (after, until], in ms since 1970."""
    found: defaultdict[Value, dict[int | None, int]] = defaultdict(dict)
    stalls: defaultdict[Value, int] = defaultdict(int)
    rows = queries.query(statements.codes_by(group), (after, until))
    for value, code, attempts, stalled in rows:
        found[value][None if code is None else int(code)] = int(attempts)
        stalls[value] += int(stalled)
    return {
        value: Codes(sum(codes.values()), dict(sorted(codes.items(), key=_none_last)), stalls[value])
        for value, codes in sorted(found.items(), key=_none_last)
    }


def counts_by(queries: Queries, group: str, after: int, until: int) -> Mapping[Value, Counts]:
    """The counts by ``group`` of calls that began in (after, until], in ms since 1970."""
    rows = queries.query(statements.counts_by(group), (after, until))
    return dict(sorted(((value, Counts.of(counts)) for value, *counts in rows), key=_none_last))


def counts_by_hour(queries: Queries, after: int, until: int, zone: tzinfo = UTC) -> Mapping[int, Counts]:
    """The counts by the hour of the day, 0 to 23, as clocks in ``zone`` show it; also on days when clocks change."""
    by_hour: defaultdict[int, Counts] = defaultdict(Counts)
    for quarter, *counts in queries.query(statements.COUNTS_BY_QUARTER, (after, until)):
        by_hour[hour_of(int(quarter), zone)] += Counts.of(counts)
    return dict(sorted(by_hour.items()))


def hour_of(began: int, zone: tzinfo) -> int:
    """The hour of the day of a time in milliseconds since 1970."""
    return datetime.fromtimestamp(began // 1000, zone).hour


def delays_by(queries: Queries, group: str, after: int, until: int) -> Mapping[Value, Delays]:
    """Percentiles of the post-dial delay by ``group`` of calls that began in (after, until]."""
    found: defaultdict[Value, dict[int, int]] = defaultdict(dict)
    measured: dict[Value, int] = {}
    for value, percentile, count, delay in queries.query(statements.delays_by(group), (after, until)):
        found[value][int(percentile)] = int(delay)
        measured[value] = int(count)
    return {
        value: Delays(measured[value], dict(sorted(percentiles.items())))
        for value, percentiles in sorted(found.items(), key=_none_last)
    }


def latest_delays(queries: Queries, after: int, until: int, most: int) -> Mapping[Value, Delays]:
    """Percentiles of the post-dial delay by market, of the latest calls in (after, until] that it is known of.

    Args:
        queries: the records.
        after, until: ms since 1970.
        most: how many calls; so the cost has a bound.
    """
    found: defaultdict[Value, list[tuple[int, int]]] = defaultdict(list)
    for market, delay, calls in queries.query(statements.LATEST_DELAYS, (after, until, most)):
        found[market].append((int(delay), int(calls)))
    return {market: _ranked(sorted(delays)) for market, delays in sorted(found.items(), key=_none_last)}


def _ranked(delays: Sequence[tuple[int, int]]) -> Delays:
    """Percentiles (nearest rank) of delays, each with how often it was measured, the shortest first."""
    measured = sum(calls for _, calls in delays)
    percentiles: dict[int, int] = {}
    below = 0
    for delay, calls in delays:
        below += calls
        for each in statements.PERCENTILES:
            if below * 100 >= each * measured:
                percentiles.setdefault(each, delay)
    return Delays(measured, percentiles)


def _none_last(item: tuple[Value, object]) -> tuple[bool, int, str]:
    value = item[0]
    return value is None, value if isinstance(value, int) else 0, value if isinstance(value, str) else ""
