"""From the Call-Info of a 608 to a verdict: fetch the card, fetch its certificate, judge both.

Two URIs of a stranger's choosing, so two chances to be refused; what the `Fetcher` says about it becomes a fault like
any other. The caller decides by the fetcher that it puts in whether anything is asked at all.
"""

from __future__ import annotations

from dataclasses import replace

from . import jws
from .fault import Fault
from .fetch import Fetcher, FetchRefused
from .pki import parse_chain
from .rejection import RejectionVerdict, read_rejection
from .store import Certificates, TrustList

NOT_FETCHED = "referent not fetched"
NOT_AVAILABLE = "certificate not available"


async def follow_card(
    referent: str,
    *,
    fetcher: Fetcher,
    certificates: Certificates,
    trust: TrustList,
    now: float,
    max_age: float = 60.0,
) -> RejectionVerdict:
    """Follow a 608's referent to the end; never raises for what a peer did.

    Args:
        referent: the URI, as `sip.block_codes.Block.referent` gives it.
        fetcher: what follows it; `OffFetcher` reads ``data:`` URIs only.
        certificates: those that are known; what is fetched is put in.
        trust: the roots to believe.
        now: seconds since 1970.
        max_age: seconds that a card may be old.
    """
    try:
        body = (await fetcher.fetch(referent)).body
    except FetchRefused as refused:
        return RejectionVerdict(faults=(Fault(NOT_FETCHED, str(refused)),))
    why = await _learn(body, fetcher, certificates)
    verdict = read_rejection(body, certificate_for=certificates, trust=trust, now=now, max_age=max_age)
    if not why:
        return verdict
    told = tuple(replace(fault, detail=why) if fault.name == NOT_AVAILABLE else fault for fault in verdict.faults)
    return replace(verdict, faults=told)


async def _learn(body: bytes, fetcher: Fetcher, certificates: Certificates) -> str:
    """Put in the certificate that a token names, if it is not known; why it could not be had, else nothing."""
    if len(body) > jws.LONGEST:
        return ""
    try:
        x5u = jws.read(body).header.get("x5u")
    except jws.NotJws:
        return ""
    if not isinstance(x5u, str) or certificates(x5u) is not None:
        return ""
    try:
        certificates.put(x5u, parse_chain((await fetcher.fetch(x5u)).body))
    except FetchRefused as refused:
        return str(refused)
    except ValueError as error:
        return f"what is there {error}"
    return ""
