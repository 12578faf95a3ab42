"""What the probe tells people: colour and a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from io import StringIO

import pytest

from simcarrier.cli.views.probe_text import LONG, TextReport
from simcarrier.probe.campaign import Wanted
from simcarrier.probe.result import Result, judged
from simcarrier.probe.summary import Summary
from simcarrier.records.observation import Observation, Outcome, Seen

WANTED = Wanted(1, "trunk", "+493012345678", "+498912345678", None, 1.0)


class Terminal(StringIO):
    """A terminal that keeps what is written."""

    def isatty(self) -> bool:
        return True


def result(outcome: Outcome, code: int | None = None, *, trying: bool = False) -> Result:
    seen = Observation(1, "trunk", "UDP", "10.0.0.2:5060", WANTED.caller, WANTED.called, outcome=outcome)
    if trying:
        seen.provisionals.append(Seen(0.01, 100, "Trying"))
    if code is not None:
        seen.final = Seen(0.2, code, "phrase")
    return judged(WANTED, seen, ())


def told(stream: StringIO, results: list[Result], total: int) -> str:
    summary = Summary()
    with TextReport(stream, total=total) as report:
        for one in results:
            summary.add(one)
            report.result(one)
        report.finish(summary)
    return stream.getvalue()


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.parametrize(("total", "bar"), [(LONG - 1, False), (LONG, True)])
def test_long_plans_have_a_progress_bar_on_a_terminal(total: int, bar: bool) -> None:
    text = told(Terminal(), [result(Outcome.ANSWERED, 200)] * total, total)
    assert ("probing" in text) == bar
    assert (f"{total}/{total}" in text) == bar
    assert "\x1b[32m+493012345678 -> +498912345678: 200 phrase" in text, "in green"


def test_elsewhere_there_are_only_lines() -> None:
    text = told(StringIO(), [result(Outcome.ANSWERED, 200)] * LONG, LONG)
    assert "\x1b" not in text
    assert len(text.splitlines()) == LONG + 1


@pytest.mark.parametrize(
    ("outcome", "code", "trying", "refused"),
    [
        (Outcome.REFUSED, 403, False, True),
        (Outcome.STALLED, None, True, True),
        (Outcome.SILENT, None, False, False),
        (Outcome.UNRESOLVED, None, False, False),
        (Outcome.TRANSPORT_FAILED, None, False, False),
    ],
)
def test_nobody_has_refused_who_has_not_responded(
    outcome: Outcome, code: int | None, trying: bool, refused: bool
) -> None:
    one = result(outcome, code, trying=trying)
    assert ("refused by: " in told(StringIO(), [one], 1)) == refused
    assert (one.as_dict()["refused_by"] is not None) == refused
