"""The SQL: one text for SQLite, DuckDB and PostgreSQL.

What makes that possible:

- A time is a whole number of milliseconds. ``RANGE BETWEEN 14399999 PRECEDING AND CURRENT ROW`` is then the window
  (t - 4 h, t] everywhere, and calls of the same millisecond see each other, whatever order they are stored in.
- No ``/``: it is a whole number in one database and a fraction in the next. A time is cut by taking its remainder off;
  shares leave the database as two counts.
- No order by text: that depends on a database's collation. Rows are put in order by who asks.
- A condition is counted with ``COUNT(CASE ... END)``: a whole number everywhere, where ``SUM`` may be a decimal.

BigQuery writes ``a % b`` as ``MOD(a, b)``, and ClickHouse names its parameters; the rest is theirs, too.

The tallies (`tallies`: what was counted of each caller, market, carrier and trunk, by 5 minutes and by hour) make the
window as of now cheap. The hours that it touches are summed as a whole. What sticks out at its ends is taken off again:
first by 5 minutes, then call by call. At its end nothing sticks out as long as ``now`` is now. Its key begins with
field, step and bucket.
"""

from __future__ import annotations

from . import tally
from .queries import COUNTED, DAY, WINDOW

COUNTS = """
       COUNT(*) AS attempts,
       COUNT(CASE WHEN outcome = 'answered' THEN 1 END) AS answered,
       COUNT(CASE WHEN code = 603 THEN 1 END) AS code_603,
       COUNT(CASE WHEN code = 480 THEN 1 END) AS code_480,
       COUNT(CASE WHEN code = 486 THEN 1 END) AS code_486,
       COUNT(CASE WHEN code = 404 OR code = 410 THEN 1 END) AS code_404_410,
       COUNT(CASE WHEN code = 503 THEN 1 END) AS code_503,
       COUNT(CASE WHEN outcome = 'stalled' THEN 1 END) AS stalls""".strip()
"""What is counted of calls, in the order of `queries.Counts`."""

GROUPS = ("caller", "terminating_carrier", "market", "trunk", "code")
"""What calls can be told apart by; there is no other way into a statement's text."""

QUARTER = 15 * 60_000
"""Every time zone is so many milliseconds times a whole number away from UTC: hours of the day are made of these."""

SHORT_STEP, LONG_STEP = tally.STEPS
"""The steps of the tallies."""


def _group(name: str) -> str:
    if name not in GROUPS:
        raise ValueError(f"calls are not told apart by {name!r}: there are {', '.join(GROUPS)}")
    return name


def codes_by(group: str) -> str:
    """How often each code came, by ``group``. Parameters: after, up to."""
    group = _group(group)
    extra = "" if group == "code" else ", code"
    return f"""
SELECT {group}, code, COUNT(*) AS attempts, COUNT(CASE WHEN outcome = 'stalled' THEN 1 END) AS stalls
FROM calls
WHERE began > ? AND began <= ?
GROUP BY {group}{extra}""".strip()


def counts_by(group: str) -> str:
    """The counts by ``group``. Parameters: after, up to."""
    group = _group(group)
    return f"""
SELECT {group}, {COUNTS}
FROM calls
WHERE began > ? AND began <= ?
GROUP BY {group}""".strip()


COUNTS_BY_QUARTER = f"""
SELECT began - began % {QUARTER} AS quarter, {COUNTS}
FROM calls
WHERE began > ? AND began <= ?
GROUP BY began - began % {QUARTER}""".strip()
"""The counts by the quarter of an hour. Parameters: after, up to."""


def rolling(window: int) -> str:
    """For each call the attempts, and those with the code, of its caller in the window that ends with it.

    Parameters: the code; after - window, up to; after.

    Args:
        window: milliseconds; the window at t is (t - window, t].
    """
    behind = f"(PARTITION BY caller ORDER BY began RANGE BETWEEN {int(window) - 1} PRECEDING AND CURRENT ROW)"
    return f"""
SELECT uid, caller, began, attempts, hits
FROM (
  SELECT uid, caller, began,
         COUNT(*) OVER {behind} AS attempts,
         COUNT(CASE WHEN code = ? THEN 1 END) OVER {behind} AS hits
  FROM calls
  WHERE began > ? AND began <= ?
) AS windows
WHERE began > ?""".strip()


_SUMS = ", ".join(f"SUM(parts.{name}) AS {name}" for name in COUNTED)
_PLUS = ", ".join(COUNTED)
_MINUS = ", ".join(f"-{name}" for name in COUNTED)


TALLIED = tally.FIELDS
"""Those of `GROUPS` whose calls are counted in the tallies."""


