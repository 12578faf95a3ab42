"""SIPp as the peer of a benchmark: its scenarios, its runs, and the CPU time of whoever serves.

CPU time is the kernel's own account of every thread of a process, in nanoseconds (``/proc/PID/task/*/schedstat``), read
before the first call and after the last, so what a server costs to start and what it costs to idle before do not count.
"""

from __future__ import annotations

import contextlib
import csv
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FINAL_WAIT = 0.3
"""Seconds after the caller's end for which a server may still have something to do."""

_RESPONSE = """\
      SIP/2.0 {code} {phrase}
      [last_Via:]
      [last_From:]
      [last_To:]{tag}
      [last_Call-ID:]
      {cseq}
      {more}Content-Length: [len]

      {body}"""

_REQUEST = """\
      {method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}
      From: <sip:+4930[call_number]@[local_ip]:[local_port]>;tag=[call_number]
      To: <sip:[service]@[remote_ip]:[remote_port]>{tag}
      Call-ID: [call_id]
      CSeq: {number} {method}
      Contact: <sip:+4930@[local_ip]:[local_port]>
      Max-Forwards: 70
      {more}Content-Length: [len]

      {body}"""

SDP = """\
v=0
      o=- 1 1 IN IP4 [local_ip]
      s=-
      c=IN IP4 [local_ip]
      t=0 0
      m=audio 9 RTP/AVP 0
      a=rtpmap:0 PCMU/8000"""


def response(
    code: int,
    phrase: str,
    *,
    tag: bool = True,
    contact: bool = False,
    sdp: bool = False,
    to_invite: bool = False,
    repeat: bool = True,
) -> str:
    """A SIPp ``send`` of a response: to the request received last, or ``to_invite`` after a CANCEL.

    ``repeat`` a final response until the ACK, as an INVITE's is.
    """
    more = "Contact: <sip:[local_ip]:[local_port]>\n      " if contact else ""
    more += "Content-Type: application/sdp\n      " if sdp else ""
    text = _RESPONSE.format(
        code=code,
        phrase=phrase,
        tag=";tag=[call_number]" if tag else "",
        cseq="CSeq: 1 INVITE" if to_invite else "[last_CSeq:]",
        more=more,
        body=SDP if sdp else "",
    )
    retransmit = ' retrans="500"' if code >= 200 and repeat else ""
    return f"<send{retransmit}><![CDATA[\n{text}\n]]></send>"


def request(method: str, number: int = 1, *, to_tag: bool = False, sdp: bool = False, back: int = 0) -> str:
    """A SIPp ``send`` of a request; ``back`` takes the branch of the message so many steps before."""
    more = "Content-Type: application/sdp\n      " if sdp else ""
    text = _REQUEST.format(
        method=method,
        number=number,
        branch=f"[branch-{back}]" if back else "[branch]",
        tag="[peer_tag_param]" if to_tag else "",
        more=more,
        body=SDP if sdp else "",
    )
    repeat = ' retrans="500"' if method != "ACK" else ""
    return f"<send{repeat}><![CDATA[\n{text}\n]]></send>"


def receive(what: str | int, *, start_clock: bool = False, stop_clock: bool = False) -> str:
    """A SIPp ``recv`` of a request or a response; the time between two of them can be taken."""
    kind = f'response="{what}"' if isinstance(what, int) else f'request="{what}"'
    clock = ' start_rtd="1"' if start_clock else ' rtd="1"' if stop_clock else ""
    return f"<recv {kind}{clock}></recv>"


def pause(milliseconds: int) -> str:
    """A SIPp ``pause``."""
    return f'<pause milliseconds="{milliseconds}"/>'


def scenario(folder: Path, name: str, *steps: str) -> Path:
    """Write a SIPp scenario."""
    path = folder / f"{name}.xml"
    head = '<?xml version="1.0" encoding="UTF-8" ?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n'
    path.write_text(f'{head}<scenario name="{name}">\n' + "\n".join(steps) + "\n</scenario>\n")
    return path


