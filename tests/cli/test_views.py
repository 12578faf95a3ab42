"""What a run shows: events, lines, the summary; harmless whatever callers send, and never waiting for a reader."""

from __future__ import annotations

import io
import json
import os
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from simcarrier.cli.views import writer
from simcarrier.cli.views.base import Summary, media_figures
from simcarrier.cli.views.json_lines import JsonView
from simcarrier.cli.views.live import LiveView
from simcarrier.cli.views.text import TextView, call_line, printable, summary_lines
from simcarrier.cli.views.writer import LineWriter
from simcarrier.net.beat import Pace
from simcarrier.net.media import MediaCounters
from simcarrier.records.journal import Journal
from simcarrier.records.media import MediaRecord
from simcarrier.records.model import CallRecord
from simcarrier.sip.transport import ListenAddress
from simcarrier.verdict.outcome import Outcome


def record(**facts: Any) -> CallRecord:
    made = CallRecord(1, "c", "UDP", ("127.0.0.1", 5070), "+4940", "+4930", 0.0, rule="r", code=403, phrase="Forbidden")
    made.responded_after, made.ended_after, made.ending = 0.25, 0.26, "refused"
    for name, value in facts.items():
        setattr(made, name, value)
    return made


def carrier() -> Any:
    """As much of a service as a view looks at."""
    business = SimpleNamespace(state=lambda: ["lines 1 of 3"])
    return SimpleNamespace(
        scenario=SimpleNamespace(name="A story", carrier=SimpleNamespace(dialect="textbook")),
        addresses=(ListenAddress.parse("udp:127.0.0.1:5060"), ListenAddress.parse("tls:[::1]:5061")),
        switch=SimpleNamespace(carrier=SimpleNamespace(business=business), calls={1: None}),
        journal=Journal(),
        control=None,
        dashboard=None,
    )


UNMET = Outcome("calls", "exactly 4 calls", "3", False, "a.yaml:3:5", ("c",), ("+4940 -> +4930: the third",))
MET = Outcome("stalled_calls", "stalled calls cancelled", "1 stalled call, all fine", met=True)
SUMMARY = Summary(
    3, {"none": 1, "403": 2}, 1, (str(UNMET), "and more"), {"malformed": 2}, untold=5, outcomes=(UNMET, MET)
)  # fmt: skip


def test_json_tells_one_event_a_line() -> None:
    stream = io.StringIO()
    view = JsonView(stream)
    view.listening(carrier())
    view.call(record(caller="\x1b[31m\udcff"))
    view.finish(SUMMARY)
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert events[:2] == [
        {"event": "listening", "address": "udp:127.0.0.1:5060"},
        {"event": "listening", "address": "tls:[::1]:5061"},
    ]
    assert events[2]["event"] == "call"
    assert (events[2]["from"], events[2]["to"], events[2]["code"], events[2]["rule"]) == (
        "\x1b[31m\udcff", "+4930", 403, "r"
    )  # fmt: skip
    assert events[3] == {
        "event": "summary",
        "calls": 3,
        "codes": {"none": 1, "403": 2},
        "unmatched": 1,
        "failures": ["a.yaml:3:5: calls: wanted exactly 4 calls, got 3", "and more"],
        "dropped": {"malformed": 2},
        "untold": 5,
        "access": {},
        "conduct": {},
        "media": {},
        "outcomes": [
            {
                "name": "calls",
                "wanted": "exactly 4 calls",
                "got": "3",
                "met": False,
                "place": "a.yaml:3:5",
                "calls": ["c"],
                "evidence": ["+4940 -> +4930: the third"],
            },
            {
                "name": "stalled_calls",
                "wanted": "stalled calls cancelled",
                "got": "1 stalled call, all fine",
                "met": True,
                "place": "",
                "calls": [],
                "evidence": [],
            },
        ],
    }
    assert stream.getvalue().isascii()


def test_text_tells_a_line_a_call_and_a_summary() -> None:
    stream = io.StringIO()
    view = TextView(stream)
    view.listening(carrier())
    view.call(record())
    view.finish(SUMMARY)
    assert stream.getvalue().splitlines() == [
        "A story",
        "listening on udp:127.0.0.1:5060",
        "listening on tls:[::1]:5061",
        "+4940 -> +4930: 403 Forbidden after 0.250 s [rule: r]",
        "3 calls: 1 x none, 2 x 403",
        "1 of them matched no rule",
        "messages not used: 2 malformed",
        "5 lines were not written: whoever reads them is too slow",
        "failed: a.yaml:3:5: calls: wanted exactly 4 calls, got 3",
        "    +4940 -> +4930: the third",
        "failed: and more",
        "met: 1 of 2 expectations",
    ]


