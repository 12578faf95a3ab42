"""The SIP conduct of real peers: nothing is held against those that keep to the book, and what is wrong is found."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import Carrier, peer
from .kamailio import IN_FRONT, Kamailio
from .ladder import ACK, BYE, CANCEL, INVITE, Asked, Ladder, Pause, got
from .sipp import Sipp

pytestmark = pytest.mark.interop

Start = Callable[..., Carrier]

ROOT = Path(__file__).parents[2]

CALLS = """
calls:
  - {to: "1", respond: {code: 403, trying: true}}
  - {to: "2", steps: [trying, ringing, {wait: 50ms}, answer]}
  - {to: "3", steps: [trying, ringing, silence]}
  - {to: "4", steps: [trying, ringing, answer, {wait: 100ms}, hang_up]}
  - {respond: 486}
"""
CUSTOMERS = """
carrier:
  customers:
    - {name: gateway, user: gateway, password: secret, registration: required}
"""

UP: Ladder = [INVITE, got(100), got(180), got(200, sdp=True), ACK]
LADDERS: dict[str, Ladder] = {
    "1": [INVITE, got(100), got(403), ACK],
    "2": [*UP, Pause(0.1), BYE, got(200)],
    "3": [INVITE, got(100), got(180), CANCEL, got(200), got(487, to="INVITE"), ACK],
    "4": [*UP, Asked("BYE")],
}

STATELESS = """\
#!KAMAILIO
debug=1
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:{port}

loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "maxfwd.so"

request_route {{
    mf_process_maxfwd_header("10");
    if (is_method("OPTIONS") && uri == myself && !has_totag()) {{ sl_send_reply("200", "OK"); exit; }}
    if (has_totag() && loose_route()) {{ forward(); exit; }}  # either way, a BYE of the carrier's included
    if (is_method("INVITE")) record_route();
    $du = "sip:{carrier}";
    forward();
}}
"""
"""A proxy that remembers nothing: it forwards requests, and what it makes of a branch is the same each time.

With one process alone, for two of them swap messages that come at once, and SIPp takes that for a fault.
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Calls that are refused, answered, cancelled or ended by the carrier, by the number called."""
    file = tmp_path / "scenario.yaml"
    file.write_text(f"name: A bit of everything{CALLS}")
    return file


def conduct(carrier: Carrier) -> dict[str, int]:
    """What the run came to."""
    told: dict[str, int] = carrier.stop()["conduct"]
    return told


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_sipp(transport: str, scenario: Path, carrier: Start, sipp: Sipp) -> None:
    called = carrier(scenario, listen=[f"{transport}:127.0.0.1:0"])
    for number, ladder in LADDERS.items():
        sipp.call(ladder, called.address, *(["-t", "t1"] if transport == "tcp" else []), to=number, calls=3)
    called.ended_calls(12)
    assert conduct(called) == {}


def test_sipps_own_caller(carrier: Start) -> None:
    called = carrier("answered")
    command = [peer("sipp"), "-sn", "uac", "-m", "2", "-nostdin", "-i", "127.0.0.1", called.address]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20, check=True)
    assert called.ended_calls(2)[0]["code"] == 200
    assert conduct(called) == {}


def test_sipsak(scenario: Path, carrier: Start) -> None:
    called = carrier(scenario)
    done = subprocess.run([peer("sipsak"), "-s", f"sip:carrier@{called.address}"], timeout=9, check=False)
    assert done.returncode == 0
    assert conduct(called) == {}


@pytest.fixture
def in_front(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Puts a Kamailio in front of a carrier, which keeps state unless its configuration says otherwise; its address."""
    program = peer("kamailio")
    started: list[Kamailio] = []

    def start(first: Carrier, configuration: str = IN_FRONT) -> str:
        where = {"carrier": first.address, "first": first.address, "second": first.address}
        started.append(Kamailio(program, tmp_path, configuration, **where))
        return started[-1].address

    try:
        yield start
    finally:
        for each in started:
            each.stop()


@pytest.mark.parametrize("configuration", [STATELESS, IN_FRONT], ids=["without state", "with state"])
def test_kamailio(configuration: str, scenario: Path, carrier: Start, in_front: Callable[..., str], sipp: Sipp) -> None:
    called = carrier(scenario)
    address = in_front(called, configuration)
    for number, ladder in LADDERS.items():
        sipp.call(ladder, address, to=number, calls=2)
    called.ended_calls(8)
    assert conduct(called) == {}


def test_the_probe(scenario: Path, carrier: Start) -> None:
    called = carrier(scenario)
    numbers = [part for number in ("1", "2", "3", "4") for part in ("--to", number)]
    probe = [sys.executable, "-m", "simcarrier", "probe", "--trunk", f"udp:{called.address}", "--from", "+4930123456"]
    done = subprocess.run(
        [*probe, *numbers, "--stall", "300ms", "--ringing", "500ms", "--talk", "200ms"],
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    assert [call["code"] for call in called.ended_calls(4)] == [403, 200, 487, 200]
    assert conduct(called) == {}


def test_our_example_diallers(tmp_path: Path, carrier: Start) -> None:
    file = tmp_path / "customers.yaml"
    file.write_text(f"name: Customers with passwords{CUSTOMERS}{CALLS}")
    called = carrier(file)
    dial = [
        sys.executable,
        str(ROOT / "examples" / "dial.py"),
        "1",
        "2",
        "3",
        "--patience",
        "1",
        "--to",
        called.address,
    ]
    environment = os.environ | {"DIAL_PASSWORD": "secret"}
    done = subprocess.run(
        [*dial, "--user", "gateway", "--register"], env=environment, capture_output=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {call["to"]: call["code"] for call in called.ended_calls(3)} == {"1": 403, "2": 200, "3": 487}
    assert conduct(called) == {}


WRONG = """\
<?xml version="1.0" encoding="UTF-8"?>
<scenario name="wrong">
<send><![CDATA[
INVITE sip:1@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:2@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:1@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:2@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="100" optional="true"></recv>
<recv response="403"></recv>
<send><![CDATA[
ACK sip:1@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:2@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:1@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
</scenario>
"""


def test_an_ack_with_a_branch_of_its_own(scenario: Path, carrier: Start, tmp_path: Path) -> None:
    """What SIPp's [branch] makes of the ACK to a refusal, if nobody thinks of it."""
    called = carrier(scenario)
    (tmp_path / "wrong.xml").write_text(WRONG)
    command = [peer("sipp"), called.address, "-sf", str(tmp_path / "wrong.xml"), "-m", "3", "-i", "127.0.0.1"]
    subprocess.run(
        [*command, "-nostdin"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20, check=False
    )
    assert conduct(called) == {"ack_branch": 3}
    (event,) = [event for event in called.events if event["event"] == "conduct"]
    assert event["section"] == "RFC 3261 section 17.1.1.3"
