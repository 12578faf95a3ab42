"""The same SQL gives the same figures in SQLite, DuckDB and PostgreSQL, and they are those of a plain count."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
import sqlglot
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from simcarrier.deliverability import statements
from simcarrier.deliverability.distributions import codes_by, counts_by, counts_by_hour, delays_by, hour_of
from simcarrier.deliverability.queries import DAY, HOUR, MINUTE, WINDOW
from simcarrier.deliverability.volume import PAST, volumes
from simcarrier.deliverability.windows import as_of, cut, rolling
from simcarrier.records.row import Row
from tests.deliverability import reference
from tests.deliverability.databases import Book
from tests.stores.rows import NOON, row

# Times at and around all edges there are: of windows, tallies and days, a millisecond before and behind.
_EDGES = [0, WINDOW, 5 * MINUTE, HOUR, 3 * HOUR, DAY, 2 * DAY, PAST, PAST + HOUR]
_ages = st.one_of(
    st.builds(lambda edge, slip: edge + slip, st.sampled_from(_EDGES), st.integers(-1, 1)),
    st.builds(lambda step, slip: step * 5 * MINUTE + slip, st.integers(-3, 100), st.integers(-1, 1)),
    st.integers(-HOUR, 6 * HOUR),
    st.integers(-HOUR, 7 * DAY),
)


def _calls(told: Sequence[tuple[int, str | None, int | None, str | None, str | None, int | None]]) -> list[Row]:
    return [
        row(at, began=NOON - age, caller=caller, code=code, outcome=outcome, market=market, post_dial_delay=delay,
            terminating_carrier=market and market.lower(), trunk=("a", None, "", "b")[at % 4],
            final=NOON - age + at % 7)
        for at, (age, caller, code, outcome, market, delay) in enumerate(told)
    ]  # fmt: skip


many_calls = st.lists(
    st.tuples(
        _ages,
        st.sampled_from(["+4930111", "+4930222", "+12125550100", "", None]),
        st.sampled_from([200, 404, 410, 480, 486, 503, 603, 603, None]),
        st.sampled_from(["answered", "refused", "stalled", None]),
        st.sampled_from(["DE", "US", None]),
        st.sampled_from([None, 0, 100, 100, 250, 8000]),
    ),
    max_size=60,
).map(_calls)
moments = st.one_of(st.just(NOON), st.integers(NOON - DAY, NOON + DAY), st.integers(-5, 5).map(lambda n: NOON + n))

agree = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def crowd(seed: int, count: int) -> list[Row]:
    """Many calls in six hours, out of order, with ties and a gap."""
    rng = random.Random(seed)
    pick = rng.choice
    told = [
        (pick([rng.randrange(2 * HOUR), rng.randrange(3 * HOUR, 6 * HOUR)]) // 500 * 500, f"+49301{rng.randrange(9)}",
         pick([200, 480, 486, 603]), pick(["answered", "stalled"]), pick(["DE", "US"]), rng.randrange(9000))
        for _ in range(count)
    ]  # fmt: skip
    return _calls(told)


@given(rows=many_calls, now=moments, window=st.sampled_from([WINDOW, HOUR, 5 * MINUTE, DAY, 1, 7 * MINUTE + 13]))
@example(rows=crowd(1, 1500), now=NOON, window=WINDOW)
@example(rows=crowd(2, 1500), now=NOON - 100 * MINUTE + 1, window=WINDOW)
@agree
def test_the_window_as_of_now(books: dict[str, Book], rows: list[Row], now: int, window: int) -> None:
    wanted = {group: reference.as_of(rows, now, window, group) for group in statements.TALLIED}
    for name, book in books.items():
        book.fill(rows)
        for group in statements.TALLIED:
            assert as_of(book, now, window, group) == wanted[group], (name, group)


@given(rows=many_calls, now=moments, window=st.sampled_from([WINDOW, HOUR, 1]), code=st.sampled_from([603, 480]))
@example(rows=crowd(3, 800), now=NOON, window=WINDOW, code=603)
@agree
def test_the_window_behind_each_call(books: dict[str, Book], rows: list[Row], now: int, window: int, code: int) -> None:
    wanted = reference.rolling(rows, now - DAY, now, code, window)
    for name, book in books.items():
        book.fill(rows)
        found = rolling(book, now - DAY, now, code=code, window=window)
        assert [(each.began, each.uid, each.attempts, each.hits) for each in found] == wanted, name


@given(rows=many_calls, now=moments)
@example(rows=crowd(4, 800), now=NOON)
@agree
def test_distributions(books: dict[str, Book], rows: list[Row], now: int) -> None:
    after = now - DAY
    zone = ZoneInfo("Asia/Kathmandu")  # 5:45 ahead
    seen = reference.within(rows, after, now)
    for name, book in books.items():
        book.fill(rows)
        for group in statements.GROUPS:
            groups = reference.by(rows, group, after, now)
            assert counts_by(book, group, after, now) == {value: reference.counts(of) for value, of in groups.items()}
            found = codes_by(book, group, after, now)
            assert found.keys() == groups.keys(), name
            for value, of in groups.items():
                told = found[value]
                assert told.codes == {code: len(calls) for code, calls in reference.by(of, "code", after, now).items()}
                assert (told.attempts, told.stalls) == (len(of), reference.counts(of).stalls), name
        for clock in (UTC, zone):
            hours = {hour_of(each.began, clock) for each in seen}
            wanted = {hour: reference.counts(x for x in seen if hour_of(x.began, clock) == hour) for hour in hours}
            assert counts_by_hour(book, after, now, clock) == wanted, name


@given(rows=many_calls, now=moments)
@example(rows=crowd(5, 800), now=NOON)
@agree
def test_percentiles_of_the_post_dial_delay(books: dict[str, Book], rows: list[Row], now: int) -> None:
    after = now - DAY
    wanted = {}
    for value, of in reference.by(rows, "market", after, now).items():
        delays = [each.post_dial_delay for each in of if each.post_dial_delay is not None]
        if delays:
            wanted[value] = (len(delays), {p: reference.percentile(delays, p) for p in statements.PERCENTILES})
    for name, book in books.items():
        book.fill(rows)
        found = delays_by(book, "market", after, now)
        assert {value: (told.measured, told.percentiles) for value, told in found.items()} == wanted, name


@given(rows=many_calls, now=moments)
@agree
def test_days_of_a_market_and_a_number_s_own_past(books: dict[str, Book], rows: list[Row], now: int) -> None:
    wanted = reference.by_day(rows, now, 6)
    end = (now - HOUR) // HOUR * HOUR
    latest = reference.as_of(rows, now, HOUR)
    volume = {caller: (of.attempts, *reference.past(rows, caller, end - PAST, end)) for caller, of in latest.items()}
    for name, book in books.items():
        book.fill(rows)
        found = book.query(statements.CODES_BY_MARKET_AND_DAY, (now, now, now - 6 * DAY, now))
        days = {(market, int(age) // DAY, code, outcome): int(calls) for market, age, code, outcome, calls in found}
        assert days == wanted, name
        told = {caller: (each.attempts, each.hours, each.before) for caller, each in volumes(book, now).items()}
        assert told == volume, name


@given(rows=many_calls, now=moments)
@agree
def test_evidence_and_fates(books: dict[str, Book], rows: list[Row], now: int) -> None:
    after = now - DAY
    seen = sorted(reference.within(rows, after, now), key=lambda each: (-each.began, each.uid))
    ways = sorted((each.final, each.uid, each.caller, each.code) for each in seen if each.caller is not None)
    for name, book in books.items():
        book.fill(rows)
        found = book.query(statements.evidence("market", "404/410"), (after, now, "DE", 3))
        assert [uid for uid, *_ in found] == [
            each.uid for each in seen if each.market == "DE" and each.code in (404, 410)
        ][:3], name
        told = book.query(statements.FATES, (after, now))
        assert [(known, caller, code) for caller, _, known, code in told] == [
            (known, caller, code) for known, _, caller, code in ways
        ], name


@given(now=st.integers(0, 2 * DAY), window=st.integers(1, 2 * DAY))
def test_a_window_is_cut_into_parts_that_make_it_up(now: int, window: int) -> None:
    pairs = cut(now, window)
    hours, before, behind, inside, raw_before, raw_behind = zip(pairs[::2], pairs[1::2], strict=True)
    assert all(low <= high for low, high in (hours, before, behind, inside, raw_before, raw_behind))
    assert hours[0] % HOUR == hours[1] % HOUR == 0
    assert all(edge % (5 * MINUTE) == 0 for edge in (*before, *behind))
    assert inside[1] - inside[0] + raw_before[1] - raw_before[0] <= 150_000  # few calls are looked at one by one
    length = sum(high - low for low, high in (hours, inside))
    length -= sum(high - low for low, high in (before, behind, raw_before, raw_behind))
    assert length == window


def test_the_number_of_statements_that_are_tried() -> None:
    assert len(statements.PLAIN) == len(set(statements.PLAIN)) > 50


@pytest.mark.parametrize("dialect", ["bigquery", "clickhouse", "postgres", "duckdb", "sqlite"])
def test_an_independent_parser_takes_the_sql(dialect: str) -> None:
    for text in statements.PLAIN:
        # A parameter of ClickHouse has a name and a type; a number does as well where only the form is looked at.
        plain = text.replace("?", "1") if dialect == "clickhouse" else text
        (parsed,) = sqlglot.parse(plain, dialect=dialect)
        assert isinstance(parsed, sqlglot.exp.Select)
        # And what we mean by it, as PostgreSQL reads it, can be said there.
        said = sqlglot.transpile(text.replace("?", "1"), read="postgres", write=dialect)[0]
        assert isinstance(sqlglot.parse_one(said, dialect=dialect), sqlglot.exp.Select)
        assert "/" not in text


def test_what_is_no_column_stays_out_of_the_text() -> None:
    for make in (statements.codes_by, statements.counts_by, statements.delays_by):
        with pytest.raises(
            ValueError, match="calls are not told apart by 'caller; DROP TABLE calls': there are caller, "
        ):
            make("caller; DROP TABLE calls")
