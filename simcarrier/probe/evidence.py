"""Evidence for a carrier: an archive with a cover page and a folder for each call.

A carrier that is asked for help wants fresh examples, each with the numbers and the exact time, and wants to see the
messages in its own tools. So a folder has the facts in words, a ladder as text and as a picture, the messages, and a
capture; the cover page lists the calls and says what is asked. The words are neutral: what was seen is a fact, what may
be behind it is called an estimate.

The same results make the same archive, byte by byte, in the same time zone: files in a fixed order, their times those
of the calls. No password and no key is in it; numbers are masked if that is wanted, alike in every file.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import PurePath
from typing import BinaryIO

from simcarrier.records.ladder import address_text, ladder_text, printable
from simcarrier.records.ladder_svg import ladder_svg
from simcarrier.records.observation import Observation, Outcome, Seen
from simcarrier.records.pcap import pcap_of
from simcarrier.records.transcript import MOST_MESSAGES, Passed

from .audio_words import heard_in
from .masking import Masker, in_texts
from .results_file import KeptCall, Results

_COLUMN = 24
_SPELT = {"call-id": "Call-ID", "p-asserted-identity": "P-Asserted-Identity", "www-authenticate": "WWW-Authenticate"}
MOST_SENTENCES = 4
"""What speaks for a cause, told at most."""

LEAST_LIKELY = 0.05
"""Causes less likely than this are not told: they would only be read as accusations."""

_FIRST_ZIP_TIME = 315_532_800
"""1980: the first year that a ZIP archive knows, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A call that goes into the archive.

    Attributes:
        call: the call, numbers masked if that is wanted.
        folder: its folder's name.
        zone: for local times; None for the zone of this machine.
    """

    call: KeptCall
    folder: str
    zone: tzinfo | None = None

    @property
    def start(self) -> datetime:
        """When the INVITE went out, in UTC."""
        return datetime.fromtimestamp(self.call.seen.started, UTC)

    @property
    def local_start(self) -> datetime:
        """The same in local time."""
        return self.start.astimezone(self.zone)

    @property
    def result(self) -> str:
        """What it came to, in a few words."""
        return result_of(self.call.seen)

    @property
    def summary(self) -> str:
        """The call in a line."""
        return f"{printable(self.call.seen.caller)} -> {printable(self.call.seen.called)}: {self.result}"

    @property
    def reasons(self) -> str:
        """The Reason of its final response; empty if it had none."""
        final = self.call.seen.final
        return "" if final is None else printable(", ".join(final.values("reason")))


def exhibits(calls: Sequence[KeptCall], masker: Masker | None = None, zone: tzinfo | None = None) -> list[Exhibit]:
    """What goes into an archive, in the order of the file.

    Args:
        calls: the calls chosen.
        masker: hides numbers; None to show them.
        zone: for local times; None for the zone of this machine.
    """
    width = max(3, *(len(str(call.line)) for call in calls)) if calls else 3
    shown = calls if masker is None else [_masked(call, masker) for call in calls]
    return [Exhibit(call, f"call-{call.line:0{width}}", zone) for call in sorted(shown, key=lambda call: call.line)]


def _masked(call: KeptCall, masker: Masker) -> KeptCall:
    return KeptCall.from_dict(call.line, in_texts(call.told, masker.text), call.count)


def write_evidence(stream: BinaryIO, results: Results, shown: Sequence[Exhibit], masker: Masker | None = None) -> None:
    """Write the archive.

    Args:
        stream: where to, open for writing.
        results: where the messages are.
        shown: the calls, at least one.
        masker: hides numbers in the messages; the same as for the exhibits.

    Raises:
        OSError: the results can't be read, or the archive can't be written.
        ResultsFault: the results have changed since they were checked.
    """
    from .cover import cover_html, cover_markdown

    masked = masker is not None
    latest = max(exhibit.start for exhibit in shown)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "cover.md", cover_markdown(shown, masked=masked).encode(), latest)
        _add(archive, "cover.html", cover_html(shown, masked=masked).encode(), latest)
        for exhibit in shown:
            messages = results.messages(exhibit.call)
            if masker is not None:
                messages = [
                    Passed(one.at, one.sent, one.transport, one.local, one.remote, masker.data(one.data))
                    for one in messages
                ]
            for name, content in files_of(exhibit, messages):
                _add(archive, f"{exhibit.folder}/{name}", content, exhibit.start)


def _add(archive: zipfile.ZipFile, name: str, content: bytes, at: datetime) -> None:
    stamp = max(at, datetime.fromtimestamp(_FIRST_ZIP_TIME, UTC))
    entry = zipfile.ZipInfo(name, (stamp.year, stamp.month, stamp.day, stamp.hour, stamp.minute, stamp.second))
    entry.create_system = 3  # the same on every machine: Unix, a plain file
    entry.external_attr = 0o100644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def files_of(exhibit: Exhibit, messages: Sequence[Passed]) -> Iterator[tuple[str, bytes]]:
    """The files of a call's folder: name and content."""
    yield "facts.txt", facts_text(exhibit).encode()
    if not messages:
        return
    seen = exhibit.call.seen
    title = f"{seen.caller} calls {seen.called}: {exhibit.result}"
    yield "ladder.txt", ladder_text(messages).encode()
    yield "ladder.svg", ladder_svg(messages, title).encode()
    yield "call.pcap", pcap_of(messages)
    yield "messages.txt", messages_text(messages).encode()


