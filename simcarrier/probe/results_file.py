"""The results file of ``simcarrier probe --results``, read back: one JSON object a line, calls and a summary.

It is read twice. The first reading checks every line and keeps what is told of the calls; messages are by far the most
of the file and are read again, call by call, when somebody wants them. So a long run costs little memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simcarrier.conditions import MEANINGS, Condition
from simcarrier.records.observation import Observation, Outcome
from simcarrier.records.pcap import pcap_of
from simcarrier.records.transcript import MOST_MESSAGES, Passed, message_from_dict
from simcarrier.sip.transport import Transport

from .masking import in_texts, numbers_in, text_without_secrets, without_secrets

LONGEST_LINE = 128 * 1024 * 1024
"""Bytes of a line: as many messages as a call keeps, each as long as can be, and every byte of them escaped."""

MOST_FAULTS = 20
"""Faults told of one file."""

LAST_START = 2**32 - 1
"""The latest time that a capture can hold, in the year 2106."""


@dataclass(frozen=True, slots=True)
class LineFault:
    """A line that can't be used.

    Attributes:
        line: counted from 1.
        message: what is wrong, in plain words.
    """

    line: int
    message: str


class ResultsFault(Exception):
    """A file is no results file; ``faults`` are what is wrong with it, `MOST_FAULTS` at most."""

    def __init__(self, faults: Sequence[LineFault]) -> None:
        super().__init__("; ".join(f"line {fault.line}: {fault.message}" for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Likely:
    """A cause as it was told.

    Attributes:
        condition: what may have happened, by its name.
        probability: how likely that is, of 1; None if it was not told.
        what: the same in words; empty for one that is not known here.
        evidence: what speaks for it.
    """

    condition: str
    probability: float | None
    what: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeptCall:
    """A call of a results file.

    Attributes:
        line: where it stands, counted from 1.
        seen: what was seen.
        causes: what it may mean, the likeliest first.
        difference: what is otherwise than expected; None if nothing is, or nothing was expected.
        told: all that was told, without the messages.
        count: how many messages were kept.
    """

    line: int
    seen: Observation
    causes: tuple[Likely, ...]
    difference: str | None
    told: Mapping[str, Any] = field(repr=False)
    count: int = 0

    @property
    def failed(self) -> bool:
        """Whether it did not come through, or came to something else than expected. A call that we broke off has
        not failed."""
        if self.seen.outcome is Outcome.INTERRUPTED:
            return False
        return self.seen.outcome is not Outcome.ANSWERED or self.difference is not None

    @classmethod
    def from_dict(cls, line: int, told: Mapping[str, Any], count: int = 0) -> KeptCall:
        """A call as it stands in the file.

        Raises:
            ValueError: it is not what a probe writes; the text says why.
        """
        try:
            seen = Observation.from_dict(told["observation"])
            causes = tuple(_likely(one) for one in told.get("causes") or ())
        except OverflowError:
            raise ValueError("a number is too large") from None
        except (AttributeError, KeyError, TypeError) as fault:
            raise ValueError(f"not a call as simcarrier writes it: {fault}") from None
        if not 0 <= seen.started < LAST_START:
            raise ValueError(f"started: {seen.started:g} is no time between 1970 and 2106")
        difference = told.get("difference")
        return cls(line, seen, causes, None if difference is None else str(difference), told, count)


def _likely(told: Mapping[str, Any]) -> Likely:
    probability, condition = told.get("probability"), str(told["condition"])
    return Likely(
        condition,
        None if probability is None else float(probability),
        MEANINGS[Condition(condition)].what if condition in CONDITIONS else "",
        tuple(str(one) for one in told.get("evidence") or ()),
    )


CONDITIONS = frozenset(str(condition) for condition in Condition)


class Results:
    """A results file that has been checked.

    Args:
        path: the file.

    Raises:
        OSError: it can't be read.
        ResultsFault: it is no results file, or lines of it are broken.

    Attributes:
        calls: those that were made, in order.
        not_made: the lines of those that were not.
        numbers: the numbers called, shown, and met in the messages' URIs.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.calls: list[KeptCall] = []
        self.not_made: set[int] = set()
        self.numbers: set[str] = set()
        self._places: dict[int, int] = {}
        faults: list[LineFault] = []
        for number, place, line in _lines(path):
            try:
                self._check(number, place, line)
            except ValueError as why:
                faults.append(LineFault(number, str(why)))
            if len(faults) >= MOST_FAULTS:
                break
        if not faults and not self._places and not self.not_made:
            faults.append(LineFault(1, "the file has no calls: is it what simcarrier probe --results wrote?"))
        if faults:
            raise ResultsFault(faults)

    def messages(self, call: KeptCall) -> list[Passed]:
        """A call's messages, without secrets.

        Raises:
            OSError: the file can't be read any more.
            ResultsFault: it has changed meanwhile.
        """
        with self.path.open("rb") as stream:
            stream.seek(self._places[call.line])
            try:
                return _messages(_object(stream.readline(LONGEST_LINE)))
            except ValueError:
                raise ResultsFault([LineFault(call.line, "the file has changed while it was read")]) from None

    def _check(self, number: int, place: int, line: bytes) -> None:
        told = _object(line)
        event = told.get("event")
        if event == "summary":
            return
        if event != "call":
            raise ValueError('neither a call nor a summary: "event" must be one of them')
        if told.get("observation") is None:
            self.not_made.add(number)
            return
        messages = _messages(told)
        told = in_texts({name: value for name, value in told.items() if name != "messages"}, text_without_secrets)
        call = KeptCall.from_dict(number, told, len(messages))
        self.calls.append(call)
        self._places[number] = place
        self.numbers |= {call.seen.caller, call.seen.called}
        self.numbers |= _numbers_asked(told)
        for passed in messages:
            self.numbers.update(numbers_in(passed.data))


