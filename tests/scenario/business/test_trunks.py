"""Trunks as a scenario writes them, and what is wrong with some."""

from __future__ import annotations

import pytest

from simcarrier.scenario.load import ScenarioError, loads
from simcarrier.scenario.units import Span


def test_all_of_it() -> None:
    (trunk,) = loads(
        """
        name: x
        parameters: {many: 30}
        carrier:
          trunks:
            - name: main
              lines: $many
              calls_per_second: 10
              burst: 20
              retry_after: 2s..5s
              source: [192.0.2.0/24, "2001:db8::1"]
              taken:
                - {when: 10s..40s, lines: 10}
                - {hours: 9..12, days: mon..fri, lines: 30}
        """
    ).carrier.trunks
    assert (trunk.name, trunk.lines, trunk.calls_per_second, trunk.burst) == ("main", 30, 10, 20)
    assert trunk.retry_after == Span(2.0, 5.0)
    assert [entry.lines for entry in trunk.taken] == [10, 30]
    assert str(trunk.taken[1].hours) == "9..12"


@pytest.mark.parametrize(
    ("trunks", "said"),
    [
        ("[{lines: 3}]", 'carrier.trunks[0]: the key "name" is missing'),
        ("[{name: a, lines: 0}]", 'carrier.trunks[0].lines: "lines" must be a number of lines, at least 1, not "0"'),
        ("[{name: a, calls_per_second: fast}]", '"calls_per_second" must be a number of calls, at least 1, not "fast"'),
        ("[{name: a, cps: 3}]", 'unknown key "cps"'),
        ("[{name: a, burst: 3}]", 'carrier.trunks[0].burst: "burst" goes with calls_per_second:, which is not there'),
        ("[{name: a, retry_after: 3s}]", '"retry_after" goes with calls_per_second:, which is not there'),
        ("[{name: a, taken: [{lines: 3}]}]", "carrier.trunks[0].taken[0]: there are no lines to take: say how many"),
        (
            "[{name: a, lines: 2, taken: [{lines: 3}]}]",
            'carrier.trunks[0].taken[0].lines: "lines" must be at most the 2 lines of the trunk, not 3',
        ),
        (
            "[{name: a, lines: 2, taken: [{lines: 1, when: 40s..10s}]}]",
            '"when" must run from the earlier to the later time, not "40s..10s"',
        ),
        ("[{name: a, lines: 2, taken: [{when: 1s..2s}]}]", 'carrier.trunks[0].taken[0]: the key "lines" is missing'),
        ("[{name: a}, {name: a, source: 10.0.0.1}]", 'carrier.trunks[1].name: trunks[0] has the name "a" already'),
        (
            "[{name: a}, {name: b}]",
            "carrier.trunks[1]: no call comes by this trunk: trunks[0] takes those that have no other; give it",
        ),
    ],
)
def test_faults(trunks: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(f"name: x\ncarrier: {{trunks: {trunks}}}")
    (fault,) = caught.value.faults
    assert said in str(fault)


def test_a_second_trunk_without_source_is_for_a_customer() -> None:
    loads(
        """
        name: x
        carrier:
          customers: [{name: shop, trunk: b, source: 10.0.0.1}]
          trunks: [{name: a}, {name: b}]
        """
    )


@pytest.mark.parametrize("trunks", ["x", "{a: b}", "[x]", "[{name: [a], taken: x, source: 1}]", "[[], {taken: [x]}]"])
def test_any_shape_is_borne(trunks: str) -> None:
    with pytest.raises(ScenarioError):
        loads(f"name: x\ncarrier: {{trunks: {trunks}, customers: [x, {{trunk: [1]}}]}}")
