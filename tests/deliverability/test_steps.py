"""Figures that are put together from sums are those of a plain count, in SQLite, DuckDB and PostgreSQL alike."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from simcarrier.deliverability.baseline import Verdict, compare_all, compare_sums
from simcarrier.deliverability.distributions import delays_by, latest_delays
from simcarrier.deliverability.episodes import ADD, CREATE, episodes, row_of
from simcarrier.deliverability.lines import MOST_LINES, rolling_lines
from simcarrier.deliverability.overview import open_alerts, watched
from simcarrier.deliverability.pacing import replayed
from simcarrier.deliverability.policy import load_policy
from simcarrier.deliverability.queries import DAY, HOUR, MINUTE, WINDOW
from simcarrier.deliverability.rules import load_rules
from simcarrier.deliverability.steps import counts_by_step
from simcarrier.records.row import Row
from tests.deliverability import reference
from tests.deliverability.databases import Book
from tests.deliverability.kit import Shelf
from tests.stores.rows import NOON, row

CALLERS = ["+4930111", "+4930222", "+12125550100", None]


def calls(seed: int, count: int, span: int = 2 * DAY) -> list[Row]:
    """Calls of a while up to noon, some of them at the very edges of hours."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        age = rng.randrange(span)
        if number % 10 == 0:
            age -= age % HOUR - rng.choice([0, 1, HOUR - 1])
        code = rng.choices([200, 404, 480, 486, 503, 603, None], [40, 5, 20, 10, 5, 15, 5])[0]
        outcome = {200: "answered", None: "stalled"}.get(code, "refused")
        made.append(
            row(number, began=NOON - age, caller=rng.choice(CALLERS), code=code, outcome=outcome,
                market=rng.choice(["DE", "US", None]), post_dial_delay=rng.choice([None, 80, 300, 300, 9000]))
        )  # fmt: skip
    return made


EDGES = [
    (NOON - DAY, NOON),
    (NOON - DAY - 1, NOON - 1),
    (NOON - 26 * HOUR + 7, NOON - 127 * MINUTE + 13),
    (NOON - 4 * MINUTE, NOON - 3 * MINUTE),
    (NOON - HOUR - 1, NOON - 1),
    (NOON - HOUR + 1, NOON - 2),
    (NOON - 90 * MINUTE, NOON - 61 * MINUTE),
    (NOON, NOON),
]


def check_steps(book: Book, rows: list[Row], after: int, until: int, step: int) -> None:
    values = ["+4930111", "", "nobody"]
    seen = [each for each in reference.within(rows, after, until) if (each.caller or "") in values]
    keys = {(each.caller or "", each.began - each.began % step) for each in seen}
    assert counts_by_step(book, "caller", values, after, until, step) == {
        (caller, bucket): reference.counts(
            each for each in seen if (each.caller or "") == caller and each.began - each.began % step == bucket
        )
        for caller, bucket in keys
    }


def test_counts_by_step(books: dict[str, Book]) -> None:
    rows = calls(1, 300)
    for name, book in books.items():
        book.fill(rows)
        # DuckDB has no sums and adds them up with every question: a few will do.
        for after, until in EDGES if name == "SQLite" else EDGES[2:3]:
            for step in (HOUR, 5 * MINUTE):
                check_steps(book, rows, after, until, step)


def test_lines_are_the_windows_at_their_moments(books: dict[str, Book]) -> None:
    rows = calls(2, 700, 30 * HOUR)
    for name, book in books.items():
        book.fill(rows)
        for length in (4 * HOUR, DAY, 7 * DAY) if name == "SQLite" else (DAY,):
            check_lines(book, rows, NOON - 7 * MINUTE + 1234, length)


def check_lines(book: Book, rows: list[Row], until: int, length: int) -> None:
    found = rolling_lines(book, until - length, until, at_least=12)
    assert set(found.points) == {"+4930111", "+4930222", "+12125550100"}  # and none for calls without one
    assert found.moments[-1] == until + 1
    assert 40 < len(found.moments) <= 101
    assert {moment % found.step for moment in found.moments[:-1]} == {0}
    for caller, points in found.points.items():
        for moment, (attempts, hits) in zip(found.moments, points, strict=True):
            behind = [each for each in rows if each.caller == caller and moment - WINDOW <= each.began < moment]
            assert (attempts, hits) == (len(behind), sum(each.code == 603 for each in behind)), moment


