"""What the carrier's tests share: a carrier from a scenario's text, in memory, and a phone that calls it."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent

from simcarrier.carrier.switch import Switch
from simcarrier.records.model import CallRecord
from simcarrier.scenario.load import loads
from simcarrier.testing import CallOut, Phone, Weather, Wire

WALL = 1_700_000_000.0


class Exchange:
    """A carrier and a caller on one wire.

    Args:
        scenario: YAML without its name.
        seed: of the carrier's chance and of the wire's.
        weather: 10 ms of delay if None.
    """

    def __init__(self, scenario: str, *, seed: int | None = 1, weather: Weather | None = None) -> None:
        self.wire = Wire(seed=seed or 0, weather=weather or Weather(delay=0.01))
        self.phone = Phone(self.wire, "10.0.0.1", name="caller")
        self.switch = Switch(loads(f"name: test\n{dedent(scenario)}"), 0.0, WALL, seed=seed)
        self.channel = self.wire.attach(self.switch.engine, "10.0.0.2", name="carrier")

    def dial(
        self,
        user: str = "+4930123456",
        caller: str = "+4940999",
        fields: Sequence[tuple[str, str]] = (),
        phone: Phone | None = None,
    ) -> CallOut:
        """Call the carrier; nothing has arrived yet."""
        return (phone or self.phone).dial(self.channel.local, user, caller=caller, fields=fields)

    def code(self, user: str = "+4930123456", caller: str = "+4940999", fields: Sequence[tuple[str, str]] = ()) -> int:
        """Call, wait for the end of it, and give the final code; 0 for none."""
        call = self.dial(user, caller, fields)
        self.wire.run_until(lambda: call.session.status > 0 or bool(call.endings), 700)
        if call.is_up:
            call.hang_up()
        self.wire.run(1)
        return call.session.status

    @property
    def records(self) -> list[CallRecord]:
        """The journal's records."""
        return list(self.switch.journal.recent)

    @property
    def record(self) -> CallRecord:
        """The record of the call that ended last."""
        return self.switch.journal.recent[-1]

    @property
    def lines_in_use(self) -> int:
        """Lines taken."""
        return self.switch.carrier.business.world.trunks.shared.lines.in_use

    def close_of_business(self) -> None:
        """Let all timers run out: nothing is left at either end, and every call has its record."""
        self.wire.settle()
        engine, agent = self.switch.engine, self.switch.agent
        left = {
            "calls": len(self.switch.calls),
            "sessions": len(agent.sessions),
            "server transactions": engine.server_transactions,
            "client transactions": engine.client_transactions,
            "deaf": len(engine.deaf),
            "lines": self.lines_in_use,
        }
        assert not any(left.values()), f"{left}\n{self.wire.ladder()}"
        assert self.phone.idle, self.wire.ladder()
        assert self.switch.journal.calls == self.switch.taken
