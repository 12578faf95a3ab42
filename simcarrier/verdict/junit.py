"""A verdict as JUnit XML, the form in which CI systems read test results.

There is no standard, only what Jenkins, GitLab and others take alike: ``testsuites`` with one ``testsuite``, in it a
``testcase`` for each expectation, and in that a ``failure`` if it was not met. Nothing else is used. One case more
stands for the run itself: a dialler that ended badly fails it, and a scenario without expectations still has a result.

Texts hold what callers sent, and callers send anything. XML 1.0 forbids most control characters, even escaped; they are
written as ``\\x00``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

from .outcome import Outcome

THE_RUN = "the run"
"""The name of the case that stands for the run itself."""

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class JunitRun:
    """What a report tells of the run.

    Attributes:
        name: of the scenario.
        started: seconds since 1970 UTC.
        took: seconds.
        outcomes: the expectations, judged.
        failures: what else makes the run fail, in words.
        said: lines about the run, such as its summary.
    """

    name: str
    started: float
    took: float
    outcomes: tuple[Outcome, ...] = ()
    failures: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


def render(run: JunitRun) -> str:
    """The report as a text; it says it is UTF-8."""
    cases = [*_cases(run.outcomes, run.name), _the_run(run)]
    failed = sum(not outcome.met for outcome in run.outcomes) + bool(run.failures)
    counts = f'tests="{len(cases)}" failures="{failed}" errors="0" skipped="0" time="{_seconds(run.took)}"'
    at = datetime.fromtimestamp(run.started, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    total = f'tests="{len(cases)}" failures="{failed}" errors="0" time="{_seconds(run.took)}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="simcarrier" {total}>',
        f'<testsuite name={_quoted(run.name)} {counts} timestamp="{at}" hostname="localhost">',
        *cases,
        "</testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def allowed(text: str) -> str:
    """A text with what XML forbids written as escapes of ours."""
    return _FORBIDDEN.sub(lambda found: _escaped(ord(found[0])), text)


def _escaped(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _quoted(text: str) -> str:
    return quoteattr(allowed(text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def _cases(outcomes: Sequence[Outcome], suite: str) -> Iterable[str]:
    """A case for each expectation. Two that want the same get a number: CI systems know cases by their names."""
    names = Counter(_name(outcome) for outcome in outcomes)
    seen: Counter[str] = Counter()
    for outcome in outcomes:
        name = _name(outcome)
        seen[name] += 1
        if names[name] > 1:
            name = f"{name} #{seen[name]}"
        if outcome.met:
            inside = f"<system-out>{escape(allowed(f'got {outcome.got}'))}</system-out>"
        else:
            inside = _failure(outcome.name, f"wanted {outcome.wanted}, got {outcome.got}", outcome.lines())
        yield f'<testcase classname={_quoted(suite)} name={_quoted(name)} time="0.000">{inside}</testcase>'


def _name(outcome: Outcome) -> str:
    return f"{outcome.name}: {outcome.wanted}"


def _the_run(run: JunitRun) -> str:
    failure = _failure("run", run.failures[0], run.failures) if run.failures else ""
    said = f"<system-out>{escape(allowed(chr(10).join(run.said)))}</system-out>" if run.said else ""
    opened = f'<testcase classname={_quoted(run.name)} name="{THE_RUN}" time="{_seconds(run.took)}">'
    return f"{opened}{failure}{said}</testcase>"


def _failure(kind: str, message: str, lines: Iterable[str]) -> str:
    text = escape(allowed("\n".join(lines)))
    return f"<failure type={_quoted(kind)} message={_quoted(message)}>{text}</failure>"


def _seconds(length: float) -> str:
    return f"{max(length, 0.0):.3f}"
