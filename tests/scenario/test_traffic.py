"""The traffic of a scenario: what is written, what it becomes, and what is said when it is wrong."""

from __future__ import annotations

from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it brings no types
import pytest
import yaml

from simcarrier.conditions import Condition
from simcarrier.scenario.load import ScenarioError, loads
from simcarrier.scenario.schema import json_schema
from simcarrier.scenario.traffic import Campaign, Traffic
from simcarrier.scenario.traffic_fields import NumberTemplate, Profile
from simcarrier.scenario.units import Span

FULL = """
name: x
parameters: {rate: 1200}
carrier: {customers: [{name: shop, source: 192.0.2.0/24}]}
traffic:
  calls_per_hour: $rate
  campaigns:
    - name: spring
      share: 80%
      to: [{number: "+4989#######", share: 70%}, {number: "+44#########", share: 30%}]
      numbers: 5000
      callers: {prefix: "+4930123", count: 20}
      choose: sticky
      hours: [8..12, 13..20]
      days: mon..fri
      profile: {8..12: 1, 13..19: 1.5, 19: 0.5}
      retries: {on: [no_answer, 486], after: 1h..2h, at_most: 2}
      patience: 20s..40s
      stall: 8s
      talk: 10s..3m
      customer: shop
      registers: false
      source: "192.0.2.9:5070"
      asserted: caller
      headers: {X-Campaign: spring}
    - {share: 20%, to: +1212555####, callers: ["+49301", "+49302"]}
"""


def traffic(written: str) -> Traffic:
    made = loads(f"name: x\ntraffic: {written}").traffic
    assert made is not None
    return made


def test_all_of_it() -> None:
    made = loads(FULL).traffic
    assert made is not None
    assert made.calls_per_hour == 1200
    spring, other = made.campaigns
    assert [(str(kind.number), kind.share) for kind in spring.to] == [("+4989#######", 0.7), ("+44#########", 0.3)]
    assert (spring.pool[0], spring.pool[-1], len(spring.pool)) == ("+493012300", "+493012319", 20)
    assert spring.profile is not None
    assert [spring.profile.weights[hour] for hour in (7, 8, 12, 13, 18, 19, 20)] == [0, 1, 0, 1.5, 1.5, 0.5, 0]
    assert spring.retries is not None
    assert (spring.retries.on, spring.retries.after) == ((Condition.NO_ANSWER, 486), Span(3600, 7200))
    assert (spring.source, spring.registers, spring.headers) == (("192.0.2.9", 5070), False, {"X-Campaign": "spring"})
    assert [str(kind.number) for kind in other.to] == ["+1212555####"]
    assert other.pool == ("+49301", "+49302")
    assert (other.retries, other.patience, other.stall, other.talk) == (
        None, Span(30, 45), Span(10, 10), Span(20, 120)
    )  # fmt: skip


def test_what_is_not_said() -> None:
    made = traffic("{campaigns: [{to: '1'}]}")
    assert made.calls_per_hour == 1000
    assert made.campaigns[0].pool == tuple(f"+4930555{at:02}" for at in range(50))
    assert loads("name: x").traffic is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("192.0.2.7", ("192.0.2.7", 5060)),
        ("192.0.2.7:5080", ("192.0.2.7", 5080)),
        ("2001:db8::7", ("2001:db8::7", 5060)),
        ("[2001:db8::7]:5080", ("2001:db8::7", 5080)),
    ],
)
def test_addresses(written: str, read: tuple[str, int]) -> None:
    assert traffic(f"{{campaigns: [{{to: '1', source: '{written}'}}]}}").campaigns[0].source == read


