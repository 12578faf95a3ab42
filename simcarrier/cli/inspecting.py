"""What there is to tell about a message or a token: facts, and faults with the section that they are against."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcarrier.sip.block_codes import HARMLESS, MEANINGS, Block, BlockKind, Damage, read_block, understands_608
from simcarrier.sip.errors import Malformed
from simcarrier.sip.identity import parse_identity
from simcarrier.sip.isup import LOCATIONS
from simcarrier.sip.message import Request, Response
from simcarrier.sip.parse import parse
from simcarrier.sip.reason import Q850_CAUSES, ReasonValue, parse_reason
from simcarrier.sip.status import phrase_for

if TYPE_CHECKING:
    from simcarrier.trust.fault import Fault
    from simcarrier.trust.passport import IdentityVerdict
    from simcarrier.trust.rejection import RejectionVerdict
    from simcarrier.trust.store import Certificates, TrustList

MOST_MESSAGES = 1_000
"""Messages of one capture that are told; whoever has more cuts the capture to the call in question."""

KINDS = {
    BlockKind.CONFORMANT: "a conformant 603+: a network blocked the call by analytics",
    BlockKind.PARTIAL: "a 603+, damaged: a network blocked the call by analytics",
    BlockKind.PLAIN: "none that can be seen: an ordinary 603, somebody declined",
    BlockKind.UNWANTED: "607: the person called does not want calls from this number",
    BlockKind.REJECTED: "608: somebody on the way rejected the call, not the person called",
}

CARD_SECTIONS = (
    (re.compile("alg|crit|typ|x5u|referent is not a JWS|too large"), "RFC 8688 section 3.2.1"),
    (re.compile("iat|expired|issued|jCard|contact"), "RFC 8688 section 3.2.2"),
    (re.compile("signature"), "RFC 7515 section 5.2"),
    (re.compile("certificate|referent"), "RFC 8688 section 3.3"),
)
PASSPORT_SECTIONS = (
    (re.compile("attest|origid|ppt"), "RFC 8588 section 4"),
    (re.compile("not an Identity|info|compact"), "RFC 8224 section 4"),
    (re.compile("signature"), "RFC 7515 section 5.2"),
    (re.compile(""), "RFC 8224 section 6.2.2"),
)
_TOKEN = re.compile(rb"\s*(?:data:application/jose,)?([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)\s*")
_CAPTURES = (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\n\r\r\n")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Unknown(Exception):
    """It cannot be read; the text completes the file's name."""


@dataclass
class Inspected:
    """What is told of one message or token.

    Attributes:
        what: what it is.
        facts: labels and texts, in order.
        faults: what is against the standards, each with the section.
        told: the same for programs, as far as it has a form of its own.
    """

    what: str
    facts: list[tuple[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)

    def fact(self, label: str, text: object) -> None:
        """Note one; what a peer sent is made fit to be printed."""
        self.facts.append((label, printable(text)))

    def fault(self, text: object, section: str) -> None:
        """Note one."""
        self.faults.append(f"{printable(text)} ({section})")

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"what": self.what, **self.told, "facts": [list(one) for one in self.facts], "faults": self.faults}


@dataclass(frozen=True)
class Known:
    """Whom to believe.

    Attributes:
        certificates: what stands at a token's x5u.
        trust: the authorities.
        any: whether any certificate is known; else signatures are not looked at.
    """

    certificates: Certificates
    trust: TrustList
    any: bool


def wall() -> float:
    """The time by which the age of a token is judged, seconds since 1970; a message of a capture has its own."""
    return time.time()


def printable(text: object) -> str:
    """A peer's text as it may be printed."""
    return _UNPRINTABLE.sub("?", str(text))


