"""``simcarrier diagnose FILE``: what happened to calls that were made already, without calling again."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

if TYPE_CHECKING:
    from simcarrier.diagnosis import Diagnosis
    from simcarrier.diagnosis.messages import Heard

LIKELY = 0.05
"""Causes less probable than this are left out, save the first."""

AROUND = 250
"""Calls before and after a call that its diagnosis looks at."""


class Unusable(click.ClickException):
    """The file can't be used."""

    exit_code = 2


@click.command()
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a call.")
@click.option(
    "--causes", type=click.IntRange(1), default=3, show_default=True, metavar="N", help="So many causes at most."
)
def diagnose(source: Path, as_json: bool, causes: int) -> None:
    """Say what most likely happened to the calls in FILE, or on standard input if it is -.

    FILE is what simcarrier probe --json has written, a capture (pcap, pcapng), or SIP messages as text, such as one
    response that somebody has pasted. All calls of a file are looked at together. Nobody is called.
    """
    from simcarrier.diagnosis.sources import SourceFault, read_calls

    try:
        calls = read_calls(_bytes_of(source))
    except SourceFault as fault:
        raise Unusable(f"{source}: {fault}") from None
    for heard, made in _diagnosed(calls):
        if as_json:
            _echo_json(heard, made, causes)
        else:
            click.echo("\n".join(_lines(heard, made, causes)))


def _bytes_of(source: Path) -> bytes:
    from simcarrier.diagnosis.sources import LARGEST

    try:
        if str(source) == "-":
            return _at_most(sys.stdin.buffer, LARGEST, source)
        with source.open("rb") as stream:
            return _at_most(stream, LARGEST, source)
    except OSError as error:
        raise Unusable(f"{source}: {error.strerror or error}") from None


def _at_most(stream: BinaryIO, largest: int, source: Path) -> bytes:
    data = stream.read(largest + 1)
    if len(data) > largest:
        raise Unusable(f"{source}: more than {largest // 1024**2} MiB")
    return data


def _diagnosed(calls: Sequence[Heard]) -> Iterator[tuple[Heard, Diagnosis]]:
    """Each call, with those around it for its history."""
    from simcarrier.diagnosis import Call, diagnose

    known = [Call.of(heard.observation) for heard in calls]
    for at, heard in enumerate(calls):
        # Calls without times all lie at one moment: near enough.
        around = [*known[max(0, at - AROUND) : at], *known[at + 1 : at + 1 + AROUND]]
        yield heard, diagnose(heard.observation, around, timed=heard.timed)


def _echo_json(heard: Heard, made: Diagnosis, causes: int) -> None:
    import json

    seen = heard.observation
    told: dict[str, Any] = {
        "event": "diagnosis",
        "number": seen.number,
        "from": seen.caller,
        "to": seen.called,
        "trunk": seen.trunk,
        "call_id": seen.call_id,
        "outcome": seen.outcome,
        "code": made.evidence.code,
        **made.as_dict(causes),
    }
    click.echo(json.dumps(told, ensure_ascii=True, separators=(",", ":")))


def _lines(heard: Heard, made: Diagnosis, causes: int) -> Iterator[str]:
    from simcarrier.conditions import MEANINGS
    from simcarrier.diagnosis.words import name_of, retry_in_words

    from .views.text import printable

    seen = heard.observation
    parties = f"{printable(seen.caller or '?')} -> {printable(seen.called or '?')}"
    yield f"{parties}: {printable(name_of(made.evidence))}"
    for place, each in enumerate(made.ranked[:causes]):
        if place and each.probability < LIKELY:
            break
        yield f"  {each.probability:4.0%} {each.condition}: {MEANINGS[each.condition].what}"
        yield from (f"       + {printable(said)}" for said in each.evidence_for)
        yield from (f"       - {printable(said)}" for said in each.evidence_against)
    yield f"  refused by: {made.refused_by} ({made.refused_by_probability:.0%})"
    yield f"  retry: {retry_in_words(made.retry, made.retry_after)}"
    yield f"  advice: {printable(made.advice)}"
    question = _question(made)
    if question:
        yield f"  to find out: {question}"


def _question(made: Diagnosis) -> str | None:
    from simcarrier.diagnosis.follow_ups import next_question

    found = next_question(made)
    return None if found is None else found.what
