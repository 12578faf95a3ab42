"""What nearly took a call, told where it fell to a default."""

from __future__ import annotations

from simcarrier.carrier.near_misses import TOLD
from simcarrier.records.model import NearMiss
from tests.carrier.kit import Exchange


def test_a_call_that_no_rule_takes_tells_the_one_thing_that_was_wrong() -> None:
    carrier = Exchange("""
        calls:
          - {name: berlin, to: "+4930*", from: "+4940*", respond: 486}
          - {name: hamburg, to: "+4940*", from: "+4989*", respond: 486}
    """)
    assert carrier.code("+4930123", caller="+4989999") == 404
    assert carrier.record.near_misses == (
        NearMiss("berlin", "from", "+4989999", "+4940*"),
        NearMiss("hamburg", "to", "+4930123", "+4940*"),
    )
    assert str(carrier.record.near_misses[0]) == "rule berlin: from is +4989999, wanted +4940*"


def test_what_fails_in_two_things_is_no_near_miss() -> None:
    carrier = Exchange("""
        calls:
          - {name: berlin, to: "+4930*", from: "+4940*", respond: 486}
    """)
    carrier.code("+4989123", caller="+4989999")
    assert carrier.record.near_misses == ()


def test_headers_counts_and_sources_are_told_too() -> None:
    carrier = Exchange("""
        calls:
          - {name: header, to: "+49*", headers: {X-Campaign: spring}, respond: 486}
          - {name: count, to: "+49*", calls_so_far: "5..", respond: 486}
          - {name: source, to: "+49*", source: 192.0.2.0/24, respond: 486}
    """)
    carrier.code("+4930123", fields=[("X-Campaign", "autumn")])
    assert [(miss.rule, miss.field, miss.got, miss.wanted) for miss in carrier.record.near_misses] == [
        ("header", "headers.X-Campaign", "autumn", "spring"),
        ("count", "calls_so_far", "0", "5.."),
        ("source", "source", "10.0.0.1", "192.0.2.0/24"),
    ]


def test_the_nearest_come_first_and_only_a_few() -> None:
    rules = "\n".join(f'          - {{name: r{n}, to: "+49{n}*", respond: 486}}' for n in range(9))
    carrier = Exchange(f"""
        calls:
          - {{name: near, to: "+4930*", from: "+1*", source: 10.0.0.0/8, respond: 486}}
{rules}
    """)
    carrier.code("+1555", caller="+1777")
    told = carrier.record.near_misses
    assert len(told) == TOLD
    assert told[0].rule == "near"


def test_a_rule_that_takes_all_the_rest_tells_what_nearly_took_the_call() -> None:
    carrier = Exchange("""
        calls:
          - {name: routed, to: "+49*", from: "+4930*", respond: 486}
          - {name: rest, respond: 603}
    """)
    assert carrier.code("+4930123", caller="+4989999") == 603
    assert [miss.rule for miss in carrier.record.near_misses] == ["routed"]


def test_a_call_that_its_rule_took_tells_none() -> None:
    carrier = Exchange("""
        calls:
          - {name: berlin, to: "+4930*", from: "+4940*", respond: 486}
          - {name: germany, to: "+49*", respond: 603}
    """)
    assert carrier.code("+4930123", caller="+4989999") == 603
    assert carrier.record.near_misses == ()
