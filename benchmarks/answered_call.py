"""An answered call: INVITE, 180, 200, ACK, BYE, 200; our CPU per call beside that of SIPp's own server."""

from __future__ import annotations

import tempfile
from pathlib import Path

import sipp
from pairs import arguments, compare

SCENARIO = """\
name: A carrier where everybody answers at once
calls:
  - name: answered
    to: "+49*"
    steps: [ringing, answer]
"""


def main() -> None:
    options = arguments(__doc__ or "")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = folder / "answer.yaml"
        ours.write_text(SCENARIO)
        theirs = sipp.scenario(
            folder,
            "answer",
            sipp.receive("INVITE"),
            sipp.response(180, "Ringing", contact=True),
            sipp.response(200, "OK", contact=True, sdp=True),
            sipp.receive("ACK"),
            sipp.receive("BYE"),
            sipp.response(200, "OK", repeat=False),
        )
        caller = sipp.scenario(
            folder,
            "caller",
            sipp.request("INVITE", sdp=True),
            sipp.receive(180),
            sipp.receive(200),
            sipp.request("ACK", to_tag=True),
            sipp.request("BYE", 2, to_tag=True),
            sipp.receive(200),
        )
        compare(lambda: sipp.simcarrier(ours), lambda: sipp.sipp_server(theirs), caller, options)


if __name__ == "__main__":
    main()