def as_of(group: str) -> str:
    """The counts by ``group`` (one of `TALLIED`) in a window, cut by `windows.as_of`; ``''`` is for what is not known.

    Parameters: six pairs of from and before.
    """
    group = _group(group)

    def edge(sign: str, name: str) -> str:
        return f"""
  SELECT value, {sign} FROM (
    SELECT COALESCE({group}, '') AS value, {COUNTS}
    FROM calls WHERE began >= ? AND began < ? GROUP BY COALESCE({group}, '')
  ) AS {name}"""

    def steps(sign: str, step: int) -> str:
        return f"""
  SELECT value, {sign} FROM tallies WHERE field = '{group}' AND step = {step} AND bucket >= ? AND bucket < ?"""

    between = "\n  UNION ALL"
    parts = (
        steps(_PLUS, LONG_STEP),
        steps(_MINUS, SHORT_STEP),
        steps(_MINUS, SHORT_STEP),
        edge(_PLUS, "inside"),
        edge(_MINUS, "before_it"),
        edge(_MINUS, "after_it"),
    )
    return f"""
SELECT parts.value, {_SUMS}
FROM ({between.join(parts)}
) AS parts
GROUP BY parts.value
HAVING SUM(parts.attempts) > 0""".strip()


def sums(field: str, step: int, values: int, buckets: int) -> str:
    """The sums of some values in some steps, each by itself: a row of the tallies for each that called there.

    Parameters: the buckets, then the values.

    Args:
        field: one of `TALLIED`.
        step: one of the steps of the tallies.
        values, buckets: how many.
    """
    return f"""
SELECT value, bucket, {_PLUS}
FROM tallies
WHERE field = '{_group(field)}' AND step = {int(step)} AND bucket IN ({_places(buckets)})
  AND value IN ({_places(values)})""".strip()


def counts_of(group: str, values: int) -> str:
    """The counts of some values of ``group``, ``''`` for what is not known. Parameters: from, before, the values."""
    value = f"COALESCE({_group(group)}, '')"
    return f"""
SELECT {value} AS value, {COUNTS}
FROM calls
WHERE began >= ? AND began < ? AND {value} IN ({_places(values)})
GROUP BY {value}""".strip()


def refused_of(callers: int, *, unknown: bool = False) -> str:
    """How many calls of some callers were refused, by the quarter of an hour. Parameters: after, up to, the callers.

    Args:
        callers: how many.
        unknown: calls without a caller, too.
    """
    which = f"caller IN ({_places(callers)})"
    return f"""
SELECT COALESCE(caller, '') AS caller, began - began % {QUARTER} AS quarter, COUNT(*) AS refused
FROM calls
WHERE began > ? AND began <= ? AND {f"({which} OR caller IS NULL)" if unknown else which} AND code >= 300
GROUP BY COALESCE(calls.caller, ''), began - began % {QUARTER}""".strip()


def highest(hits: str, window: int) -> str:
    """Of each caller the windows by whole hours: attempts and hits of the one that ends with each of its hours.

    Parameters: from, before (whole hours); from when on windows end, how many attempts they have at least.

    Args:
        hits: what is counted, one of `queries.COUNTED`.
        window: whole hours, in milliseconds.
    """
    if hits not in COUNTED:
        raise ValueError(f"{hits!r} is not counted: there are {', '.join(COUNTED)}")
    behind = f"(PARTITION BY value ORDER BY bucket RANGE BETWEEN {int(window) - LONG_STEP} PRECEDING AND CURRENT ROW)"
    return f"""
SELECT value, attempts, hits
FROM (
  SELECT value, bucket, SUM(attempts) OVER {behind} AS attempts, SUM({hits}) OVER {behind} AS hits
  FROM tallies
  WHERE field = 'caller' AND step = {LONG_STEP} AND bucket >= ? AND bucket < ? AND value <> ''
) AS windows
WHERE bucket >= ? AND attempts >= ? AND hits > 0""".strip()


def _places(count: int) -> str:
    return ", ".join("?" * count)


HOURS_OF_CALLERS = f"""
SELECT value AS caller, COUNT(*) AS hours, SUM(attempts) AS attempts, MAX(attempts) AS most
FROM tallies
WHERE field = 'caller' AND step = {LONG_STEP} AND bucket >= ? AND bucket < ? AND attempts > 0
GROUP BY value""".strip()
"""Of each caller: the hours in which it called, its attempts in them, and those of the busiest.

Parameters: from, before (both whole hours).
"""

PERCENTILES = (50, 90, 95, 99)


def delays_by(group: str) -> str:
    """Percentiles of the post-dial delay, by ``group``, each a delay that was measured (nearest rank).

    Parameters: after, up to.
    """
    group = _group(group)
    wanted = " UNION ALL ".join(f"SELECT {each} AS percentile" for each in PERCENTILES)
    return f"""
SELECT ranked.grouped, wanted.percentile, MAX(ranked.measured) AS measured, MAX(ranked.post_dial_delay) AS delay
FROM (
  SELECT {group} AS grouped, post_dial_delay,
         ROW_NUMBER() OVER (PARTITION BY {group} ORDER BY post_dial_delay) AS place,
         COUNT(*) OVER (PARTITION BY {group}) AS measured
  FROM calls
  WHERE began > ? AND began <= ? AND post_dial_delay IS NOT NULL
) AS ranked
CROSS JOIN ({wanted}) AS wanted
WHERE ranked.place * 100 >= wanted.percentile * ranked.measured
  AND (ranked.place - 1) * 100 < wanted.percentile * ranked.measured
GROUP BY ranked.grouped, wanted.percentile""".strip()


