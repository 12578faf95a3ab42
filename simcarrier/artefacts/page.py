"""The page of a run: one HTML file that needs nothing but a browser.

It asks no host for anything, has no script, and says so itself by a Content-Security-Policy that allows its one style
sheet, by its hash, and nothing else: should a value from the wire ever get past the escaping, the browser still would
not run it. Jinja2 escapes every value; the ladders are SVG that `ladder_svg` has escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from simcarrier.conditions import MEANINGS
from simcarrier.conduct.breach import Breach
from simcarrier.conduct.report import Report as Conduct
from simcarrier.records.ladder import printable
from simcarrier.records.ladder_svg import ladder_svg
from simcarrier.records.model import CallRecord
from simcarrier.records.transcript import Transcript
from simcarrier.verdict.outcome import Outcome

from .in_words import ShownMessage, facts_of, kind_of, shown_message

if TYPE_CHECKING:
    from jinja2 import Template

SHOWN = 200
"""Calls on a page: some 2 MB, which a browser opens at once."""

SHOWN_OTHERS = 20
"""Calls of other kinds, such as registrations."""

STYLES = ("theme.css", "report.css")

_FOLDER = Path(__file__).parent


class NoTemplates(ImportError):
    """The package that makes pages is not installed; the text says how to get it."""

    def __init__(self) -> None:
        super().__init__("a page needs the package Jinja2: pip install 'simcarrier[html]'", name="jinja2")


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of a run.

    Attributes:
        name: what ran.
        description: what it is about.
        facts: name and value of what is to stand in the head.
        failures: what makes it fail, in words.
        codes: how often each final code was sent; None for calls without one.
        conditions: how often each condition was behind a call.
        outcomes: expectations, judged.
        breaches: what the dialler did wrong on the wire; their calls are shown.
        conduct: the same by rule, with an example of each.
        records: the calls that there are records of, in any order.
        transcripts: their messages by Call-ID.
        others: messages of no call.
        calls: how many calls ended, those without a record included.
        notes: what else is to be said, a sentence each.
    """

    name: str
    description: str = ""
    facts: Sequence[tuple[str, str]] = ()
    failures: Sequence[str] = ()
    codes: Mapping[int | None, int] = field(default_factory=dict)
    conditions: Mapping[str, int] = field(default_factory=dict)
    outcomes: Sequence[Outcome] = ()
    breaches: Sequence[Breach] = ()
    conduct: Conduct = field(default_factory=Conduct)
    records: Sequence[CallRecord] = ()
    transcripts: Mapping[str, Transcript] = field(default_factory=dict)
    others: Mapping[str, Transcript] = field(default_factory=dict)
    calls: int = 0
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Call:
    """A call as it stands on the page; every text is still to be escaped, but for ``ladder``."""

    number: int
    caller: str
    called: str
    code: str
    kind: str
    phrase: str
    condition: str
    after: str
    open: bool
    marked: bool
    facts: list[tuple[str, str]]
    near_misses: list[str]
    ladder: str
    messages: list[ShownMessage]
    note: str


def render(report: Report) -> str:
    """The page.

    Raises:
        NoTemplates: Jinja2 is not there.
    """
    telling = _telling(report)
    shown = _chosen(report.records, telling)
    places: dict[str, int] = {}
    for record in shown:
        places.setdefault(record.call_id, record.number)
    calls = [_call(record, report.transcripts.get(record.call_id), record.call_id in telling) for record in shown]
    total = max(report.calls, len(report.records))
    style = "".join((_FOLDER / name).read_text(encoding="utf-8") for name in STYLES)
    return _template().render(
        report=report,
        style=style,
        style_hash=base64.b64encode(hashlib.sha256(f"\n{style}".encode()).digest()).decode(),
        codes=_bars({str(code or "none"): count for code, count in report.codes.items()}),
        conditions=_bars(report.conditions),
        meanings={str(condition): meaning.what for condition, meaning in MEANINGS.items()},
        outcomes=sorted(report.outcomes, key=lambda outcome: outcome.met),
        faults=report.conduct.faults,
        calls=calls,
        total=total,
        left_out=total - len(calls),
        others=[_others(key, kept) for key, kept in list(report.others.items())[:SHOWN_OTHERS]],
        other_count=len(report.others),
        places=places,
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError as error:
        raise NoTemplates from error
    made = Environment(
        autoescape=True, finalize=_shown, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return made.from_string((_FOLDER / "report.html").read_text(encoding="utf-8"))


def _shown(value: object) -> object:
    """A value before it is escaped: characters that can't be seen, or not even be written, stand as escapes."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return "\n".join(map(printable, value.split("\n")))


def check_templates() -> None:
    """Find out before a run whether a page can be made after it.

    Raises:
        NoTemplates: Jinja2 is not there.
    """
    _template()


def _telling(report: Report) -> set[str]:
    """The Call-IDs of calls that are a reason for something that went wrong."""
    unmet = {call_id for outcome in report.outcomes if not outcome.met for call_id in outcome.calls}
    broke = {fault.example.call_id for fault in report.conduct.faults}
    broke.update(breach.call_id for breach in report.breaches[: SHOWN // 2])
    return (unmet | broke | {record.call_id for record in report.records if not record.matched}) - {""}


def _chosen(records: Iterable[CallRecord], telling: set[str]) -> list[CallRecord]:
    """Which calls are shown, in their order: first those that tell of a fault, then the first ones."""
    ordered = sorted(records, key=lambda record: (record.call_id not in telling, record.number))
    return sorted(ordered[:SHOWN], key=lambda record: record.number)


def _bars(counts: Mapping[str, int]) -> list[tuple[str, int, str, int]]:
    """What, how many, the share in words, and the length of its bar of 100, the most frequent first."""
    total = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(what, count, f"{count / total:.1%}", max(round(100 * count / total), 1)) for what, count in ordered]


def _call(record: CallRecord, transcript: Transcript | None, marked: bool) -> _Call:
    messages = transcript.messages if transcript is not None else []
    title = f"call {record.number}: {record.caller} -> {record.called}"
    note = "" if messages else "The messages of this call are not kept any more."
    if transcript is not None and transcript.left_out:
        note = f"{transcript.left_out:,} more messages of this call are not shown."
    return _Call(
        number=record.number,
        caller=record.caller or "?",
        called=record.called or "?",
        code="none" if record.code is None else str(record.code),
        kind=kind_of(record.code),
        phrase=record.phrase or "",
        condition=str(record.condition or ""),
        after="" if record.responded_after is None else f"{record.responded_after:.3f} s",
        open=marked,
        marked=marked,
        facts=facts_of(record),
        near_misses=[str(miss) for miss in record.near_misses],
        ladder=ladder_svg(messages, title, embedded=True) if messages else "",
        messages=[shown_message(passed, messages[0].at) for passed in messages],
        note=note,
    )


def _others(call_id: str, transcript: Transcript) -> tuple[str, str, list[ShownMessage]]:
    messages = transcript.messages
    name = call_id or "messages without a Call-ID"
    return (
        name,
        ladder_svg(messages, name, embedded=True),
        [shown_message(one, messages[0].at) for one in messages],
    )
