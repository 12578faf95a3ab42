"""Lines, and calls per second."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from simcarrier.verdict import crowd
from simcarrier.verdict.crowd import Crowd, Interval, peak
from simcarrier.verdict.evidence import Seen
from tests.verdict.kit import call, judged

TWO = "{lines: obeyed, at_most: 2}"
CPS = "{calls_per_second: obeyed, at_most: 5}"


def test_lines() -> None:
    up = [call(at, 200, ended_after=10.0) for at in (0, 1, 2)]
    assert judged(TWO, *up[:2], call(10, 200)).got == "2 at once at most"
    outcome = judged(TWO, *up)
    assert (outcome.met, outcome.got) == (False, "3 at once at 22:13:22.000, 2 allowed")
    assert outcome.calls == (up[2].call_id,)
    assert outcome.evidence[0].endswith("one line too many")


def test_a_line_is_free_when_the_refusal_has_gone_out() -> None:
    one = call(0, 200, ended_after=10.0)
    assert judged("{lines: obeyed, at_most: 1}", call(0), call(0.05), call(0.1)).met
    assert judged(TWO, one, replace(call(1), ended_after=32.0), call(2)).met


def test_a_call_that_is_refused_at_once_is_one_too_many_all_the_same() -> None:
    up = [call(at, 200, ended_after=10.0) for at in (0, 1)]
    at_once = replace(call(2, 486), responded_after=0.0, acknowledged_after=0.0, ended_after=0.0)
    assert judged(TWO, *up, at_once).got == "3 at once at 22:13:22.000, 2 allowed"
    assert judged(TWO, up[0], at_once, replace(at_once, number=at_once.number + 1)).met


def test_the_lines_are_those_of_the_carrier_and_its_trunks() -> None:
    carrier = "{lines: 3, trunks: [{name: a, lines: 1}, {name: b, source: 10.0.0.9}]}"
    up = [call(0, 200, ended_after=10.0, trunk=trunk) for trunk in ("a", "b", "b")]
    fine = judged("{lines: obeyed}", *up, carrier=carrier)
    assert fine.wanted == "calls at once within the lines (3, 1 by trunk a)"
    assert fine.got == "3 at once at most, 1 at once by trunk a at most"
    wrong = judged("{lines: obeyed}", *up, call(1, 486, trunk="a"), carrier=carrier)
    assert wrong.got == "4 at once at 22:13:21.000, 3 allowed, 2 at once by trunk a at 22:13:21.000, 1 allowed"


def test_calls_per_second() -> None:
    assert judged(CPS, *(call(place * 0.2) for place in range(50))).got == "5 in a second at most"
    jittery = [call(place * 0.2 - (0.01 if place % 2 else 0)) for place in range(50)]
    assert judged(CPS, *jittery).met
    assert not judged(CPS.replace("}", ", tolerance: 0ms}"), *jittery).met
    assert judged(CPS, *(call(place * 0.15) for place in range(50))).got == "7 in a second at 22:13:20.900, 5 allowed"


def test_the_rate_is_that_of_the_trunk() -> None:
    carrier = "{trunks: [{name: a, calls_per_second: 1}]}"
    expect = "{calls_per_second: obeyed}"
    assert judged(expect, call(0, trunk="a"), call(0.1), carrier=carrier).met
    assert not judged(expect, call(0, trunk="a"), call(0.1, trunk="a"), carrier=carrier).met
    assert judged(expect, carrier=carrier).wanted == "new calls in any second at most 1 by trunk a"


def test_no_call_came() -> None:
    for expect in (TWO, CPS):
        assert judged(expect).got == "nothing to judge by: no call came"


SEEN = Seen("", "", "", 0.0, 0)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=40), st.integers(0, 5))
def test_the_peak_is_the_most_at_any_begin(spans: list[tuple[int, int]], limit: int) -> None:
    intervals = [Interval(begin, begin + length, SEEN) for begin, length in spans]
    in_order = sorted(intervals, key=lambda one: one.begin)
    counts = [1 + sum(one.end > at.begin for one in in_order[:place]) for place, at in enumerate(in_order)]
    found = peak(intervals, limit)
    assert found.most == max(counts, default=0)
    assert bool(found.calls) is (found.most > limit)


def test_a_long_run_costs_no_more_memory() -> None:
    many = Crowd(1)
    for at in range(3 * crowd.MOST):
        many.add(at, at + 1.5, SEEN)
    assert many.peak().most == 2
    assert len(many._intervals) < crowd.MOST