WRONG = {
    "no campaigns": ("{campaigns: []}", "must not be empty"),
    "no key": ("{calls: 3, campaigns: [{to: '1'}]}", 'unknown key "calls"'),
    "no numbers": ("{campaigns: [{name: a}]}", 'the key "to" is missing'),
    "a pattern": ("{campaigns: [{to: +49*}]}", "must have a # for each digit that follows"),
    "too many digits": ("{campaigns: [{to: '+4930################'}]}", "at most 15 random digits"),
    "spaces": ("{campaigns: [{to: '+49 30'}]}", "must be a number, # for a random digit"),
    "one share of two": ("{campaigns: [{to: '1', share: 50%}, {to: '2'}]}", "must say the share of each, or of none"),
    "shares": ("{campaigns: [{to: '1', share: 50%}, {to: '2', share: 40%}]}", "the shares add to 90%, not to 100%"),
    "shares of numbers": ("{campaigns: [{to: [{number: '1', share: 90%}]}]}", "the shares add to 90%"),
    "a name twice": ("{campaigns: [{name: a, to: '1'}, {name: a, to: '2'}]}", 'campaigns[0] has the name "a" already'),
    "a list too long": ("{campaigns: [{to: '+49##', numbers: 101}]}", "more numbers than there are: to has 100"),
    "both pools": ("{campaigns: [{to: '1', callers: {prefix: '1', count: 2, numbers: ['1']}}]}", "has numbers and a"),
    "half a pool": ("{campaigns: [{to: '1', callers: {prefix: '1'}}]}", "must be a list of numbers, or a mapping"),
    "an empty pool": ("{campaigns: [{to: '1', callers: []}]}", "must not be an empty list"),
    "a caller with #": ("{campaigns: [{to: '1', callers: ['1#']}]}", 'must be a number such as "+49301234"'),
    "choose": ("{campaigns: [{to: '1', choose: stiky}]}", 'did you mean "sticky"'),
    "a profile of nothing": ("{campaigns: [{to: '1', profile: {8: 0}}]}", "must leave some hour with calls"),
    "an hour twice": ("{campaigns: [{to: '1', profile: {8..10: 1, 9: 2}}]}", "names 9 twice"),
    "no hour": ("{campaigns: [{to: '1', profile: {8..25: 1}}]}", "hours of the day for keys"),
    "a weight below zero": ("{campaigns: [{to: '1', profile: {8: -1}}]}", "must have weights such as 1 or 0.5"),
    "a misspelt condition": ("{campaigns: [{to: '1', retries: {on: no_anser, after: 1h}}]}", 'mean "no_answer"'),
    "a success": ("{campaigns: [{to: '1', retries: {on: 200, after: 1h}}]}", "a code from 300 to 699"),
    "retries without a time": ("{campaigns: [{to: '1', retries: {on: 486}}]}", 'the key "after" is missing'),
    "no such customer": (
        "{campaigns: [{to: '1', customer: shop}]}",
        'there is no customer "shop"; the carrier has none',
    ),
    "an address with a name": ("{campaigns: [{to: '1', source: example.org}]}", "must be an address such as"),
    "a port": ("{campaigns: [{to: '1', source: '192.0.2.7:0'}]}", "must be an address such as"),
    "a rate": ("{calls_per_hour: 0, campaigns: [{to: '1'}]}", "must be a number of calls from 1"),
    "no mapping": ("3", "must be a mapping of keys and values"),
    "campaigns of any shape": ("{campaigns: {a: 1}}", "must be a list"),
    "a campaign of any shape": ("{campaigns: [3, {to: [[1]]}]}", "must be a mapping of keys and values"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said_in_words(case: str) -> None:
    written, said = WRONG[case]
    with pytest.raises(ScenarioError) as error:
        loads(f"name: x\ntraffic: {written}")
    assert said in str(error.value), str(error.value)


def test_a_misspelt_customer_is_told_with_its_place() -> None:
    with pytest.raises(ScenarioError) as error:
        loads(FULL.replace("customer: shop", "customer: shoop"))
    assert 'traffic.campaigns[0].customer: there is no customer "shoop"; did you mean "shop"?' in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        FULL,
        "name: x\ntraffic: {campaigns: [{to: '1', callers: '2', retries: {on: [486, busy], after: $t}}]}",
        "name: x\ntraffic: {campaigns: [{to: [{number: 2}], callers: {numbers: [2]}, retries: {on: 486, after: 1s}}]}",
    ],
)
def test_the_json_schema_takes_what_loads(text: str) -> None:
    loads(text.replace("$t", "1s"))
    # PyYAML reads YAML 1.1, where a bare "on" means true; editors read 1.2, and we read texts.
    jsonschema.Draft202012Validator(json_schema()).validate(yaml.safe_load(text.replace("{on:", "{'on':")))


@pytest.mark.parametrize("written", ["{to: '1', talk: 12}", "{to: []}", "{to: '1', callers: {size: 2}}", "{}"])
def test_the_json_schema_refuses_what_does_not(written: str) -> None:
    data: Any = yaml.safe_load(f"name: x\ntraffic: {{campaigns: [{written}]}}")
    assert list(jsonschema.Draft202012Validator(json_schema()).iter_errors(data))


def test_quantities_are_told_as_they_are_written() -> None:
    assert str(NumberTemplate.parse("+49##")) == "+49##"
    assert str(Profile.parse({"8..10": "1", "10": "0.5"})) == "{8: 1, 9: 1, 10: 0.5}"
    campaign = Campaign.model_validate({"to": [{"number": NumberTemplate("1")}]})
    assert Campaign.model_validate(campaign) is campaign
