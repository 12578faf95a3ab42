"""Weather as a scenario writes it, and what is wrong with some."""

from __future__ import annotations

import pytest

from simcarrier.conditions import MEANINGS, Condition
from simcarrier.scenario.business.weather import KINDS
from simcarrier.scenario.load import ScenarioError, loads
from simcarrier.scenario.units import Span


def test_all_of_it() -> None:
    first, second = loads(
        """
        name: x
        parameters: {kind: slow}
        carrier:
          weather:
            - name: evening
              what: $kind
              post_dial_delay: 4s..8s
              hours: 18..22
              days: [sat, sun]
              to: +49*
              share: 40%
            - {condition: not_acceptable, when: 30s..60s, on: off}
        """
    ).carrier.weather
    assert (first.title, first.what, first.post_dial_delay, first.share) == ("evening", "slow", Span(4.0, 8.0), 0.4)
    assert (second.title, second.condition, second.on) == ("not_acceptable", Condition.NOT_ACCEPTABLE, False)


def test_every_short_word_but_slow_is_a_condition() -> None:
    assert {kind for kind, condition in KINDS.items() if condition not in MEANINGS} == {"slow"}


@pytest.mark.parametrize(
    ("weather", "said"),
    [
        ("[{when: 1s..2s}]", "carrier.weather[0]: does not say what goes wrong: add what: (one of outage, silent,"),
        ("[{what: outage, condition: silent}]", 'has "what" and "condition": exactly one of them'),
        ("[{what: outrage}]", '"what" must be what goes wrong, such as outage, not "outrage"; did you mean "outage"?'),
        (
            "[{what: rain}]",
            "; there are outage, silent, congestion, area_throttled, all_numbers_inactive, stalled,",
        ),
        ("[{condition: rain}]", '"condition" must be what happens to a call'),
        ("[{what: slow}]", "carrier.weather[0]: does not say how slow: add post_dial_delay: 4s..8s"),
        ("[{what: slow, post_dial_delay: 1s, retry_after: 1s}]", '"retry_after" does not go with what: slow'),
        ("[{what: outage, post_dial_delay: 4s}]", '"post_dial_delay" goes with what: slow'),
        (
            "[{what: outage, when: 60s..30s}]",
            'carrier.weather[0].when: "when" must run from the earlier to the later time, not "60s..30s"',
        ),
        ("[{what: outage, when: 30s..30s}]", '"when" must run from the earlier to the later time'),
        ("[{what: outage, hours: 9..9}]", '"hours" must hold some time'),
        ("[{what: outage, share: 0%}]", '"share" must be a share above 0%'),
        ("[{what: outage}, {what: outage}]", 'weather[1]: has no name, and would be called "outage" as weather[0] is'),
        (
            "[{what: outage, name: a}, {what: silent, name: a}]",
            'carrier.weather[1].name: has the name "a" as weather[0] is: give each a name of its own',
        ),
    ],
)
def test_faults(weather: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(f"name: x\ncarrier: {{weather: {weather}}}")
    (fault,) = caught.value.faults
    assert said in str(fault)


@pytest.mark.parametrize("weather", ["x", "[x]", "{a: b}", "[{what: [slow]}]", "[{what: {a: b}, post_dial_delay: 1s}]"])
def test_any_shape_is_borne(weather: str) -> None:
    with pytest.raises(ScenarioError):
        loads(f"name: x\ncarrier: {{weather: {weather}}}")
