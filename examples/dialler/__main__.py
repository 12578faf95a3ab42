"""The dialler on the command line, right or wrong:

    simcarrier run scenarios/dialler-stall.yaml --exec 'python examples/dialler +49301 +49151'
    simcarrier run scenarios/dialler-stall.yaml --exec 'python examples/dialler +49301 +49151 --wrong never-gives-up'

The carrier's addresses come from the environment, where `simcarrier run --exec` puts them; a password from
DIAL_PASSWORD. Each number is called once in each pass.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a folder, it does not know its own package

from dialler.dialler import Dialler, Settings
from dialler.wrong import WRONG


def addresses(said: str) -> list[tuple[str, int]]:
    """``udp:127.0.0.1:5060 udp:127.0.0.1:5062`` as hosts and ports."""
    parts = [address.removeprefix("udp:").rpartition(":") for address in said.split()]
    return [(host.strip("[]"), int(port)) for host, _, port in parts]


def main() -> None:
    """Call the numbers."""
    options = argparse.ArgumentParser(description="Call numbers, as a carrier expects it, or wrongly.")
    options.add_argument("numbers", nargs="+")
    options.add_argument("--wrong", choices=WRONG, help="what to do wrong")
    options.add_argument("--passes", type=int, default=1, help="how often to go through the list; %(default)s")
    options.add_argument("--pause", type=float, default=2.0, help="seconds between two passes; %(default)s")
    options.add_argument("--patience", type=float, default=10.0, help="seconds from 100 to CANCEL; %(default)s")
    options.add_argument("--lines", type=int, default=3, help="calls at once; %(default)s")
    options.add_argument("--per-second", type=float, default=5.0, help="new calls a second; %(default)s")
    options.add_argument("--user", default="", help="registers as this user, with the password in DIAL_PASSWORD")
    options.add_argument("--to", default=os.environ.get("SIMCARRIER_ADDRESSES", "127.0.0.1:5060"), help="HOST:PORT ...")
    said = options.parse_args()
    settings = Settings(
        patience=said.patience,
        lines=said.lines,
        per_second=said.per_second,
        pause=said.pause,
        user=said.user,
        password=os.environ.get("DIAL_PASSWORD", ""),
    )
    dialler = (WRONG[said.wrong] if said.wrong else Dialler)(*addresses(said.to), settings=settings)
    asyncio.run(dialler.run(*[said.numbers] * said.passes))


if __name__ == "__main__":
    main()