# Facts


def result_of(seen: Observation) -> str:
    """What a call came to, in a few words."""
    final, waited = seen.final, seen.gave_up or 0.0
    if seen.outcome is Outcome.SILENT:
        return f"no response within {waited:.1f} s" if seen.gave_up is not None else "no response"
    if seen.outcome is Outcome.STALLED:
        last = seen.provisionals[-1].code if seen.provisionals else 100
        return f"nothing further after {last}; cancelled after {waited:.1f} s"
    if seen.outcome is Outcome.RANG_OUT:
        return f"rang without an answer; cancelled after {waited:.1f} s"
    if seen.outcome is Outcome.INTERRUPTED:
        return "broken off by the caller"
    if seen.outcome is Outcome.TRANSPORT_FAILED:
        return "could not be sent"
    if seen.outcome is Outcome.UNRESOLVED:
        return "no address of the trunk was found"
    if final is None:
        return "unknown"
    return f"{final.code} {printable(final.phrase)}".strip()


def asked_of(seen: Observation) -> str:
    """What the carrier is asked about a call."""
    code = "this response" if seen.final is None else str(seen.final.code)
    asked = {
        Outcome.REFUSED: f"Which system ended this call with {code}, and for what reason? What has to change, on which "
        "side, for such calls to come through?",
        Outcome.REDIRECTED: f"Is the redirection ({code}) meant for us, and is the address in it to be called?",
        Outcome.UNAUTHORISED: f"Is this account active, and may it call from this address? The credentials were "
        f"answered with {code}.",
        Outcome.STALLED: "The call was taken, and then nothing further was sent. Where did it stay, and what became of "
        "it there?",
        Outcome.SILENT: "Did the INVITE arrive, and what became of it? Nothing came back.",
        Outcome.RANG_OUT: "Was the phone ringing all the time, and which system sent the ringing?",
        Outcome.TRANSPORT_FAILED: "Is this address in service, and may we connect to it?",
        Outcome.UNRESOLVED: "Is the trunk's name right, and in the DNS?",
        Outcome.INTERRUPTED: "Nothing: the caller broke this call off. It is here for comparison.",
    }
    if seen.outcome is Outcome.ANSWERED or seen.outcome is None:
        if seen.hung_up_by == "peer":
            return "Which system hung up, and for what reason?"
        return "Nothing: the call was answered. It is here for comparison."
    return asked[seen.outcome]


def facts_text(exhibit: Exhibit) -> str:
    """The facts of a call, a line each."""
    lines = [f"{name + ':':<{_COLUMN}}{printable(value)}" for name, value in _facts(exhibit)]
    causes = [cause for cause in exhibit.call.causes if (cause.probability or 1.0) >= LEAST_LIKELY]
    if causes and exhibit.call.seen.outcome is not Outcome.ANSWERED:
        lines += ["", "Likely causes, as the calling side estimates them"]
        for cause in causes:
            share = "" if cause.probability is None else f"{cause.probability:4.0%} "
            words = f": {cause.what}" if cause.what else ""
            lines.append(f"  {share}{printable(cause.condition)}{printable(words)}")
            lines += [f"       {printable(one)}" for one in cause.evidence[:MOST_SENTENCES]]
    lines += ["", "What is asked of the carrier", f"  {asked_of(exhibit.call.seen)}"]
    return "".join(f"{line}\n" for line in lines)


