"""Trunks: which one a call comes by, its lines, those that others take, its calls per second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simcarrier.carrier.business.trunks import REMEMBERED, Trunk
from simcarrier.conditions import Condition
from simcarrier.testing import CallOut, Phone
from tests.carrier.kit import Exchange

ANSWERED = "calls: [{outcome: answered, ring: 0s}]"


def trunk(carrier: Exchange, place: int = 0) -> Trunk:
    return carrier.switch.carrier.business.world.trunks.all[place]


def up(carrier: Exchange, count: int, phone: Phone | None = None) -> list[CallOut]:
    """So many calls, until they are up or refused."""
    calls = [carrier.dial(phone=phone) for _ in range(count)]
    carrier.wire.run(0.2)
    return calls


def codes(calls: list[CallOut]) -> Iterator[int]:
    return (call.session.status for call in calls)


def test_a_trunk_has_so_many_lines() -> None:
    carrier = Exchange(f"carrier: {{trunks: [{{name: main, lines: 2}}]}}\n{ANSWERED}")
    calls = up(carrier, 3)
    assert list(codes(calls)) == [200, 200, 503]
    record = carrier.record
    assert (record.condition, record.why) == (Condition.LINES_FULL, "trunk main: lines 2 of 2")
    assert record.trunk == "main"
    assert (trunk(carrier).in_use, trunk(carrier).total, trunk(carrier).taken(0)) == (2, 2, 0)
    calls[0].hang_up()
    carrier.wire.run(0.1)
    assert trunk(carrier).in_use == 1
    calls[1].hang_up()
    carrier.close_of_business()
    assert [record.trunk for record in carrier.records] == ["main"] * 3


def test_the_carriers_own_lines_hold_for_all_trunks_together() -> None:
    carrier = Exchange(
        f"""
        carrier:
          lines: 3
          trunks: [{{name: a, lines: 2}}, {{name: b, lines: 2, source: 10.0.0.9}}]
        {ANSWERED}
        """
    )
    other = Phone(carrier.wire, "10.0.0.9", name="other")
    calls = up(carrier, 2) + up(carrier, 2, other)
    assert list(codes(calls)) == [200, 200, 200, 503]
    assert (carrier.record.trunk, carrier.record.why) == ("b", "lines 3 of 3")
    # What it did not get it does not hold.
    assert [trunk(carrier, 0).in_use, trunk(carrier, 1).in_use, carrier.lines_in_use] == [2, 1, 3]
    assert list(carrier.switch.carrier.business.state())[:3] == [
        "lines 3 of 3",
        "trunk a: lines 2 of 2",
        "trunk b: lines 1 of 2",
    ]
    (late,) = up(carrier, 1)
    assert late.session.status == 503
    assert carrier.record.why == "trunk a: lines 2 of 2"


def test_a_call_comes_by_its_source_or_by_what_is_left() -> None:
    carrier = Exchange(
        f"""
        carrier:
          trunks:
            - {{name: lab, source: [10.1.0.0/16, "fd00::/8"]}}
            - {{name: rest}}
            - {{name: lab again, source: 10.0.0.0/8}}
        {ANSWERED}
        """
    )
    for host, name in [("10.1.2.3", "lab"), ("192.0.2.1", "rest"), ("10.2.0.1", "lab again"), ("10.1.2.4", "lab")]:
        up(carrier, 1, Phone(carrier.wire, host))[0].hang_up()
        carrier.wire.run(0.1)
        assert carrier.record.trunk == name


def test_a_call_that_fits_no_trunk_comes_by_none() -> None:
    carrier = Exchange(f"carrier: {{lines: 1, trunks: [{{name: lab, lines: 9, source: 10.1.0.0/16}}]}}\n{ANSWERED}")
    first, second = up(carrier, 2)
    assert [first.session.status, second.session.status] == [200, 503]
    assert (carrier.record.trunk, carrier.record.why) == (None, "lines 1 of 1")


def test_addresses_are_remembered_and_not_without_end() -> None:
    carrier = Exchange(f"carrier: {{trunks: [{{name: lab, source: 10.1.0.0/16}}]}}\n{ANSWERED}")
    trunks = carrier.switch.carrier.business.world.trunks
    trunks._of_addresses.update({f"somewhere {n}": None for n in range(REMEMBERED)})
    up(carrier, 1)
    up(carrier, 1)
    assert list(trunks._of_addresses) == ["10.0.0.1"]


def test_a_customer_names_its_trunk() -> None:
    carrier = Exchange(
        f"""
        carrier:
          customers:
            - {{name: shop, trunk: big, source: 10.0.0.1}}
            - {{name: other, source: 10.0.0.9}}
          trunks:
            - {{name: small, source: 10.0.0.0/8}}
            - {{name: big}}
        {ANSWERED}
        """
    )
    for host, name in [("10.0.0.1", "big"), ("10.0.0.9", "small")]:
        phone = carrier.phone if host == "10.0.0.1" else Phone(carrier.wire, host)
        up(carrier, 1, phone)[0].hang_up()
        carrier.wire.run(0.1)
        assert carrier.record.trunk == name


TAKEN = """
    carrier:
      trunks:
        - name: main
          lines: 5
          taken:
            - {when: 10s..40s, lines: 3}
            - {when: 30s..60s, lines: 5}
    calls: [{outcome: answered, ring: 0s}]
