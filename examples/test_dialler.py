"""The tests of a small dialler, as they stand in its repository: put your own in its place.

    pip install 'simcarrier[pytest]'
    pytest examples/test_dialler.py

`Dialler` is what is tested: it calls a list of numbers by the first trunk, by the next one if a trunk says 503, gives
up what stalls, and never again calls a number that does not want to be called. `carrier` and `simcarrier` are fixtures
that come with simcarrier; each test has carriers of its own, on free ports.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from few_calls import Call, Nobody

from simcarrier.net.driver import Driver
from simcarrier.sip.agent import UserAgent
from simcarrier.testing import RunningCarrier
from simcarrier.testing.fixture import Carriers

DO_NOT_CALL_AGAIN = {603, 604, 607, 608}


class Dialler:
    """Calls numbers, one after the other.

    Args:
        trunks: HOST and port of each carrier, the best first.
        patience: seconds after which a call without a final response is given up.
    """

    def __init__(self, *trunks: tuple[str, int], patience: float = 10.0) -> None:
        self.trunks = trunks
        self.patience = patience
        self.left_alone: set[str] = set()

    def run(self, numbers: Iterable[str], caller: str = "+493012345678") -> dict[str, int]:
        """Call each number; returns the final code of each that was called."""
        return asyncio.run(self._run([number for number in numbers if number not in self.left_alone], caller))

    async def _run(self, numbers: list[str], caller: str) -> dict[str, int]:
        results = {}
        async with Driver((agent := UserAgent(Nobody(), name="dialler")).endpoint) as driver:
            for number in numbers:
                for trunk in self.trunks:
                    call = Call(agent, driver, trunk, caller, number)
                    await call.place(self.patience)
                    results[number] = call.session.status
                    if call.session.status != 503:
                        break
                if results[number] in DO_NOT_CALL_AGAIN:
                    self.left_alone.add(number)
        return results


def trunk(carrier: RunningCarrier) -> tuple[str, int]:
    """Where to call a carrier."""
    return carrier.host, carrier.port


def test_a_number_that_declined_is_left_alone(carrier: RunningCarrier) -> None:
    """It is called once, however often the list is run; the other number is called each time."""
    declined = carrier.expect(to="+4989*").times(1).reject(603)
    carrier.expect(to="+4930*").times(2).answers()
    dialler = Dialler(trunk(carrier))
    for _ in range(2):
        dialler.run(["+498912345678", "+493012345678"])
    assert declined.calls[0].phrase == "Decline"


def test_a_stalled_call_is_given_up(carrier: RunningCarrier) -> None:
    """No timer of SIP ends a call that stays at 100 Trying, so the dialler's own must."""
    carrier.expect().times(1).stalls()
    assert Dialler(trunk(carrier), patience=0.2).run(["+498912345678"]) == {"+498912345678": 487}
    (call,) = carrier.wait_for(calls=1)
    assert call.ending == "cancelled"
    assert call.responded_after == pytest.approx(0.2, abs=0.15)


@pytest.mark.parametrize("code", [486, 603])
def test_a_refusal_by_the_person_called_is_not_tried_elsewhere(simcarrier: Carriers, code: int) -> None:
    """The same person would be asked twice."""
    first, second = simcarrier.run(), simcarrier.run()
    first.expect().times(1).reject(code)
    second.expect().never()
    Dialler(trunk(first), trunk(second)).run(["+498912345678"])


def test_an_overloaded_trunk_is_passed_by(simcarrier: Carriers) -> None:
    """503 is about the trunk and not about the number."""
    first, second = simcarrier.run(), simcarrier.run()
    first.expect().times(2).reject(503, headers={"Retry-After": 30})
    second.expect().times(2).answers()
    results = Dialler(trunk(first), trunk(second)).run(["+49891", "+49892"])
    assert results == {"+49891": 200, "+49892": 200}


@pytest.mark.simcarrier("../scenarios/germany-403.yaml")
def test_a_caller_id_that_is_not_routed(carrier: RunningCarrier) -> None:
    """A whole scenario from a file: 403 is about the caller ID, and the number may be called with another."""
    dialler = Dialler(trunk(carrier))
    assert dialler.run(["+498912345678"], caller="+14155550123") == {"+498912345678": 403}
    assert carrier.calls[0].rule == "caller ID not routed"
    assert dialler.left_alone == set()