def _facts(exhibit: Exhibit) -> Iterator[tuple[str, str]]:
    seen = exhibit.call.seen
    yield "Calling number", seen.caller
    yield "Called number", seen.called
    yield "Start, UTC", time_text(exhibit.start)
    yield "Start, local time", time_text(exhibit.local_start)
    yield "Call-ID", seen.call_id or "none"
    yield "Trunk", f"{seen.trunk}: {seen.remote or 'no address'} over {seen.transport or 'no transport'}"
    tried = list(dict.fromkeys(seen.targets))
    if len(tried) > 1:
        yield "Addresses tried", ", ".join(tried)
    if seen.rounds > 1:
        yield "INVITEs sent", f"{seen.rounds}, after a challenge, a redirection or at another address"
    yield "Result", f"{seen.outcome or 'unknown'}: {exhibit.result}"
    if seen.earlier:
        yield "Earlier responses", f"{_row(seen.earlier)}; the call went on after that"
    if seen.provisionals:
        yield "Provisional responses", _row(seen.provisionals)
    yield "Post dial delay", _seconds(seen.post_dial_delay) or "unknown: nothing but 100 was received"
    yield "Final response", "none was received" if seen.final is None else _row([seen.final])
    if seen.final is not None:
        yield from _fields(seen.final.headers.items())
    if seen.gave_up is not None:
        yield "Given up by the caller", f"{_seconds(seen.gave_up)} after the INVITE"
    if seen.after:
        yield "Received after that", _row(seen.after)
    if seen.audio is not None:
        yield "Heard", heard_in(seen.audio, seen.answered)
        if seen.audio.recording is not None:
            yield "Recording", PurePath(seen.audio.recording).name  # its folder is nobody else's business
    if seen.answered is not None and seen.ended is not None:
        by = {"us": "by the caller", "peer": "by the carrier's side"}.get(str(seen.hung_up_by), "")
        yield "Hung up", f"{_seconds(seen.ended - seen.answered)} after the answer {by}".rstrip()
        yield from _fields(seen.bye.items(), "of BYE: ")
    if seen.concurrent > 1:
        yield "Calls at that time", f"{seen.concurrent} on this trunk, this one included"
    if seen.trouble:
        yield "Trouble of the caller", seen.trouble
    for note in seen.notes:
        yield "Out of order", note
    if exhibit.call.difference is not None:
        yield "Not as expected", exhibit.call.difference
    count = exhibit.call.count
    yield "Messages kept", f"{count}, the first of more, maybe" if count >= MOST_MESSAGES else str(count)


def _fields(fields: Iterable[tuple[str, tuple[str, ...]]], before: str = "") -> Iterator[tuple[str, str]]:
    for name, values in fields:
        spelt = _SPELT.get(name) or "-".join(part.capitalize() for part in name.split("-"))
        for value in values:
            yield f"  {before}{spelt}", value


def _row(responses: Sequence[Seen]) -> str:
    shown = ", ".join(f"{one.code} {one.phrase} at {one.at:.3f} s" for one in responses[:12])
    return f"{shown}, and {len(responses) - 12} more" if len(responses) > 12 else shown


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.3f} s"


def time_text(at: datetime) -> str:
    """A time with its offset, to the microsecond."""
    text = at.isoformat(" ", "microseconds")
    return f"{text[:-6]} UTC" if at.tzinfo is UTC else f"{text[:26]} {text[26:]}"


# Messages


def messages_text(messages: Sequence[Passed]) -> str:
    """The messages as they are, save that bytes which are no text are written as escapes."""
    parts: list[str] = []
    for number, one in enumerate(messages, 1):
        at = time_text(datetime.fromtimestamp(one.at, UTC))
        way = "->" if one.sent else "<-"
        parts.append(
            f"=== message {number} of {len(messages)}: {at}, {one.at - messages[0].at:.6f} s after the first, "
            f"{one.transport}, {address_text(one.local)} {way} {address_text(one.remote)}, {len(one.data)} bytes\n\n"
            f"{_shown(one.data)}\n\n"
        )
    return "".join(parts)


def _shown(data: bytes) -> str:
    text = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    return "".join(one if one in "\n\t" or one.isprintable() else printable(one) for one in text).rstrip("\n")
