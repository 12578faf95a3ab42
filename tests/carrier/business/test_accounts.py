"""Money: what calls cost, to the unit, and what happens when it runs out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.carrier.business.accounts import ON_STATEMENT, Account
from simcarrier.carrier.business.tariffs import Tariff
from simcarrier.conditions import Condition
from simcarrier.scenario.business.money import UNITS
from simcarrier.scenario.business.tariffs import TariffModel
from simcarrier.scenario.load import loads
from simcarrier.testing import CallOut
from tests.carrier.kit import Exchange

EURO = UNITS
CENT = UNITS // 100


def tariff(rates: str, more: str = "") -> Tariff:
    text = f"name: x\ncarrier: {{tariffs: {{t: {{currency: EUR, rates: [{rates}]{more}}}}}}}"
    return Tariff("t", loads(text).carrier.tariffs["t"])


# Tariffs


def test_the_longest_prefix_counts() -> None:
    made = tariff(
        "{to: '*', per_minute: 9}, {to: +49*, per_minute: 1}, {to: [+4915*, +4916*], per_minute: 2}, "
        "{to: +4915123, per_minute: 3}, {to: +49151*, per_minute: 4}"
    )

    def euros(number: str) -> int:
        rate = made.rate_for(number)
        assert rate is not None
        return rate.each // EURO

    assert [euros(number) for number in ("+4930", "+49", "+4", "", "+4916", "+49159", "+4915123", "+49151234")] == [
        *(1, 1, 9, 9, 2, 2, 3, 4)
    ]
    assert tariff("{to: +49*, per_minute: 1}").rate_for("+43") is None


@pytest.mark.parametrize(
    ("rate", "first", "each"),
    [
        ("per_minute: 0.0095", 9_500, 9_500),
        ("per_minute: 0.0095, interval: 1s", 159, 159),  # 158.33 rounded up
        ("per_minute: 0.06, interval: 1s", 1_000, 1_000),
        ("per_minute: 0.06, first_interval: 60s, interval: 1s", 60_000, 1_000),
        ("per_minute: 0.06, first_interval: 30s, interval: 6s", 30_000, 6_000),
        ("per_minute: 0.06, interval: 1500ms", 1_500, 1_500),
        ("per_minute: 0, connection_fee: 1", 0, 0),
        ("per_minute: 0.000001, interval: 1s", 1, 1),
    ],
)
def test_the_price_of_an_interval(rate: str, first: int, each: int) -> None:
    made = tariff(f"{{to: '*', {rate}}}").rate_for("1")
    assert made is not None
    assert (made.first, made.each) == (first, each)


@given(per_minute=st.integers(0, 10**12), milliseconds=st.integers(1000, 3_600_000))
def test_a_minute_never_costs_less_than_the_tariff_says(per_minute: int, milliseconds: int) -> None:
    model = TariffModel.model_validate(
        {"currency": "EUR", "rates": [{"to": "*", "per_minute": per_minute, "interval": milliseconds / 1000}]}
    )
    rate = Tariff("t", model).rate_for("1")
    assert rate is not None
    assert 0 <= rate.each * 60_000 - per_minute * milliseconds < 60_000


# Calls

SCENARIO = """
carrier:
  tariffs:
    standard:
      currency: EUR
      rates:
        - {to: +49*, per_minute: 0.09}
        - {to: +43*, per_minute: 0.60, interval: 1s, connection_fee: 0.05}
        - {to: +44*, per_minute: 0.60, first_interval: 30s, interval: 6s}
        - {to: +33*, per_minute: 0, connection_fee: 0.20}
        - {to: +0*, per_minute: 0}
    %s
  customers: [{name: prepaid, source: 10.0.0.0/24, tariff: standard%s}]
calls:
  - {to: "*0", respond: 486}
  - {to: "*1", steps: [trying, {wait: 5s}, {respond: 486}]}
  - {to: "*2", steps: [answer, {hang_up: 90s}]}
  - {to: "*", outcome: answered, ring: 1s}