def test_lines_are_those_of_the_highest_shares(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for number in range(12):
        shelf.put(100, number, caller=f"+49301{number:02}", spread=2 * HOUR)
    shelf.put(30, 30, caller="+4930999")  # too few
    found = rolling_lines(shelf.store, NOON - DAY, NOON)
    assert list(found.points) == [f"+49301{number:02}" for number in range(11, 11 - MOST_LINES, -1)]
    assert found.callers == 11  # one has no 603
    assert rolling_lines(shelf.store, NOON - DAY, NOON, at_least=101).points == {}
    shelf.store.close()


def test_the_latest_delays(books: dict[str, Book]) -> None:
    rows = calls(3, 300)
    after, until = NOON - DAY, NOON - HOUR
    latest = sorted(
        (each for each in reference.within(rows, after, until) if each.post_dial_delay is not None),
        key=lambda each: -each.began,
    )
    for name, book in books.items():
        book.fill(rows)
        assert latest_delays(book, after, until, 10_000) == delays_by(book, "market", after, until), name
        found = latest_delays(book, after, until, 50)
        assert sum(each.measured for each in found.values()) == 50
        oldest = latest[49].began
        if latest[50].began != oldest:
            wanted = Counter(each.market for each in latest[:50])
            assert {market: each.measured for market, each in found.items()} == wanted, name


def test_a_baseline_of_sums_is_that_of_the_calls(tmp_path: Path) -> None:
    rows = [each for each in calls(4, 2400, 6 * DAY) if each.code != 404]
    worse = [each for each in rows if each.market == "DE" and each.began > NOON - DAY]
    rows += [each._replace(uid=f"x{each.uid}", code=603, outcome="refused") for each in worse]
    shelf = Shelf(tmp_path)
    shelf.add(rows)
    plain, sums = compare_all(shelf.store, NOON), compare_sums(shelf.store, NOON)
    shelf.store.close()
    assert [each.verdict for each in sums] == [Verdict.DIFFERS, Verdict.SAME, Verdict.SAME]
    # The names of answers differ; what they come to does not.
    bare = [replace(each, shifts=(), chance=None) for each in plain]
    assert [replace(each, shifts=(), chance=None) for each in sums] == bare
    assert [each.chance for each in sums] == pytest.approx([each.chance for each in plain])
    assert sums[0].shifts[0].answer == "603"


def test_a_replay_of_some_numbers(books: dict[str, Book]) -> None:
    rows = calls(5, 500, 20 * HOUR)
    policy = load_policy()
    for name, book in books.items():
        book.fill(rows)
        everybody, _ = replayed(book, NOON, DAY, policy)
        some, known = replayed(book, NOON, DAY, policy, ["+4930222", "+4930111"])
        assert known == ["+4930111", "+4930222"]
        assert some.ask("+4930111", NOON) == everybody.ask("+4930111", NOON), name
        assert some.ask("+12125550100", NOON).attempts == 0
        assert replayed(book, NOON, DAY, policy, [])[1] == []


def test_open_alerts_the_worst_of_them_first(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for number in range(1, 6):
        shelf.put(100, 4 * number, caller=f"+493010{number}")
    rules = load_rules()
    watch = watched(shelf.store, NOON, rules)
    assert watch.open == 4
    assert [each.hits for each in watch.current(shelf.store, NOON, 2)] == [20, 16]
    assert sorted(each.hits for each in open_alerts(shelf.store, NOON, rules)) == [8, 12, 16, 20]
    shelf.store.close()


def test_episodes_of_a_range(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.put(100, 20)
    (alert,) = open_alerts(shelf.store, NOON, load_rules())
    shelf.store.query(CREATE)
    for number, since in enumerate((NOON - 3 * DAY, NOON - HOUR, NOON)):
        shelf.store.query(ADD, row_of(replace(alert, episode=str(number), since=since)))
    shelf.store.query("UPDATE alerts SET ended = ? WHERE episode = '0'", (NOON - 2 * DAY,))
    found = episodes(shelf.store, NOON - DAY, NOON, 10)
    assert [(each.episode, each.since, each.ended, each.hits) for each in found] == [
        ("2", NOON, None, 20),
        ("1", NOON - HOUR, None, 20),
    ]
    assert [each.episode for each in episodes(shelf.store, NOON - 2 * DAY - 1, NOON - DAY, 10)] == ["0"]
    assert len(episodes(shelf.store, 0, NOON, 2)) == 2
    shelf.store.close()