def known(ca: Path | None, certificates: tuple[str, ...]) -> Known | None:
    """What the command line names; None if the extra is not there and nothing is named.

    Raises:
        Unknown: a file cannot be read, or signatures cannot be checked at all.
    """
    try:
        from simcarrier.trust.pki import PkiError, load_chain
        from simcarrier.trust.store import Certificates, TrustList
    except ImportError as why:
        if ca is None and not certificates:
            return None
        raise Unknown(str(why)) from None
    try:
        store = Certificates()
        for written in certificates:
            uri, equals, path = written.rpartition("=")
            if not equals:
                raise Unknown(f"--certificate must be URI=FILE, not {written}")
            store.put(uri, load_chain(Path(path)))
        return Known(store, TrustList(load_chain(ca) if ca is not None else ()), bool(certificates))
    except PkiError as why:
        raise Unknown(str(why)) from None


def inspected(data: bytes, trusted: Known | None) -> list[Inspected]:
    """All there is to tell about a file.

    Raises:
        Unknown: it is none of the things that are known.
    """
    if data[:4] in _CAPTURES:
        return _capture(data, trusted)
    token = _TOKEN.fullmatch(data)
    if token is not None:
        return [_token(token[1].decode("ascii"), trusted, wall())]
    return [_message(data, trusted, wall())]


def _capture(data: bytes, trusted: Known | None) -> list[Inspected]:
    from simcarrier.records.capture import CaptureReader
    from simcarrier.records.pcap import PcapFault

    found: list[Inspected] = []
    try:
        reader = CaptureReader(io.BytesIO(data))
        for message in reader:
            if len(found) >= MOST_MESSAGES:
                raise Unknown(f"has more than {MOST_MESSAGES:,} SIP messages: cut it to the call in question")
            one = _message(message.data, trusted, message.at)
            place = " -> ".join(f"{host}:{port}" for host, port in (message.source, message.destination))
            one.facts.insert(0, ("passed", f"{place} {message.transport}"))
            found.append(one)
    except PcapFault as why:
        raise Unknown(str(why)) from None
    if not found:
        raise Unknown("has no SIP messages that can be read")
    return found


def _message(data: bytes, trusted: Known | None, now: float) -> Inspected:
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
            one.fault(f"Q.850 has no cause {value.cause}", "RFC 6432 section 2")
        if value.location is not None and value.location not in LOCATIONS:
            one.fault(f"there is no location {value.location}", "RFC 8606 section 3")
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
            rejected = damage in (Damage.NO_CALL_INFO, Damage.WRONG_PURPOSE) or block.kind is BlockKind.REJECTED
            one.fault(MEANINGS[damage], "RFC 8688 section 3.1" if rejected else "ATIS-1000099")
    redress = {name: value for name in ("url", "tel", "email", "id") if (value := getattr(block.redress, name))}
    for name, value in redress.items():
        one.fact(name, value)
    if redress:
        one.told["contact"] = redress
    _referent(one, block, trusted, now)


def _referent(one: Inspected, block: Block, trusted: Known | None, now: float) -> None:
    if block.referent is None:
        return
    if not block.referent.lower().startswith("data:"):
        one.fact("card", f"{block.referent} (not followed: nothing is fetched)")
        return
    if trusted is None:
        one.fact("card", "in Call-Info; reading it needs the extra: pip install 'simcarrier[trust]'")
        return
    token = _TOKEN.fullmatch(block.referent.encode("utf-8", "replace"))
    if token is None:
        one.fault("the data: URI in Call-Info holds no signed card", "RFC 8688 section 3.2")
        return
    _card(one, token[1].decode("ascii"), trusted, now)


def _token(text: str, trusted: Known | None, now: float) -> Inspected:
    if trusted is None:
        raise Unknown("is a signed token; reading it needs the extra: pip install 'simcarrier[trust]'")
    from simcarrier.trust import jws
    from simcarrier.trust.fault import shown

    try:
        header = jws.read(text).header
    except jws.NotJws as why:
        raise Unknown(f"is no signed token: {why}") from None
    if header.get("typ") == "passport" or "ppt" in header:
        one = Inspected("PASSporT")
        x5u = header.get("x5u")
        written = f"{text};info=<{x5u if isinstance(x5u, str) else ''}>;ppt={shown(header.get('ppt'), 20)}"
        claims = jws.read(text).payload
        orig, dest = _number(claims.get("orig")), _number(claims.get("dest"))
        _identity(one, [written], orig, dest, trusted, now)
        return one
    one = Inspected("signed card of a 608")
    _card(one, text, trusted, now)
    return one


