"""The same calls over TCP, over IPv6, and at several listeners of one carrier, with SIPp as the dialler."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .harness import Carrier
from .ladder import ACK, BYE, CANCEL, INVITE, Asked, Ladder, Pause, got
from .sipp import Sipp

pytestmark = pytest.mark.interop

TRANSPORTS = {
    "udp on ipv6": ("udp:[::1]:0", "::1", "u1"),
    "tcp": ("tcp:127.0.0.1:0", "127.0.0.1", "t1"),
    "tcp, a connection a call": ("tcp:127.0.0.1:0", "127.0.0.1", "tn"),
    "tcp on ipv6": ("tcp:[::1]:0", "::1", "t1"),
}

REFUSED: Ladder = [INVITE, got(100), got(403, "Forbidden"), ACK, Pause(0.1)]
UP = got(200, "OK", sdp=True)


@pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=TRANSPORTS)
class TestTransport:
    def test_refused(self, transport: tuple[str, str, str], carrier: Callable[..., Carrier], sipp: Sipp) -> None:
        listen, local, mode = transport
        called = carrier("germany-403", listen=[listen])
        sipp.call(REFUSED, called.address, "-t", mode, local=local, caller="+15551234567", calls=3)
        calls = called.ended_calls(3)
        assert {(call["code"], call["transport"], call["ending"]) for call in calls} == {
            (403, listen[:3].upper(), "refused")
        }
        host = "[::1]:" if local == "::1" else "127.0.0.1:"
        assert all(call["source"].startswith(host) for call in calls)

    def test_answered(self, transport: tuple[str, str, str], carrier: Callable[..., Carrier], sipp: Sipp) -> None:
        listen, local, mode = transport
        called = carrier("lines-full-603", listen=[listen])
        where = "[[]::1]" if local == "::1" else "127[.]0[.]0[.]1"
        how = ";transport=tcp" if listen.startswith("tcp") else ""
        up = got(200, "OK", sdp=True, contact=f"<sip:{where}:[0-9]+{how}>")
        again: Ladder = [INVITE, up, ACK]
        ladder: Ladder = [INVITE, got(100), got(180), up, ACK, *again, Pause(0.1), BYE, got(200)]
        dialler = sipp.call(ladder, called.address, "-t", mode, local=local)
        assert f"c=IN {'IP6 ::1' if local == '::1' else 'IP4 127.0.0.1'}" in dialler.traffic
        assert called.ended_calls(1)[0]["ending"] == "hung_up_by_peer"

    def test_cancelled(self, transport: tuple[str, str, str], carrier: Callable[..., Carrier], sipp: Sipp) -> None:
        listen, local, mode = transport
        called = carrier("stalled-trying", listen=[listen])
        cancelled: Ladder = [INVITE, got(100), CANCEL, got(200), got(487, to="INVITE"), ACK, Pause(0.1)]
        sipp.call(cancelled, called.address, "-t", mode, local=local)
        assert called.ended_calls(1)[0]["ending"] == "cancelled"

    def test_the_carrier_hangs_up(
        self, transport: tuple[str, str, str], carrier: Callable[..., Carrier], sipp: Sipp
    ) -> None:
        listen, local, mode = transport
        called = carrier("stalled-trying", "--set", "then=answer", "--set", "after=100ms", listen=[listen])
        dialler = sipp.start([INVITE, got(100), UP, ACK, Asked("BYE")], called.address, "-t", mode, local=local)
        dialler.wait_for("ACK sip:")
        called.stop()
        dialler.finished()
        assert called.calls[0]["ending"] == "hung_up_by_us"


def test_several_listeners_are_one_carrier(carrier: Callable[..., Carrier], sipp: Sipp) -> None:
    called = carrier("lines-full-603", "--set", "lines=1", listen=["udp:127.0.0.1:0", "tcp:127.0.0.1:0", "udp:[::1]:0"])
    udp, tcp, ipv6 = called.addresses
    held = sipp.start([INVITE, got(100), got(180), UP, ACK, Pause(2), BYE, got(200)], udp)
    held.wait_for("ACK sip:")
    full: Ladder = [INVITE, got(603, "Decline"), ACK, Pause(0.1)]
    sipp.call(full, tcp, "-t", "t1")
    sipp.call(full, ipv6, local="::1")
    held.finished()
    calls = called.ended_calls(3)
    assert [(call["code"], call["transport"]) for call in calls] == [(200, "UDP"), (603, "TCP"), (603, "UDP")]
