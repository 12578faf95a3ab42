"""SIPp is blocked in every way there is, and gets what each way says; tshark finds nothing malformed in it."""

from __future__ import annotations

import asyncio
import re
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simcarrier.carrier.cards import CERTIFICATE
from simcarrier.records.pcap import pcap_of
from simcarrier.records.transcript import Passed
from simcarrier.trust.card_damage import NAMED, CardDamage
from simcarrier.trust.fetch import HttpsFetcher
from simcarrier.trust.passport import IdentitySigner
from simcarrier.trust.pki import load_chain, make_authority, make_server, make_signer, parse_chain, write_new
from simcarrier.trust.referent import follow_card
from simcarrier.trust.rejection import RejectionVerdict, read_rejection
from simcarrier.trust.store import Certificates, TrustList

from .harness import Carrier, peer, wait_until
from .ladder import ACK, BYE, INVITE, Asked, Ladder, Pause, Send, got
from .sipp import Dialler, Sipp

pytestmark = pytest.mark.interop

TRYING = got(100, "Trying")
CARD = "<data:application/jose,[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]+>;purpose=jwscard"
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
CONTACT = "url=https://redress[.]example/disputes;tel=[+]18005550100"
TEXT = f'"v=analytics1;{CONTACT};id={UUID}"'
Start = Callable[..., Carrier]


def refused(status: int, phrase: str, **headers: Any) -> Ladder:
    return [INVITE, TRYING, got(status, phrase, **headers), ACK]


def refused_at_once(status: int, phrase: str, **headers: Any) -> Ladder:
    return [INVITE, got(status, phrase, **headers), ACK]


def well_formed(dialler: Dialler, folder: Path) -> None:
    """tshark's dissector of SIP reads all that SIPp has received, and complains of nothing."""
    received = re.findall(r"UDP message received.*?:\n\n(.*?)\n\n?-{10,}", dialler.traffic + "\n----------", re.DOTALL)
    assert received
    here, there = ("127.0.0.1", 5060), ("127.0.0.1", 5061)
    messages = [text.replace("\r\n", "\n").replace("\n", "\r\n").encode() for text in received]
    passed = [
        Passed(1_790_000_000.0 + at, False, "UDP", here, there, data if b"\r\n\r\n" in data else data + b"\r\n\r\n")
        for at, data in enumerate(messages)
    ]
    path = folder / "received.pcap"
    path.write_bytes(pcap_of(passed))
    assert len(tshark(path, "-Y", "sip")) == len(messages)
    assert tshark(path, "-Y", "_ws.malformed || _ws.expert.severity == error") == []


