"""Ladders: the messages of a call in their order, seen from the dialler, and the SIPp scenario made of them.

    [INVITE, got(100), got(403, "Forbidden", retry_after=None), ACK]

is a dialler that sends INVITE, must get 100 and then 403 with that phrase and without Retry-After, nothing else and in
no other order, and acknowledges. What SIPp needs beside that is filled in: CSeq numbers, branches (the INVITE's own for
CANCEL and for the ACK to a refusal, RFC 3261 sections 9.1 and 17.1.1.3), tags, the route.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

SDP = """\
v=0
o=dialler 1 {version} IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio 40000 RTP/AVP 8 0
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
"""


@dataclass(frozen=True)
class Send:
    """The dialler sends a request.

    Attributes:
        method: its method.
        headers: further header lines; ``[$name]`` stands for what an earlier `Got` has kept.
        sdp: with a session description; an INVITE has one unless said otherwise.
        again: the last INVITE once more, as it was: a repetition.
        repeats: whether SIPp repeats it over UDP until it is answered.
    """

    method: str
    headers: tuple[str, ...] = ()
    sdp: bool | None = None
    again: bool = False
    repeats: bool = True


@dataclass(frozen=True)
class Got:
    """The dialler gets a response.

    Attributes:
        status: its code.
        phrase: its reason phrase; None for any.
        headers: regular expressions for header values, None for a header that must not be there.
        to: the method of the request that it answers; by default that of the last one sent.
        sdp: whether it has a session description; None for either.
        keep: a name, and the header whose number is kept under it.
        optional: it may come or not.
    """

    status: int
    phrase: str | None = None
    headers: tuple[tuple[str, str | None], ...] = ()
    to: str | None = None
    sdp: bool | None = None
    keep: tuple[str, str] | None = None
    optional: bool = False


@dataclass(frozen=True)
class Asked:
    """The dialler gets a request and answers it with 200."""

    method: str


@dataclass(frozen=True)
class Pause:
    """The dialler waits; anything that comes meanwhile is not expected."""

    seconds: float


Step = Send | Got | Asked | Pause
Ladder = Sequence[Step]


SPELT = {"min_se": "Min-SE"}
"""Headers that are not spelt as usual; to SIPp's search the case matters."""


def got(
    status: int,
    phrase: str | None = None,
    *,
    to: str | None = None,
    sdp: bool | None = None,
    keep: tuple[str, str] | None = None,
    optional: bool = False,
    **headers: str | None,
) -> Got:
    """A response; header names are written with ``_`` for ``-``."""
    named = tuple((SPELT.get(name) or name.replace("_", "-").title(), pattern) for name, pattern in headers.items())
    return Got(status, phrase, named, to, sdp, keep, optional)


INVITE = Send("INVITE")
ACK = Send("ACK")
BYE = Send("BYE")
CANCEL = Send("CANCEL")


