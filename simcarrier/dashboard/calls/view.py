"""What the page of one call shows, as values for its template; and the call as text, for a ticket or a mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from simcarrier.artefacts.in_words import ShownMessage, facts_of, kind_of, shown_message, time_text
from simcarrier.deliverability.causes import in_words
from simcarrier.probe.evidence import messages_text
from simcarrier.records.ladder import ladder_text, printable
from simcarrier.records.ladder_svg import ladder_svg
from simcarrier.records.model import CallRecord
from simcarrier.records.row import COLUMNS, Row
from simcarrier.records.transcript import Transcript

from .filter_fields import is_up

MOST_SHOWN: Final = 512 * 1024
"""Characters of messages on a page; what is beyond is in the downloads."""

MESSAGE: Final = "message-"
"""How the id of a message begins; its number is behind it."""

_TIMES: Final = ("began", "first_response", "ringing", "final", "answered", "ended")
_MILLISECONDS: Final = ("post_dial_delay", "talk")


@dataclass(frozen=True, slots=True)
class CallView:
    """A call of a carrier that runs; every text is still to be escaped, but for ``ladder``.

    Attributes:
        number: its number.
        caller, called: the numbers.
        code, kind, phrase: of the final response; what the call does if there is none yet.
        up: it goes on.
        facts: names and values.
        near_misses: rules that nearly took it.
        ladder: its messages as a picture.
        messages: as text.
        note: what is not shown, in a sentence.
    """

    number: int
    caller: str
    called: str
    code: str
    kind: str
    phrase: str
    up: bool
    facts: Sequence[tuple[str, str]]
    near_misses: Sequence[str]
    ladder: Markup
    messages: Sequence[ShownMessage]
    note: str


def view_of(record: CallRecord, transcript: Transcript) -> CallView:
    """What the page shows.

    Args:
        record: as far as the call has come.
        transcript: its messages as the caller saw them, as far as they are kept.
    """
    messages = transcript.messages
    shown: list[ShownMessage] = []
    size = 0
    for passed in messages:
        size += len(passed.data)
        if size > MOST_SHOWN and shown:
            break
        shown.append(shown_message(passed, messages[0].at))
    up = is_up(record)
    code = "none" if record.code is None else str(record.code)
    if up and record.code is None:
        code = "calling"
    title = f"call {record.number}: {record.caller} -> {record.called}"
    return CallView(
        record.number,
        record.caller or "?",
        record.called or "?",
        code,
        kind_of(record.code),
        record.phrase or "",
        up,
        facts_of(record),
        [str(miss) for miss in record.near_misses],
        # `ladder_svg` escapes whatever stands in it.
        Markup(ladder_svg(messages, title, embedded=True, links=MESSAGE)) if messages else Markup(),
        shown,
        _note(transcript, len(shown)),
    )


def _note(transcript: Transcript, shown: int) -> str:
    if not transcript.messages:
        return "The messages of this call are not kept any more: only those of the last calls are."
    missing = len(transcript.messages) - shown
    if missing:
        return f"{missing:,} more messages are in the downloads."
    return f"{transcript.left_out:,} more messages of this call are not shown." if transcript.left_out else ""


def text_of(record: CallRecord, transcript: Transcript) -> str:
    """The call as text: its facts, its ladder, its messages."""
    code = "no final response" if record.code is None else f"{record.code} {record.phrase or ''}".strip()
    lines = [f"call {record.number}: {record.caller or '?'} -> {record.called or '?'}: {code}", ""]
    lines += [f"{f'{name}:':<16}{value}" for name, value in facts_of(record)]
    lines += [f"nearly: {miss}" for miss in record.near_misses]
    head = "".join(f"{printable(line)}\n" for line in lines)
    if not transcript.messages:
        return f"{head}\n{_note(transcript, 0)}\n"
    return f"{head}\n{ladder_text(transcript.messages)}\n{messages_text(transcript.messages)}"


def facts_of_row(row: Row) -> list[tuple[str, str, str]]:
    """What a stored call's columns hold: name, value in words, and what the column means; nothing for NULL."""
    told = []
    for column in COLUMNS:
        value = getattr(row, column.name)
        if value is None or value == "":
            continue
        if column.name in _TIMES:
            text = time_text(value / 1000)
        elif column.name in _MILLISECONDS:
            text = f"{value / 1000:.3f} s"
        elif column.name == "rang":
            text = "yes" if value else "no"
        elif column.name in ("condition", "cause"):
            text = f"{value}: {in_words(value)}"
        elif column.name == "retry_after":
            text = f"{value} s"
        else:
            text = str(value)
        told.append((column.name.replace("_", " "), text, column.meaning.replace("`", "")))
    return told
