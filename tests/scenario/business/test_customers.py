"""Customers, tariffs and money as a scenario writes them, and what is wrong with some."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it brings no types
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.scenario.business import customers, tariffs
from simcarrier.scenario.business.money import UNITS, Money, in_words, read_price
from simcarrier.scenario.load import ScenarioError, loads
from simcarrier.scenario.models import CarrierConfig
from simcarrier.scenario.schema import json_schema
from simcarrier.sip.digest import Algorithm

WHOLE = """
name: x
parameters: {paid: 12.50 EUR}
carrier:
  tariffs:
    standard:
      currency: EUR
      rates:
        - {to: ["+49*", "+43*"], per_minute: 0.0095, interval: 60s}
        - {to: +4915112345678, per_minute: 1, first_interval: 30s, interval: 6s, connection_fee: 0.05}
      otherwise: free
  trunks: [{name: main, lines: 30}]
  customers:
    - name: callcentre
      source: [192.0.2.0/24, "2001:db8::1"]
      user: callcentre
      domain: [CallCentre.example, 192.0.2.9]
      password: s3cret
      challenge: 401
      algorithms: [SHA-512-256, MD5-sess]
      realm: carrier.example
      registration: {required: yes, min_expires: 1s, max_expires: 30m, starts: active}
      balance: {amount: $paid, floor: -5.00 EUR}
      tariff: standard
      trunk: main
      routed_callers: "+4930*"
    - {name: small, user: small, password: x, registration: required, balance: 3 EUR, tariff: standard}
    - {name: free, domain: free.example}
