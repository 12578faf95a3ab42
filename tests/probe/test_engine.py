"""The seam between what decides about calls and what places them: no engine makes a leg without the guard's permit."""

from __future__ import annotations

import pytest

from simcarrier.probe.engine import demand
from simcarrier.probe.target import Target
from simcarrier.probe.wire_leg import WireLegs
from simcarrier.sip.invitation import Invitation
from simcarrier.sip.message import Response
from simcarrier.sip.session import Ending
from simcarrier.sip.transport import Transport
from tests.probe.kit import CALLED, CALLER, Bench, permit

OTHER = "+4940222999"


class Nobody:
    """Waits for nothing."""

    def responded(self, response: Response, now: float) -> None: ...
    def ended(self, ending: Ending, now: float) -> None: ...
    def challenged(self, response: Response, now: float) -> None: ...
    def bye_answered(self, response: Response | None, now: float) -> None: ...


def test_no_leg_without_a_permit() -> None:
    bench = Bench()
    legs = WireLegs(bench.agent, lambda target: bench.channel)
    order = bench.order()
    target = Target(Transport.UDP, ("10.0.0.2", 5060))
    for wrong in (None, permit(CALLER, OTHER), permit("+4930111999", CALLED)):
        with pytest.raises(PermissionError):
            legs.leg(wrong, order, order.invitation, target, Nobody())
    assert legs.leg(permit(), order, order.invitation, target, Nobody()).call_id


@pytest.mark.parametrize("uri", [f"sip:{OTHER}@x", f"sips:{CALLED}@x", f"sip:{CALLED}0@x", "sip:x", f"tel:{CALLED}"])
def test_a_permit_is_for_one_number(uri: str) -> None:
    order = Bench().order()
    with pytest.raises(PermissionError, match="no permit to call"):
        demand(permit(), order, Invitation(uri, order.invitation.caller))
