"""Mangled messages: any line of any message of a call cut out, doubled or filled with rubbish, and nothing raises.

What a peer sends must never come out of an endpoint as an exception; at worst the message counts for nothing.
"""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.sip.endpoint import Endpoint
from simcarrier.sip.transport import Address, Channel
from simcarrier.testing import CallIn, Phone, Wire

RUBBISH = [
    b"", b"\xff", b"rubbish", b"-1", b"99999999999999", b"<", b"sip:", b'"', b";tag", b",,,", b"0 INVITE", b"*",
    b"SIP/2.0/UDP", b"<sip:%%@[::>;lr",
]  # fmt: skip


class Mangler:
    """An endpoint whose n-th received message has one line changed.

    Args:
        endpoint: the real one.
        which: the message, from 0.
        line: the header line, counted modulo how many there are.
        value: what its value becomes; None to cut the line out, b"*2" to double it.
    """

    def __init__(self, endpoint: Endpoint, which: int, line: int, value: bytes | None) -> None:
        self.endpoint = endpoint
        self.which = which
        self.line = line
        self.value = value
        self.out = endpoint.out
        self.next_deadline = endpoint.next_deadline
        self.handle_timers = endpoint.handle_timers
        self.channel_closed = endpoint.channel_closed
        self.transport_failed = endpoint.transport_failed

    def receive(self, data: bytes, source: Address, channel: Channel, now: float) -> None:
        if self.which == 0:
            data = self.mangled(data)
        self.which -= 1
        self.endpoint.receive(data, source, channel, now)

    def mangled(self, data: bytes) -> bytes:
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        at = self.line % len(lines)
        if self.value is None:
            del lines[at]
        elif self.value == b"*2":
            lines.insert(at, lines[at])
        else:
            name, colon, _ = lines[at].partition(b":") if at else (b"", b"", b"")
            lines[at] = name + colon + b" " + self.value if colon else self.value
        return b"\r\n".join(lines) + b"\r\n\r\n" + body


class MangledPhone(Phone):
    """A phone that has a mangler before it."""

    def mangle(self, which: int, line: int, value: bytes | None) -> None:
        """Have one of its messages mangled."""
        self.channel.port.engine = Mangler(self.agent.endpoint, which, line, value)


def play(story: str, callee_side: bool, which: int, line: int, value: bytes | None) -> None:
    wire = Wire()
    caller, callee = MangledPhone(wire, "10.0.0.1", name="caller"), MangledPhone(wire, "10.0.0.2", name="callee")
    (callee if callee_side else caller).mangle(which, line, value)
    fields = [("Session-Expires", "90")] if story == "timer" else []
    out = caller.dial(callee, fields=fields, with_offer=story != "delayed offer")
    wire.run(0.1)

    def on_all(verb: str, **options: bool) -> None:
        for call in callee.taken:
            if call.ending is None and (call.session.status < 200 or verb == "hang_up"):
                getattr(CallIn, verb)(call, **options)
        wire.run(0.1)

    on_all("ring", with_sdp=True, reliable=True)
    if story == "cancelled":
        out.cancel()
        wire.run(0.1)
    elif story == "refused":
        for call in callee.taken:
            if call.session.status < 200:
                call.refuse(486)
    else:
        on_all("answer")
        wire.run(50 if story == "timer" else 1)
        out.hang_up()
        wire.run(1)
        on_all("hang_up")
    wire.run(120)


STORIES = ["answered", "delayed offer", "refused", "cancelled", "timer"]


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("callee_side", [True, False], ids=["to the callee", "to the caller"])
def test_every_line_of_every_message_once(story: str, callee_side: bool) -> None:
    for which, line in product(range(5), range(14)):
        for value in (None, b"*2", RUBBISH[(which + line) % len(RUBBISH)], b"rubbish"):
            play(story, callee_side, which, line, value)


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(STORIES),
    st.booleans(),
    st.integers(0, 6),
    st.integers(0, 15),
    st.one_of(st.sampled_from(RUBBISH), st.binary(max_size=12)),
)
def test_any_rubbish_anywhere(story: str, callee_side: bool, which: int, line: int, value: bytes) -> None:
    play(story, callee_side, which, line, value)
