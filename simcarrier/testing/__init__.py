"""The test kit: SIP in a test's memory, on a clock that the test moves.

    wire = Wire()
    caller, callee = Phone(wire, "10.0.0.1"), Phone(wire, "10.0.0.2")
    call = caller.dial(callee)
    wire.run(1)
    callee.taken[0].answer()
    wire.run(1)
    wire.expect("-> INVITE", "<- 200 INVITE", "-> ACK")

`Wire` joins engines (anything with ``out``, ``receive``, ``next_deadline``, ...) by address, and loses, doubles, delays
and reorders what a seed says. `Phone` is a user agent with records of what happened to it, `Peer` sends and receives
whatever a test writes by hand. `ladder` draws a trace as text. No socket, no thread, no sleep.

`RunningCarrier` is a whole carrier with sockets, in a thread beside a test (`fixture`); `pytest_plugin` makes pytest
fixtures of it. `simcarrier.testing.fast_loop` is for tests that do want sockets: an event loop on which waiting takes
no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .clock import ManualClock
    from .drawing import ladder
    from .fixture import Expectation, RunningCarrier
    from .phone import CallIn, CallOut, Peer, Phone
    from .trace import Passage, Trace
    from .wire import MemoryChannel, Weather, Wire

__all__ = [
    "CallIn",
    "CallOut",
    "Expectation",
    "ManualClock",
    "MemoryChannel",
    "Passage",
    "Peer",
    "Phone",
    "RunningCarrier",
    "Trace",
    "Weather",
    "Wire",
    "ladder",
]

_HOMES = {
    "CallIn": "phone",
    "CallOut": "phone",
    "Expectation": "fixture",
    "ManualClock": "clock",
    "MemoryChannel": "wire",
    "Passage": "trace",
    "Peer": "phone",
    "Phone": "phone",
    "RunningCarrier": "fixture",
    "Trace": "trace",
    "Weather": "wire",
    "Wire": "wire",
    "ladder": "drawing",
}
"""Where each name is. The pytest plugin lives in this package, so importing it must cost nothing."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