"""


def test_others_take_lines_for_a_while() -> None:
    carrier = Exchange(TAKEN)
    assert [trunk(carrier).taken(at) for at in (0, 10, 39.9, 40, 60)] == [0, 3, 3, 5, 0]
    carrier.wire.run(15)
    assert list(codes(up(carrier, 3))) == [200, 200, 503]
    assert carrier.record.why == "trunk main: lines 5 of 5, 3 of them taken by others"
    carrier.wire.run(30)
    assert list(codes(up(carrier, 1))) == [503]
    assert carrier.record.why == "trunk main: lines 5 of 5, 3 of them taken by others"
    carrier.wire.run(20)
    assert list(codes(up(carrier, 4))) == [200, 200, 200, 503]
    assert carrier.record.why == "trunk main: lines 5 of 5"


def test_lines_taken_by_others_cut_off_nobody() -> None:
    carrier = Exchange(TAKEN)
    calls = up(carrier, 4)
    carrier.wire.run(45)
    assert all(call.is_up for call in calls)
    assert trunk(carrier).in_use + trunk(carrier).taken(45) == 9
    assert list(codes(up(carrier, 1))) == [503]
    assert carrier.record.why == "trunk main: lines 5 of 5, 1 of them taken by others"
    for call in calls:
        call.hang_up()
    carrier.wire.run(1)
    assert list(codes(up(carrier, 1))) == [503], "the lines that came free were waited for by others"
    carrier.wire.run(15)
    assert list(codes(up(carrier, 1))) == [200]


def test_others_have_their_hours() -> None:
    carrier = Exchange(
        """
        carrier:
          clock: {starts: "2026-11-27 11:59:30", timezone: Europe/Berlin}
          trunks: [{name: main, lines: 1, taken: [{hours: 9..12, days: mon..fri, lines: 1}]}]
        calls: [{respond: 486}]
        """
    )
    assert carrier.code() == 503
    carrier.wire.run(40)
    assert carrier.code() == 486
    main = trunk(carrier)
    assert [main.taken(30 + hours * 3600) for hours in (0, 20.99, 21, 45, 69, 71.9)] == [0, 0, 0, 0, 1, 1]


def test_too_many_calls_a_second() -> None:
    carrier = Exchange(
        """
        carrier: {trunks: [{name: main, calls_per_second: 3, retry_after: 1500ms}]}
        calls: [{respond: 486}]
        """
    )
    calls = up(carrier, 5)
    assert list(codes(calls)) == [486, 486, 486, 503, 503]
    assert [record.why for record in carrier.records[-2:]] == [
        "trunk main: 4 calls in the last second, 3 allowed",
        "trunk main: 5 calls in the last second, 3 allowed",
    ]
    assert carrier.record.condition is Condition.RATE_EXCEEDED
    carrier.wire.run(1)
    assert list(codes(up(carrier, 1))) == [486]
    carrier.close_of_business()


def test_when_to_come_back_is_for_the_dialect_to_say() -> None:
    carrier = Exchange(
        """
        carrier: {trunks: [{name: main, calls_per_second: 1, retry_after: 1500ms..3s}]}
        calls: [{steps: [silence]}]
        """
    )
    first, *refused = up(carrier, 20)
    assert first.codes == []
    assert {call.responses[0].get("retry-after") for call in refused} == {"2", "3"}


def test_each_trunk_has_its_own_rate() -> None:
    carrier = Exchange(
        """
        carrier:
          trunks:
            - {name: a, calls_per_second: 1}
            - {name: b, calls_per_second: 1, burst: 3, source: 10.0.0.9}
        calls: [{respond: 486}]
        """
    )
    other = Phone(carrier.wire, "10.0.0.9")
    assert list(codes(up(carrier, 2))) == [486, 503]
    assert list(codes(up(carrier, 4, other))) == [486, 486, 486, 503]
    assert carrier.record.why == "trunk b: 4 calls in the last second, 1 allowed, 3 at once"


@pytest.mark.parametrize("said", ["", "lines: 30"])
def test_what_is_not_spoken_of_is_not_asked(said: str) -> None:
    carrier = Exchange(f"carrier: {{{said}}}\n{ANSWERED}")
    assert len(carrier.switch.carrier.business.checks) == bool(said)
