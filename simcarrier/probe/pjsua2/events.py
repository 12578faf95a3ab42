"""What the stack is asked for, and what it tells: values for any thread, with no object of pjsua2 in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from simcarrier.sip.transport import Transport

G711 = ("PCMU", "PCMA")


@dataclass(frozen=True, slots=True)
class Account:
    """What calls of a trunk have in common, by the address that they go to. Equal ones share an account of pjsua2.

    Attributes:
        uri: the address of record.
        transport, host: how, and from which of our addresses.
        route: HOST:PORT that every request is sent to, and that a TLS peer must prove.
        username, password: credentials; None for none.
        registrar: its URI, if calls need a registration.
        srtp: none, optional or mandatory.
        ice: candidates are offered.
        codecs: what is offered, by names in SDP, in order.
        roots: a PEM file of the certificates that are trusted.
        ports: the first port for RTP, an even one, and the last for RTCP; None: pjproject's.
    """

    uri: str
    transport: Transport
    host: str
    route: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    registrar: str | None = None
    srtp: str = "none"
    ice: bool = False
    codecs: tuple[str, ...] = G711
    roots: str = ""
    ports: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Dial:
    """An INVITE.

    Attributes:
        account: by which it is sent.
        call_id: its Call-ID.
        uri: Request-URI.
        caller, called: From, without a tag, and To.
        fields: further header fields.
    """

    account: Account
    call_id: str
    uri: str
    caller: str
    called: str
    fields: tuple[tuple[str, str], ...] = ()


class Cause(Enum):
    """What brought a call to its end in pjproject."""

    MESSAGE = "message"
    TIMER = "timer"
    TRANSPORT = "transport"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Logged:
    """A message passed.

    Attributes:
        sent: we sent it.
        transport: UDP, TCP or TLS.
        peer: the other side's address.
        data: its bytes; the beginning only, if the log has cut it off.
    """

    sent: bool
    transport: str
    peer: tuple[str, int]
    data: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that pjproject takes for a part of this call."""

    leg: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Detached:
    """pjproject was told to give the call up: it sees to it, and tells no more of it than the messages that pass."""

    leg: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The call is over in pjproject."""

    leg: int
    cause: Cause
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The call could not be begun."""

    leg: int
    why: str


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection stands.

    Attributes:
        transport: TCP or TLS.
        remote: HOST:PORT, as it was asked for.
    """

    transport: str
    remote: str


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A connection has ended, or did not come about.

    Attributes:
        transport: TCP or TLS.
        remote: HOST:PORT; empty if that is not known.
        why: in pjproject's words; empty for an orderly end.
        verify: bits that say what is wrong with the certificate; 0 for nothing.
    """

    transport: str
    remote: str
    why: str
    verify: int = 0


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration, or its end: the registrar's word, or pjproject's own for one that does not answer."""

    account: Account
    code: int
    reason: str
    active: bool


Event = Logged | Heard | Detached | Finished | Failed | Connected | Disconnected | Registered