"""


def exchange(balance: str = ", balance: 1.00 EUR", more: str = "") -> Exchange:
    return Exchange(SCENARIO.replace('"*0"', "/0$/").replace('"*1"', "/1$/").replace('"*2"', "/2$/") % (more, balance))


def account(carrier: Exchange) -> Account:
    (customer,) = carrier.switch.carrier.business.world.customers.all
    assert customer.account is not None
    return customer.account


def talk(carrier: Exchange, seconds: float, to: str = "+4930") -> CallOut:
    """Call, and hang up so long after the carrier's 200."""
    call = carrier.dial(to + "5")
    switch = carrier.switch
    carrier.wire.run_until(lambda: any(up.session.answered_at is not None for up in switch.calls.values()), 10)
    carrier.wire.run(seconds)
    call.hang_up()
    carrier.wire.run(0.5)
    return call


@pytest.mark.parametrize(
    ("to", "seconds", "cents", "intervals"),
    [
        ("+49", 0.5, 9, 1),
        ("+49", 59.9, 9, 1),
        ("+49", 60.1, 18, 2),
        ("+49", 179.5, 27, 3),
        ("+43", 0.5, 6, 1),
        ("+43", 10.5, 16, 11),
        ("+44", 29.5, 30, 1),
        ("+44", 30.5, 36, 2),
        ("+44", 42.5, 48, 4),
        ("+33", 300.0, 20, 1),
        ("+0", 300.0, 0, 1),
    ],
)
def test_what_a_call_costs(to: str, seconds: float, cents: int, intervals: int) -> None:
    carrier = exchange()
    talk(carrier, seconds, to)
    money = account(carrier)
    assert (money.balance, money.charged) == (EURO - cents * CENT, cents * CENT)
    assert money.statement[-1] == (1, cents * CENT, intervals)
    carrier.close_of_business()
    assert (money.reserved, money.meters) == (0, {})
    assert money.charged == cents * CENT


@pytest.mark.parametrize("ending", ["refused", "cancelled", "late"])
def test_a_call_that_is_not_answered_costs_nothing(ending: str) -> None:
    carrier = exchange()
    money = account(carrier)
    call = carrier.dial({"refused": "+490", "cancelled": "+495", "late": "+491"}[ending])
    carrier.wire.run(0.5)
    if ending == "cancelled":
        assert money.reserved == 9 * CENT
        call.cancel()
    carrier.wire.run(10)
    assert call.endings
    assert (money.balance, money.reserved, money.charged, money.meters) == (EURO, 0, 0, {})
    assert not money.statement


def test_too_little_for_the_first_interval() -> None:
    carrier = exchange(", balance: 0.08 EUR")
    assert carrier.code("+495") not in (0, 200)
    assert carrier.record.condition is Condition.BALANCE_EXHAUSTED
    assert carrier.record.why == "balance 0.08 EUR, the call costs 0.09 EUR a minute"
    assert carrier.code("+435") == 200
    assert account(carrier).balance == 0.02 * EURO
    assert carrier.code("+435") != 200
    assert carrier.record.why == "balance 0.02 EUR, the call costs 0.05 EUR and 0.60 EUR a minute"


def test_just_enough_for_the_first_interval() -> None:
    carrier = exchange(", balance: 0.09 EUR")
    assert carrier.code("+495") == 200
    assert account(carrier).balance == 0


def test_a_credit() -> None:
    carrier = exchange(", balance: {amount: 0 EUR, floor: -0.10}")
    assert carrier.code("+495") == 200
    assert account(carrier).balance == -9 * CENT
    assert carrier.code("+495") != 200
    assert carrier.record.why == "balance -0.09 EUR, floor -0.10 EUR, the call costs 0.09 EUR a minute"


def test_calls_at_the_same_time_share_the_balance() -> None:
    carrier = exchange(", balance: 0.20 EUR")
    calls = [carrier.dial("+495") for _ in range(3)]
    carrier.wire.run(0.5)
    assert account(carrier).reserved == 18 * CENT
    carrier.wire.run(2)
    assert [call.is_up for call in calls] == [True, True, False]
    assert carrier.record.why == "balance 0.20 EUR, 0.18 of it set aside, the call costs 0.09 EUR a minute"
    carrier.wire.run(60)
    assert [call.is_up for call in calls] == [False, False, False]
    assert account(carrier).balance == 2 * CENT
    carrier.close_of_business()


