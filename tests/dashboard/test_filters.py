"""The filter that people type: what is taken, what is told of the rest, and that both of its outcomes agree."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.conditions import Condition
from simcarrier.dashboard.calls.filter_fields import FIELDS
from simcarrier.dashboard.calls.filters import LONGEST_FILTER, MOST_VALUES, MOST_WORDS, FilterFault, parse
from simcarrier.records.model import CallRecord
from simcarrier.stores.postgres import PostgresStore
from simcarrier.stores.sqlite import SqliteStore
from tests.dashboard.filter_kit import NOON, NUMBERS, any_record, keep, opened, record, stored


@pytest.fixture(scope="module")
def store() -> Iterator[SqliteStore]:
    made = opened()
    yield made
    made.close()


def takes(text: str, call: CallRecord) -> bool:
    test = parse(text, NOON).test()
    return test is None or test(call)


def fault(text: str) -> str:
    with pytest.raises(FilterFault) as caught:
        parse(text, NOON)
    assert caught.value.faults
    return str(caught.value)


CALL = record(
    caller="+14155550100", called="+4930123", code=603, phrase="Call Blocked", trunk="a", rule="blocked by us",
    condition=Condition.BLOCKED_BY_ANALYTICS, call_id="abc@host", customer="none",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("   ", True),
        ("code:603", True),
        ("code:6xx", True),
        ("code:6XX", True),
        ("code:none", False),
        ("code:480,603", True),
        ("-code:603", False),
        ("-code:200", True),
        ("from:+1415*", True),
        ("from:+1416*", False),
        ("caller:+14155550100", True),
        ("from:*0100", True),
        ("from:*555*", True),
        ("from:+1415", False),
        ("FROM:+1415*", True),
        ("to:+49*,+43*", True),
        ("called:+43*", False),
        ("condition:blocked_by_analytics", True),
        ("condition:BLOCKED_BY_ANALYTICS", True),
        ("condition:none", False),
        ("outcome:refused", True),
        ("ended:refused", True),
        ("ending:cancelled", False),
        ('rule:"blocked by us"', True),
        ("rule:blocked*", True),
        ("trunk:a", True),
        ("trunk:A", False),
        ("trunk:none", False),
        ("customer:none", False),
        ('customer:"none"', True),
        ("phrase:*Blocked", True),
        ("call_id:abc@host", True),
        ("call-id:abc*", True),
        ("since:1h", False),
        ("until:2026-11-23T12:00:01Z", True),
        ("since:2026-11-23", True),
        ("since:7d", False),
        ("4155", True),
        ("blocked_by", True),
        ("abc@host", True),
        ("-abc@host", False),
        ("603", False),
        ('"0100" 4930', True),
        ("code:603 from:+1415* -trunk:b", True),
        ("code:603 from:+1415* -trunk:a", False),
    ],
)
def test_what_a_filter_means(text: str, expected: bool) -> None:
    if text.startswith("since:") and not expected:
        # An hour ago is later than the call was.
        test = parse(text, NOON + 8 * 86_400).test()
        assert test is not None
        assert not test(CALL)
    else:
        assert takes(text, CALL) is expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cod:603", 'did you mean "code"?'),
        ("colour:red", "there are from, to, code"),
        ("code:700", "must be a final code such as 403, a class such as 4xx, or none"),
        ("code:403,", "final code"),
        ("code:", "has no value: write code:603"),
        ("from: 1415", "%2B"),
        ("from:/1+/", "regular expression"),
        ("from:+1*5", "beginning or the end"),
        ("from:*", "beside its *"),
        ("condition:line_full", 'did you mean "lines_full"?'),
        ("outcome:answer", 'did you mean "answered"?'),
        ("ended:up", "must be one of"),
        ("since:yesterday", "2h or 3d"),
        ("since:1e400", "2h or 3d"),
        ("since:1e300", "calendars"),
        ("since:99999h", "a year"),
        ('rule:"open', "is not closed"),
        ('rule:a"b', "is not closed"),
        ('"open', "is not closed"),
        ('""', "has no text"),
        ("-", "has no text"),
        ("from:" + "1" * 300, "256 characters"),
        ("code:" + ",".join(["200"] * (MOST_VALUES + 1)), f"{MOST_VALUES} are taken"),
        ("a " * (MOST_WORDS + 1), f"{MOST_WORDS} are taken"),
        ("x" * (LONGEST_FILTER + 1), "too long"),
    ],
)
def test_what_is_told_of_a_filter_that_is_wrong(text: str, told: str) -> None:
    assert told in fault(text)


def test_every_word_that_is_wrong_is_named() -> None:
    with pytest.raises(FilterFault) as caught:
        parse("code:1 to:+49* colour:red since:now", NOON)
    assert [each.word for each in caught.value.faults] == ["code:1", "colour:red", "since:now"]


def test_what_only_one_side_knows_is_refused_by_the_other() -> None:
    with pytest.raises(FilterFault, match=r"market:US.*stored calls only"):
        parse("market:US code:603", NOON).test()
    with pytest.raises(FilterFault, match=r"rule:x.*only while the carrier runs"):
        parse("rule:x code:603", NOON).where()


def test_every_field_takes_its_own_example() -> None:
    for field in FIELDS:
        made = parse(f"{field.name}:{field.example}", NOON)
        assert field.live or field.stored
        if field.live:
            assert made.test() is not None
        if field.stored:
            where = made.where()
            assert where is not None
            assert where.text.count("?") == len(where.values)


def test_a_call_that_is_up_is_up_until_it_is_refused() -> None:
    assert takes("outcome:up", record(code=None, ending=None))
    assert takes("outcome:up", record(code=200, ending=None))
    assert not takes("outcome:up", record(code=603, ending=None))
    assert takes("outcome:refused", record(code=603, ending=None))


def test_no_value_ever_stands_in_the_sql() -> None:
    where = parse("from:x'); call_id:*%_' 'OR code:603 \"--;\"", NOON).where()
    assert where is not None
    for mark in ("'x", "%", "--", "603", ";"):
        assert mark not in where.text


def check_any(text: str) -> None:
    """Whatever it is, it is understood or told to be wrong: nothing else is ever raised."""
    with contextlib.suppress(FilterFault):
        made = parse(text, NOON)
        with contextlib.suppress(FilterFault):
            made.test()
        made.where()


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_a_fault(text: str) -> None:
    check_any(text)


_PIECES = st.sampled_from(
    ["from:", "to:", "code:", "since:", "until:", "rule:", "call_id:", "-", '"', '""', "*", ",", " ", "4xx", "none",
     "603", "+1415", "2h", "1e5", "/a/", "9" * 20, "é", "\0", "2026-11-23"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=12).map("".join))
def test_any_row_of_pieces_is_a_filter_or_a_fault(text: str) -> None:
    check_any(text)


def any_filter(rng: random.Random) -> str:
    """A filter at random that calls of `any_record` may match, and that both sides know."""

    def value(texts: tuple[str, ...]) -> str:
        text = rng.choice([each for each in texts if each] or ["x"])
        piece = text[rng.randrange(len(text)) :] if rng.random() < 0.4 else text[: rng.randrange(1, len(text) + 1)]
        if rng.random() < 0.2:
            return '"' + text.replace('"', '""') + '"'
        before, behind = rng.choice([("", ""), ("", "*"), ("*", ""), ("*", "*")])
        return before + piece.replace('"', "").replace(" ", "") + behind

    makers: list[Callable[[], str]] = [
        lambda: f"from:{value(NUMBERS)}",
        lambda: f"to:{value(NUMBERS)},{value(('+49', '0030'))}",
        lambda: f"code:{rng.choice(['603', '4xx', 'none', '200,403', '2xx,none'])}",
        lambda: f"condition:{rng.choice(['declined', 'lines_full', 'none', 'busy,none'])}",
        lambda: f"outcome:{rng.choice(['answered', 'refused', 'cancelled', 'stalled,silent', 'failed', 'up'])}",
        lambda: f"phrase:{value(('Decline', 'Call Blocked'))}",
        lambda: f"reason:{value(('Q.850;cause=21', 'none'))}",
        lambda: f"trunk:{rng.choice(['a', 'none', 'a,b', '*a'])}",
        lambda: "customer:" + rng.choice(["acme", "none", '"none"', "a*"]),
        lambda: f"call_id:{value(('abc@host1', 'ABC', '%_', '_'))}",
        lambda: f"attestation:{rng.choice(['A', 'B', 'none'])}",
        lambda: f"{rng.choice(['since', 'until'])}:{NOON + rng.randrange(-3, 4) / 2}",
        lambda: value((*NUMBERS, "declined", "abc", "lines", "%")),
    ]
    words = []
    for _ in range(rng.randrange(1, 4)):
        made = rng.choice(makers)()
        words.append(rng.choice(["", "", "-"]) + made)
    return " ".join(words)


def check(store: SqliteStore | PostgresStore, rng: random.Random, filters: int) -> int:
    """The hits of random filters on random calls; live and stored must have the same."""
    kept = keep(store, [any_record(number, rng) for number in range(1, 30)])
    hits = 0
    for _ in range(filters):
        text = any_filter(rng)
        try:
            wanted = parse(text, NOON)
        except FilterFault:
            continue
        test = wanted.test()
        expected = {uid for uid, call in kept.items() if test is None or test(call)}
        assert stored(store, wanted) == expected, text
        hits += len(expected)
    return hits


@given(st.randoms(use_true_random=False))
def test_live_and_stored_calls_that_match_are_the_same(rng: random.Random) -> None:
    with_memory = opened()
    try:
        check(with_memory, rng, 10)
    finally:
        with_memory.close()


def test_random_filters_match_something(store: SqliteStore) -> None:
    """Or the test above would show nothing."""
    assert check(store, random.Random(1), 300) > 300


def test_postgresql_finds_the_same(database: str) -> None:
    store = PostgresStore(database)
    store.open()
    try:
        assert check(store, random.Random(2), 150) > 100
    finally:
        store.close()
