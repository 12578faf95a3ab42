"""A carrier with attachments in this process, and what a dialler sends it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Sequence

from simcarrier.attachment import Attachment, Findings
from simcarrier.records.transcript import Passed
from simcarrier.scenario.load import loads
from simcarrier.service import CarrierService
from simcarrier.sip.transport import Address, Channel, ListenAddress, Transport

SCENARIO = """
name: One way
calls:
  - {name: refused, to: "+49*", respond: 403}
"""

HOST, PORT = "127.0.0.1", 5060
CARRIER: Address = (HOST, PORT)
DIALLER: Address = ("127.0.0.1", 40_001)
UDP = Channel(Transport.UDP, CARRIER)


def message(call: int = 1, method: str = "INVITE", *more: str, tag: str = "", transport: str = "UDP") -> bytes:
    """A request of a call."""
    lines = [
        f"{method} sip:+49891@{HOST} SIP/2.0",
        f"Via: SIP/2.0/{transport} {HOST};rport;branch=z9hG4bK{call}",
        "From: <sip:+4930@h>;tag=a",
        f"To: <sip:+49891@h>{tag}",
        f"Call-ID: call{call}",
        f"CSeq: 1 {method}",
        "Contact: <sip:h>",
        "Max-Forwards: 70",
        *more,
        "Content-Length: 0",
    ]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def refused(carrier: CarrierService, *invites: bytes) -> None:
    """Place calls over UDP that are refused, with their ACKs."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(10)
        phone.connect((carrier.addresses[0].host, carrier.addresses[0].port))
        for invite in invites:
            phone.send(invite)
            answer = phone.recv(65536)
            while answer[8:9] == b"1":
                answer = phone.recv(65536)
            tag = answer.partition(b"\r\nTo: ")[2].partition(b"\r\n")[0].partition(b";")[2]
            to = invite.partition(b"\r\nTo: ")[2].partition(b"\r\n")[0]
            phone.send(invite.replace(b"INVITE", b"ACK").replace(to, to + b";" + tag))


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)
    assert condition(), what


def run(
    attachments: Sequence[Attachment],
    dial: Callable[[CarrierService], Awaitable[None]],
    findings: Findings | None = None,
    listen: str = "udp:127.0.0.1:0",
    scenario: str = SCENARIO,
) -> CarrierService:
    """Run a carrier with attachments, as the command does, until ``dial`` is over."""

    async def main() -> CarrierService:
        carrier = CarrierService(loads(scenario), listen=[ListenAddress.parse(listen)])
        attached = []
        async with contextlib.AsyncExitStack() as leaving:
            for attachment in attachments:
                await attachment.attach(carrier)
                attached.append(attachment)
                leaving.push_async_callback(attachment.finished, carrier, findings or Findings())
            await carrier.start()
            leaving.push_async_callback(carrier.stop, 0.1)
            for attachment in attached:
                await attachment.started(carrier)
            await dial(carrier)
            assert carrier.driver.errors == []
        return carrier

    return asyncio.run(main())


def calls(*invites: bytes) -> Callable[[CarrierService], Awaitable[None]]:
    """A dialler that places these calls, for `run`."""

    async def dial(carrier: CarrierService) -> None:
        before = carrier.journal.calls
        await asyncio.to_thread(refused, carrier, *invites)
        await until(lambda: carrier.journal.calls == before + len(invites), "the calls to end")

    return dial


async def nobody(carrier: CarrierService) -> None:
    """Calls nobody, for `run`."""


def passed(data: bytes, *, sent: bool = False, at: float = 1_700_000_000.0) -> Passed:
    """A message at the carrier."""
    return Passed(at, sent, "UDP", CARRIER, DIALLER, data)