def test_quiet_leaves_the_calls_out() -> None:
    stream = io.StringIO()
    view = TextView(stream, quiet=True)
    view.call(record())
    view.finish(Summary(1, {"403": 1}, 0))
    assert stream.getvalue() == "1 call: 1 x 403\n"


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({}, "+4940 -> +4930: 403 Forbidden after 0.250 s [rule: r]"),
        ({"rule": None}, "+4940 -> +4930: 403 Forbidden after 0.250 s [no rule matched]"),
        ({"rule": None, "why": "lines 2 of 2"}, "+4940 -> +4930: 403 Forbidden after 0.250 s [lines 2 of 2]"),
        ({"provisional": (100, 180)}, "+4940 -> +4930: 403 Forbidden after 0.250 s (first 100, 180) [rule: r]"),
        (
            {"code": None, "phrase": None, "responded_after": None, "ending": "abandoned"},
            "+4940 -> +4930: no final response; abandoned [rule: r]",
        ),
        (
            {"code": 200, "phrase": "OK", "ending": "hung_up_by_peer", "ended_after": 9.5},
            "+4940 -> +4930: 200 OK after 0.250 s; the caller hung up after 9.500 s [rule: r]",
        ),
        ({"caller": "", "called": ""}, "? -> ?: 403 Forbidden after 0.250 s [rule: r]"),
        (
            {"media": MediaRecord(24, digits="1#")},
            "+4940 -> +4930: 403 Forbidden after 0.250 s; RTP 24 sent, 0 received; digits 1# [rule: r]",
        ),
    ],
    ids=["refused", "unmatched", "lines", "provisional", "nothing", "answered", "anonymous", "audio"],
)
def test_the_line_of_a_call(facts: dict[str, Any], line: str) -> None:
    assert call_line(record(**facts)) == line


@pytest.mark.parametrize(
    ("counted", "line"),
    [
        ({"sent": 4500, "received": 4480}, "4,500 packets sent, 4,480 received, 99 % within 1.2 ms of their time"),
        (
            {"strangers": 3, "withheld": 2, "without": 1},
            "0 packets sent, 0 received, 3 from elsewhere than described, "
            "2 x none may go where the caller asks for them, 1 x no ports for a call",
        ),
    ],
)
def test_audio_in_the_summary(counted: dict[str, int], line: str) -> None:
    pace = Pace()
    pace.add(0.00115, 99)
    pace.add(0.1, 1)
    desk = SimpleNamespace(counters=MediaCounters(**counted), metronome=SimpleNamespace(pace=pace))
    summary = Summary(1, {}, 0, media=media_figures(desk))  # type: ignore[arg-type]  # all that is looked at
    assert list(summary_lines(summary)) == ["1 call", f"media: {line}"]


def test_without_audio_the_summary_is_silent() -> None:
    desk = SimpleNamespace(counters=MediaCounters(opened=3, closed=3), metronome=SimpleNamespace(pace=Pace()))
    assert media_figures(desk) == {}  # type: ignore[arg-type]  # as above


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=30))
def test_no_name_of_a_caller_reaches_the_terminal_as_control(name: str) -> None:
    assert printable(name).isprintable()
    line = call_line(record(caller=name, called=name, phrase=name))
    assert line.isprintable()
    line.encode("utf-8")


@pytest.mark.parametrize("hostile", ["\x1b]0;owned\x07", "a\r\nsummary: 9 calls", "\x9b31m", "\u202egnp", "\udcff"])
def test_hostile_names_are_shown_and_not_sent(hostile: str) -> None:
    stream = io.StringIO()
    view = TextView(stream)
    view.call(record(caller=hostile))
    view.finish(Summary(1, {}, 0))
    first = stream.getvalue().splitlines()[0]
    assert "\\" in first
    assert first.isprintable()


def test_the_live_view_draws_and_leaves_the_last_calls_standing() -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=120, force_terminal=False)
    view = LiveView(console)
    service = carrier()
    view.listening(service)
    for made in (record(caller="\x1b[31mred[/]"), record(code=None, responded_after=None, ending="abandoned")):
        service.journal.add(made)
        view.call(made)
    console.print(view._draw())
    view.finish(SUMMARY)
    told = stream.getvalue()
    assert "calls up 1, lines 1 of 3, ended 2" in told
    assert "no final response; abandoned" in told
    assert "3 calls: 1 x none, 2 x 403" in told
    assert "\x1b" not in told


class Stuck(io.StringIO):
    """A reader that does not read until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def write(self, text: str) -> int:
        self.go.wait(10)
        return super().write(text)


def test_a_reader_that_does_not_read_never_blocks_and_what_is_not_told_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "WAITING", 100)
    stream = Stuck()
    lines = LineWriter(stream)
    lines.write("first")
    before = time.monotonic()
    for number in range(1000):
        lines.write(str(number))
    assert time.monotonic() - before < 1
    assert 890 <= lines.untold <= 910
    lines.close(patience=0.01)
    stream.go.set()
    lines.close()
    assert len(stream.getvalue().splitlines()) == 1001 - lines.untold


def test_a_reader_that_is_gone_is_noticed_and_nothing_is_kept_for_it() -> None:
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w")
    lines = LineWriter(stream)
    os.close(reading)
    lines.write("nobody reads this")
    lines.close()
    assert lines.broken
    lines.write("nor this")
    assert lines.untold == 1
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_lines_come_in_order_and_whole() -> None:
    stream = io.StringIO()
    lines = LineWriter(stream)
    for number in range(5000):
        lines.write(f"line {number}")
    lines.close()
    assert stream.getvalue().splitlines() == [f"line {number}" for number in range(5000)]


def test_a_summary_of_nothing() -> None:
    assert list(summary_lines(Summary(0, {}, 0))) == ["0 calls"]