def _number(claim: object) -> str:
    """The first number of a claim, to compare it with itself: a bare token tells of no call."""
    number = claim.get("tn") if isinstance(claim, dict) else None
    if isinstance(number, list) and number:
        number = number[0]
    return number if isinstance(number, str) else ""


def _card(one: Inspected, token: str, trusted: Known, now: float) -> None:
    from simcarrier.trust.rejection import read_rejection

    verdict = read_rejection(token, certificate_for=trusted.certificates, trust=trusted.trust, now=now)
    _contact(one, verdict)
    one.fact("signed by", verdict.x5u or "nobody")
    _faults(one, verdict.faults, trusted, CARD_SECTIONS)


def _contact(one: Inspected, verdict: RejectionVerdict) -> None:
    contact = verdict.contact
    if contact is None:
        return
    told = {name: value for name in ("fn", "url", "email", "tel") if (value := getattr(contact, name))}
    if contact.adr is not None:
        told["adr"] = ", ".join(part for part in astuple(contact.adr) if part)
    for name, value in told.items():
        one.fact({"fn": "name", "adr": "address"}.get(name, name), value)
    one.told["card"] = {**told, "issued": verdict.issued}
    if verdict.issued is not None:
        one.fact("issued", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(min(verdict.issued, 2**37))))


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
    _identity(one, values, message.from_user, message.user, trusted, now)


def _identity(one: Inspected, values: list[str], caller: str, called: str, trusted: Known, now: float) -> None:
    from simcarrier.trust.passport import verify_identity

    verdict = verify_identity(
        values, from_tn=caller, to_tn=called, now=now, certificate_for=trusted.certificates, trust=trusted.trust
    )
    _attestation(one, verdict)
    for identity in parse_identity(values).values:
        one.fact("signed by", identity.info or "nobody")
    for extension in verdict.ignored:
        one.fact("note", f"a PASSporT of the kind {extension} is not looked into")
    _faults(one, verdict.faults, trusted, PASSPORT_SECTIONS)


def _attestation(one: Inspected, verdict: IdentityVerdict) -> None:
    claims = verdict.claims
    meanings = {
        "A": "A (full: the caller, and its right to the number, are known)",
        "B": "B (partial: the caller is known)",
        "C": "C (gateway: it is known where the call came in)",
    }
    if claims.attestation is not None:
        one.fact("attestation", meanings[claims.attestation])
        one.fact("numbers", f"{claims.orig} calls {', '.join(claims.dest)}")
    if claims.issued is not None:
        one.fact("issued", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(min(claims.issued, 2**37))))
    one.told["identity"] = {
        "verified": verdict.verified,
        "attestation": claims.attestation,
        "orig": claims.orig,
        "dest": list(claims.dest),
        "issued": claims.issued,
    }


def _faults(one: Inspected, faults: tuple[Fault, ...], trusted: Known, sections: Any) -> None:
    told = list(_checked(faults, trusted))
    if len(told) < len(faults):
        one.fact("signature", "not checked: name the certificate by --certificate URI=FILE, and --ca")
    elif not faults:
        one.fact("signature", "right, by an authority that is believed")
    for fault in told:
        one.fault(fault, next((where for shape, where in sections if shape.search(fault.name)), "RFC 7515"))


def _checked(faults: tuple[Fault, ...], trusted: Known) -> Iterator[Fault]:
    """Without any certificate at hand it is no fault of the token's that there is none."""
    return (fault for fault in faults if trusted.any or fault.name != "certificate not available")
