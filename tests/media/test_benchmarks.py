"""The benchmarks of media and of ears run, in small; what they tell is in benchmarks/README.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from array import array

import pytest
from media import Came, counted
from media_senders import NotFetched, aiortp_folder

from tests.docs.markdown import ROOT
from tests.interop.harness import peer

BEGIN = 1_800_000_000_000_000_000


def run(name: str, *options: str) -> str:
    """What a benchmark prints; it must end well and have no complaint."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / name), *options],
        capture_output=True, text=True, timeout=50, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def stream(late: list[float], *, left_out: int | None = None) -> tuple[array[int], array[int]]:
    """Packets so many milliseconds late; sequence numbers and timestamps wrap around on the way."""
    numbers, times = array("Q"), array("Q")
    for n, each in enumerate(late):
        if n != left_out:
            numbers.append((65_530 + n & 0xFFFF) << 32 | (2**32 - 1_000 + 160 * n & 0xFFFFFFFF))
            times.append(BEGIN + int((20 * n + each) * 1_000_000))
    return numbers, times


def test_errors_are_counted_from_the_earliest_packet_of_each_stream() -> None:
    came: Came = {
        (6000, b"1111"): stream([5.0] * 10 + [3.0, 9.0] + [5.0] * 10),
        (6000, b"2222"): stream([1.0] * 20, left_out=7),
        (6002, b"1111"): stream([700.0]),
    }
    streams, packets, lost, errors = counted(came, BEGIN, BEGIN + 600_000_000)
    assert (streams, packets, lost) == (2, 22 + 19, 1)
    assert [round(each, 3) for each in errors] == [2.0] * 10 + [0.0, 6.0] + [2.0] * 10 + [0.0] * 19


def test_a_span_cuts_both_ends_off_and_nothing_is_lost_by_that() -> None:
    streams, packets, lost, errors = counted({(1, b""): stream([0.5] * 100)}, BEGIN + 300_000_000, BEGIN + 500_000_000)
    assert (streams, packets, lost, set(errors)) == (1, 10, 0, {0.0})


@pytest.mark.interop
def test_media() -> None:
    peer("sipp")
    try:
        aiortp_folder()
    except NotFetched as why:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"aiortp can't be had: {why}")
    told = run("media.py", "--streams", "5", "--seconds", "0.4", "--settle", "0.1", "--rounds", "1")
    shape = r"([\w/]+) +([\d.]+)% +([\d.]+) +([\d.]+) +([\d.]+) +5 +(\d+) +\d+ "
    rows = re.findall(rf"^{shape}", told, re.MULTILINE)
    assert [row[0] for row in rows] == ["simcarrier", "aiortp", "aiortp/timer", "SIPp"], told
    assert all(float(row[1]) > 0 and 10 <= int(row[5]) <= 400 for row in rows), told
    assert re.findall(r"^simcarrier to ([\w/]+): CPU [\d.]+ \(.*\), p99 [\d.]+ \(.*\)$", told, re.MULTILINE) == [
        "aiortp",
        "aiortp/timer",
        "SIPp",
    ]


@pytest.mark.interop
def test_ears() -> None:
    peer("espeak-ng")
    peer("sox")
    told = run("ears.py", "--few", "--repeats", "1")
    assert "\nright: 59 of 59; " in told
    assert re.findall(r"^(\w+): \d+ samples, \d+ s, (\d+) tones reported", told, re.MULTILINE) == [
        ("speech", "0"),
        ("music", "0"),
    ]
    assert len(re.findall(r"^  [\w ]+ \d\.\d\d$", told, re.MULTILINE)) == 5
