"""Who sends in benchmarks/media.py: our carrier's media, aiortp, or SIPp, in a process of its own.

    python benchmarks/media_senders.py NAME PORT STREAMS SECONDS

sends PCMU to that port of 127.0.0.1, in packets of 20 ms. The streams begin one after another. When all are there it
prints ``playing`` with the id of the process that sends. A line on standard input says that what is sent now counts,
another one that it is over; then it says a word about itself, if it has one to say.

aiortp is no part of simcarrier: pip fetches one version of it, by its hash, into the cache, where it stays.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Final, Protocol

from sipp import free_port, need

sys.path.insert(0, str(Path(__file__).parents[1]))

from simcarrier.media.g711 import MU_LAW
from simcarrier.net.beat import Pace
from simcarrier.net.driver import Driver
from simcarrier.net.media import MediaDesk
from simcarrier.scenario.sounds import read_program
from simcarrier.sip.agent import UserAgent
from simcarrier.sip.callee import CalleeSession
from simcarrier.sip.transport import ListenAddress

LOCAL: Final = "127.0.0.1"
SILENCE: Final = MU_LAW.encode([0] * 160)
CALLS: Final = 250
"""Streams that begin in a second."""

AIORTP: Final = "0.8.0"
AIORTP_HASH: Final = "sha256:9c2840b2ddcf5de923c2fade3ad2947245e8a891dff391244331318ca6f5c859"


class NotFetched(Exception):
    """aiortp cannot be had; the text says why, in one line."""


def aiortp_folder() -> Path:
    """Where aiortp is; it is fetched if it is not there.

    Raises:
        NotFetched: pip is missing, reaches no index, or got something else.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "simcarrier"
    folder = cache / f"aiortp-{AIORTP}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as work:
            wanted = Path(work) / "wanted.txt"
            wanted.write_text(f"aiortp=={AIORTP} --hash={AIORTP_HASH}\n", encoding="ascii")
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps"]
            done = subprocess.run(
                [*pip, "--require-hashes", "--only-binary", ":all:", "--target", str(Path(work) / "got"), "-r", wanted],
                capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
            if done.returncode:
                lines = done.stderr.strip().splitlines()
                raise NotFetched(lines[-1] if lines else f"pip ended with {done.returncode}")
            try:
                (Path(work) / "got").rename(folder)
            except OSError:
                if not folder.exists():  # another process was faster otherwise
                    raise
    return folder


async def told() -> None:
    """Wait for a line on standard input, or for its end."""
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


def playing(pid: int) -> None:
    """Say that all streams are there."""
    gc.collect()
    # As `simcarrier run` does it, for both Pythons.
    gc.freeze()
    gc.set_threshold(500_000, 10, 10)
    print("playing", pid, flush=True)


async def simcarrier(port: int, streams: int, seconds: float) -> None:
    """The carrier's streams, without its signalling: German ringback; what its own timer thinks of itself."""
    desk = MediaDesk(
        asyncio.get_running_loop(),
        ports=(20000, 20000 + 2 * streams + 199),
        rng=Random(1),
        wall=lambda now: now,
        voice=lambda text: None,
    )
    program = read_program("ringback DE")
    desk.prepare([program])
    body = f"v=0\r\no=- 1 1 IN IP4 {LOCAL}\r\ns=-\r\nc=IN IP4 {LOCAL}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n"
    for _ in range(streams):
        stream = desk.open(LOCAL, LOCAL)
        assert stream is not None
        stream.described(body.encode())
        stream.play(program)
        await asyncio.sleep(1 / CALLS)
    playing(os.getpid())
    await told()
    pace = desk.metronome.pace = Pace()
    await told()
    late = f"{pace.percentile(0.5) * 1000:.1f} / {pace.percentile(0.99) * 1000:.1f} / {pace.largest * 1000:.1f}"
    print(f"its own timer was late by {late} ms", flush=True)
    desk.close()


class Session(Protocol):
    """What is used of aiortp's ``RTPSession``."""

    def send_audio_auto(self, payload: bytes) -> int:
        """Send a packet, or put it into the queue of a session that is ``paced``."""

    async def close(self) -> None:
        """The end."""


async def sessions(port: int, streams: int, queued: int) -> list[Session]:
    """Sessions of aiortp, one after another; with so many packets in the queue of each they are ``paced``."""
    sys.path.append(str(aiortp_folder()))
    create: Callable[..., Awaitable[Session]] = importlib.import_module("aiortp").RTPSession.create
    made = []
    for _ in range(streams):
        session = await create(local_addr=(LOCAL, 0), remote_addr=(LOCAL, port), payload_type=0, paced=queued > 0)
        for _ in range(queued):
            session.send_audio_auto(SILENCE)
        made.append(session)
        await asyncio.sleep(1 / CALLS)
    return made


async def aiortp(port: int, streams: int, seconds: float) -> None:
    """aiortp as it paces by itself: each session sends from its queue, every 20 ms by a clock of its own."""
    # More than is counted: where it does not keep up, the last session begins long after the first.
    made = await sessions(port, streams, int((seconds + 120) * 50))
    playing(os.getpid())
    await told()
    await told()
    for session in made:
        await session.close()


async def aiortp_timer(port: int, streams: int, seconds: float) -> None:
    """aiortp with the clock taken off it: one timer sends for all its sessions, a tenth of them every 2 ms."""
    made = await sessions(port, streams, 0)

    async def beat() -> None:
        due = time.monotonic()
        while True:
            for first in range(10):
                due += 0.002
                await asyncio.sleep(max(due - time.monotonic(), 0))
                for session in made[first::10]:
                    session.send_audio_auto(SILENCE)

    beating = asyncio.create_task(beat())
    playing(os.getpid())
    await told()
    await told()
    beating.cancel()
    for session in made:
        await session.close()


class Answering:
    """Answers every call at once, and counts them."""

    def __init__(self) -> None:
        self.calls = 0

    def invited(self, session: CalleeSession, now: float) -> None:
        """A new call."""
        self.calls += 1
        session.answer(now)


SCENARIO = """<?xml version="1.0" encoding="UTF-8"?>
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
m=audio [rtpstream_audio_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
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
<nop><action><exec rtp_stream="FILE,-1,0"/></action></nop>
<pause milliseconds="600000"/>
</scenario>
"""


async def sipp(port: int, streams: int, seconds: float) -> None:
    """SIPp's ``rtp_stream`` of a file of 10 s, over and over; the calls are answered here."""
    answering = Answering()
    agent = UserAgent(answering, media_port=port)
    with tempfile.TemporaryDirectory() as folder:
        async with Driver(agent.endpoint) as driver:
            there = await driver.listen(ListenAddress.parse(f"udp:{LOCAL}:0"))
            sound = Path(folder) / "sound.raw"
            sound.write_bytes(MU_LAW.encode([0] * 80_000))
            (Path(folder) / "stream.xml").write_text(SCENARIO.replace("FILE", str(sound)), encoding="ascii")
            process = subprocess.Popen(
                [
                    *(need("sipp"), f"{LOCAL}:{there.port}", "-sf", "stream.xml", "-i", LOCAL, "-mi", LOCAL),
                    *("-p", str(free_port()), "-nostdin", "-r", str(CALLS), "-m", str(streams), "-l", str(streams)),
                ],
                cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            try:
                while answering.calls < streams and process.poll() is None:
                    await asyncio.sleep(0.02)
                playing(process.pid)
                await told()
                await told()
            finally:
                process.kill()
                process.wait()


SENDERS: Final[dict[str, Callable[[int, int, float], Awaitable[None]]]] = {
    "simcarrier": simcarrier,
    "aiortp": aiortp,
    "aiortp/timer": aiortp_timer,
    "SIPp": sipp,
}


async def main() -> None:
    """Send, as the command line says."""
    name, port, streams, seconds = sys.argv[1:]
    await SENDERS[name](int(port), int(streams), float(seconds))


if __name__ == "__main__":
    asyncio.run(main())