"""


def carrier(text: str) -> CarrierConfig:
    return loads(text).carrier


def faults(customers_: str, tariffs_: str = "{t: {currency: EUR, rates: [{to: '*', per_minute: 1}]}}") -> list[str]:
    with pytest.raises(ScenarioError) as error:
        loads(f"name: x\ncarrier:\n  tariffs: {tariffs_}\n  customers: {customers_}\n")
    return [f"{fault.where}: {fault.message}" for fault in error.value.faults]


def test_all_of_it() -> None:
    config = carrier(WHOLE)
    centre, small, free = config.customers
    assert (centre.user, centre.secret, centre.challenge, centre.realm) == (
        "callcentre",
        "s3cret",
        401,
        "carrier.example",
    )
    assert centre.domain == ("callcentre.example", "192.0.2.9")
    assert centre.algorithms == (Algorithm.SHA_512_256, Algorithm.MD5_SESS)
    assert centre.balance is not None
    assert (centre.balance.amount, centre.balance.floor.amount) == (Money(12_500_000, "EUR"), -5_000_000)
    assert centre.registration is not None
    assert (centre.registration.min_expires, centre.registration.max_expires) == (1.0, 1800.0)
    assert (centre.registration.required, centre.registration.starts) == (True, "active")
    assert small.registration is not None
    assert small.registration.required
    assert small.balance is not None
    assert (small.balance.amount.amount, small.balance.floor.amount) == (3 * UNITS, 0)
    assert (free.challenge, free.algorithms) == (407, (Algorithm.SHA_256, Algorithm.MD5))
    cheap, dear = config.tariffs["standard"].rates
    assert (cheap.per_minute, cheap.interval, cheap.first_interval, cheap.connection_fee) == (9_500, 60.0, None, 0)
    assert (dear.per_minute, dear.interval, dear.first_interval, dear.connection_fee) == (UNITS, 6.0, 30.0, 50_000)
    assert config.tariffs["standard"].otherwise == "free"


def test_the_schema_takes_it() -> None:
    plain = yaml.safe_load(WHOLE)
    validator = jsonschema.Draft202012Validator(json_schema())
    assert [error.message for error in validator.iter_errors(plain)] == []
    plain["carrier"]["customers"][1]["balance"] = "12.50"
    assert list(validator.iter_errors(plain)) != []


def test_a_password_is_not_shown() -> None:
    config = carrier(WHOLE)
    assert "s3cret" not in repr(config)
    assert "s3cret" not in json.dumps(config.model_dump(mode="python"), default=str)


def test_a_password_out_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "name: x\ncarrier: {customers: [{name: a, user: a, password_env: TRUNK_PASSWORD}]}"
    monkeypatch.setenv("TRUNK_PASSWORD", "s3cret")
    (customer,) = carrier(text).customers
    assert customer.secret == "s3cret"
    assert "s3cret" not in repr(customer)
    for left in ("", None):
        monkeypatch.delenv("TRUNK_PASSWORD")
        if left is not None:
            monkeypatch.setenv("TRUNK_PASSWORD", left)
        with pytest.raises(ScenarioError, match="must name an environment variable that is set; TRUNK_PASSWORD is not"):
            loads(text)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{source: 10.0.0.1}", '[0]: the key "name" is missing'),
        ("{name: a}", "[0]: can't be told from others: add source, user or domain"),
        ("{name: a, source: here}", 'must be an IP address or a network such as 10.0.0.0/8, not "here"'),
        ("{name: a, domain: a b}", 'must be a host name such as customer.example, not "a b"'),
        ("{name: a, domain: []}", '"domain" must not be an empty list'),
        ("{name: a, user: a}", "[0].user: has no password: add password or password_env"),
        ("{name: a, user: a, password: ''}", '"password" must be a text that is not empty'),
        ("{name: a, user: a, password: [x]}", '"password" must be a text that is not empty'),
        ("{name: a, user: a, password: x, password_env: Y}", "stands beside password: write one of them"),
        ("{name: a, user: a, password_env: a-b}", '"password_env" must be the name of an environment variable'),
        ("{name: a, source: 10.0.0.1, password: x}", "[0].password: is of no use without user"),
        ("{name: a, source: 10.0.0.1, realm: x}", "[0].realm: is of no use without user"),
        ("{name: a, user: a, password: x, challenge: 403}", '"challenge" must be 401 or 407, not "403"'),
        (
            "{name: a, user: a, password: x, algorithms: [SHA-1]}",
            'must be digest algorithms, not "SHA-1"; there',
        ),
        ("{name: a, user: a, password: x, algorithms: [MD5, md5]}", "must not name MD5 twice"),
        ("{name: a, user: a, password: x, algorithms: []}", '"algorithms" must not be an empty list'),
        ("{name: a, source: 10.0.0.1, registration: required}", "[0].registration: needs a user: who registers must"),
        ("{name: a, user: a, password: x, registration: yes}", 'must be required, optional, or a mapping, not "yes"'),
        (
            "{name: a, user: a, password: x, registration: {min_expires: 2h}}",
            "[0].registration.min_expires: has a min_expires above its max_expires",
        ),
        (
            "{name: a, user: a, password: x, registration: {min_expires: 1500ms}}",
            "must be a time in whole seconds from 1s to 24h",
        ),
        (
            "{name: a, user: a, password: x, registration: {starts: activ}}",
            'must be active or inactive, not "activ"; did you mean "active"?',
        ),
        ("{name: a, source: 10.0.0.1, balance: 3 EUR}", "[0].balance: needs a tariff: nothing tells what calls cost"),
        ("{name: a, source: 10.0.0.1, balance: 3, tariff: t}", '"balance" must have its currency: write 3 EUR'),
        ('{name: a, source: 10.0.0.1, balance: "3,50 EUR", tariff: t}', "must be an amount such as 12.50 EUR"),
        ("{name: a, source: 10.0.0.1, balance: 1.2345678 EUR, tariff: t}", "must have at most 6 decimals"),
        (
            "{name: a, source: 10.0.0.1, balance: 3 USD, tariff: t}",
            '[0].balance: is in USD, and the tariff "t" in "EUR": both need one currency',
        ),
        (
            "{name: a, source: 10.0.0.1, balance: {amount: 3 EUR, floor: 1 USD}, tariff: t}",
            "[0].balance.floor: is in USD and the balance in EUR",
        ),
        (
            "{name: a, source: 10.0.0.1, balance: {amount: 3 EUR, floor: 4}, tariff: t}",
            "[0].balance.floor: begins below its floor",
        ),
        ("{name: a, source: 10.0.0.1, balance: -1 EUR, tariff: t}", "[0].balance: begins below its floor"),
        ("{name: a, source: 10.0.0.1, tariff: tt}", '[0].tariff: there is no tariff "tt"; did you mean "t"?'),
        ("{name: a, source: 10.0.0.1, trunk: main}", '[0].trunk: there is no trunk "main"; there are none'),
        ("{name: a, source: 10.0.0.1, passwd: x}", 'unknown key "passwd"; did you mean "password"?'),
    ],
)
def test_one_customer_that_is_wrong(entry: str, said: str) -> None:
    found = faults(f"[{entry}]")
    assert any(said in fault for fault in found), found


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("{name: a, source: 10.0.0.2}", '[1].name: customers[0] has the name "a" already'),
        ("{name: b, user: u, password: x}", '[1].user: customers[0] has the user "u" already'),
        ("{name: b, domain: A.example}", '[1].domain: customers[0] has the domain "a.example" already'),
        ("{name: b, source: 10.0.0.1}", '[1].source: customers[0] has the source "10.0.0.1/32" already'),
        ("{name: b, source: [10.9.0.1, 10.1.2.3/16]}", '[1].source: customers[0] has the source "10.1.0.0/16" already'),
    ],
)
def test_customers_that_cannot_be_told_apart(second: str, said: str) -> None:
    first = "{name: a, source: [10.0.0.1, 10.1.0.0/16], user: u, password: x, domain: a.example}"
    assert any(said in fault for fault in faults(f"[{first}, {second}]"))


def test_a_network_within_another_is_fine() -> None:
    loads("name: x\ncarrier: {customers: [{name: a, source: 10.0.0.0/8}, {name: b, source: [10.0.0.0/9, 10.0.0.1]}]}")


@pytest.mark.parametrize(
    ("tariff", "said"),
    [
        ("{rates: [{to: '*', per_minute: 1}]}", 'carrier.tariffs.t: the key "currency" is missing'),
        (
            "{currency: eur, rates: [{to: '*', per_minute: 1}]}",
            "must be a currency of three capital letters",
        ),
        ("{currency: EUR, rates: []}", '"rates" must not be empty'),
        ("{currency: EUR}", 'the key "rates" is missing'),
        ("{currency: EUR, rates: [{to: '*'}]}", 'the key "per_minute" is missing'),
        ("{currency: EUR, rates: [{to: '*', per_minute: 1 EUR}]}", 'a number alone, not "1 EUR": the tariff names'),
        ("{currency: EUR, rates: [{to: '*', per_minute: -1}]}", 'must be a price such as 0.09, not "-1"'),
        ("{currency: EUR, rates: [{to: '*', per_minute: 1e-3}]}", 'must be a price such as 0.09, not "1e-3"'),
        ("{currency: EUR, rates: [{to: '*', per_minute: 0.0000001}]}", "must have at most 6 decimals"),
        ("{currency: EUR, rates: [{to: '*', per_minute: 1, interval: 500ms}]}", 'a time from 1s to 1h, not "500ms"'),
        ("{currency: EUR, rates: [{to: /4/, per_minute: 1}]}", 'must be prefixes such as "+49*", or whole numbers'),
        ("{currency: EUR, rates: [{to: {not: 4}, per_minute: 1}]}", "must be prefixes"),
        (
            "{currency: EUR, rates: [{to: ['1*', '2*'], per_minute: 1}, {to: '1*', per_minute: 2}]}",
            'carrier.tariffs.t.rates[1].to: rates[0] has a price for "1*" already',
        ),
        (
            "{currency: EUR, rates: [{to: '1*', per_minute: 1}], otherwise: fre}",
            'must be blocked or free, not "fre"; did you mean "free"?',
        ),
    ],
)
def test_a_tariff_that_is_wrong(tariff: str, said: str) -> None:
    found = faults("[]", f"{{t: {tariff}}}")
    assert any(said in fault for fault in found), found


@given(amount=st.integers(-(10**15) + 1, 10**15 - 1))
def test_amounts_are_read_as_they_are_written(amount: int) -> None:
    money = Money(amount, "EUR")
    assert Money.parse(str(money)) == money
    if amount >= 0:
        assert read_price(in_words(amount)) == amount


@pytest.mark.parametrize(
    ("amount", "words"),
    [(0, "0.00"), (9_500, "0.0095"), (90_000, "0.09"), (12_500_000, "12.50"), (-1, "-0.000001"), (-5_000_000, "-5.00")],
)
def test_amounts_in_words(amount: int, words: str) -> None:
    assert in_words(amount) == words


SCALARS = st.one_of(st.none(), st.text(max_size=8), st.sampled_from(["1 EUR", "10.0.0.1", "a", "*", "required", "-1"]))
KEYS = st.sampled_from(
    [
        "customers",
        "tariffs",
        "trunks",
        "name",
        "source",
        "user",
        "domain",
        "balance",
        "amount",
        "floor",
        "tariff",
        "a",
        "currency",
        "rates",
        "to",
        "password",
        "registration",
        "min_expires",
        "max_expires",
    ]
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@given(raw=st.dictionaries(KEYS, ANYTHING, max_size=4), listed=st.lists(ANYTHING, max_size=3))
def test_faults_bear_any_shape(raw: Mapping[Any, Any], listed: list[Any]) -> None:
    for data in (raw, {**raw, "customers": listed}):
        assert all(why for part in (customers, tariffs) for _, why in part.faults(data))
        with pytest.raises(ScenarioError):
            loads(json.dumps({"carrier": data}))