def _numbers_asked(told: Mapping[str, Any]) -> set[str]:
    """The numbers of the follow-ups: the causes' evidence names them."""
    found: set[str] = set()
    listed = told.get("follow_ups")
    for one in listed if isinstance(listed, list) else ():
        seen = one.get("observation") if isinstance(one, Mapping) else None
        if isinstance(seen, Mapping):
            found |= {str(seen.get("from", "")), str(seen.get("to", ""))}
    return found - {""}


def _lines(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """The lines that are not empty: number, place in the file, content."""
    with path.open("rb") as stream:
        number = place = 0
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            if line.strip():
                yield number, place, line
            if len(line) > LONGEST_LINE:
                return
            place += len(line)


def _object(line: bytes) -> dict[str, Any]:
    if len(line) > LONGEST_LINE:
        raise ValueError("the line is longer than any that simcarrier writes")
    try:
        told = json.loads(line)
    except (ValueError, RecursionError) as fault:
        where = f" at column {fault.colno}" if isinstance(fault, json.JSONDecodeError) else ""
        end = (
            "" if line.endswith(b"\n") else "; the line is not complete: is the probe still running, or was it killed?"
        )
        raise ValueError(f"not JSON{where}{end}") from None
    if not isinstance(told, dict):
        raise ValueError("not a JSON object")
    return told


def _messages(told: Mapping[str, Any]) -> list[Passed]:
    listed = told.get("messages") or []
    if not isinstance(listed, list):
        raise ValueError('"messages" must be a list')
    if len(listed) > MOST_MESSAGES:
        raise ValueError(f"{len(listed)} messages: a call keeps {MOST_MESSAGES} at most")
    found: list[Passed] = []
    for number, one in enumerate(listed, 1):
        try:
            passed = message_from_dict(one)
            pcap_of([passed])  # finds what can't be written later
            if passed.transport not in Transport.__members__:
                raise ValueError(f"transport must be UDP, TCP or TLS, not {passed.transport!r}")
            found.append(
                Passed(
                    passed.at, passed.sent, passed.transport, passed.local, passed.remote, without_secrets(passed.data)
                )
            )
        except OverflowError:
            raise ValueError(f"message {number}: a number is too large") from None
        except ValueError as why:
            raise ValueError(f"message {number}: {why}") from None
    return found
