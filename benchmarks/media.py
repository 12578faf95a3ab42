"""What 500 streams of G.711 cost, and how evenly their packets leave: our carrier's, aiortp's, and SIPp's rtp_stream.

Each sends from a process of its own to the same receiver, in turn; in every round another begins. CPU is the kernel's
account of all threads of the sending process. When a packet came is told by the kernel's timestamp, so that the
receiver's lateness does not count. A packet's pacing error is how much later it came than the earliest packet of its
stream, and the timestamps of RTP between the two, say. CPU and packets are counted over the same seconds, when all
streams are there.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import resource
import socket
import struct
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from shutil import which
from typing import Final

from media_senders import AIORTP, LOCAL, SENDERS, NotFetched, aiortp_folder
from sipp import cpu_seconds, machine, median, percentile

SO_TIMESTAMPNS: Final = 35
SO_RCVBUFFORCE: Final = 33
Received = tuple[int, int, int, "array[float]"]
"""Streams, packets, packets lost, and errors in milliseconds."""

Came = dict[tuple[int, bytes], tuple["array[int]", "array[int]"]]
"""By port and SSRC: the sequence number with the timestamp, and the time, of each packet."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one sender came to in one round.

    Attributes:
        cpu: share of a core.
        streams, packets, lost: that were received, and were not.
        errors: pacing errors in ms: the middle one, the 99th percentile, and the largest.
        others: cores that were busy with anything but the sender and the receiver.
        said: by the sender of itself.
    """

    cpu: float
    streams: int
    packets: int
    lost: int
    errors: tuple[float, float, float]
    others: float
    said: str


@contextlib.contextmanager
def two_ports() -> Iterator[socket.socket]:
    """A socket for RTP; that for RTCP is there too, and never read."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtcp,
        ):
            rtp.bind((LOCAL, 0))
            port = rtp.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                rtcp.bind((LOCAL, port + 1))
                if port % 2 == 0:
                    yield rtp
                    return


def receive(ours: Connection) -> None:
    """Receive until told the span that counts, in nanoseconds since 1970; tell the port first, and what came last."""
    came: Came = {}
    with two_ports() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        with contextlib.suppress(PermissionError):
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 100_000))
        ours.send(sock.getsockname()[1])
        take, time_of = sock.recvmsg, struct.Struct("qq").unpack_from
        while not ours.poll():
            for _ in range(500):
                try:
                    data, more, _, source = take(2048, 64)
                except BlockingIOError:
                    break
                # SIPp gives several streams one SSRC: the port that they come from tells them apart.
                key = source[1], data[8:12]
                stream = came.get(key)
                if stream is None:
                    stream = came[key] = (array("Q"), array("Q"))
                whole, nano = time_of(more[0][2])
                stream[0].append(int.from_bytes(data[2:8], "big"))
                stream[1].append(whole * 1_000_000_000 + nano)
    ours.send(counted(came, *ours.recv()))


def counted(came: Came, begin: int, end: int) -> Received:
    """What came within a span."""
    errors = array("d")
    streams = lost = 0
    for numbers, times in came.values():
        taken = [(number, at) for number, at in zip(numbers, times, strict=True) if begin <= at < end]
        if not taken:
            continue
        first = taken[0][0]
        sequence = [((number >> 32) - (first >> 32) + 0x8000 & 0xFFFF) - 0x8000 for number, _ in taken]
        lateness = [
            (at - begin) / 1e6 - (((number - first & 0xFFFFFFFF) + (1 << 31) & 0xFFFFFFFF) - (1 << 31)) / 8
            for number, at in taken
        ]
        earliest = min(lateness)
        errors.extend(late - earliest for late in lateness)
        streams += 1
        lost += max(sequence) - min(sequence) + 1 - len(taken)
    return streams, len(errors), lost, errors


def busy_seconds(*but: int) -> float:
    """CPU time that the machine has given away so far, to all processes but some."""
    user, nice, system, _, _, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    given = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    return given - sum(cpu_seconds(each) for each in but)


