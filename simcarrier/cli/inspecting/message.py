"""What a SIP message says: its code, its reasons, a block, and who vouches for its caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simcarrier.sip.block_codes import HARMLESS, MEANINGS, Block, BlockKind, Damage, read_block, understands_608
from simcarrier.sip.errors import Malformed
from simcarrier.sip.isup import LOCATIONS
from simcarrier.sip.message import Request, Response
from simcarrier.sip.parse import parse
from simcarrier.sip.reason import Q850_CAUSES, ReasonValue, parse_reason
from simcarrier.sip.status import phrase_for

from .sections import CARD
from .token import tell_card, tell_identity
from .told import Inspected, Unknown, printable

if TYPE_CHECKING:
    from .known import Known

KINDS = {
    BlockKind.CONFORMANT: "a conformant 603+: a network blocked the call by analytics",
    BlockKind.PARTIAL: "a 603+, damaged: a network blocked the call by analytics",
    BlockKind.PLAIN: "none that can be seen: an ordinary 603, somebody declined",
    BlockKind.UNWANTED: "607: the person called does not want calls from this number",
    BlockKind.REJECTED: "608: somebody on the way rejected the call, not the person called",
}


def read_message(data: bytes, trusted: Known | None, now: float) -> Inspected:
    """What a SIP message says.

    Args:
        data: the message.
        trusted: whom to believe; None: signatures cannot be looked at.
        now: when it passed, seconds since 1970.

    Raises:
        Unknown: it is no SIP message.
    """
    try:
        message = parse(data)
    except Malformed as why:
        raise Unknown(f"is neither a SIP message, a signed token nor a capture: {why}") from None
    if isinstance(message, Response):
        one = Inspected(printable(f"response {message.status} {message.phrase}"))
        one.told |= {"status": message.status, "phrase": printable(message.phrase)}
        if 0 < message.status < 700 and message.phrase != phrase_for(message.status):
            one.fact("usual phrase", phrase_for(message.status))
    else:
        one = Inspected(printable(f"request {message.method} {message.uri}"))
        one.told |= {"method": printable(message.method)}
    if message.defect is not None:
        one.fault(message.defect, "RFC 3261 section 7")
    reasons = message.get_all("reason")
    if reasons and isinstance(message, Response) and message.status == 100:
        one.fault("a 100 with a Reason", "RFC 6432 section 3, RFC 9410 section 3")
    _reasons(one, reasons)
    _block(one, message, reasons, trusted, now)
    if isinstance(message, Request):
        _caller(one, message, trusted, now)
    return one


def _reasons(one: Inspected, values: list[str]) -> None:
    read = parse_reason(values)
    for value in read.values:
        one.fact("Reason", _reason_in_words(value))
        if value.protocol == "Q.850" and value.cause is not None and not 1 <= value.cause <= 127:
            one.fault(f"Q.850 has no cause {value.cause}", "RFC 3326 section 2")
        if value.location is not None and value.location not in LOCATIONS:
            one.fault(f"there is no location {value.location}", "RFC 8606 section 4")
    for wrong in read.faults:
        one.fault(f"Reason {wrong.text[:60]}: {wrong.why}", "RFC 3326 section 2")
    if read.values:
        one.told["reasons"] = [
            {"protocol": value.protocol, "cause": value.cause, "text": value.text, "location": value.location}
            for value in read.values
        ]


def _reason_in_words(value: ReasonValue) -> str:
    said = value.protocol
    if value.cause is not None:
        name = Q850_CAUSES.get(value.cause) if value.protocol == "Q.850" else phrase_for(value.cause)
        said += f" {value.cause}" + (f" {name}" if name else "")
    if value.location is not None:
        _, meaning = LOCATIONS.get(value.location, (0, "no such location"))
        said += f", from {value.location} ({meaning})"
    return said + (f', "{value.text}"' if value.text else "")


def _block(one: Inspected, message: Request | Response, reasons: list[str], trusted: Known | None, now: float) -> None:
    if isinstance(message, Response):
        status, phrase = message.status, message.phrase
        if status < 300:
            return
    else:
        said = parse_reason(reasons).of("SIP")
        if said is None or said.cause is None:
            return
        status, phrase = said.cause, phrase_for(said.cause)
    block = read_block(status, phrase, reasons, message.get_all("call-info"))
    if block.kind is BlockKind.NONE:
        return
    one.fact("block", KINDS[block.kind])
    one.told["block"] = {"class": block.kind, "damage": list(block.damage), "location": block.location}
    for damage in block.damage:
        if damage in HARMLESS:
            one.fact("note", MEANINGS[damage])
        else:
            one.fault(MEANINGS[damage], _against(damage, block.kind))
    redress = {name: value for name in ("url", "tel", "email", "id") if (value := getattr(block.redress, name))}
    for name, value in redress.items():
        one.fact(name, value)
    if redress:
        one.told["contact"] = redress
    _referent(one, block, trusted, now)


def _against(damage: Damage, kind: BlockKind) -> str:
    if kind is not BlockKind.REJECTED:
        return "ATIS-1000099"
    # Whoever tells of a 608 in another way passes it on all the same; the first has no Call-Info that is right.
    return "RFC 8688 section 3.4" if damage is Damage.STATUS_REWRITTEN else "RFC 8688 section 3.1"


def _referent(one: Inspected, block: Block, trusted: Known | None, now: float) -> None:
    if block.referent is None:
        return
    if not block.referent.lower().startswith("data:"):
        one.fact("card", f"{block.referent} (not followed: nothing is fetched)")
        return
    if trusted is None:
        one.fact("card", "in Call-Info; reading it needs the extra: pip install 'simcarrier[trust]'")
        return
    from simcarrier.trust.fetch import FetchRefused, read_data_uri

    try:
        card = read_data_uri(block.referent).body
    except FetchRefused as refused:
        one.fault(f"referent not fetched: {refused}", CARD["referent"])
        return
    tell_card(one, card, trusted, now)


def _caller(one: Inspected, message: Request, trusted: Known | None, now: float) -> None:
    if message.method == "INVITE":
        understood = understands_608(message.get_all("feature-caps"))
        one.told["understands_608"] = understood
        if understood:
            one.fact("Feature-Caps", "the caller understands 608")
    values = message.get_all("identity")
    if not values:
        return
    if trusted is None:
        one.fact("Identity", "reading it needs the extra: pip install 'simcarrier[trust]'")
        return
    tell_identity(one, values, message.from_user, message.user, trusted, now)
