"""Conduct watched in memory: a wire whose carrier is judged, and callers that say what a test writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from simcarrier.conduct import Conduct
from simcarrier.sip.transport import Address, Channel, Transport
from simcarrier.testing import MemoryChannel, Weather, Wire
from simcarrier.testing.wire import Engine

CARRIER = "10.0.0.2"


class Tap:
    """An engine whose messages are shown to a `Conduct`, as the carrier's own service shows them."""

    def __init__(self, engine: Engine, conduct: Conduct) -> None:
        self.engine = engine
        self.conduct = conduct
        self.out = engine.out

    def receive(self, data: bytes, source: Address, channel: Channel, now: float) -> None:
        """Told by the wire."""
        self.conduct.observe("in", data, channel, source, now)
        self.engine.receive(data, source, channel, now)

    def channel_closed(self, channel: Channel, now: float) -> None:
        """Told by the wire."""
        self.engine.channel_closed(channel, now)

    def transport_failed(self, channel: Channel, destination: Address, now: float) -> None:
        """Told by the wire."""
        self.engine.transport_failed(channel, destination, now)

    def next_deadline(self) -> float | None:
        """Told by the wire."""
        return self.engine.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Told by the wire."""
        self.engine.handle_timers(now)


class WatchedWire(Wire):
    """A wire that watches whoever is attached as `CARRIER`.

    Attributes:
        conduct: that of everybody else.
    """

    def __init__(self, *, seed: int = 0, weather: Weather | None = None) -> None:
        super().__init__(seed=seed, weather=weather)
        self.conduct = Conduct()

    def attach(self, engine: Engine, host: str, port: int = 5060, name: str = "") -> MemoryChannel:
        """See `Wire.attach`."""
        if host == CARRIER:
            return super().attach(Tap(engine, self.conduct), host, port, name)
        return super().attach(engine, host, port, name)

    def collect(self) -> None:
        """See `Wire.collect`."""
        for port in self._ports:
            if isinstance(port.engine, Tap):
                for channel, destination, data in port.engine.out:
                    self.conduct.observe("out", data, channel, destination, self.now)
        super().collect()

    def faults(self) -> list[str]:
        """What was found, judged to the end."""
        self.conduct.finish(self.now)
        return [f"{breach.rule}: {breach.said}" for breach in self.conduct.breaches]


HERE = ("10.0.0.2", 5060)
THERE = ("10.0.0.1", 5060)

SDP = """\
v=0
o=- {session} {version} IN IP4 10.0.0.1
s=-
c=IN IP4 10.0.0.1
t=0 0
m=audio {port} RTP/AVP 8
"""


def sdp(*, session: int = 7, version: int = 1, port: int = 4000, without: str = "", more: str = "") -> bytes:
    """A session description; ``without`` leaves out the line that begins so, ``more`` is put behind it."""
    lines = (SDP.format(session=session, version=version, port=port) + more).splitlines()
    return "".join(f"{line}\r\n" for line in lines if not (without and line.startswith(without))).encode()


class Talk:
    """A call as a test writes it, message by message, and the conduct that is found in it.

    What is not said is as it should be: an INVITE, the ACK to its refusal and its CANCEL have the branch ``i1``, every
    other request has one of its own.

    Args:
        transport: what it goes by.
        conduct: who watches.

    Attributes:
        now: seconds; `wait` moves it.
        call_id: of the messages to come.
    """

    def __init__(self, transport: Transport = Transport.UDP, conduct: Conduct | None = None) -> None:
        self.conduct = conduct or Conduct()
        self.channel = Channel(transport, HERE, THERE if transport.reliable else None)
        self.transport = transport
        self.now = 100.0
        self.call_id = "call1"
        self._serial = 0

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def asks(
        self,
        method: str,
        number: int = 1,
        *,
        branch: str | None = None,
        to_tag: str = "",
        from_tag: str = "d1",
        uri: str | None = None,
        via: Sequence[str] = (),
        change: Mapping[str, str | None] = MappingProxyType({}),
        add: Sequence[str] = (),
        body: bytes = b"",
        peer: Address = THERE,
    ) -> bytes:
        """The caller sends a request; returns it.

        Args:
            method, number: of CSeq too.
            branch: behind the magic cookie; as the RFC wants it if None.
            to_tag, from_tag: none if empty.
            uri: the Request-URI.
            via: further Via values, of proxies, topmost first.
            change: other values for fields; None leaves one out.
            add: further lines.
            body: a session description.
            peer: the address that it comes from.
        """
        if branch is None:
            self._serial += 1
            of_invite = method in ("INVITE", "CANCEL") or (method == "ACK" and not to_tag.startswith("c"))
            branch = f"{self.call_id}-{'i' if of_invite else 'r'}{number if of_invite else self._serial}"
        if uri is None:
            uri = "sip:10.0.0.2:5060" if method in ("BYE", "PRACK", "UPDATE") else "sip:+49891@10.0.0.2:5060"
        fields: dict[str, str | None] = {
            "Via": ", ".join((*via, f"SIP/2.0/{self.transport} 10.0.0.1:5060;branch=z9hG4bK{branch}")),
            "Max-Forwards": "70",
            "From": "<sip:+4930@10.0.0.1>" + (f";tag={from_tag}" if from_tag else ""),
            "To": "<sip:+49891@10.0.0.2>" + (f";tag={to_tag}" if to_tag else ""),
            "Call-ID": self.call_id,
            "CSeq": f"{number} {method}",
            "Contact": "<sip:dialler@10.0.0.1:5060>" if method in ("INVITE", "UPDATE") else None,
            "Content-Type": "application/sdp" if body else None,
            "Content-Length": str(len(body)),
        }
        fields |= change
        lines = [f"{method} {uri} SIP/2.0", *(f"{name}: {value}" for name, value in fields.items() if value), *add]
        data = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        self.hears(data, peer)
        return data

    def hears(self, data: bytes, peer: Address = THERE) -> None:
        """Something comes from the caller."""
        self.conduct.observe("in", data, self.channel, peer, self.now)

    def says(
        self,
        status: int,
        method: str = "INVITE",
        number: int = 1,
        *,
        branch: str | None = None,
        tag: str = "c1",
        add: Sequence[str] = (),
        contact: str | None = "<sip:10.0.0.2:5060>",
        body: bytes = b"",
    ) -> None:
        """The carrier responds."""
        branch = f"{self.call_id}-i{number}" if branch is None else branch
        to_tag = f";tag={tag}" if tag and status > 100 else ""
        lines = [
            f"SIP/2.0 {status} Whatever",
            f"Via: SIP/2.0/{self.transport} 10.0.0.1:5060;branch=z9hG4bK{branch}",
            "From: <sip:+4930@10.0.0.1>;tag=d1",
            f"To: <sip:+49891@10.0.0.2>{to_tag}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {number} {method}",
            *add,
        ]
        if contact and 100 < status < 300:
            lines.append(f"Contact: {contact}")
        if body:
            lines.append("Content-Type: application/sdp")
        lines.append(f"Content-Length: {len(body)}")
        data = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        self.conduct.observe("out", data, self.channel, THERE, self.now)

    def carrier_asks(self, method: str, number: int = 1, *, branch: str = "b1", body: bytes = b"") -> None:
        """The carrier sends a request within the dialog."""
        lines = [
            f"{method} sip:dialler@10.0.0.1:5060 SIP/2.0",
            f"Via: SIP/2.0/{self.transport} 10.0.0.2:5060;branch=z9hG4bK{branch}",
            "Max-Forwards: 70",
            "From: <sip:+49891@10.0.0.2>;tag=c1",
            "To: <sip:+4930@10.0.0.1>;tag=d1",
            f"Call-ID: {self.call_id}",
            f"CSeq: {number} {method}",
            "Contact: <sip:10.0.0.2:5060>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        data = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        self.conduct.observe("out", data, self.channel, THERE, self.now)

    def answers(
        self, status: int, method: str, number: int = 1, *, branch: str = "b1", tag: str = "d1", body: bytes = b""
    ) -> None:
        """The caller responds to the carrier's request."""
        lines = [
            f"SIP/2.0 {status} Whatever",
            f"Via: SIP/2.0/{self.transport} 10.0.0.2:5060;branch=z9hG4bK{branch}",
            "From: <sip:+49891@10.0.0.2>;tag=c1",
            f"To: <sip:+4930@10.0.0.1>;tag={tag}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {number} {method}",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self.hears("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    # What is usual

    def invites(self, number: int = 1, **how: Any) -> bytes:
        """INVITE with an offer, and 100."""
        data = self.asks("INVITE", number, **{"body": sdp(), **how})
        self.says(100, number=number)
        return data

    def refused(self, status: int = 403, number: int = 1) -> None:
        """INVITE, 100, a refusal, its ACK."""
        self.invites(number)
        self.says(status, number=number, tag="r1")
        self.asks("ACK", number, to_tag="r1")

    def answered(self, **how: Any) -> None:
        """INVITE, 180, 200, ACK."""
        self.invites(**how)
        self.says(180)
        self.wait(1)
        self.says(200, body=sdp(session=9))
        self.wait(0.01)
        self.acks()

    def acks(self, **how: Any) -> None:
        """The ACK to a 200."""
        self.asks("ACK", **{"to_tag": "c1", "uri": "sip:10.0.0.2:5060", **how})

    def ends(self, number: int = 2, **how: Any) -> None:
        """BYE and its 200."""
        self.asks("BYE", number, **{"to_tag": "c1", "branch": f"{self.call_id}-bye", **how})
        self.says(200, "BYE", number, branch=f"{self.call_id}-bye")

    def found(self, *, until: float = 0.0) -> list[str]:
        """The names of the rules that were broken, judged so many seconds later."""
        self.conduct.finish(self.now + until)
        return sorted(self.conduct.counts)

    def said(self) -> str:
        """What was said of the breaches."""
        return "\n".join(breach.said for breach in self.conduct.breaches)