def test_what_is_set_aside_is_not_spent_by_a_call_that_is_up() -> None:
    carrier = exchange(", balance: 0.18 EUR")
    first = carrier.dial("+495")
    carrier.wire.run(60.5)
    assert first.is_up
    second = carrier.dial("+495")  # takes what the first one's second minute would cost
    carrier.wire.run(2)
    assert (first.is_up, second.is_up) == (False, True)
    assert carrier.record.cut == (
        "balance_exhausted: balance 0.09 EUR, 0.09 of it set aside, the next 60 s cost 0.09 EUR"
    )


def test_a_call_is_cut_when_the_money_is_gone() -> None:
    carrier = exchange(", balance: 0.19 EUR")
    call = carrier.dial("+495")
    carrier.wire.run(200)
    assert not call.is_up
    record = carrier.record
    assert record.cut == "balance_exhausted: balance 0.01 EUR, the next 60 s cost 0.09 EUR"
    assert record.responded_after is not None
    assert record.ended_after == pytest.approx(record.responded_after + 120)
    assert record.condition is Condition.ANSWERED
    bye = next(passage for passage in carrier.wire.trace if passage.data.startswith(b"BYE"))
    assert b'\r\nReason: Q.850;cause=16;text="balance exhausted"\r\n' in bye.data
    carrier.close_of_business()
    assert account(carrier).balance == CENT


def test_a_call_whose_answer_is_not_acknowledged_is_paid_while_it_lasts() -> None:
    carrier = exchange()
    carrier.dial("+435")
    carrier.wire.run(0.5)
    carrier.wire.lose("ACK", 100)
    carrier.wire.run(40)
    carrier.close_of_business()
    (charge,) = account(carrier).statement
    record = carrier.record
    assert record.responded_after is not None
    assert charge.intervals == 1 + int(record.ended_after - record.responded_after)  # type: ignore[operator]  # it ended


def test_the_carrier_hangs_up_and_the_meter_stops() -> None:
    carrier = exchange()
    carrier.dial("+492")
    carrier.close_of_business()
    assert account(carrier).charged == 18 * CENT


def test_a_clock_that_was_not_looked_at_gives_nothing_away() -> None:
    carrier = exchange(", balance: 100 EUR")
    carrier.dial("+435")
    carrier.wire.run(1.5)
    money = account(carrier)
    (meter,) = money.meters.values()
    assert meter.intervals == 1
    carrier.switch.engine.handle_timers(carrier.wire.now + 30)
    assert meter.intervals == 31


def test_a_closing_carrier_leaves_no_meter() -> None:
    carrier = exchange()
    carrier.dial("+495")
    carrier.dial("+491")
    carrier.wire.run(2)
    carrier.switch.close(carrier.wire.now)
    carrier.wire.run(1)
    assert (account(carrier).meters, account(carrier).reserved, account(carrier).charged) == ({}, 0, 9 * CENT)


def test_on_account() -> None:
    carrier = exchange("")
    for _ in range(3):
        assert carrier.code("+495") == 200
    assert (account(carrier).balance, account(carrier).floor) == (-27 * CENT, None)


def test_a_number_without_a_rate() -> None:
    carrier = exchange()
    assert carrier.code("+995") != 200
    assert carrier.record.condition is Condition.DIRECTION_BLOCKED
    assert carrier.record.why == "tariff standard has no rate for +995"
    free = Exchange(
        "carrier:\n  tariffs: {t: {currency: EUR, rates: [{to: +49*, per_minute: 1}], otherwise: free}}\n"
        "  customers: [{name: a, source: 10.0.0.1, tariff: t, balance: 0.00 EUR}]\n"
        "calls: [{outcome: answered, ring: 0s}]"
    )
    assert free.code("+995") == 200
    assert free.code("+495") != 200
    assert account(free).balance == 0


def test_customers_without_a_tariff_pay_nothing() -> None:
    carrier = Exchange(
        "carrier:\n  tariffs: {t: {currency: EUR, rates: [{to: +49*, per_minute: 1}]}}\n"
        "  customers: [{name: a, source: 10.0.0.1}, {name: b, source: 10.0.0.2, tariff: t}]\n"
        "calls: [{outcome: answered, ring: 0s}]"
    )
    assert carrier.code("+99") == 200


def test_a_statement_is_limited() -> None:
    assert account(exchange()).statement.maxlen == ON_STATEMENT