def measured(name: str, streams: int, seconds: float, settle: float) -> Row:
    """Let one of them send.

    Args:
        name: of it.
        streams: how many.
        seconds: that are counted.
        settle: seconds before, when all streams are there.
    """
    near, far = multiprocessing.Pipe()
    receiver = multiprocessing.Process(target=receive, args=(far,))
    receiver.start()
    try:
        command = [sys.executable, str(Path(__file__).with_name("media_senders.py")), name]
        with subprocess.Popen(
            [*command, str(near.recv()), str(streams), str(seconds)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as sender:  # fmt: skip
            assert sender.stdout is not None  # both are pipes
            assert sender.stdin is not None
            word, _, pid = sender.stdout.readline().partition(" ")
            if word != "playing":
                sys.exit(f"{name} did not send")
            time.sleep(settle)
            sender.stdin.write("count\n")
            sender.stdin.flush()
            assert receiver.pid is not None  # it was started
            two = int(pid), receiver.pid
            began, since, before, busy = time.time_ns(), time.monotonic(), cpu_seconds(int(pid)), busy_seconds(*two)
            time.sleep(seconds)
            took = time.monotonic() - since
            share, others = (cpu_seconds(int(pid)) - before) / took, (busy_seconds(*two) - busy) / took
            near.send((began, time.time_ns()))
            said, _ = sender.communicate("stop\n", timeout=30)
        found: Received = near.recv()
        received, packets, lost, errors = found
    finally:
        receiver.kill()
        receiver.join()
    if not packets:
        sys.exit(f"{name} sent nothing")
    every = sorted(errors)
    shown = percentile(every, 0.5), percentile(every, 0.99), every[-1]
    return Row(share, received, packets, lost, shown, max(others, 0.0), said.strip())


def senders(chosen: list[str]) -> list[str]:
    """Who of them can be had; why not is said."""
    able = []
    for name in chosen:
        if name == "SIPp" and which("sipp") is None:
            print("SIPp: not measured: it is not installed; tests/peers.sh installs it where apt-get is there")
            continue
        if name.startswith("aiortp"):
            try:
                aiortp_folder()
            except (NotFetched, subprocess.TimeoutExpired) as why:
                print(f"{name}: not measured: {why}")
                continue
        able.append(name)
    return able


def ratio(ours: list[float], theirs: list[float]) -> str:
    """The median of the ratios of each round, and the least and the largest."""
    found = [mine / max(other, 1e-9) for mine, other in zip(ours, theirs, strict=True)]
    return f"{median(found):.2f} ({min(found):.2f}..{max(found):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=20.0, help="that are counted, of each sender in each round")
    parser.add_argument("--settle", type=float, default=1.5, help="seconds before, when all streams are there")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=[*SENDERS], nargs="+")
    chosen = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if which("sipp"):
        print(f"{machine()}, aiortp {AIORTP}")
    names = senders(chosen.only or list(SENDERS))
    rows: dict[str, list[Row]] = {name: [] for name in names}
    print(f"{chosen.streams} streams of G.711, {chosen.rounds} rounds of {chosen.seconds:g} s; errors in ms")
    print(f"{'':12}  CPU of a core    p50    p99  largest  streams  packets  lost  others")
    for turn in range(chosen.rounds):
        for name in [*names[turn % len(names) :], *names[: turn % len(names)]]:
            row = measured(name, chosen.streams, chosen.seconds, chosen.settle)
            rows[name].append(row)
            middle, most, largest = row.errors
            print(
                f"{name:12} {row.cpu:13.1%} {middle:7.2f} {most:6.2f} {largest:8.1f} {row.streams:8} {row.packets:8} "
                f"{row.lost:5} {row.others:7.2f}  {row.said}".rstrip(),
                flush=True,
            )
    for name in names:
        if name != "simcarrier" and "simcarrier" in rows:
            mine, theirs = rows["simcarrier"], rows[name]
            cpu = ratio([row.cpu for row in mine], [row.cpu for row in theirs])
            late = ratio([row.errors[1] for row in mine], [row.errors[1] for row in theirs])
            print(f"simcarrier to {name}: CPU {cpu}, p99 {late}")


if __name__ == "__main__":
    main()
