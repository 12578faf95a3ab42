"""What is filled in on the way to the store: market, terminating carrier, and which attempt it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.deliverability.destinations import Destinations, read_prefixes
from simcarrier.records.row import row_of, values_of
from simcarrier.stores.completing import Completing
from simcarrier.stores.importing.convert import Converter
from simcarrier.stores.importing.mapping import load_mapping
from tests.stores.rows import row, rows

TABLE = read_prefixes(["prefix,carrier,market", "49,,Germany", "4989,M-net,"])


def test_where_it_leads() -> None:
    complete = Completing(Destinations(TABLE))
    told = complete(row(called="+498912345"))
    assert (told.market, told.terminating_carrier) == ("Germany", "M-net")
    told = complete(row(called="+33142278186"))
    assert (told.market, told.terminating_carrier) == ("FR", None)


@pytest.mark.parametrize("called", [None, "", "anonymous", "0891234"])
def test_what_is_not_known_stays_unknown(called: str | None) -> None:
    told = Completing(Destinations(TABLE))(row(called=called))
    assert (told.market, told.terminating_carrier) == (None, None)


def test_what_is_known_stays() -> None:
    told = Completing(Destinations(TABLE))(row(called="+4989", market="Bavaria", terminating_carrier="x", attempt=7))
    assert (told.market, told.terminating_carrier, told.attempt) == ("Bavaria", "x", 7)


def test_nothing_else_is_changed() -> None:
    before = row(called="+498912345", trunk="a", retry_after=3)
    after = Completing(Destinations(TABLE))(before)
    changed = {name for name in before.as_dict() if before.as_dict()[name] != after.as_dict()[name]}
    assert changed == {"attempt", "market", "terminating_carrier"}
    assert row_of(values_of(after)) == after


@given(st.lists(st.sampled_from(["+49891", "+49892", "0893", None, ""]), max_size=30))
def test_attempts_at_a_number_are_counted(called: list[str | None]) -> None:
    complete = Completing(Destinations())
    told = [complete(row(at, called=number)).attempt for at, number in enumerate(called)]
    assert told == [called[: at + 1].count(number) if number else None for at, number in enumerate(called)]


def test_of_too_many_numbers_it_is_not_known_which_attempt_it_was() -> None:
    complete = Completing(Destinations(), most_numbers=2)
    told = [complete(row(called=f"+4989{number}")).attempt for number in (1, 2, 3, 1, 3, 2, 2)]
    assert told == [1, 1, None, 2, None, 2, 3]


def test_runs_are_counted_each_by_itself() -> None:
    assert [Completing(Destinations())(each).attempt for each in rows(2, called="+4989")] == [1, 1]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, ("Germany", "M-net", None)),
        ({"market": "Bavaria"}, ("Bavaria", "M-net", None)),
        ({"market": "", "terminating_carrier": "own"}, ("Germany", "own", None)),
        ({"attempt": "3"}, ("Germany", "M-net", 3)),
        ({"called": "0891234"}, (None, None, None)),
    ],
)
def test_imported_calls_have_them_too(more: dict[str, str], told: tuple[object, ...]) -> None:
    record = {"began": "2026-11-23 12:00:00", "called": "+498912345", **more}
    made = Converter(load_mapping("generic"), list(record), destinations=Destinations(TABLE)).row(list(record.values()))
    assert made is not None
    assert (made.market, made.terminating_carrier, made.attempt) == told
