"""Follow-ups for people: what was asked and why, what came, how the ranking moved."""

from __future__ import annotations

from collections.abc import Iterator

from simcarrier.diagnosis.follow_ups import Answer
from simcarrier.probe.follow_up import FollowUp
from simcarrier.probe.result import Result
from simcarrier.records.ladder import printable
from simcarrier.records.observation import Observation, Outcome

MOVED = 0.01
"""A cause that is less likely before and after is not told."""

_CAME = {
    Answer.SAME: "the same answer",
    Answer.PASSES: "it got through",
    Answer.OTHER: "another answer",
}


def follow_up_lines(result: Result) -> Iterator[tuple[str, str]]:
    """What was asked about a call, each line with its style."""
    for one in result.follow_ups:
        yield f"    asked: {printable(one.asked)}", "bold"
        if one.refusal is not None:
            yield f"        not asked: {one.refusal}", "yellow"
            continue
        yield f"        why: {one.why}", ""
        yield f"        came: {_came(one)}", ""
        if one.answer is not None:
            yield f"        so: {_moved(one)}", ""


def _came(one: FollowUp) -> str:
    seen = one.observation
    said = "nothing" if seen is None else _what(seen)
    return f"{said}: it tells nothing" if one.answer is None else f"{said}: {_CAME[one.answer]}"


def _what(seen: Observation) -> str:
    final = seen.final
    if final is None:
        return str(seen.outcome or "nothing").replace("_", " ")
    rang = "rang, " if seen.rang and seen.outcome is not Outcome.ANSWERED else ""
    return f"{rang}{final.code} {printable(final.phrase)} after {final.at:.3f} s"


def _moved(one: FollowUp) -> str:
    moves = [move for move in one.moved if max(move[1:]) >= MOVED]
    return ", ".join(f"{condition} {before:.0%} -> {after:.0%}" for condition, before, after in moves)
