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

`simcarrier.testing.fast_loop` is for tests that do want sockets: an event loop on which waiting takes no time.
"""

from __future__ import annotations

from .clock import ManualClock
from .ladder import ladder
from .phone import CallIn, CallOut, Peer, Phone
from .trace import Passage, Trace
from .wire import MemoryChannel, Weather, Wire

__all__ = [
    "CallIn",
    "CallOut",
    "ManualClock",
    "MemoryChannel",
    "Passage",
    "Peer",
    "Phone",
    "Trace",
    "Weather",
    "Wire",
    "ladder",
]
