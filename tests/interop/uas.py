"""SIPp as the carrier: what it expects and what it says, in order, and the SIPp scenario made of that.

    uas.start(expect("INVITE"), say(100), say(403, "Forbidden"), expect("ACK"))

is a carrier that must get INVITE and later ACK, and nothing else and in no other order; it fails otherwise. Responses
go to the request received last, save those that say ``to_invite``.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from .harness import free_udp_port, wait_until
from .sipp import Dialler

SDP = """\
v=0
o=carrier 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 40000 RTP/AVP 8
a=rtpmap:8 PCMA/8000
"""


def expect(method: str) -> str:
    """A request that must come next."""
    if method == "INVITE":
        kept = "".join(
            f'<ereg regexp=".*" search_in="hdr" header="{name}:" assign_to="{name.lower()}"/>' for name in ("Via", "To")
        )
        return f'<recv request="INVITE"><action>{kept}</action></recv>'
    return f'<recv request="{method}"/>'


def whenever(method: str, go_on: str) -> str:
    """A request that may come at any time; it leads on to a `mark`.

    It stands before the first `expect`: SIPp wants something mandatory between it and the next response.
    """
    return f'<recv request="{method}" optional="global" next="{go_on}"/>'


def mark(name: str) -> str:
    """A place in the scenario; SIPp wants a number for its name."""
    return f'<label id="{name}"/>'


def go_to(name: str) -> str:
    """On to a `mark`."""
    return f'<nop next="{name}"/>'


def say(
    code: int,
    phrase: str = "Said",
    *headers: str,
    tag: str | None = "carrier",
    to_invite: bool = False,
    cseq: str | None = None,
    sdp: bool = False,
) -> str:
    """A response.

    Args:
        code, phrase: its status line.
        headers: further header lines.
        tag: of To; None for none. A response to a request within the dialog has it already: say None.
        to_invite: to the INVITE, whatever was received since.
        cseq: another CSeq than that of the request.
        sdp: with a session description.
    """
    number = cseq or ("1 INVITE" if to_invite else None)
    contact = ["Contact: <sip:carrier@[local_ip]:[local_port]>"] if 100 < code < 300 else []
    lines = [
        f"SIP/2.0 {code} {phrase}",
        "Via: [$via]" if to_invite else "[last_Via:]",
        "[last_From:]",
        ("To: [$to]" if to_invite else "[last_To:]") + ("" if tag is None or code == 100 else f";tag={tag}"),
        "[last_Call-ID:]",
        "[last_CSeq:]" if number is None else f"CSeq: {number}",
        *(["[last_Record-Route:]"] if contact and not to_invite else []),
        *contact,
        *headers,
        *(["Content-Type: application/sdp"] if sdp else []),
        "Content-Length: [len]",
    ]
    return raw("\n".join(lines) + "\n\n" + (SDP if sdp else ""))


def repeated(name: str, times: int, *steps: str) -> tuple[str, ...]:
    """Steps so many times; SIPp wants a number for the name of the loop, and no long scenarios."""
    count = f'<add assign_to="count{name}" value="1"/>'
    more = f'<test assign_to="more{name}" variable="count{name}" compare="less_than" value="{times}"/>'
    return mark(name), *steps, f'<nop next="{name}" test="more{name}"><action>{count}{more}</action></nop>'


def answer_to_bye() -> tuple[str, str]:
    """BYE must come, and is answered."""
    return expect("BYE"), say(200, "OK", tag=None)


def raw(text: str) -> str:
    """Anything, as it is."""
    return f"<send><![CDATA[\n{text}\n]]></send>"


def rest(seconds: float) -> str:
    """A pause; a request that comes meanwhile is not expected."""
    return f'<pause milliseconds="{round(seconds * 1000)}"/>'


Steps = str | Iterable["Steps"]


class Uas:
    """Starts SIPp as a carrier.

    Args:
        program: its path.
        folder: where its files go.
    """

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._started: list[Dialler] = []

    def start(self, *steps: Steps, options: Iterable[str] = ()) -> tuple[Dialler, str]:
        """Take one call by these steps; returns the carrier, and its address when it can be called."""
        port = free_udp_port()
        dialler = self._run(steps, "-p", str(port), *options)
        wait_until(lambda: _taken(port) or dialler.ended, "SIPp to listen")
        assert not dialler.ended, dialler.report()
        return dialler, f"127.0.0.1:{port}"

    def send(self, message: str, address: str) -> Dialler:
        """Send one message from a port of its own."""
        return self._run([raw(message)], address)

    def _run(self, steps: Steps, *options: str) -> Dialler:
        name = f"uas{len(self._started)}"
        lines = list(_flat(steps))
        file = self._folder / f"{name}.xml"
        used = sorted(set(re.findall(r'assign_to="(\w+)"', "".join(lines))))
        if used:
            lines.append(f'<Reference variables="{",".join(used)}"/>')  # SIPp refuses those that are not used
        file.write_text("\n".join(['<?xml version="1.0"?>', f'<scenario name="{name}">', *lines, "</scenario>", ""]))
        command = [self._program, "-timeout", "14", *options, "-sf", str(file), "-i", "127.0.0.1", "-m", "1"]
        command += ["-nostdin", "-timeout_error", "-max_socket", "500"]
        self._started.append(Dialler(command, self._folder, name))
        return self._started[-1]

    def kill(self) -> None:
        """End all that were started."""
        for each in self._started:
            each.kill()


def _flat(steps: Steps) -> Iterator[str]:
    if isinstance(steps, str):
        yield steps
    else:
        for step in steps:
            yield from _flat(step)


def _taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False
