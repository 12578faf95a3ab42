"""What can really happen to a call: the closed list that the whole of simcarrier speaks in.

SIP describes the set-up of a session, not the business behind it. What really happened, the *condition*, and what the
carrier puts on the wire are two things: a carrier's dialect leads from the one to the other, a diagnosis back. So the
list belongs to neither: scenarios name conditions, the carrier decides on one, a record keeps it, a diagnosis ranks
them. `MEANINGS` says of each who refused and what a caller should do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Party(StrEnum):
    """Who is behind the end of a call."""

    CARRIER = "carrier"
    """The carrier that took the call from the caller."""
    NETWORK = "network"
    """A network on the way, the terminating one included."""
    CALLEE = "callee"
    """The person called, or what acts for them: a phone, an app, a list of theirs."""
    CALLER = "caller"
    """The caller's own set-up: number, contract, registration, payment."""
    NOBODY = "nobody"
    """The call went through."""


class Condition(StrEnum):
    """What really happened to a call."""

    ANSWERED = "answered"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    BUSY_EVERYWHERE = "busy_everywhere"
    DECLINED = "declined"
    SCREENED = "screened"
    UNWANTED = "unwanted"
    SUBSCRIBER_UNAVAILABLE = "subscriber_unavailable"
    RINGING_MIS_SIGNALLED = "ringing_mis_signalled"
    NUMBER_UNALLOCATED = "number_unallocated"
    DOES_NOT_EXIST_ANYWHERE = "does_not_exist_anywhere"
    NUMBER_INCOMPLETE = "number_incomplete"
    PREFIX_NOT_RECOGNISED = "prefix_not_recognised"
    NUMBER_DISCONNECTED = "number_disconnected"
    NUMBER_CHANGED = "number_changed"
    NUMBER_PORTED = "number_ported"
    NOT_A_CUSTOMER = "not_a_customer"
    CREDENTIALS_WRONG = "credentials_wrong"
    REGISTRATION_INACTIVE = "registration_inactive"
    BALANCE_EXHAUSTED = "balance_exhausted"
    DIRECTION_BLOCKED = "direction_blocked"
    CALLER_ID_NOT_ROUTED = "caller_id_not_routed"
    ANONYMITY_REFUSED = "anonymity_refused"
    IDENTITY_REFUSED = "identity_refused"
    LINES_FULL = "lines_full"
    RATE_EXCEEDED = "rate_exceeded"
    ROUTE_CONGESTED = "route_congested"
    AREA_THROTTLED = "area_throttled"
    CARRIER_FAILURE = "carrier_failure"
    ALL_NUMBERS_INACTIVE = "all_numbers_inactive"
    STALLED_AFTER_TRYING = "stalled_after_trying"
    SILENT = "silent"
    SILENTLY_DROPPED = "silently_dropped"
    BLOCKED_BY_ANALYTICS = "blocked_by_analytics"
    NOT_ACCEPTABLE = "not_acceptable"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a condition means to a caller.

    Attributes:
        what: what happened, in a sentence without a full stop.
        refused_by: who is behind it.
        advice: what a caller should do, in a sentence without a full stop.
    """

    what: str
    refused_by: Party
    advice: str


_C, _P = Condition, Party

MEANINGS: dict[Condition, Meaning] = {
    _C.ANSWERED: Meaning("the call was answered", _P.NOBODY, "nothing: the call went through"),
    _C.VOICEMAIL: Meaning(
        "a mailbox answered", _P.NOBODY, "count it as not reached, and call again at another time of day"
    ),
    _C.NO_ANSWER: Meaning("it rang and nobody answered", _P.CALLEE, "call again later, at another time of day"),
    _C.BUSY: Meaning("the person called was on the phone", _P.CALLEE, "call again after some minutes"),
    _C.BUSY_EVERYWHERE: Meaning(
        "the person called is busy on every device, without a mailbox",
        _P.CALLEE,
        "call again later; no other route changes it",
    ),
    _C.DECLINED: Meaning(
        "the person called declined by hand, or has do-not-disturb on",
        _P.CALLEE,
        "do not try again today; many of these from one number mean that it shows a warning",
    ),
    _C.SCREENED: Meaning(
        "a screening app or a warning label turned the call away",
        _P.CALLEE,
        "check how the caller ID is labelled, and register it with the analytics engines",
    ),
    _C.UNWANTED: Meaning(
        "the person called does not want calls from this caller",
        _P.CALLEE,
        "never call this number again from this caller; later calls will be refused too",
    ),
    _C.SUBSCRIBER_UNAVAILABLE: Meaning(
        "the phone is off, out of coverage or not logged in",
        _P.CALLEE,
        "call again some hours later; if it lasts for weeks, the list is stale",
    ),
    _C.RINGING_MIS_SIGNALLED: Meaning(
        "the phone is ringing, but the carrier says that it is unavailable",
        _P.CARRIER,
        "send the carrier fresh examples: 480 stands where 180 belongs",
    ),
    _C.NUMBER_UNALLOCATED: Meaning(
        "nobody has this number", _P.NETWORK, "take it off the list; calling it again earns complaints"
    ),
    _C.DOES_NOT_EXIST_ANYWHERE: Meaning(
        "the network knows for sure that nobody has this number",
        _P.NETWORK,
        "take it off the list; no other route will find it",
    ),
    _C.NUMBER_INCOMPLETE: Meaning(
        "digits are missing from the number", _P.CALLER, "correct the number before calling again"
    ),
    _C.PREFIX_NOT_RECOGNISED: Meaning(
        "the number was dialled in a form that the carrier does not take",
        _P.CALLER,
        "convert numbers on the gateway, such as 7 to 8, and call again",
    ),
    _C.NUMBER_DISCONNECTED: Meaning("the number has been given up", _P.NETWORK, "take it off the list"),
    _C.NUMBER_CHANGED: Meaning(
        "the subscriber has another number now", _P.NETWORK, "use the new number if it was told, else take it off"
    ),
    _C.NUMBER_PORTED: Meaning(
        "the number was ported away and the call sent to where it used to be",
        _P.NETWORK,
        "report it to the carrier, whose porting data is out of date",
    ),
    _C.NOT_A_CUSTOMER: Meaning(
        "the carrier does not know who is calling",
        _P.CALLER,
        "check the address, domain or user that the trunk is set up for",
    ),
    _C.CREDENTIALS_WRONG: Meaning(
        "user name or password is wrong", _P.CALLER, "check the trunk's credentials before calling again"
    ),
    _C.REGISTRATION_INACTIVE: Meaning(
        "the gateway is not registered at the moment", _P.CALLER, "register again, then call again"
    ),
    _C.BALANCE_EXHAUSTED: Meaning("the account has no money left", _P.CALLER, "top up the account; retries are wasted"),
    _C.DIRECTION_BLOCKED: Meaning(
        "the contract does not include this direction",
        _P.CALLER,
        "have the direction opened, or use another trunk for it",
    ),
    _C.CALLER_ID_NOT_ROUTED: Meaning(
        "the caller ID is not in the carrier's routing tables",
        _P.CALLER,
        "show a number that this carrier routes, or have this one entered; it is no spam block",
    ),
    _C.ANONYMITY_REFUSED: Meaning(
        "calls without a caller ID are not taken", _P.CALLER, "show a caller ID and call again"
    ),
    _C.IDENTITY_REFUSED: Meaning(
        "nobody vouches for the caller, or what vouches for it does not hold (STIR/SHAKEN)",
        _P.CALLER,
        "have the calls signed with a certificate that is trusted; the code and the phrase tell what is wrong",
    ),
    _C.LINES_FULL: Meaning(
        "all lines of the trunk are taken", _P.CALLER, "wait until a call of one's own ends, or book more lines"
    ),
    _C.RATE_EXCEEDED: Meaning(
        "more calls per second than the trunk allows", _P.CALLER, "slow down, and call again after the time told"
    ),
    _C.ROUTE_CONGESTED: Meaning(
        "the route, or a carrier on it, is out of capacity", _P.NETWORK, "use another route, or slow down and retry"
    ),
    _C.AREA_THROTTLED: Meaning(
        "the carrier holds back traffic to an area under congestion", _P.NETWORK, "call that area later"
    ),
    _C.CARRIER_FAILURE: Meaning(
        "something is broken inside the carrier", _P.CARRIER, "use another carrier, and report it with examples"
    ),
    _C.ALL_NUMBERS_INACTIVE: Meaning(
        "a supplier's fault makes every number look inactive",
        _P.CARRIER,
        "do not touch the list: use another route, and report it with examples",
    ),
    _C.STALLED_AFTER_TRYING: Meaning(
        "the carrier took the call and then said nothing more",
        _P.CARRIER,
        "cancel 10 s after 100 Trying and use another route",
    ),
    _C.SILENT: Meaning(
        "the carrier did not say a word", _P.CARRIER, "check address and firewall, then use another carrier"
    ),
    _C.SILENTLY_DROPPED: Meaning(
        "an analytics engine had the call dropped without an answer",
        _P.NETWORK,
        "cancel it; check the caller ID's reputation, for it looks like a stall and is a block",
    ),
    _C.BLOCKED_BY_ANALYTICS: Meaning(
        "an analytics engine in a network took the caller for a nuisance",
        _P.NETWORK,
        "do not retry; stop this caller ID, and dispute the block with the contact that came with it",
    ),
    _C.NOT_ACCEPTABLE: Meaning(
        "media, codec or the form of the address suit nobody there",
        _P.NETWORK,
        "offer other codecs, such as G.711, and call again",
    ),
}
