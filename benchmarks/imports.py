"""A million call records of Asterisk, imported into SQLite, and once more, when all of them are there already."""

from __future__ import annotations

import argparse
import csv
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

AIM = 60.0
"""Seconds for a million rows."""

BEGIN = datetime(2026, 11, 16, 8, tzinfo=UTC)
DISPOSITIONS = ("ANSWERED", "NO ANSWER", "BUSY", "FAILED")
SHARES = (45, 25, 15, 15)


def write_master(path: Path, rows: int, seed: int = 1) -> None:
    """A Master.csv as Asterisk's cdr-csv writes it: 1,000 caller IDs, four calls a second."""
    rng = random.Random(seed)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        for number in range(rows):
            began = BEGIN + timedelta(milliseconds=250 * number)
            (disposition,) = rng.choices(DISPOSITIONS, SHARES)
            talk = rng.randrange(1, 120) if disposition == "ANSWERED" else 0
            answered = began + timedelta(seconds=6)
            ended = answered + timedelta(seconds=talk)
            caller, called = f"+1212555{number % 1000:04}", f"+1415{rng.randrange(10**7):07}"
            ends = (f"PJSIP/a-{number:08x}", f"PJSIP/b-{number:08x}")
            times = (f"{began:%F %T}", f"{answered:%F %T}" if talk else "", f"{ended:%F %T}", 6 + talk, talk)
            uid = f"{began.timestamp():.0f}.{number}"
            row = ("", caller, called, "dial", f'"" <{caller}>', *ends, "Dial", "PJSIP/b", *times, disposition)
            out.writerow((*row, "DOCUMENTATION", uid, ""))


def timed(command: list[str]) -> tuple[float, float]:
    """Seconds by the clock, and of processor time."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True)
    took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        master, records = Path(folder, "Master.csv"), Path(folder, "calls.db")
        write_master(master, rows)
        print(f"{rows:,} rows, {master.stat().st_size / 1e6:.0f} MB of cdr-csv; SQLite", flush=True)
        command = [sys.executable, "-m", "simcarrier", "records", "import", str(master), "--map", "asterisk"]
        command += ["--zone", "UTC", "--records", str(records), "--quiet"]
        first, first_cpu = timed(command)
        again, again_cpu = timed(command)
    print(f"the first time {first:.1f} s ({first_cpu:.1f} s CPU), once more {again:.1f} s ({again_cpu:.1f} s CPU)")
    limit = AIM * rows / 1_000_000
    print(f"aim: a million rows in less than {AIM:.0f} s: {'reached' if first < limit else 'missed'}")
    return 0 if first < limit else 1


if __name__ == "__main__":
    sys.exit(main())
