"""What a run writes and sends, as others read it: tshark and sngrep the capture, sngrep the HEP stream, live."""

from __future__ import annotations

import io
import json
import re
import signal
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simcarrier.records.capture import Captured, CaptureReader
from simcarrier.records.pcap import FILE_HEAD
from simcarrier.records.transcript import call_id_of
from tests.records.capture_kit import tshark

from .harness import Carrier, free_udp_port, peer, wait_until
from .ladder import ACK, BYE, INVITE, Ladder, Pause, got
from .sipp import Sipp

pytestmark = pytest.mark.interop

TRANSPORTS = {
    "udp": ("udp:127.0.0.1:0", "127.0.0.1", "u1"),
    "udp on ipv6": ("udp:[::1]:0", "::1", "u1"),
    "udp on all addresses": ("udp:0.0.0.0:0", "127.0.0.1", "u1"),
    "tcp": ("tcp:127.0.0.1:0", "127.0.0.1", "t1"),
    "tcp, a connection a call": ("tcp:127.0.0.1:0", "127.0.0.1", "tn"),
    "tcp on ipv6": ("tcp:[::1]:0", "::1", "t1"),
    "tls": ("tls:127.0.0.1:0", "127.0.0.1", ""),
}

SCENARIO = """
name: Two ways
calls:
  - {name: up, to: "+498912345", steps: [trying, ringing, answer]}
  - {name: refused, respond: {code: 403, trying: true}}
"""

REFUSED: Ladder = [INVITE, got(100), got(403, "Forbidden"), ACK, Pause(0.1)]
UP = got(200, "OK", sdp=True)
ANSWERED: Ladder = [INVITE, got(100), got(180), UP, ACK, Pause(0.1), BYE, got(200)]

FIELDS = (
    *("frame.time_epoch", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "udp.srcport", "udp.dstport", "tcp.srcport"),
    *("tcp.dstport", "tcp.flags.syn", "tcp.flags.ack", "tcp.flags.fin", "sip.Method", "sip.Status-Code", "sip.Call-ID"),
)
COMPLAINTS = ("_ws.malformed", "_ws.expert", "tcp.analysis.flags")
CHECKSUMS = ("ip.checksum.status", "udp.checksum.status", "tcp.checksum.status")


def packets(path: Path) -> list[dict[str, str]]:
    """A capture's packets as tshark sees them; it may complain of nothing, and must find every checksum right."""
    fields = (*FIELDS, *COMPLAINTS, *CHECKSUMS)
    rows = tshark(path, "-T", "fields", "-E", "occurrence=f", *(part for field in fields for part in ("-e", field)))
    found = [dict(zip(fields, row.split("\t"), strict=True)) for row in rows]
    assert [packet for packet in found if any(packet[field] for field in COMPLAINTS) and not harmless(packet)] == []
    assert {packet[field] for packet in found for field in CHECKSUMS} <= {"1", ""}  # good, or of another protocol
    return found


def harmless(packet: dict[str, str]) -> bool:
    """Whether tshark only remarks that a connection begins or ends here."""
    opens_or_ends = packet["tcp.flags.syn"] == "1" or packet["tcp.flags.fin"] == "1"
    return opens_or_ends and not packet["_ws.malformed"] and not packet["tcp.analysis.flags"]


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    file = tmp_path / "scenario.yaml"
    file.write_text(SCENARIO)
    return file


def call_over_tls(address: str, number: int, to: str) -> None:
    """A call that is refused or, if it is answered, hung up; SIPp has no TLS in Debian."""
    host, _, port = address.rpartition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((host, int(port)), 10) as plain,
        context.wrap_socket(plain) as line,
        line.makefile("rb") as heard,
    ):

        def send(method: str, sequence: int, branch: str, tag: str = "") -> None:
            line.sendall(
                f"{method} sip:{to}@{address} SIP/2.0\r\nVia: SIP/2.0/TLS h;branch=z9hG4bK{branch}\r\n"
                f"From: <sip:+1@h>;tag=1\r\nTo: <sip:{to}@h>{tag}\r\nCall-ID: tls{number}\r\n"
                f"CSeq: {sequence} {method}\r\nContact: <sip:h;transport=tls>\r\nMax-Forwards: 70\r\n"
                "Content-Length: 0\r\n\r\n".encode()
            )

        def final() -> tuple[int, str]:
            while True:
                head = b"".join(iter(heard.readline, b"\r\n")).decode()
                heard.read(int(re.findall(r"(?m)^Content-Length: (\d+)", head)[0]))
                if head[8:9] != "1":
                    return int(head[8:11]), re.findall(r"(?m)^To: .*?(;tag=[^\r;]*)", head)[0]

        send("INVITE", 1, "1")
        code, tag = final()
        send("ACK", 1, "1" if code >= 300 else "2", tag)
        if code == 200:
            send("BYE", 2, "3", tag)
            assert final()[0] == 200


@pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=TRANSPORTS)
def test_tshark_and_sngrep_read_the_capture(
    transport: tuple[str, str, str], scenario: Path, carrier: Callable[..., Carrier], sipp: Sipp, tmp_path: Path
) -> None:
    listen, local, mode = transport
    path = tmp_path / "run.pcap"
    called = carrier(scenario, "--pcap", str(path), listen=[listen])
    address = called.address.replace("0.0.0.0", "127.0.0.1")
    if mode:
        sipp.call(REFUSED, address, "-t", mode, local=local, calls=3)
        sipp.call(ANSWERED, address, "-t", mode, local=local, to="+498912345")
    else:
        for number in range(4):
            call_over_tls(address, number, "+498912345" if number == 3 else "+4989")
    calls = called.ended_calls(4)
    called.stop()

    assert (path.stat().st_mode & 0o777) == 0o600
    seen = packets(path)
    ip, over = ("ipv6" if ":" in local else "ip"), ("udp" if mode == "u1" else "tcp")
    port = address.rpartition(":")[2]
    by_call_id = {call["call_id"]: call for call in calls}
    invites = [packet for packet in seen if packet["sip.Method"] == "INVITE"]
    assert {packet["sip.Call-ID"] for packet in invites} == set(by_call_id)
    for packet in invites:
        call = by_call_id[packet["sip.Call-ID"]]
        assert (packet[f"{ip}.src"], packet[f"{ip}.dst"], packet[f"{over}.dstport"]) == (local, local, port)
        assert call["source"].rpartition(":")[2] == packet[f"{over}.srcport"]
        # Wall clock, to the batch in which it was read.
        assert float(packet["frame.time_epoch"]) == pytest.approx(call["started"], abs=0.02)
    codes = sorted(packet["sip.Status-Code"] for packet in seen if packet["sip.Status-Code"] >= "2")
    assert codes == ["200", "200", "403", "403", "403"]
    if over == "tcp":
        begun = [packet for packet in seen if packet["tcp.flags.syn"] == "1" and packet["tcp.flags.ack"] == "0"]
        ended = [packet for packet in seen if packet["tcp.flags.fin"] == "1"]
        assert {packet["tcp.dstport"] for packet in begun} == {port}
        assert len(ended) == 2 * len(begun) > 0

    assert calls_in(sngrep_reads(path, tmp_path)) == set(by_call_id)


def sngrep_reads(path: Path, folder: Path) -> Path:
    """What sngrep has understood of a capture, written by itself."""
    out = folder / "sngrep.pcap"
    done = subprocess.run(
        [peer("sngrep"), "-N", "-c", "-I", str(path), "-O", str(out)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    count = done.stdout.rpartition("Dialog count: ")[2].strip()
    assert int(count) == len(calls_in(path)), done.stdout
    return out


def read(path: Path) -> tuple[list[Captured], CaptureReader]:
    """A capture as we read it ourselves; it may still be growing."""
    if path.stat().st_size < 24:
        return [], CaptureReader(io.BytesIO(FILE_HEAD))
    with path.open("rb") as stream:
        reader = CaptureReader(stream)
        return list(reader), reader


def calls_in(path: Path) -> set[str]:
    """The Call-IDs of a capture's INVITEs."""
    return {call_id_of(one.data) for one in read(path)[0] if one.data.startswith(b"INVITE ")}


@contextmanager
def sngrep_listening(folder: Path) -> Iterator[tuple[str, Path]]:
    """A sngrep that collects HEP and writes down what it saw; ended as by Ctrl-C when it is left."""
    port, out, said = free_udp_port(), folder / "live.pcap", folder / "sngrep.output"
    with said.open("w") as output:
        process = subprocess.Popen(
            [peer("sngrep"), "-N", "-O", str(out), "-L", f"udp:127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until(lambda: port_is_taken(port) or process.poll() is not None, "sngrep to listen")
            assert process.poll() is None, said.read_text()
            yield f"udp:127.0.0.1:{port}", out
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(15)


def port_is_taken(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


@pytest.mark.parametrize("listen", ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"])
def test_sngrep_sees_the_calls_as_they_pass(
    listen: str, scenario: Path, carrier: Callable[..., Carrier], sipp: Sipp, tmp_path: Path
) -> None:
    with sngrep_listening(tmp_path) as (collector, out):
        called = carrier(scenario, "--hep", collector, "--hep-id", "7", listen=[listen])
        sipp.call(REFUSED, called.address, "-t", f"{listen[0]}1", calls=5)
        calls = {call["call_id"]: call for call in called.ended_calls(5)}
        called.stop()
        wait_until(lambda: out.exists() and len(read(out)[0]) >= 20, "sngrep to write down twenty messages")
    assert calls_in(out) == set(calls)
    host, _, port = called.address.rpartition(":")
    for one in read(out)[0]:
        if one.data.startswith(b"INVITE "):
            assert (one.source[0], one.destination) == (host, (host, int(port)))
            assert one.at == pytest.approx(calls[call_id_of(one.data)]["started"], abs=0.02)


def test_everything_at_once(scenario: Path, carrier: Callable[..., Carrier], sipp: Sipp, tmp_path: Path) -> None:
    pcap, html, events = (tmp_path / name for name in ("run.pcap", "run.html", "run.json"))
    called = carrier(scenario, "--pcap", str(pcap), "--html", str(html), "--json", str(events))
    sipp.call(REFUSED, called.address, calls=2)
    called.ended_calls(2)
    called.stop()
    assert [json.loads(line) for line in events.read_text().splitlines()] == called.events
    assert calls_in(pcap) == {call["call_id"] for call in called.calls}
    page = html.read_text()
    assert all(call["call_id"] in page for call in called.calls)


def test_the_capture_can_be_read_while_the_run_goes_on(
    scenario: Path, carrier: Callable[..., Carrier], sipp: Sipp, tmp_path: Path
) -> None:
    path = tmp_path / "run.pcap"
    called = carrier(scenario, "--pcap", str(path), listen=["tcp:127.0.0.1:0"])
    sipp.call(REFUSED, called.address, "-t", "t1")
    called.ended_calls(1)
    wait_until(lambda: len(read(path)[0]) == 4, "four messages in the capture")
    assert read(path)[1].damage == ""
    assert packets(path)
