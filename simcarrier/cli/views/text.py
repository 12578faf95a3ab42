"""A run as plain text: a line a call, and a summary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from simcarrier.conduct.report import report_lines
from simcarrier.records.model import CallRecord
from simcarrier.service import CarrierService

from .base import Summary
from .writer import LineWriter

USUAL_DIALECT = "textbook"


class TextView:
    """Lines for people.

    Args:
        stream: where to write.
        quiet: without the lines of the single calls.
    """

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self._writer = LineWriter(stream)
        self._quiet = quiet

    @property
    def untold(self) -> int:
        """Lines that were given up because nobody read them."""
        return self._writer.untold

    def listening(self, carrier: CarrierService) -> None:
        """What runs, and where it can be called."""
        self._writer.write(headline(carrier))
        for address in carrier.addresses:
            self._writer.write(f"listening on {address}")
        if (place := web_place(carrier)) is not None:
            self._writer.write(place)

    def call(self, record: CallRecord) -> None:
        """A call has ended."""
        if not self._quiet:
            self._writer.write(call_line(record))
            for line in near_miss_lines(record):
                self._writer.write(line)

    def finish(self, summary: Summary) -> None:
        """The figures of the run."""
        for line in summary_lines(summary):
            self._writer.write(line)
        self._writer.close()


def web_place(carrier: CarrierService) -> str | None:
    """What is served over HTTP, and where; None if nothing is."""
    if carrier.dashboard is not None:
        return f"dashboard at {carrier.dashboard}"
    return None if carrier.control is None else f"control at {carrier.control}"


def headline(carrier: CarrierService) -> str:
    """The scenario's name, and the dialect if it is not the usual one."""
    dialect = carrier.scenario.carrier.dialect
    return carrier.scenario.name if dialect == USUAL_DIALECT else f"{carrier.scenario.name} (dialect {dialect})"


def printable(text: str) -> str:
    """Text from the wire, fit for a terminal: control characters and broken UTF-8 are shown, not sent."""
    return text if text.isprintable() else text.encode("unicode_escape", "backslashreplace").decode("ascii")


def call_line(record: CallRecord) -> str:
    """One call in a line: who called whom, what was answered, when, and why."""
    if record.code is None:
        answer = "no final response"
    else:
        answer = f"{record.code} {printable(record.phrase or '')}"
    if record.responded_after is not None:
        answer += f" after {record.responded_after:.3f} s"
    before = f" (first {', '.join(map(str, record.provisional))})" if record.provisional else ""
    ending = {"refused": "", "hung_up_by_peer": "; the caller hung up", "hung_up_by_us": "; we hung up"}.get(
        record.ending or "", f"; {(record.ending or '').replace('_', ' ')}"
    )
    if record.code is not None and 200 <= record.code < 300 and record.ended_after is not None:
        ending += f" after {record.ended_after:.3f} s"
    parties = f"{printable(record.caller) or '?'} -> {printable(record.called) or '?'}"
    heard = "" if record.media is None else f"; {record.media}"
    return f"{parties}: {answer}{before}{ending}{heard} [{reason(record)}]"


def reason(record: CallRecord) -> str:
    """Why the call got what it got: what really happened, and the resource or the rule that decided."""
    condition = f"{record.condition}" if record.condition is not None else ""
    if record.why is not None:
        said = f"{condition}: {record.why}" if condition else record.why
    elif record.rule is not None:
        said = f"{condition}, rule: {record.rule}" if condition else f"rule: {record.rule}"
    else:
        said = "no rule matched"
    return f"{said}; cut off: {record.cut}" if record.cut is not None else said


def near_miss_lines(record: CallRecord) -> Iterator[str]:
    """What nearly took the call, a rule a line."""
    for miss in record.near_misses:
        yield f"    not by {printable(str(miss))}"


def media_line(media: dict[str, float]) -> str:
    """The audio of all calls in a line; what did not happen is left out."""
    told = [f"{media['sent']:,} packets sent", f"{media['received']:,} received"]
    if media["sent"]:
        told.append(f"99 % within {media['late'] * 1000:.1f} ms of their time")
    if media["strangers"]:
        told.append(f"{media['strangers']:,} from elsewhere than described")
    if media["withheld"]:
        told.append(f"{media['withheld']:,} x none may go where the caller asks for them")
    if media["without"]:
        told.append(f"{media['without']:,} x no ports for a call")
    return f"media: {', '.join(told)}"


def summary_lines(summary: Summary) -> Iterator[str]:
    """The summary, a fact a line."""
    codes = ", ".join(f"{count} x {code}" for code, count in summary.codes.items())
    calls = "1 call" if summary.calls == 1 else f"{summary.calls} calls"
    yield f"{calls}{': ' if codes else ''}{codes}"
    if summary.unmatched:
        yield f"{summary.unmatched} of them matched no rule"
    if summary.dropped:
        yield "messages not used: " + ", ".join(f"{count} {name}" for name, count in summary.dropped.items())
    if summary.access:
        yield "access: " + ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in summary.access.items())
    if summary.media:
        yield media_line(summary.media)
    if summary.untold:
        yield f"{summary.untold} lines were not written: whoever reads them is too slow"
    yield from report_lines(summary.conduct)
    evidence = {str(outcome): outcome.evidence for outcome in summary.outcomes}
    for failure in summary.failures:
        yield f"failed: {failure}"
        for line in evidence.get(failure, ()):
            yield f"    {line}"
    met = sum(outcome.met for outcome in summary.outcomes)
    if met:
        yield f"met: {met} of {len(summary.outcomes)} expectation{'' if len(summary.outcomes) == 1 else 's'}"
