"""What an endpoint keeps at most, and that calls which are over do not fill it."""

from __future__ import annotations

from simcarrier.carrier.switch import Switch
from simcarrier.scenario.load import loads
from simcarrier.sip.endpoint import Limits
from simcarrier.testing import Phone, Weather, Wire


def test_calls_that_are_over_leave_little_and_do_not_count_as_open() -> None:
    """At a thousand answered calls a second 64,000 transactions absorb repetitions; they must not shut the carrier."""
    wire = Wire(weather=Weather(delay=0.001))
    switch = Switch(
        loads("name: t\ncalls:\n  - {steps: [answer]}\n"), 0.0, 0.0, limits=Limits(transactions=3, spent=25)
    )
    trunk = wire.attach(switch.engine, "10.0.0.2", name="carrier")
    phone = Phone(wire, "10.0.0.1", name="caller")

    def dial() -> int:
        call = phone.dial(trunk.local, "+49301")
        wire.run(0.1)
        status = call.session.status
        if call.is_up:
            call.hang_up()
        wire.run(0.1)
        return status

    assert [dial() for _ in range(12)] == [200] * 12  # an INVITE and a BYE each
    assert switch.engine.spent == switch.engine.server_transactions == 24
    assert dial() == 200
    assert dial() == 503  # 26 are remembered
    wire.run(33)
    assert (switch.engine.spent, switch.engine.server_transactions) == (0, 0)
    assert dial() == 200
