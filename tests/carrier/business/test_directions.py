"""Directions: open, closed, and a customer's own."""

from __future__ import annotations

import pytest

from simcarrier.conditions import Condition
from tests.carrier.kit import Exchange

ANSWERED = "calls: [{outcome: answered, ring: 0s}]"

CASES = [
    ("{closed: +1900*}", "+19005550100", "direction +1900 is closed"),
    ("{closed: +1900*}", "+12125550100", None),
    ("{closed: [+1900*, +190055*]}", "+19005550100", "direction +190055 is closed"),
    ("{closed: [+1900*, +19005550100]}", "+19005550100", "direction +19005550100 is closed"),
    ("{open: +49*}", "+4930123", None),
    ("{open: +49*}", "+37511", "direction +375 is not open"),
    ("{open: +49*, closed: +49900*}", "+49900123", "direction +49900 is closed"),
    ("{closed: {not: +49*}}", "+431234", "direction +43 is closed"),
    ("{closed: {not: +49*}}", "+49301", None),
    (r"{closed: '/^\+49900/'}", "+49900123", "direction +49 is closed"),
    ("{closed: 0900*}", "0900123", "direction 0900 is closed"),
    ("{open: 030*}", "0900123", "direction 0900123 is not open"),
]


@pytest.mark.parametrize(("directions", "dialled", "why"), CASES)
def test_directions(directions: str, dialled: str, why: str | None) -> None:
    carrier = Exchange(f"carrier: {{directions: {directions}}}\n{ANSWERED}")
    code = carrier.code(dialled)
    assert (carrier.record.why, code == 200) == (why, why is None)
    assert carrier.record.condition == (Condition.ANSWERED if why is None else Condition.DIRECTION_BLOCKED)


@pytest.mark.parametrize("dialled", ["+49900123", "0049900123", "0900123", "49900123"])
def test_a_direction_is_closed_in_whatever_form_it_is_dialled(dialled: str) -> None:
    carrier = Exchange(f"carrier: {{numbering: {{country: 49}}, directions: {{closed: +49900*}}}}\n{ANSWERED}")
    assert carrier.code(dialled) == 403
    assert carrier.record.why == "direction +49900 is closed"


CUSTOMERS = """
carrier:
  customers:
    - {name: acme, source: 10.0.0.1, directions: {closed: +1900*}}
    - {name: other, source: 10.0.0.2}
  directions: {open: +49*}
calls: [{outcome: answered, ring: 0s}]
"""


def test_a_customer_has_directions_of_its_own() -> None:
    carrier = Exchange(CUSTOMERS)
    assert carrier.code("+12125550100") == 200
    carrier.code("+19005550100")
    assert carrier.record.why == "direction +1900 is closed for acme"


def test_a_customer_without_has_the_carriers() -> None:
    carrier = Exchange(CUSTOMERS.replace("10.0.0.1", "10.0.0.9").replace("10.0.0.2", "10.0.0.1"))
    assert carrier.code("+4930123") == 200
    carrier.code("+19005550100")
    assert carrier.record.why == "direction +1 is not open for other"


def test_only_customers_may_have_directions() -> None:
    carrier = Exchange(CUSTOMERS.replace("  directions: {open: +49*}\n", ""))
    assert carrier.code("+12125550100") == 200
    assert carrier.code("+19005550100") == 403
