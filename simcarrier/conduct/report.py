"""What was found, by rule: how often, and one example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from .breach import Breach
from .conduct import Conduct
from .registry import RULES
from .scene import quoted


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that was broken.

    Attributes:
        count: how often: once for each call and method.
        example: the first time.
    """

    count: int
    example: Breach

    def as_dict(self) -> dict[str, Any]:
        """For JSON, but for the time."""
        example = self.example
        return {
            "rule": example.rule,
            "section": example.section,
            "count": self.count,
            "said": example.said,
            "call_id": example.call_id,
            "source": example.source,
            "message": example.message,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The callers' conduct in a run.

    Attributes:
        faults: by rule, the most frequent first.
        first: the calls that were looked at, if more came than that; else None.
    """

    faults: tuple[Fault, ...] = ()
    first: int | None = None

    @classmethod
    def of(cls, breaches: Sequence[Breach], counts: Mapping[str, int], first: int | None = None) -> Report:
        """Group what `Conduct` has found."""
        examples: dict[str, Breach] = {}
        for breach in breaches:
            examples.setdefault(breach.rule, breach)
        faults = [Fault(counts.get(rule, 1), example) for rule, example in examples.items()]
        return cls(tuple(sorted(faults, key=lambda fault: -fault.count)), first)

    @property
    def counts(self) -> dict[str, int]:
        """How often each rule was broken, by its name."""
        return {fault.example.rule: fault.count for fault in self.faults}


def report_lines(report: Report) -> Iterator[str]:
    """The report for people; nothing if all calls were looked at and nothing was found.

    What callers have sent is printable in it.
    """
    first = "" if report.first is None else f" in the first {report.first:,} calls"
    count = len(report.faults)
    if not count:
        if first:
            yield f"SIP conduct: no faults{first}"
        return
    yield f"SIP conduct: {count} fault{'' if count == 1 else 's'}{first}"
    for fault in report.faults:
        example = fault.example
        yield f"  {fault.count} x {example.rule} ({example.section}): {example.said}"
        message = example.message.partition("\n")[0]
        call = f"call {quoted(example.call_id)} from " if example.call_id else ""
        yield f"      {call}{example.source}: {message}"


def complaint(conduct: Conduct, ignored: AbstractSet[str]) -> str:
    """What is to be said against the callers, but for some rules; empty if nothing is.

    Raises:
        ValueError: there is no rule of that name.
    """
    if unknown := ignored - RULES.keys():
        raise ValueError(f"there is no rule {', '.join(sorted(unknown))}; there are {', '.join(RULES)}")
    breaches = [breach for breach in conduct.breaches if breach.rule not in ignored]
    return "\n".join(report_lines(Report.of(breaches, conduct.counts)))