LATEST_DELAYS = """
SELECT market, post_dial_delay, COUNT(*) AS calls
FROM (
  SELECT market, post_dial_delay
  FROM calls
  WHERE began > ? AND began <= ? AND post_dial_delay IS NOT NULL
  ORDER BY began DESC
  LIMIT ?
) AS latest
GROUP BY market, post_dial_delay""".strip()
"""How often each post-dial delay was measured in each market, of the latest calls. Parameters: after, up to, how many
calls."""

CODES_BY_MARKET_AND_DAY = f"""
SELECT market, age, code, outcome, COUNT(*) AS calls
FROM (
  SELECT market, (? - began) - (? - began) % {DAY} AS age, code, outcome
  FROM calls
  WHERE began > ? AND began <= ?
) AS aged
GROUP BY market, age, code, outcome""".strip()
"""How often each code came in each market, by how many whole days ago. Parameters: now, now, after, now."""

OUTCOMES = """
SELECT outcome, COUNT(*) AS calls
FROM calls
WHERE began > ? AND began <= ?
GROUP BY outcome""".strip()
"""How often each outcome came. Parameters: after, up to."""


def evidence(group: str | None, what: str, *, known: bool = True) -> str:
    """The latest calls that show something. Parameters: after, up to, the value of ``group`` if it has one, how many.

    Args:
        group: what tells calls apart, if anything.
        what: one of `SHOWN`.
        known: whether the group has a value; else its calls are those without one.
    """
    which = ""
    if group is not None:
        which = f" AND {_group(group)} = ?" if known else f" AND ({_group(group)} IS NULL OR {_group(group)} = '')"
    return f"""
SELECT {", ".join(EVIDENCE)}
FROM calls
WHERE began > ? AND began <= ? AND {SHOWN[what]}{which}
ORDER BY began DESC, uid
LIMIT ?""".strip()


EVIDENCE = (
    "uid", "began", "first_response", "ringing", "final", "ended", "caller", "called", "call_id", "code", "phrase",
    "reason", "class_603", "outcome", "rang", "retry_after", "trunk", "terminating_carrier", "market", "condition",
    "cause", "attestation",
)  # fmt: skip
"""The columns of a call that is shown as evidence."""

SHOWN = {
    "603": "code = 603",
    "480": "code = 480",
    "486": "code = 486",
    "404/410": "(code = 404 OR code = 410)",
    "503": "code = 503",
    "stalls": "outcome = 'stalled'",
}
"""What a rule can be about, as a condition on a call."""

LATEST = "SELECT MAX(began) AS latest FROM calls"
"""When the latest call began; NULL if there is none."""

LATEST_WITHIN = "SELECT MAX(began) AS latest FROM calls WHERE began > ? AND began <= ?"
"""When the latest call within a time began; NULL if there is none. Parameters: after, up to."""

FATES = """
SELECT caller, began, COALESCE(final, ended, began) AS known, code
FROM calls
WHERE began > ? AND began <= ? AND caller IS NOT NULL
ORDER BY COALESCE(final, ended, began), uid""".strip()
"""Each call's caller, begin, when its fate was known, and code, in that order of time. Parameters: after, up to."""


def fates_of(callers: int) -> str:
    """`FATES` of some callers. Parameters: after, up to, the callers."""
    # With the plus sign SQLite looks them up by caller, not by time, where there are many more.
    return f"""
SELECT caller, began, COALESCE(final, ended, began) AS known, code
FROM calls
WHERE +began > ? AND +began <= ? AND caller IN ({_places(callers)})
ORDER BY COALESCE(final, ended, began), uid""".strip()


PLAIN = (
    *(text(group) for text in (codes_by, counts_by, delays_by) for group in GROUPS),
    *(evidence(group, what) for group in (None, *GROUPS) for what in SHOWN),
    COUNTS_BY_QUARTER, rolling(14_400_000), *(as_of(group) for group in TALLIED), HOURS_OF_CALLERS,
    CODES_BY_MARKET_AND_DAY, OUTCOMES, FATES, LATEST,
    LATEST_WITHIN, LATEST_DELAYS, refused_of(2), refused_of(2, unknown=True), highest("code_603", WINDOW), fates_of(2),
    *(text for group in TALLIED for text in (sums(group, SHORT_STEP, 2, 3), counts_of(group, 2))),
)  # fmt: skip
"""Every statement there is."""
