"""Alerts as they are kept in the table ``alerts`` beside the calls: one row for each episode.

A watch writes it (`simcarrier watch --table`); whoever shows alerts reads it. ``ended`` is NULL while an episode is
open. Times are in ms since 1970, the evidence is JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from .alerts import Alert, Change
from .queries import Queries

CREATE: Final = """
CREATE TABLE IF NOT EXISTS alerts (
  episode TEXT PRIMARY KEY, rule TEXT NOT NULL, about TEXT NOT NULL, grouped_by TEXT NOT NULL, value TEXT,
  severe INTEGER NOT NULL, since BIGINT NOT NULL, told BIGINT NOT NULL, ended BIGINT, attempts BIGINT NOT NULL,
  hits BIGINT NOT NULL, cause TEXT, advice TEXT NOT NULL, evidence TEXT NOT NULL
)"""

_COLUMNS: Final = (
    "episode", "rule", "about", "grouped_by", "value", "severe", "since", "told", "ended", "attempts", "hits", "cause",
    "advice", "evidence",
)  # fmt: skip
ADD: Final = f"""
INSERT INTO alerts ({", ".join(_COLUMNS)}) VALUES ({", ".join("?" * len(_COLUMNS))})
ON CONFLICT (episode) DO UPDATE SET severe = excluded.severe, told = excluded.told, ended = excluded.ended"""
OPEN: Final = "SELECT rule, value, since, severe FROM alerts WHERE ended IS NULL"
PAST: Final = f"""
SELECT {", ".join(_COLUMNS[:-1])}
FROM alerts
WHERE since <= ? AND (ended IS NULL OR ended > ?)
ORDER BY since DESC, episode
LIMIT ?"""


@dataclass(frozen=True, slots=True)
class Episode:
    """A row of the table.

    Attributes:
        episode, rule, about, by, value, severe, since, attempts, hits, cause, advice: as those of the `Alert`; the
            counts are those of when it was told first.
        told: when it was told last.
        ended: when it was over; None while it is not.
    """

    episode: str
    rule: str
    about: str
    by: str
    value: str | None
    severe: bool
    since: int
    told: int
    ended: int | None
    attempts: int
    hits: int
    cause: str | None
    advice: str


def row_of(alert: Alert) -> tuple[Any, ...]:
    """The values of `ADD`."""
    ended = alert.at if alert.change is Change.ENDS else None
    return (
        alert.episode, alert.rule, alert.about, alert.by, alert.value, int(alert.severe), alert.since, alert.at,
        ended, alert.attempts, alert.hits, alert.cause, alert.advice,
        json.dumps([dict(call) for call in alert.evidence]),
    )  # fmt: skip


def open_episodes(queries: Queries) -> list[tuple[str, str | None, int, bool]]:
    """Episodes that are open: rule, value, since, severe."""
    return [(rule, value, int(since), bool(severe)) for rule, value, since, severe in queries.query(OPEN)]


def episodes(queries: Queries, after: int, until: int, most: int) -> Sequence[Episode]:
    """The episodes of which a part lies in (after, until], the latest first; so many at most."""
    return [_read(row) for row in queries.query(PAST, (until, after, most))]


def _read(row: Sequence[Any]) -> Episode:
    episode, rule, about, by, value, severe, since, told, ended, attempts, hits, cause, advice = row
    over = None if ended is None else int(ended)
    return Episode(
        episode, rule, about, by, value, bool(severe), int(since), int(told), over, int(attempts), int(hits), cause,
        advice,
    )  # fmt: skip
