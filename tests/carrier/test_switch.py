"""The switch as a whole: one record for each call, and an orderly end of all calls."""

from __future__ import annotations

import pytest

from simcarrier.records.model import CallRecord
from simcarrier.sip.session import Ending
from simcarrier.testing import Weather
from tests.carrier.kit import Exchange

ALL_KINDS = """
calls:
  - {to: "1", steps: [trying, {wait: 60s}, answer]}
  - {to: "2", outcome: answered, ring: 0s}
  - {to: "3", steps: [ringing, silence]}
  - {to: "4", steps: [{respond: 486}]}
"""


def test_the_server_header_names_the_carrier() -> None:
    carrier = Exchange("carrier: {server: Carrier One}\ncalls: []")
    wire, phone = carrier.wire, carrier.phone
    phone.dial(carrier.channel.local, fields=[("Require", "unheard-of")])
    wire.run(1)
    assert wire.trace.responses()[0].get("server") == "Carrier One"


def test_closing_ends_every_call_in_order() -> None:
    carrier = Exchange(ALL_KINDS)
    calls = [carrier.dial(user) for user in "123"]
    carrier.wire.run(1)
    carrier.wire.forget()
    carrier.switch.close(carrier.wire.now)
    busy = [carrier.switch.busy]
    carrier.wire.run(0.1)
    busy.append(carrier.switch.busy)
    assert busy == [True, False]
    assert sorted(carrier.wire.trace.arrows()[-6:]) == [
        "-> 200 BYE", "-> ACK", "-> ACK", "<- 487 INVITE", "<- 487 INVITE", "<- BYE"
    ]  # fmt: skip
    assert [call.ending for call in calls] == [Ending.REFUSED, Ending.HUNG_UP_BY_PEER, Ending.REFUSED]
    late = carrier.dial("2")
    carrier.wire.run(1)
    assert late.codes == [503]
    carrier.wire.settle()
    assert {record.ending for record in carrier.records} == {"refused", "hung_up_by_us"}
    assert carrier.switch.journal.calls == carrier.switch.taken == 3


def test_closing_waits_with_bye_for_the_ack() -> None:
    carrier = Exchange(ALL_KINDS)
    carrier.wire.lose("ACK")
    carrier.dial("2")
    carrier.wire.run(0.2)
    carrier.switch.close(carrier.wire.now)
    carrier.wire.run(0.1)
    assert carrier.wire.trace.named("BYE") == []
    carrier.wire.run(1)
    assert len(carrier.wire.trace.named("BYE")) == 1
    carrier.close_of_business()


def test_what_does_not_end_in_time_is_written_as_it_stands() -> None:
    carrier = Exchange(ALL_KINDS)
    for user in "1234":
        carrier.dial(user)
    carrier.wire.lose("ACK", 99)
    carrier.wire.run(1)
    carrier.switch.close(carrier.wire.now)
    carrier.wire.run(1)
    assert carrier.switch.busy
    carrier.switch.drop(carrier.wire.now)
    carrier.wire.run(1)
    assert carrier.switch.calls == {}
    assert [(record.called, record.code, record.ending) for record in carrier.records] == [
        ("1", 487, "unacknowledged"),
        ("2", 200, "unacknowledged"),
        ("3", 487, "unacknowledged"),
        ("4", 486, "unacknowledged"),
    ]
    assert len(carrier.wire.trace.named("BYE")) == 1
    carrier.switch.drop(carrier.wire.now)
    assert carrier.switch.journal.calls == 4


@pytest.mark.parametrize("seed", range(12))
def test_in_bad_weather_each_call_has_one_record(seed: int) -> None:
    carrier = Exchange(ALL_KINDS, seed=seed, weather=Weather(0.3, 0.2, 0.2, 0.02, 0.05))
    told: list[CallRecord] = []
    carrier.switch.journal.listeners.append(told.append)
    calls = [carrier.dial(user) for user in "12341234"]
    carrier.wire.run(10)
    for call in calls:
        call.hang_up()
    carrier.close_of_business()
    assert len(told) == carrier.switch.taken <= 8
    assert len({record.call_id for record in told}) == len(told)
    assert all(record.ending is not None for record in told)


def test_a_response_to_a_caller_that_is_gone_ends_the_call() -> None:
    carrier = Exchange("calls: [{steps: [trying, {wait: 1s}, ringing, {wait: 1s}, answer]}]")
    stream = carrier.wire.connect(carrier.phone.channel, carrier.channel.local)
    carrier.phone.dial(carrier.channel.local, channel=stream)
    carrier.wire.run(0.5)
    carrier.wire.close(stream)
    carrier.wire.settle()
    assert carrier.record.ending == "transport_failed"
    assert carrier.switch.calls == {}
