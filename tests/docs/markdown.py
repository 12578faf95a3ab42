"""The documents as a test sees them: fenced blocks, what is to be run, and output made comparable.

A ``sh`` or ``python`` block is an example to run; a ``text`` block right after it is what it prints. A comment before
the block tells of exceptions: ``<!-- not run: why -->``, or before a ``text`` block ``<!-- printed by: COMMAND -->``. A
``yaml`` or ``csv`` block whose first line is ``# NAME.yaml`` (``# NAME.csv``) is that file for the examples of its
document. So is a ``python test`` block, ``# test_NAME.py``; an example runs it by pytest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

_FENCE = re.compile(r"^```([a-z]+(?: [a-z]+)?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!-- (not run|printed by): (.*?) -->\s*\Z", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        document: the file it stands in.
        line: where, counted from 1.
        kind: what stands behind the fence, such as ``sh`` or ``yaml wrong``.
        text: what is in it.
        not_run: why it is not run; empty if it is.
        printed_by: the command that prints it, if a comment says so.
        output: the ``text`` block right after it; None if there is none.
    """

    document: Path
    line: int
    kind: str
    text: str
    not_run: str = ""
    printed_by: str = ""
    output: str | None = None

    @property
    def place(self) -> str:
        """Where it stands, to be clicked on."""
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def blocks_of(document: Path) -> Iterator[Block]:
    """The fenced blocks of a document, in order."""
    source = document.read_text(encoding="utf-8")
    fences = list(_FENCE.finditer(source))
    end = 0
    for at, fence in enumerate(fences):
        between = source[end : fence.start()]
        end = fence.end()
        said = _COMMENT.search(between)
        word, what = (said[1], " ".join(said[2].split())) if said else ("", "")
        after = fences[at + 1] if at + 1 < len(fences) else None
        follows = after is not None and after[1] == "text" and not source[fence.end() : after.start()].strip()
        yield Block(
            document,
            source.count("\n", 0, fence.start()) + 1,
            fence[1],
            fence[2],
            not_run=what if word == "not run" else "",
            printed_by=what if word == "printed by" else "",
            output=after[2] if after is not None and follows else None,
        )


def all_blocks() -> list[Block]:
    """The blocks of all documents."""
    return [block for document in DOCUMENTS for block in blocks_of(document)]


def files_for(document: Path) -> dict[str, str]:
    """The files that a document shows, by their names."""
    files = {}
    for block in blocks_of(document):
        first = block.text.partition("\n")[0]
        kind = block.kind.split()[0]
        if re.fullmatch(rf"# [a-z_-]+\.{'py' if kind == 'python' else kind}", first):
            files[first.removeprefix("# ")] = block.text
    return files


_CHANGING = (
    (re.compile(r"\b\d\d:\d\d:\d\d\.\d{3}\b"), "CLOCK"),
    (re.compile(r'timestamp="[^"]+"'), "WHEN"),
    (re.compile(r"\b\d+(\.\d+)? m?s(?= (after|later))"), "T"),
    (re.compile(r"\d+\.\d{2,6}\b"), "T"),  # seconds with a fraction
    (re.compile(r"(127\.0\.0\.1:)\d{1,5}"), r"\1PORT"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "ID"),
    (re.compile(r"\b0x[0-9a-f]+\b"), "ID"),
    (re.compile(r"(responded|acknowledged|ended)_after(\":|=)\d+\.\d+(e-\d+)?"), r"\1_after\2T"),
    (re.compile(r"\b[\d,]+ calls/s"), "N calls/s"),
    # One packet of audio more or less, how late, and a sound's tenth of a second.
    (re.compile(r"\b\d+(?= packets)"), "N"),
    (re.compile(r"\b\d+ received"), "N received"),
    (re.compile(r"\b\d+\.\d(?= ms\b)"), "T"),
    (re.compile(r"\b(at|for) \d+\.\d s\b"), r"\1 T"),
    (re.compile(r"\d+\.\d s ago|(?<=since_start is )\d+(\.\d+)?s"), "T"),
    (re.compile(r"\bin \d+\.\d\ds\b"), "in T"),  # what pytest took
    (re.compile(r" +"), " "),
)


def comparable(output: str) -> list[str]:
    """The lines of an output, times, ports and identifiers masked; sorted, for two programs write them."""
    for changing, mask in _CHANGING:
        output = changing.sub(mask, output)
    return sorted(line.strip() for line in output.splitlines() if line.strip())