class _Writer:
    """Writes the XML of one ladder, and keeps count of what SIPp does not."""

    def __init__(self, caller: str) -> None:
        self.caller = caller
        self.lines: list[str] = []
        self.variables: set[str] = set()
        self.cseq = 0
        self.invites = 0
        self.invite_cseq = 0
        self.last_method = ""
        self.refused = False
        self.in_dialog = False

    def write(self, step: Step) -> None:
        if isinstance(step, Send):
            self._send(step)
        elif isinstance(step, Got):
            self._got(step)
        elif isinstance(step, Asked):
            self.lines.append(f'<recv request="{step.method}" crlf="true"/>')
            echoed = "\n".join(f"[last_{name}:]" for name in ("Via", "From", "To", "Call-ID", "CSeq"))
            self._message(f"SIP/2.0 200 OK\n{echoed}\nContent-Length: 0\n", repeats=False)
        else:
            self.lines.append(f'<pause milliseconds="{round(step.seconds * 1000)}"/>')

    def _send(self, step: Send) -> None:
        method = step.method
        if method == "INVITE" and not step.again:
            self.invites += 1
            self.cseq += 1
            self.invite_cseq = self.cseq
            self.refused = False
        elif method not in ("INVITE", "ACK", "CANCEL"):
            self.cseq += 1
        of_invite = method in ("INVITE", "CANCEL") or (method == "ACK" and self.refused)
        cseq = self.invite_cseq if of_invite or method == "ACK" else self.cseq
        branch = f"invite{self.invites}" if of_invite else f"{method.lower()}{len(self.lines)}"
        within = self.in_dialog and not (method in ("ACK", "CANCEL") and of_invite)
        target = "[next_url]" if within else "sip:[service]@[remote_ip]:[remote_port];transport=[transport]"
        tag = "[peer_tag_param]" if within or method == "ACK" else ""
        if method not in ("ACK", "CANCEL"):
            self.last_method = method
        lines = [
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=z9hG4bK-[pid]-[call_number]-{branch}",
            f"From: <sip:{self.caller}@[local_ip]:[local_port]>;tag=[pid]-[call_number]",
            f"To: <sip:[service]@[remote_ip]:[remote_port]>{tag}",
            "Call-ID: [call_id]",
            f"CSeq: {cseq} {method}",
            "Max-Forwards: 70",
            *step.headers,
        ]
        if within:
            lines.append("[routes]")
        if method not in ("CANCEL", "BYE"):
            lines.append("Contact: <sip:dialler@[local_ip]:[local_port];transport=[transport]>")
        if method == "CANCEL":
            self.last_method = "CANCEL"
        body = ""
        if step.sdp if step.sdp is not None else method == "INVITE":
            lines.append("Content-Type: application/sdp")
            body = SDP.format(version=cseq)
        lines.append("Content-Length: [len]")
        self._message("\n".join(lines) + "\n\n" + body, repeats=step.repeats and method != "ACK")

    def _message(self, text: str, *, repeats: bool) -> None:
        retrans = ' retrans="500"' if repeats else ""
        self.lines.append(f"<send{retrans}><![CDATA[\n{text}\n]]></send>")

    def _got(self, step: Got) -> None:
        method = step.to or self.last_method
        self.variables.add("seen")
        if method == "INVITE" and step.status >= 300:
            self.refused = True
        elif method == "INVITE" and step.status > 100:
            self.in_dialog = True
        # A response to an earlier request must not pass for one to this.
        checks = [_check(f"^ *[0-9]+ +{method} *$", header="CSeq:")]
        if step.phrase is not None:
            checks.append(_check(f"^SIP/2\\.0 {step.status} {step.phrase}[[:cntrl:]]"))
        for name, pattern in step.headers:
            if pattern is None:
                checks.append(_check(f"[[:cntrl:]]{name}:", absent=True))
            else:
                checks.append(_check(f"^ *{pattern} *$", header=f"{name}:"))
        if step.sdp is not None:
            checks.append(_check("[[:cntrl:]]m=audio ", absent=not step.sdp))
        if step.keep is not None:
            name, header = step.keep
            self.variables.add(name)
            checks.append(_check("[0-9]+", header=f"{header}:", keep=name))
        optional = ' optional="true"' if step.optional else ""
        routes = ' rrs="true"' if method == "INVITE" and 100 < step.status < 300 else ""
        self.lines.append(f'<recv response="{step.status}"{optional}{routes}><action>{"".join(checks)}</action></recv>')


def _check(pattern: str, header: str = "", keep: str = "seen", *, absent: bool = False) -> str:
    place = f'search_in="hdr" header={quoteattr(header)}' if header else 'search_in="msg"'
    sense = "check_it_inverse" if absent else "check_it"
    return f'<ereg regexp={quoteattr(pattern)} {place} {sense}="true" assign_to="{keep}"/>'


def sipp_scenario(ladder: Ladder, caller: str) -> str:
    """A ladder as a SIPp scenario.

    Args:
        ladder: the messages.
        caller: the calling number.
    """
    writer = _Writer(escape(caller))
    for step in ladder:
        writer.write(step)
    # SIPp refuses a variable that is assigned and never used, and one that is used and never assigned.
    used = [f'<Reference variables="{",".join(sorted(writer.variables))}"/>'] if writer.variables else []
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<scenario name="ladder">',
            *writer.lines,
            *used,
            "</scenario>",
            "",
        ]
    )
