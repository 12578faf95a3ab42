"""Weather is switched and conditions are forced by hand, from the next call on."""

from __future__ import annotations

from typing import Any

import pytest

from simcarrier.client import ControlProblem
from simcarrier.conditions import Condition
from simcarrier.web.weather import Skies, read_force
from tests.carrier.kit import Exchange
from tests.web.kit import Controlled


def fronts(carrier: Controlled) -> dict[str, tuple[str, bool]]:
    return {front["name"]: (front["switch"], front["holds"]) for front in carrier.client.weather()}


def test_an_outage_comes_and_goes(carrier: Controlled) -> None:
    assert fronts(carrier) == {"storm": ("auto", False), "heavy traffic": ("auto", False)}
    assert carrier.client.switch("storm", "on") == {
        "name": "storm",
        "condition": "carrier_failure",
        "switch": "on",
        "holds": True,
    }
    carrier.dial("+491")
    carrier.client.switch("storm", "off")
    carrier.dial("+491")
    first, second = carrier.client.calls()
    assert (first["condition"], first["why"]) == ("carrier_failure", "weather: storm")
    assert (second["condition"], second["code"]) == (None, 403)
    carrier.client.switch("storm", "auto")
    assert fronts(carrier)["storm"] == ("auto", False)


def test_a_front_with_a_space_in_its_name_and_for_some_numbers(carrier: Controlled) -> None:
    carrier.client.switch("heavy traffic", "on")
    carrier.dial("+491")
    carrier.dial("+431", caller="+12")
    assert [call["condition"] for call in carrier.client.calls()] == ["route_congested", None]


def test_there_is_no_such_front(carrier: Controlled) -> None:
    with pytest.raises(ControlProblem, match='did you mean "storm"') as raised:
        carrier.client.switch("strom", "on")
    assert raised.value.status == 404


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        pytest.param("switch: maybe", 422, "switch", id="no such position"),
        pytest.param("swich: on", 422, "swich", id="misspelt"),
        pytest.param("{}", 422, "", id="nothing said"),
        pytest.param("[on]", 400, "", id="a list"),
    ],
)
def test_a_switch_that_is_none(carrier: Controlled, body: str, status: int, field: str) -> None:
    answer = carrier.request("PUT", "/v1/weather/storm", body)
    assert answer.status == status
    assert field in [each["field"] for each in answer.body["errors"]]
    assert fronts(carrier)["storm"] == ("auto", False)


def test_a_condition_is_forced_for_all_calls_and_lifted(carrier: Controlled) -> None:
    told = carrier.client.force("lines_full")
    assert (told["condition"], told["forced"]) == ("lines_full", {})
    carrier.dial("+491")
    carrier.client.lift("lines_full")
    carrier.dial("+491")
    first, second = carrier.client.calls()
    assert (first["condition"], first["rule"], first["why"]) == ("lines_full", None, "weather: forced lines_full")
    assert second["condition"] is None


def test_a_condition_for_some_numbers_and_the_last_one_first(carrier: Controlled) -> None:
    carrier.client.force("unwanted", to=["+4989*", "+4930*"])
    carrier.client.force("busy", to="+4989*")
    for number in ("+4989", "+4930", "+4940"):
        carrier.dial(number)
    assert [call["condition"] for call in carrier.client.calls()] == ["busy", "unwanted", None]
    forced = {each["condition"]: each["forced"] for each in carrier.client.conditions() if each["forced"]}
    assert forced == {"unwanted": {"to": ["+4989*", "+4930*"]}, "busy": {"to": "+4989*"}}


def test_a_share_and_a_time_to_come_back(carrier: Controlled) -> None:
    carrier.client.force("rate_exceeded", share="50%", retry_after="7s")
    codes = {tuple(carrier.dial("+491")) for _ in range(24)}
    assert len(codes) == 2
    assert any(call["condition"] == "rate_exceeded" for call in carrier.client.calls())


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"to": "a b"}, "to", id="spaces"),
        pytest.param({"share": "140%"}, "share", id="more than all"),
        pytest.param({"too": "+49*"}, "too", id="misspelt"),
        pytest.param({"on": "false"}, "on", id="not for here"),
        pytest.param({"retry_after": 3}, "retry_after", id="no unit"),
    ],
)
def test_a_force_that_is_none(carrier: Controlled, body: Any, field: str) -> None:
    before = carrier.state()
    answer = carrier.request("PUT", "/v1/conditions/busy", body)
    assert (answer.status, answer.kind) == (422, "faulty")
    assert [(each["field"], each["line"]) for each in answer.body["errors"]] == [(field, 1)]
    assert carrier.state() == before


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_there_is_no_such_condition(carrier: Controlled, method: str) -> None:
    answer = carrier.request(method, "/v1/conditions/bussy")
    assert (answer.status, answer.kind) == (404, "not-found")
    assert 'did you mean "busy"' in answer.body["detail"]


def test_lifting_what_is_not_forced_does_nothing(carrier: Controlled) -> None:
    assert carrier.request("DELETE", "/v1/conditions/busy").status == 204


def test_a_reset_leaves_all_to_the_scenario(carrier: Controlled) -> None:
    carrier.client.switch("storm", "on")
    carrier.client.force("busy")
    carrier.client.reset("weather")
    assert not any(each["forced"] for each in carrier.client.conditions())
    assert carrier.dial("+491") == [403]


def test_with_nothing_forced_the_carrier_asks_what_it_asked_before(carrier: Controlled) -> None:
    def checks() -> int:
        return carrier.ask(lambda service: len(service.switch.carrier.business.checks))

    before = checks()
    carrier.client.force("busy")
    carrier.client.force("unwanted")
    assert checks() == before + 1
    carrier.client.lift("busy")
    carrier.client.lift("unwanted")
    assert checks() == before


BUSINESS = """
carrier:
  lines: 2
  trunks: [{name: main, lines: 2, calls_per_second: 100}]
  tariffs: {usual: {currency: EUR, rates: [{to: "*", per_minute: 0.09}]}}
  customers: [{name: acme, source: 10.0.0.1, trunk: main, balance: 5.00 EUR, tariff: usual}]
  analytics: {}
  subscribers: [{to: +49*, answer: 100%}]
"""


@pytest.mark.parametrize("condition", Condition)
def test_every_condition_can_be_forced_on_a_whole_business(condition: Condition) -> None:
    exchange = Exchange(BUSINESS)
    model, written = read_force("", condition, {})
    Skies(exchange.switch.carrier.business).force(condition, model, written)
    call = exchange.dial()
    exchange.wire.run(200)
    if call.is_up:
        call.hang_up()
    elif not call.endings:
        call.cancel()
    exchange.wire.run(700)
    assert exchange.record.condition is condition
    assert exchange.record.why == f"weather: forced {condition}"
    exchange.close_of_business()
