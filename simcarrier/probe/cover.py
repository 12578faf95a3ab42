"""The cover page of an evidence archive, as Markdown and as HTML: what is asked, and a table of the calls.

Whatever a carrier has written into a response stands in the page as text: nothing of it becomes markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from simcarrier.records.ladder import printable
from simcarrier.records.observation import Outcome

if TYPE_CHECKING:
    from .evidence import Exhibit

TITLE = "Calls to be looked into"

HEADINGS = (
    "Call",
    "Start (UTC)",
    "Local time",
    "Calling number",
    "Called number",
    "Trunk",
    "Result",
    "Reason",
    "Call-ID",
)

_MARKUP = re.compile(r"([\\`*_\[\]<>|&#~!])")

_STYLE = """
body { background: #fff; color: #1f2328; font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem;
  padding: 0 1rem }
table { border-collapse: collapse; font-size: 13px; width: 100% }
th, td { border-bottom: 1px solid #d1d5da; overflow-wrap: anywhere; padding: .35rem .6rem .35rem 0; text-align: left;
  vertical-align: top }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
"""


def paragraphs(shown: Sequence[Exhibit], *, masked: bool) -> Iterator[str]:
    """What is said above the table, and what a reader must know of the files."""
    failed = sum(1 for one in shown if one.call.seen.outcome not in (Outcome.ANSWERED, Outcome.INTERRUPTED))
    starts = sorted(f"{one.start:%Y-%m-%d %H:%M:%S}" for one in shown)
    period = starts[0] if starts[0] == starts[-1] else f"{starts[0]} to {starts[-1]}"
    trunks = sorted({f"{one.call.seen.remote} over {one.call.seen.transport}" for one in shown if one.call.seen.remote})
    made = "This call was" if len(shown) == 1 else f"These {len(shown)} calls were"
    through = f" through {', '.join(trunks[:8])}{' and others' if len(trunks) > 8 else ''}" if trunks else ""
    not_through = "" if failed == len(shown) else f" {failed} of {len(shown)} did not come through."
    yield f"{made} made on {period} UTC{through}.{not_through}"
    yield (
        "Please look into them, and tell for each which system ended it and for what reason. What is asked of each "
        "call stands in its folder in facts.txt."
    )
    offsets = sorted({one.local_start.isoformat()[-6:] for one in shown})
    yield (
        "Time zone: all times are UTC unless an offset is written beside them; local time is "
        f"UTC{' and UTC'.join(offsets)}. They are the times of the calling machine's clock."
    )
    yield (
        "Each folder has the facts (facts.txt), the messages as a ladder (ladder.txt, ladder.svg) and in full "
        "(messages.txt), and a capture (call.pcap) for Wireshark. The capture was made from the messages as they were "
        "sent and received: TCP sequence numbers are made up, and messages over TLS stand there as plain TCP, since "
        "they were seen decrypted. Credentials are left out."
    )
    if masked:
        yield (
            "Digits of telephone numbers are replaced by x, alike in all files. The full numbers can be had on "
            "request. Times are exact, and so is a Call-ID unless it holds a number."
        )


def rows(shown: Sequence[Exhibit]) -> Iterator[tuple[str, ...]]:
    """The table's cells, row by row, as plain text."""
    for one in shown:
        seen = one.call.seen
        yield tuple(
            printable(cell)
            for cell in (
                one.folder,
                f"{one.start:%Y-%m-%d %H:%M:%S}.{one.start.microsecond // 1000:03}",
                one.local_start.isoformat(" ", "milliseconds"),
                seen.caller,
                seen.called,
                f"{seen.remote} {seen.transport}".strip() or seen.trunk,
                one.result,
                one.reasons,
                seen.call_id,
            )
        )


def cover_markdown(shown: Sequence[Exhibit], *, masked: bool) -> str:
    """The cover page as Markdown."""
    parts = [f"# {TITLE}", *(_plain(text) for text in paragraphs(shown, masked=masked))]
    table = [_row(HEADINGS), _row(["---"] * len(HEADINGS))]
    table += [_row([_plain(cell) for cell in cells]) for cells in rows(shown)]
    return "\n\n".join([*parts, "\n".join(table)]) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", printable(text))


def cover_html(shown: Sequence[Exhibit], *, masked: bool) -> str:
    """The cover page as HTML that needs no other file, no script and no network."""
    head = "".join(f"<th>{escape(name)}</th>" for name in HEADINGS)
    body = "\n".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>" for cells in rows(shown))
    text = "\n".join(f"<p>{escape(printable(one))}</p>" for one in paragraphs(shown, masked=masked))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{escape(TITLE)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(TITLE)}</h1>
{text}
<table>
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table>
</body>
</html>
"""
