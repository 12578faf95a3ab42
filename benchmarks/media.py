"""What 500 streams of audio cost, and how evenly their packets leave: the carrier's own, and SIPp's rtp_stream.

A process of its own receives. It takes the kernel's timestamps, so that its own lateness does not count. A packet's
error is how much later it came than the stream's earliest packet says, 20 ms for each number between them.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import time
from array import array
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from shutil import which

sys.path.insert(0, str(Path(__file__).parents[1]))

from simcarrier.media.g711 import A_LAW
from simcarrier.net.beat import Pace
from simcarrier.net.driver import Driver
from simcarrier.net.media import MediaDesk
from simcarrier.scenario.sounds import read_program
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.callee import CalleeSession
from simcarrier.sip.transport import ListenAddress

LOCAL = "127.0.0.1"
SO_TIMESTAMPNS = 35
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def receive(ours: Connection, seconds: float) -> None:
    """Receive for a while; tell the port first, and then what came: streams, packets, lost, errors in ms."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    while True:
        sock.bind((LOCAL, 0))
        if sock.getsockname()[1] % 2 == 0:
            break
        sock.close()
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    ours.send(sock.getsockname()[1])
    ours.recv()  # begin
    sock.settimeout(0.2)
    until = time.monotonic() + seconds
    came: dict[bytes, list[tuple[int, float]]] = {}
    while time.monotonic() < until:
        try:
            data, more, _, source = sock.recvmsg(2048, 64)
        except TimeoutError:
            continue
        whole, nano = struct.unpack("qq", more[0][2][:16])
        # SIPp gives several streams one SSRC: the port that they come from tells them apart.
        key = data[8:12] + struct.pack("!H", source[1])
        came.setdefault(key, []).append((int.from_bytes(data[2:4]), whole + nano / 1e9))
    errors = array("d")
    lost = packets = 0
    for stream in came.values():
        first = stream[0][0]
        steps = [((number - first) & 0xFFFF, at) for number, at in stream]
        earliest = min(at - 0.02 * step for step, at in steps)
        errors.extend((at - 0.02 * step - earliest) * 1000 for step, at in steps)
        packets += len(steps)
        lost += max(step for step, _ in steps) + 1 - len(steps)
    ours.send((len(came), packets, lost, errors))


class Answering:
    """Answers every call at once; its session descriptions name the receiver's port."""

    def invited(self, session: CalleeSession, now: float) -> None:
        """A new call."""
        session.answer(now)


async def ours(port: int, streams: int, seconds: float) -> tuple[float, str]:
    """The carrier's streams; gives the CPU share, and what its own timer says of itself."""
    loop = asyncio.get_running_loop()
    desk = MediaDesk(
        loop, ports=(20000, 20000 + 2 * streams + 199), rng=Random(1), wall=lambda now: now, voice=lambda text: None
    )
    program = read_program("ringback DE")
    desk.prepare([program])
    body = f"v=0\r\no=- 1 1 IN IP4 {LOCAL}\r\ns=-\r\nc=IN IP4 {LOCAL}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n".encode()
    for _ in range(streams):
        stream = desk.open(LOCAL, LOCAL)
        assert stream is not None
        stream.described(body)
        stream.play(program)
        await asyncio.sleep(1 / 250)  # calls come one after another
    desk.metronome.pace = Pace()
    began, cpu = time.monotonic(), time.process_time()
    await asyncio.sleep(max(seconds - streams / 250 - 1, 1))
    share = (time.process_time() - cpu) / (time.monotonic() - began)
    pace = desk.metronome.pace
    desk.close()
    late = f"{pace.percentile(0.5) * 1000:.1f} / {pace.percentile(0.99) * 1000:.1f} / {pace.largest * 1000:.1f}"
    return share, f"its timer was late by {late} ms (p50 / p99 / largest)"


SIPP = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="stream">
<send retrans="500"><![CDATA[
INVITE sip:1@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:2@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:1@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:2@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
]]></send>
<recv response="200" rtd="true" rrs="true"/>
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
<nop><action><exec rtp_stream="FILE,-1,8"/></action></nop>
<pause milliseconds="600000"/>
</scenario>
"""


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


async def sipps(port: int, streams: int, seconds: float) -> tuple[float, str]:
    """SIPp's streams to the same receiver; gives SIPp's CPU share."""
    agent = UserAgent(Answering(), media_port=port)
    program = which("sipp")
    assert program is not None
    with tempfile.TemporaryDirectory() as folder:
        async with Driver(agent.endpoint) as driver:
            there = await driver.listen(ListenAddress.parse(f"udp:{LOCAL}:0"))
            sound = Path(folder) / "sound.raw"
            sound.write_bytes(A_LAW.encode([0] * 80_000))
            (Path(folder) / "stream.xml").write_text(SIPP.replace("FILE", str(sound)), encoding="ascii")
            command = [
                *(program, f"{LOCAL}:{there.port}", "-sf", "stream.xml", "-i", LOCAL, "-mi", LOCAL, "-nostdin"),
                *(
                    "-m",
                    str(streams),
                    "-l",
                    str(streams),
                    "-r",
                    "250",
                ),
            ]
            process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            try:
                await asyncio.sleep(streams / 250 + 1)
                began, cpu = time.monotonic(), cpu_of(process.pid)
                await asyncio.sleep(seconds - streams / 250 - 1)
                return (cpu_of(process.pid) - cpu) / (time.monotonic() - began), "its signalling among it"
            finally:
                process.kill()
                process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--only", choices=["simcarrier", "SIPp"])
    chosen = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(f"{chosen.streams} streams of G.711 for {chosen.seconds:g} s, load {os.getloadavg()[0]:.1f}")
    for name, run in (("simcarrier", ours), ("SIPp", sipps)):
        if chosen.only not in (None, name) or (name == "SIPp" and which("sipp") is None):
            continue
        near, far = multiprocessing.Pipe()
        receiver = multiprocessing.Process(target=receive, args=(far, chosen.seconds + 1))
        receiver.start()
        port = near.recv()
        near.send("begin")
        share, told = asyncio.run(run(port, chosen.streams, chosen.seconds))
        streams, packets, lost, errors = near.recv()
        receiver.join()
        row = sorted(errors)
        at = [row[int(len(row) * part)] for part in (0.5, 0.99)] if row else [0.0, 0.0]
        print(
            f"{name}: {share:.1%} of a CPU; {streams} streams, {packets} packets, {lost} lost; pacing error "
            f"{at[0]:.1f} / {at[1]:.1f} / {row[-1] if row else 0:.1f} ms (p50 / p99 / largest); {told}"
        )


if __name__ == "__main__":
    main()
