"""Messages and captures for the tests of capture files."""

from __future__ import annotations

import io
import struct
import subprocess
from pathlib import Path

from simcarrier.records.capture import Captured, CaptureReader
from simcarrier.records.transcript import Passed
from tests.interop.harness import peer

AT = 1_700_000_000.123456

US, THEM = ("192.0.2.1", 40_001), ("192.0.2.2", 5060)
US6, THEM6 = ("2001:db8::1", 40_001), ("2001:db8::2", 5060)

HEAD = (
    "Via: SIP/2.0/UDP 192.0.2.1:40001;branch=z9hG4bK-one\r\n"
    "From: <sip:+4930111222@192.0.2.1>;tag=a\r\n"
    "To: <sip:+4940222333@192.0.2.2>\r\n"
    "Call-ID: one@192.0.2.1\r\n"
)
INVITE = (
    f"INVITE sip:+4940222333@192.0.2.2 SIP/2.0\r\n{HEAD}CSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
).encode()
FORBIDDEN = f"SIP/2.0 403 Forbidden\r\n{HEAD}CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n".encode()
ACK = INVITE.replace(b"INVITE", b"ACK")


def call(transport: str = "UDP", *, six: bool = False) -> list[Passed]:
    """A refused call."""
    local, remote = (US6, THEM6) if six else (US, THEM)
    ladder = ((True, INVITE), (False, FORBIDDEN), (True, ACK))
    return [
        Passed(AT + number / 10, sent, transport, local, remote, data) for number, (sent, data) in enumerate(ladder)
    ]


def read(capture: bytes) -> tuple[list[Captured], CaptureReader]:
    """The messages of a capture, and its reader."""
    reader = CaptureReader(io.BytesIO(capture))
    return list(reader), reader


def pcap(*frames: bytes, link: int = 101, order: str = "<") -> bytes:
    """A classic capture of frames, one second apart."""
    parts = [struct.pack(f"{order}IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)]
    for number, frame in enumerate(frames):
        parts.append(struct.pack(f"{order}IIII", 1_700_000_000 + number, 5, len(frame), len(frame)) + frame)
    return b"".join(parts)


def tshark(path: Path, *arguments: str) -> list[str]:
    """What tshark says of a capture, line by line; checksums are checked."""
    command = [peer("tshark"), "-n", "-r", str(path)]
    for protocol in ("ip", "tcp", "udp"):
        command += ["-o", f"{protocol}.check_checksum:TRUE"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def complaints(path: Path) -> list[str]:
    """Packets that tshark finds malformed, or whose checksum it finds wrong."""
    wrong = "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0"
    return tshark(path, "-Y", f"{wrong} || _ws.expert.severity == error || tcp.analysis.lost_segment")
