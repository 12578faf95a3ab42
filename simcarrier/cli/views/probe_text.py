"""A probe's results for people: what came of each call, what it means, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from simcarrier.diagnosis import Diagnosis
from simcarrier.probe.audio_words import heard_in
from simcarrier.probe.cards import Card
from simcarrier.probe.result import Result
from simcarrier.probe.summary import Summary
from simcarrier.records.ladder import printable
from simcarrier.records.observation import Observation, Outcome

from .probe_follow_ups import follow_up_lines

LONG = 8
"""Calls from which on a progress bar is worth its line."""

CAUSES = 3
"""Causes told of one call."""

LIKELY = 0.05
"""How likely a cause must be to be told beside the first."""

_LONG_DATA = re.compile(r"(data:[^,\s]{0,80},)[^\s,)]{24,}")


class TextReport:
    """Lines, in colour on a terminal, with a progress bar for long plans."""

    def __init__(self, stream: TextIO, *, total: int) -> None:
        self._console = Console(file=stream, highlight=False, soft_wrap=True)
        self._progress: Progress | None = None
        if total >= LONG and self._console.is_terminal:
            self._progress = Progress(
                TextColumn("probing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=self._console
            )
            self._task = self._progress.add_task("probing", total=total)

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def result(self, result: Result) -> None:
        """A call has ended."""
        for line, style in result_lines(result):
            self._console.print(Text(line, style=style))
        if self._progress is not None:
            self._progress.advance(self._task)

    def finish(self, summary: Summary) -> None:
        """All calls have."""
        for line in summary_lines(summary):
            self._console.print(Text(line))


def result_lines(result: Result) -> Iterator[tuple[str, str]]:
    """What is told of a call, each line with its style."""
    parties = f"{printable(result.wanted.caller)} -> {printable(result.wanted.called)}"
    seen, meant = result.observation, result.diagnosis
    if seen is None:
        yield f"{parties}: not called: {result.refusal}", "yellow"
        return
    style = "green" if seen.outcome is Outcome.ANSWERED else "red" if result.difference else ""
    yield f"{parties}: {_what(seen)}{_ladder(seen)}", style
    if seen.final is not None:
        for reason in seen.final.values("reason"):
            yield f"    Reason: {printable(reason)}", ""
    if seen.audio is not None:
        yield f"    heard: {printable(heard_in(seen.audio, seen.answered))}", ""
        if seen.audio.recording is not None:
            yield f"    recorded: {printable(seen.audio.recording)}", ""
    if seen.trouble:
        yield f"    {printable(seen.trouble)}", ""
    for note in seen.notes:
        yield f"    note: {printable(note)}", "yellow"
    yield from follow_up_lines(result)
    if meant is not None and seen.outcome is not Outcome.ANSWERED:
        for cause in (meant.top, *(one for one in meant.ranked[1:CAUSES] if one.probability >= LIKELY)):
            why = f": {'; '.join(cause.evidence_for[:2])}" if cause.evidence_for else ""
            yield f"    {cause.probability:4.0%} {cause.condition}{printable(why)}", ""
        if result.refused_by is not None:
            yield f"    refused by: {result.refused_by} ({meant.refused_by_probability:.0%})", ""
        yield f"    retry: {_retry(meant)}; advice: {_shortened(meant.advice)}", "cyan"
        for name, contact in meant.contacts.as_dict().items():
            if name == "card" and result.card is not None:
                continue  # what it says comes below
            yield f"    {name.replace('_', ' ')}: {_shortened(contact)}", "cyan"
    if result.card is not None:
        yield from _card(result.card)
    if result.difference is not None:
        yield f"    not as expected: {result.difference}", "red"


def _shortened(text: str) -> str:
    """A text without the inside of data: URIs, which is not for reading."""
    return _LONG_DATA.sub(r"\1...", printable(text))


def _retry(meant: Diagnosis) -> str:
    words = str(meant.retry).replace("_", " ")
    return words if meant.retry_after is None else f"{words}, after {meant.retry_after} s"


def _card(card: Card) -> Iterator[tuple[str, str]]:
    told = [printable(part) for part in (card.name, card.url, card.email, card.tel) if part]
    if told:
        belief = "its signature is verified" if card.verified else "its signature is NOT verified"
        yield f"    card: {', '.join(told)} ({belief})", "cyan"
    for fault in card.faults:
        yield f"    card: {printable(fault)}", "yellow"


def _what(seen: Observation) -> str:
    final = seen.final
    if seen.outcome is Outcome.STALLED:
        return f"stalled: nothing further in {_last(seen):.1f} s after 100; cancelled"
    if seen.outcome is Outcome.RANG_OUT:
        return f"rang for {_last(seen):.1f} s; cancelled"
    if seen.outcome is Outcome.SILENT:
        return "no response at all"
    if final is not None:
        return f"{final.code} {printable(final.phrase)} after {final.at:.3f} s"
    return str(seen.outcome or "unknown").replace("_", " ")


def _last(seen: Observation) -> float:
    """Seconds from the response that the time-out was counted from to our giving up."""
    since = seen.earlier[-1].at if seen.earlier else 0.0
    own = [one for one in seen.provisionals if one.at >= since]
    first = next((one.at for one in own if one.code > 100), own[0].at if own else 0.0)
    return (seen.gave_up or 0.0) - first


def _ladder(seen: Observation) -> str:
    if not seen.provisionals:
        return ""
    first = ", ".join(f"{one.code} at {one.at:.3f} s" for one in seen.provisionals[:6])
    return f" (first {first}{', ...' if len(seen.provisionals) > 6 else ''})"


def summary_lines(summary: Summary) -> Iterator[str]:
    """The summary, a fact a line."""
    further = summary.follow_ups
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in summary.verdicts.items())
    yield f"{summary.calls} call{'' if summary.calls == 1 else 's'}{': ' if verdicts else ''}{verdicts}"
    if further:
        yield f"{further} follow-up{'' if further == 1 else 's'} to find causes"
    if summary.unexpected:
        yield f"{summary.unexpected} not as expected"
    if summary.refused:
        yield f"{summary.refused} refused by the guard"
    if summary.not_made:
        yield f"{summary.not_made} not made: told to stop"
    yield from summary.notes
