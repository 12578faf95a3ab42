"""The Reason header field: why a request was sent or a call refused (RFC 3326).

It is where carriers tell what the status code hides: the Q.850 cause of the telephone network behind them
(RFC 6432), where in the network that arose (RFC 8606), a failed caller-ID verification (RFC 9410), and since
2026 the redress contact of an analytics block (603+, ATIS-1000099). The last of these puts ``location`` on a
SIP reason, which a strict reading of RFC 8606 forbids, and some networks move its ``v=`` and ``url=`` out of
the text into parameters of the header: all of it is read. RFC 9366 lets one protocol come several times.

One bad value does not cost us the good ones beside it: it is reported, and the rest is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from .errors import LocalProtocolError, Malformed
from .grammar import ListFault, format_params, is_token, parse_params, quote, read_list

_PROTOCOLS: Final = {"sip": "SIP", "q.850": "Q.850", "stir": "STIR"}
_MAX_CAUSE_DIGITS: Final = 9  # status codes and Q.850 causes have three; what is longer numbers nothing
_MAX_VALUES: Final = 32  # over all header fields of one message; a real one brings two or three

Q850_CAUSES: Final[Mapping[int, str]] = {
    1: "Unallocated (unassigned) number",
    2: "No route to specified transit network",
    3: "No route to destination",
    4: "Send special information tone",
    5: "Misdialled trunk prefix",
    6: "Channel unacceptable",
    7: "Call awarded and being delivered in an established channel",
    8: "Preemption",
    9: "Preemption, circuit reserved for reuse",
    14: "QoR: ported number",
    16: "Normal call clearing",
    17: "User busy",
    18: "No user responding",
    19: "No answer from user",
    20: "Subscriber absent",
    21: "Call rejected",
    22: "Number changed",
    23: "Redirection to new destination",
    24: "Call rejected due to feature at the destination",
    25: "Exchange routing error",
    26: "Non-selected user clearing",
    27: "Destination out of order",
    28: "Invalid number format (address incomplete)",
    29: "Facility rejected",
    30: "Response to status enquiry",
    31: "Normal, unspecified",
    34: "No circuit or channel available",
    38: "Network out of order",
    39: "Permanent frame mode connection out of service",
    40: "Permanent frame mode connection operational",
    41: "Temporary failure",
    42: "Switching equipment congestion",
    43: "Access information discarded",
    44: "Requested circuit or channel not available",
    46: "Precedence call blocked",
    47: "Resource unavailable, unspecified",
    49: "Quality of service not available",
    50: "Requested facility not subscribed",
    53: "Outgoing calls barred within CUG",
    55: "Incoming calls barred within CUG",
    57: "Bearer capability not authorized",
    58: "Bearer capability not presently available",
    62: "Inconsistency in outgoing access information and subscriber class",
    63: "Service or option not available, unspecified",
    65: "Bearer capability not implemented",
    66: "Channel type not implemented",
    69: "Requested facility not implemented",
    70: "Only restricted digital information bearer capability is available",
    79: "Service or option not implemented, unspecified",
    81: "Invalid call reference value",
    82: "Identified channel does not exist",
    83: "A suspended call exists, but this call identity does not",
    84: "Call identity in use",
    85: "No call suspended",
    86: "Call having the requested call identity has been cleared",
    87: "User not member of CUG",
    88: "Incompatible destination",
    90: "Non-existent CUG",
    91: "Invalid transit network selection",
    95: "Invalid message, unspecified",
    96: "Mandatory information element is missing",
    97: "Message type non-existent or not implemented",
    98: "Message not compatible with call state or non-existent",
    99: "Information element or parameter non-existent or not implemented",
    100: "Invalid information element contents",
    101: "Message not compatible with call state",
    102: "Recovery on timer expiry",
    103: "Parameter non-existent or not implemented, passed on",
    110: "Message with unrecognized parameter, discarded",
    111: "Protocol error, unspecified",
    127: "Interworking, unspecified",
}
"""What the cause values of ITU-T Q.850 mean. 8, 9, 23 and 24 are used differently in some countries."""


@dataclass(frozen=True, slots=True)
class ReasonValue:
    """One reason.

    Attributes:
        protocol: ``SIP``, ``Q.850``, ``STIR`` in that spelling, any other as written.
        cause: a status code for SIP and STIR, a cause value for Q.850; None if none was given.
        text: the phrase for people, or the 603+ contact data; without quotes.
        location: where in the network, ``LN``, ``TN``, ``U`` and so on (RFC 8606), in capitals.
        params: all other parameters by lower-case name; not to be changed.
    """

    protocol: str
    cause: int | None = None
    text: str | None = None
    location: str | None = None
    params: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> ReasonValue:
        """Read one reason, for instance ``Q.850;cause=16;text="Terminated"``.

        Raises:
            Malformed: the protocol is no token, a parameter is broken, or the cause is no number.
        """
        protocol, semicolon, rest = text.partition(";")
        protocol = protocol.strip(" \t")
        if not is_token(protocol):
            raise Malformed("Reason without a protocol")
        params = parse_params(semicolon + rest)
        cause: int | None = None
        if "cause" in params:
            digits = params.pop("cause") or ""
            if not (digits.isascii() and digits.isdigit() and len(digits) <= _MAX_CAUSE_DIGITS):
                raise Malformed("Reason cause is not a number")
            cause = int(digits)
        phrase = params.pop("text", None)
        location = params.pop("location", None)
        return cls(
            _PROTOCOLS.get(protocol.lower(), protocol),
            cause,
            phrase,
            None if location is None else location.upper(),
            params,
        )

    def __str__(self) -> str:
        if not is_token(self.protocol):
            raise LocalProtocolError("a Reason's protocol must be a token")
        out = [self.protocol]
        if self.cause is not None:
            out.append(f";cause={self.cause}")
        if self.text is not None:
            out.append(f";text={quote(self.text)}")  # always quoted (RFC 3326 section 2)
        if self.location is not None:
            out.append(format_params({"location": self.location}))
        out.append(format_params(self.params))
        return "".join(out)


@dataclass(frozen=True, slots=True)
class Reasons:
    """What the Reason header fields of one message say.

    Attributes:
        values: the reasons that could be read, in the order they came.
        faults: the others.
    """

    values: tuple[ReasonValue, ...] = ()
    faults: tuple[ListFault, ...] = ()

    def of(self, protocol: str) -> ReasonValue | None:
        """The first reason of that protocol, in any spelling, or None."""
        wanted = protocol.lower()
        return next((value for value in self.values if value.protocol.lower() == wanted), None)


def parse_reason(header_values: Iterable[str]) -> Reasons:
    """Read all Reason header fields of a message; each may hold a list.

    Never raises, whatever came off the wire.
    """
    return Reasons(*read_list(header_values, ReasonValue.parse, _MAX_VALUES, "too many reasons"))