def need(program: str) -> str:
    """The program's path, or the end of the benchmark with a word on how to get it."""
    found = shutil.which(program)
    if found is None:
        sys.exit(f"{program} is not installed; tests/peers.sh installs it where apt-get is there")
    return found


def free_port() -> int:
    """A UDP port that is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of a process so far."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Server:
    """A server under test: its name, process and address."""

    name: str
    process: subprocess.Popen[bytes]
    port: int

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid


@contextlib.contextmanager
def simcarrier(scenario_file: Path, *arguments: str) -> Iterator[Server]:
    """Our carrier, listening; it does not look at its callers' conduct, for SIPp's server does not, unless told to."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "simcarrier", "run", str(scenario_file)),
        *("--listen", f"udp:127.0.0.1:{port}", "--quiet", "--conduct", "off", *arguments),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None  # it is a pipe
        while not process.stdout.readline().startswith(b"listening"):
            if process.poll() is not None:
                sys.exit("simcarrier did not start")
        yield Server("simcarrier", process, port)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


@contextlib.contextmanager
def sipp_server(scenario_file: Path) -> Iterator[Server]:
    """SIPp as a server, listening."""
    port = free_port()
    command = [need("sipp"), "-sf", str(scenario_file), "-i", "127.0.0.1", "-p", str(port), "-nostdin", "-nd"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        yield Server("SIPp", process, port)
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of the caller came to.

    Attributes:
        calls: calls placed.
        failed: calls that did not go as they should.
        retransmissions: messages that the caller had to send again.
        cpu: CPU seconds of the server.
        rate: calls per second that the caller really placed.
        clocked: milliseconds between the two messages that the caller's scenario takes the time of, for each call.
    """

    calls: int
    failed: int
    retransmissions: int
    cpu: float
    rate: float
    clocked: tuple[float, ...] = ()

    @property
    def cpu_per_call(self) -> float:
        """Microseconds of the server's CPU for a call."""
        return self.cpu / max(self.calls, 1) * 1e6


def call(server: Server, caller: Path, rate: int, calls: int, *, clock: bool = False, timeout: float = 120) -> Load:
    """Place calls with SIPp and account for the server's CPU; ``clock`` has the caller's times kept."""
    with tempfile.TemporaryDirectory() as folder:
        statistics = Path(folder) / "statistics.csv"
        command = [
            *(need("sipp"), "-sf", str(caller), f"127.0.0.1:{server.port}", "-i", "127.0.0.1"),
            *("-p", str(free_port()), "-s", "+49301234", "-r", str(rate), "-m", str(calls), "-l", "100000"),
            *("-nostdin", "-trace_stat", "-stf", str(statistics), "-fd", "1", "-buff_size", "4194304"),
            *(("-trace_rtt", "-rtt_freq", "1") if clock else ()),
        ]
        before = cpu_seconds(server.pid)
        subprocess.run(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=timeout, check=False
        )
        time.sleep(FINAL_WAIT)
        cpu = cpu_seconds(server.pid) - before
        with statistics.open(newline="") as stream:
            last = list(csv.DictReader(stream, delimiter=";"))[-1]
        return Load(
            int(last["TotalCallCreated"]),
            int(last["FailedCall(C)"]),
            int(last["Retransmissions(C)"]),
            cpu,
            float(last["CallRate(C)"]),
            tuple(_clocked(Path(folder))) if clock else (),
        )


def _clocked(folder: Path) -> Iterator[float]:
    """The times that SIPp has written to its ``*_rtt.csv``."""
    for file in folder.glob("*_rtt.csv"):
        with file.open(newline="") as stream:
            for row in csv.DictReader(stream, delimiter=";"):
                yield float(row["response_time_ms"])


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def machine() -> str:
    """The machine, in a line."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "unknown CPU",
    )
    return f"{os.cpu_count()} x {model}, Python {sys.version.split()[0]}, SIPp {_sipp_version()}"


def _sipp_version() -> str:
    told = subprocess.run([need("sipp"), "-v"], capture_output=True, text=True, check=False).stdout
    return next((word for word in told.split() if word.startswith("v3")), "?")


def median(values: list[float]) -> float:
    """The middle one."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
