"""Lists of stored calls, in SQLite and PostgreSQL: pages both ways, and searches that give up in time and go on."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simcarrier.dashboard.calls import stored as stored_calls
from simcarrier.dashboard.calls.filters import FilterFault, parse
from simcarrier.dashboard.calls.stored import MOST_ROWS, PATIENCE, Page, Place, Search, call_of, find
from simcarrier.dashboard.calls.view import facts_of_row
from simcarrier.records.row import Row
from simcarrier.stores.postgres import PostgresStore
from simcarrier.stores.sqlite import SqliteStore
from simcarrier.stores.store import Store
from tests.stores.rows import NOON, row

COUNT = 620
SECONDS = NOON / 1000


def some_rows() -> list[Row]:
    """Calls of some minutes; several begin in the same millisecond, as those of an import do."""
    rng = random.Random(1)
    made = []
    for number in range(COUNT):
        code = rng.choice([200, 480, 603])
        caller = "+4930777" if number in (3, 300) else f"+1415555{number % 40:04}"
        made.append(
            row(
                number, began=NOON + 50 * (number // 7), caller=caller, code=code, called=f"+49{number:04}",
                outcome="answered" if code == 200 else "refused", market=rng.choice(["US", "DE", None]),
            )
        )  # fmt: skip
    return made


ROWS = sorted(some_rows(), key=lambda each: (each.began, each.uid), reverse=True)


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = SqliteStore(tmp_path_factory.mktemp("calls") / "calls.db")
    store.open()
    store.add(ROWS)
    yield store
    store.close()


@pytest.fixture
def postgresql(database: str) -> Iterator[Store]:
    store = PostgresStore(database)
    store.open()
    store.add(ROWS)
    yield store
    store.close()


def search(q: str = "", **more: Any) -> Search:
    return Search(parse(q, SECONDS), **more)


def impatient(looks: int = 1) -> Any:
    """A clock by which time is over after so many looks at it."""
    ticks = itertools.count()
    return lambda: PATIENCE * next(ticks) / looks


def all_pages(store: Store, q: str, clock: Any = None, **more: Any) -> tuple[list[Row], int]:
    """Every call that matches, page by page, going on wherever a search has given up; and how often it has."""
    found: list[Row] = []
    given_up = 0
    place: Place | None = None
    for _ in range(200):
        asked = search(q, place=place, **more)
        page = find(store, asked) if clock is None else find(store, asked, clock())
        found += page.rows
        if page.reached is not None:
            given_up += 1
            place = Place(page.reached)
        elif page.more:
            place = Place(page.rows[-1].began, page.rows[-1].uid)
        else:
            return found, given_up
    raise AssertionError("no end of pages")


def check_pages(store: Store) -> None:
    first = find(store, search())
    assert first == Page(ROWS[:MOST_ROWS], True, None)
    forth = [first]
    while forth[-1].more:
        last = forth[-1].rows[-1]
        forth.append(find(store, search(place=Place(last.began, last.uid))))
    assert [each for page in forth for each in page.rows] == ROWS
    for later, earlier in itertools.pairwise(forth):
        begin = earlier.rows[0]
        back = find(store, search(place=Place(begin.began, begin.uid), newer=True))
        assert back.rows == later.rows
        assert back.more is (later is not first)


def test_pages_lead_through_all_calls_and_back_in_sqlite(sqlite: Store) -> None:
    check_pages(sqlite)


def test_pages_lead_through_all_calls_and_back_in_postgresql(postgresql: Store) -> None:
    check_pages(postgresql)


FILTERS = (
    "code:603",
    "-code:603",
    "from:+14155550007",
    "from:+1415555*",
    "from:+4930*",
    "from:+4930777 code:480,603,200",
    "to:+490123",
    "market:none",
    "market:US outcome:answered",
    "call_id:none",
    "0123",
    "code:404",
)


def check_filters(store: Store) -> None:
    for q in FILTERS:
        matching = [each for each in ROWS if _matches(each, q)]
        assert all_pages(store, q) == (matching, 0), q


def _matches(each: Row, q: str) -> bool:
    told = {
        "code:603": each.code == 603,
        "-code:603": each.code != 603,
        "from:+14155550007": each.caller == "+14155550007",
        "from:+1415555*": str(each.caller).startswith("+1415555"),
        "from:+4930*": str(each.caller).startswith("+4930"),
        "from:+4930777 code:480,603,200": each.caller == "+4930777",
        "to:+490123": each.called == "+490123",
        "market:none": each.market is None,
        "market:US outcome:answered": each.market == "US" and each.outcome == "answered",
        "call_id:none": False,
        "0123": "0123" in f"{each.called} {each.caller} {each.call_id}",
        "code:404": False,
    }
    return told[q]


def test_filters_find_all_calls_that_match_in_sqlite(sqlite: Store) -> None:
    assert sum(_matches(each, q) for q in FILTERS for each in ROWS) > 1000
    check_filters(sqlite)


def test_filters_find_all_calls_that_match_in_postgresql(postgresql: Store) -> None:
    check_filters(postgresql)


def test_a_search_gives_up_and_goes_on_from_there(sqlite: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_calls, "SLICE", 20)
    for q in ("to:+490123", "market:none", "code:404", "0123"):
        found, given_up = all_pages(sqlite, q, impatient)
        assert found == [each for each in ROWS if _matches(each, q)]
        assert given_up > 3
    page = find(sqlite, search("code:404"), impatient())
    assert page.rows == []
    assert page.reached is not None
    assert ROWS[0].began > page.reached >= ROWS[-1].began


def test_a_search_of_many_slices_finds_each_call_once(sqlite: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_calls, "SLICE", 10)
    monkeypatch.setattr(stored_calls, "LARGEST_SLICE", 30)
    check_filters(sqlite)


def test_a_search_for_newer_calls_gives_up_and_goes_on_too(sqlite: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_calls, "SLICE", 20)
    place: Place | None = Place(ROWS[-1].began, ROWS[-1].uid)
    found: list[Row] = []
    given_up = 0
    while place is not None:
        page = find(sqlite, search("to:+490123,+490400", place=place, newer=True), impatient())
        found = page.rows + found
        given_up += page.reached is not None
        place = None if page.reached is None else Place(page.reached)
    assert found == [each for each in ROWS if each.called in ("+490123", "+490400")]
    assert given_up > 3


def test_a_patient_search_takes_larger_slices(sqlite: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_calls, "SLICE", 10)
    asked: list[str] = []
    query = sqlite.query

    def noting(sql: str, values: Any = ()) -> list[tuple[Any, ...]]:
        asked.append(sql)
        return query(sql, values)

    monkeypatch.setattr(sqlite, "query", noting)
    assert find(sqlite, search("code:404"), lambda: 0.0) == Page([], False, None)
    assert len(asked) < 20


def test_a_range_of_time_leaves_its_begin_out_and_has_its_end(sqlite: Store) -> None:
    after, until = NOON + 500, NOON + 1500
    within = [each for each in ROWS if after < each.began <= until]
    assert 100 < len(within) < COUNT
    assert all_pages(sqlite, "", after=after, until=until)[0] == within
    assert all_pages(sqlite, "market:none", after=after, until=until)[0] == [
        each for each in within if each.market is None
    ]
    words = f"since:{after / 1000 + 0.001} until:{until / 1000}"
    assert all_pages(sqlite, words)[0] == within
    assert all_pages(sqlite, f"from:+4930* {words}")[0] == []


def test_a_number_with_few_calls_is_looked_up_by_the_index_of_callers(sqlite: Store) -> None:
    def plans(q: str) -> list[str]:
        asked: list[tuple[str, Any]] = []

        class Noting(SqliteStore):
            def __init__(self) -> None:
                super().__init__(Path("none"))

            def query(self, sql: str, params: Any = ()) -> list[tuple[Any, ...]]:
                asked.append((sql, params))
                return sqlite.query(sql, params)

        find(Noting(), search(q))
        return [
            " ".join(str(line[-1]) for line in sqlite.query(f"EXPLAIN QUERY PLAN {sql}", params))
            for sql, params in asked
        ]

    for q in ("from:+4930777", "from:+4930*", "from:+4930777,+1416* code:603"):
        told = plans(q)
        assert all("calls_caller" in each and "calls_began" not in each for each in told), told
        assert "COVERING" in told[0]
    assert all("calls_began" in each for each in plans("code:603"))
    assert all("SCAN calls" not in each or "INDEX" in each for q in FILTERS for each in plans(q))


def test_a_number_with_many_calls_is_searched_by_time(sqlite: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_calls, "FEW", 10)
    check_filters(sqlite)


def test_what_is_not_stored_is_refused(sqlite: Store) -> None:
    with pytest.raises(FilterFault, match="is not stored"):
        find(sqlite, search("rule:x"))


@pytest.mark.parametrize("text", ["", "x", "1e3", "1" * 20, "٣", "--1", "1 "])
def test_a_place_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="milliseconds since 1970"):
        Place.parse(text)


@pytest.mark.parametrize("place", [Place(5), Place(-5, "abc"), Place(NOON, "a.b")])
def test_a_place_in_a_link(place: Place) -> None:
    assert Place.parse(str(place)) == place


def test_a_call_by_its_uid(sqlite: Store) -> None:
    assert call_of(sqlite, ROWS[5].uid) == ROWS[5]
    assert call_of(sqlite, "nobody") is None


def test_the_columns_of_a_row_in_words() -> None:
    told = {name: value for name, value, _ in facts_of_row(row(condition="lines_full", cause="x", talk=1500, rang=1))}
    assert told["condition"].startswith("lines_full: ")
    assert told["cause"] == "x: as the records name it"
    assert told["talk"] == "1.500 s"
    assert told["rang"] == "yes"
    assert told["began"] == "2026-11-23 12:00:01.000 UTC"
    assert "market" not in told
    facts_of_row(row(began=2**62))  # a time that no calendar has is shown all the same
