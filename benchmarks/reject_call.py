"""A refused call: INVITE, 100, 403, ACK; our CPU per call beside that of SIPp's own server."""

from __future__ import annotations

import tempfile
from pathlib import Path

import sipp
from pairs import arguments, compare

SCENARIO = """\
name: A carrier that routes no caller
carrier: {seed: 1}
calls:
  - name: not routed
    to: "+49*"
    from: {not: ["+4989*", "+4940*"]}
    respond: {code: 403, trying: true}
"""


def caller(folder: Path) -> Path:
    """A caller that is refused."""
    return sipp.scenario(
        folder,
        "caller",
        sipp.request("INVITE", sdp=True),
        sipp.receive(100),
        sipp.receive(403),
        sipp.request("ACK", to_tag=True, back=3),
    )


def main() -> None:
    options = arguments(__doc__ or "")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = folder / "reject.yaml"
        ours.write_text(SCENARIO)
        theirs = sipp.scenario(
            folder,
            "reject",
            sipp.receive("INVITE"),
            sipp.response(100, "Trying", tag=False),
            sipp.response(403, "Forbidden"),
            sipp.receive("ACK"),
        )
        compare(lambda: sipp.simcarrier(ours), lambda: sipp.sipp_server(theirs), caller(folder), options)


if __name__ == "__main__":
    main()