def tshark(path: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        [peer("tshark"), "-n", "-r", str(path), *arguments], capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_603_plus(carrier: Start, sipp: Sipp, tmp_path: Path) -> None:
    called = carrier("us-603-plus")
    text = TEXT.replace(";id=", ";email=disputes@redress[.]example;id=")
    dialler = sipp.call(
        refused(603, "Network Blocked", reason=f"SIP;cause=603;text={text};location=TN"), called.address
    )
    declined: Ladder = [INVITE, TRYING, got(180), got(603, "Decline", reason=None), ACK]
    sipp.call(declined, called.address, to="+12125550100")
    block, decline = called.ended_calls(2)
    assert (block["condition"], decline["condition"]) == ("blocked_by_analytics", "declined")
    well_formed(dialler, tmp_path)


DAMAGED: dict[str, tuple[int, str, str | None]] = {
    "1": (603, "Decline", f"SIP;cause=603;text={TEXT};location=TN"),
    "2": (603, "Network Blocked", None),
    "3": (603, "Network Blocked", "SIP;cause=603;location=TN;v=analytics1;.*"),
    "4": (603, "Network Blocked", f"SIP;cause=487;text={TEXT};location=TN"),
    "5": (603, "Network Blocked", 'Q[.]850;cause=21;text="Call rejected"'),
    "6": (603, "Network Blocked", f"Q[.]850;cause=21;text={TEXT};location=TN"),
    "7": (603, "Network Blocked", f'SIP;cause=603;text="v=analytics1;id={UUID}";location=TN'),
    "8": (603, "Network Blocked", 'SIP;cause=603;text="v=analytics1;url=http://redress[.]example/;.*";location=U'),
    "9": (480, "Temporarily Unavailable", f"SIP;cause=603;text={TEXT};location=TN"),
    "0": (603, "Network Blocked", f"SIP;cause=603;text={TEXT};location=TN"),
}


def test_each_damage(carrier: Start, sipp: Sipp, tmp_path: Path) -> None:
    called = carrier("us-603-plus-damaged")
    for digit, (status, phrase, reason) in DAMAGED.items():
        dialler = sipp.call(refused(status, phrase, reason=reason), called.address, to=f"+1212555010{digit}")
        well_formed(dialler, tmp_path)


def test_608_with_the_card_in_call_info(carrier: Start, sipp: Sipp, tmp_path: Path) -> None:
    called = carrier("rejected-608")
    well_formed(sipp.call(refused(608, "Rejected", call_info=CARD), called.address), tmp_path)


def test_608_after_an_announcement(carrier: Start, sipp: Sipp, tmp_path: Path) -> None:
    called = carrier("rejected-608-announcement")
    understands = Send("INVITE", headers=("Feature-Caps: *;+sip.608",))
    sipp.call([understands, TRYING, got(608, "Rejected", call_info=CARD), ACK], called.address)
    announced = got(183, "Session Progress", sdp=True, rseq=None)
    sipp.call([INVITE, TRYING, announced, got(608, "Rejected", sdp=False, call_info=CARD), ACK], called.address)
    reliably: Ladder = [
        Send("INVITE", headers=("Supported: 100rel",)),
        TRYING,
        got(183, "Session Progress", sdp=True, require="100rel", keep=("rseq", "RSeq")),
        Send("PRACK", headers=("RAck: [$rseq] 1 INVITE",)),
        got(200, "OK"),
        got(608, "Rejected", to="INVITE", call_info=CARD),
        ACK,
    ]
    dialler = sipp.call(reliably, called.address)
    at_once, *later = called.ended_calls(3)
    assert at_once["provisional"] == [100]
    assert [call["provisional"] for call in later] == [[100, 183]] * 2
    assert all(2.0 <= call["responded_after"] < 2.5 for call in later)
    well_formed(dialler, tmp_path)


def test_607_before_and_after_the_answer(carrier: Start, sipp: Sipp, tmp_path: Path) -> None:
    called = carrier("unwanted-607")
    rung: Ladder = [INVITE, TRYING, got(180), got(607, "Unwanted"), ACK]
    sipp.call(rung, called.address, to="+493010")
    sipp.call(refused(607, "Unwanted"), called.address, to="+493010")
    answered: Ladder = [INVITE, TRYING, got(180), got(200, "OK"), ACK, Asked("BYE"), Pause(0.1)]
    dialler = sipp.call(answered, called.address, to="+493020")
    assert 'Reason: SIP;cause=607;text="Unwanted"' in dialler.traffic
    sipp.call(refused(607, "Unwanted"), called.address, to="+493020")
    assert [call["condition"] for call in called.ended_calls(4)] == [None, "unwanted", None, "unwanted"]
    well_formed(dialler, tmp_path)


ISUP = {
    "1": (408, "Request Timeout", 18, "U"),
    "2": (486, "Busy Here", 17, "U"),
    "3": (603, "Decline", 21, "U"),
    "4": (403, "Forbidden", 21, "RLN"),
    "5": (603, "Decline", 21, "U"),
    "6": (404, "Not Found", 1, "RLN"),
    "7": (488, "Not Acceptable Here", 65, "RLN"),
}


def test_behind_isup(carrier: Start, sipp: Sipp, tmp_path: Path) -> None:
    called = carrier("isup-path")
    for digit, (status, phrase, cause, location) in ISUP.items():
        reason = f'Q[.]850;cause={cause};text=".*";location={location}'
        heard = refused(status, phrase, reason=reason, call_info=None, warning=None)
        well_formed(sipp.call(heard, called.address, to=f"+4930{digit}"), tmp_path)


def test_nobody_vouches(carrier: Start, sipp: Sipp, tmp_path: Path) -> None:
    called = carrier("shaken")
    well_formed(sipp.call(refused(428, "Use Identity Header"), called.address), tmp_path)
    (call,) = called.ended_calls(1)
    assert (call["condition"], call["identity"], call["attestation"]) == ("identity_refused", "no Identity", None)


X5U = "https://certs.example/sp.pem"


def pki(folder: Path) -> tuple[IdentitySigner, IdentitySigner]:
    """An authority that is trusted with a signer, whose files are there, and another signer of the same name."""
    now = time.time()
    authority = make_authority(now)
    signer, forger = make_signer(authority, now), make_signer(make_authority(now), now)
    files = {"ca.pem": authority.certificate_pem(), "sp.pem": signer.certificate_pem(), "sp-key.pem": signer.key_pem()}
    server = make_server(authority, now)
    files |= {"tls.pem": server.certificate_pem(), "tls-key.pem": server.key_pem()}
    write_new(folder, files, ["sp-key.pem", "tls-key.pem"])
    return IdentitySigner(signer.key, X5U), IdentitySigner(forger.key, X5U)


def test_who_vouches(carrier: Start, sipp: Sipp, tmp_path: Path) -> None:
    signer, forger = pki(tmp_path)
    (tmp_path / "shaken.yaml").write_text(
        f"name: x\ncarrier: {{shaken: {{trust: ca.pem, certificates: {{'{X5U}': sp.pem}}, policy: answer}}}}\n"
        "calls: [{name: good, outcome: answered, ring: 200ms}]\n"
    )
    called = carrier(tmp_path / "shaken.yaml")
    to, caller = "+4915112345678", "+4930123456"

    def identity(one: IdentitySigner, at: float = 0.0, dest: str = to) -> Send:
        token = one.sign(from_tn=caller, to_tn=dest, attestation="A", origid="1", now=time.time() + at)
        return Send("INVITE", headers=(f"Identity: {token}",))

    good: Ladder = [identity(signer), TRYING, got(180), got(200, "OK", reason=None), ACK, BYE, got(200, "OK")]
    sipp.call(good, called.address)
    for bad, status, phrase in (
        (identity(signer, at=-120), 403, "Stale Date"),
        (identity(forger), 438, "Invalid Identity Header"),
        (identity(signer, dest="+4915199999999"), 438, "Invalid Identity Header"),
    ):
        well_formed(sipp.call([bad, TRYING, got(status, phrase), ACK], called.address), tmp_path)
    first, *others = called.ended_calls(4)
    assert (first["attestation"], first["identity"]) == ("A", "verified")
    assert {call["condition"] for call in others} == {"identity_refused"}


def test_the_label_on_a_call_that_goes_on(carrier: Start, sipp: Sipp, tmp_path: Path) -> None:
    (tmp_path / "label.yaml").write_text(
        "name: x\ncarrier: {shaken: {demand: true, policy: label}}\n"
        "calls: [{name: any, steps: [trying, ringing, {wait: 200ms}, answer]}]\n"
    )
    called = carrier(tmp_path / "label.yaml")
    label = 'STIR;cause=428;text="Use Identity Header"'
    ladder: Ladder = [
        INVITE,
        got(100, "Trying", reason=None),
        got(180, reason=label),
        got(200, "OK", reason=label),
        ACK,
    ]
    well_formed(sipp.call([*ladder, BYE, got(200, "OK")], called.address), tmp_path)


def test_cards_that_are_wrong(carrier: Start, sipp: Sipp, tmp_path: Path) -> None:
    """A dialler follows the card of each number, over https, and names what is wrong with it."""
    called = carrier("rejected-608-damaged")
    link = "<https://127[.]0[.]0[.]1:[0-9]+/[A-Za-z0-9_-]+>;purpose=jwscard"
    anybody = ssl.create_default_context()
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    fetcher = HttpsFetcher(anybody, allow_private=True)

    async def read(uri: str) -> RejectionVerdict:
        known = Certificates()
        where = f"{uri.rpartition('/')[0]}/{CERTIFICATE}"
        roots = parse_chain((await fetcher.fetch(where)).body)[:1]
        return await follow_card(uri, fetcher=fetcher, certificates=known, trust=TrustList(roots), now=time.time())

    for place, damage in enumerate((None, *CardDamage)):
        dialler = sipp.call(refused_at_once(608, "Rejected", call_info=link), called.address, to=f"+12125550{place:03}")
        wait_until(lambda: "Call-Info" in dialler.traffic, "the trace")  # noqa: B023 - it is over before the next
        (uri,) = set(re.findall(r"Call-Info: <(https://[^>]+)>", dialler.traffic))
        assert asyncio.run(read(uri)).names == (() if damage is None else (NAMED[damage],))
    well_formed(dialler, tmp_path)


def test_cards_that_are_served(carrier: Start, sipp: Sipp, tmp_path: Path) -> None:
    pki(tmp_path)
    (tmp_path / "served.yaml").write_text(
        "name: x\ncarrier:\n  redress: {name: Desk, tel: +18005550100}\n  signing:\n    certificate: sp.pem\n"
        f"    key: sp-key.pem\n    x5u: {X5U}\n    deliver: http\n    listen: https:127.0.0.1:0\n"
        "    tls: {certificate: tls.pem, key: tls-key.pem}\n"
        "calls: [{name: blocked, respond: {code: 608, call_info: signed, trying: true}}]\n"
    )
    called = carrier(tmp_path / "served.yaml")
    where = "<https://127[.]0[.]0[.]1:[0-9]+/[A-Za-z0-9_-]+>;purpose=jwscard"
    dialler = sipp.call(refused(608, "Rejected", call_info=where), called.address, calls=3)
    wait_until(lambda: dialler.traffic.count("Call-Info") >= 3, "the trace")
    well_formed(dialler, tmp_path)
    uris = re.findall(r"Call-Info: <(https://[^>]+)>", dialler.traffic)
    assert len(set(uris)) == 3
    trusting = ssl.create_default_context(cafile=tmp_path / "ca.pem")

    def get(uri: str) -> bytes:
        with urllib.request.urlopen(uri, context=trusting, timeout=5) as answer:
            body: bytes = answer.read()
        return body

    certificates = Certificates([(X5U, load_chain(tmp_path / "sp.pem"))])
    trust = TrustList(load_chain(tmp_path / "ca.pem"))
    for uri in uris:
        verdict = read_rejection(get(uri), certificate_for=certificates, trust=trust, now=time.time(), x5u=X5U)
        assert verdict.names == ()
        assert verdict.contact is not None
        assert verdict.contact.fn == "Desk"
    for wrong in (uris[0] + "x", uris[0].rpartition("/")[0] + "/", uris[0] + "/../../etc/passwd"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(wrong)
