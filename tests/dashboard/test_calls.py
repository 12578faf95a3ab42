"""The list of the calls of a run: what is on it, what the filter takes, that it moves, and what it costs."""

from __future__ import annotations

import html
import json
import re
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from simcarrier.dashboard.calls.filters import parse
from simcarrier.dashboard.calls.latest import MOST_ROWS, NEWEST_UP, LatestCalls
from simcarrier.dashboard.calls.lines import MOST_KEPT, LinesOfRecords
from simcarrier.records.model import CallRecord
from tests.dashboard.filter_kit import NOON, record
from tests.dashboard.kit import HTML, Dashed

ANSWERING = """
name: calls
carrier:
  listen: "udp:127.0.0.1:0"
calls:
  - {name: talk, to: +44*, outcome: answered, ring: 0s, talk: 60s}
  - {name: refused, to: +49*, respond: 403}
  - {name: blocked, to: +41*, respond: 603}
"""


@pytest.fixture(scope="module")
def carrier() -> Iterator[Dashed]:
    with Dashed(ANSWERING) as made:
        made.dial("+4989111", "+1415550")
        made.dial("+4144222", "+1212550")
        made.dial("+4989333", "+1415551")
        yield made


def page(carrier: Dashed, query: str = "", status: int = 200) -> str:
    answer = carrier.request("GET", f"/calls{query}", headers=HTML)
    assert answer.status == status
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    return str(answer.body)


def rows(text: str) -> list[str]:
    """The numbers called, in the order of the rows."""
    return re.findall(r"<td>(\+4[^<]*)</td>\n?<td><span", text)


def counts(text: str) -> str:
    found = re.search(r'id="counts" data-part>(.*?)</p>', text, re.DOTALL)
    assert found is not None
    return html.unescape(found[1]).strip()


def test_the_newest_call_comes_first_with_all_that_is_told(carrier: Dashed) -> None:
    text = page(carrier)
    assert rows(text) == ["+4989333", "+4144222", "+4989111"]
    assert counts(text) == "3 calls."
    line = re.search(r'<tr><td class="when"><a id="call-2".*?</tr>', text, re.DOTALL)
    assert line is not None
    for told in ('href="/calls/2"', "+1212550", "+4144222", "603</span> Decline", "rule blocked", " s</td>", "<time "):
        assert told in line[0]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("code:403", ["+4989333", "+4989111"]),
        ("code%3A403+from%3A%2B1415551", ["+4989333"]),
        ("-code:403", ["+4144222"]),
        ("rule:blocked", ["+4144222"]),
        ("4144", ["+4144222"]),
        ("code:200", []),
    ],
)
def test_a_filter_leaves_the_calls_that_are_meant(carrier: Dashed, q: str, expected: list[str]) -> None:
    text = page(carrier, f"?q={q}")
    assert rows(text) == expected
    assert counts(text).startswith(f"{len(expected)} match of 3 calls")
    assert ("No call matches." in text) is (not expected)
    assert 'data-live="/calls/parts"' in text


def test_a_filter_that_is_wrong_is_told_beside_the_box(carrier: Dashed) -> None:
    text = page(carrier, "?q=cod%3A403+%3Cscript%3Ealert(1)", status=400)
    assert 'aria-invalid="true"' in text
    assert "did you mean &#34;code&#34;?" in text
    assert "<script>alert" not in text
    assert 'value="cod:403 &lt;script&gt;alert(1)"' in text
    assert "data-live" not in text
    answer = carrier.request("GET", "/calls/parts?q=cod%3A403")
    assert (answer.status, answer.kind) == (400, "bad-parameters")


def test_what_only_stored_calls_tell_is_said(carrier: Dashed) -> None:
    assert "is known of stored calls only" in page(carrier, "?q=market%3AUS", status=400)


def test_a_run_that_keeps_no_calls_says_how_to(carrier: Dashed) -> None:
    assert "--records calls.db" in page(carrier, "?stored=1")


def test_a_list_can_be_stopped(carrier: Dashed) -> None:
    text = page(carrier, "?still=1&q=code%3A403")
    assert "data-live" not in text
    assert 'href="/calls?q=code%3A403"' in text


def test_an_empty_list_says_whom_to_call() -> None:
    with Dashed(ANSWERING) as made:
        text = page(made)
        assert f"No call has come yet. Call {made.service.uri}" in html.unescape(text)
        assert counts(text) == "0 calls."


def test_a_call_that_is_up_is_marked(carrier: Dashed) -> None:
    with Dashed(ANSWERING) as made, made.dialled("+4477") as call:
        while call.response(3) < 200:
            pass
        call.send("ACK", branch="ack")
        made.settle()
        text = page(made)
        assert 'class="up"' in text
        assert ">up</span>" in text
        assert counts(text) == "1 call."
        assert rows(page(made, "?q=outcome%3Aup")) == ["+4477"]
        assert rows(page(made, "?q=-outcome%3Aup")) == []


def test_a_reset_takes_all_calls_out_of_sight() -> None:
    with Dashed(ANSWERING) as made, made.dialled("+4477") as call:
        made.dial("+4989111")
        while call.response(3) < 200:
            pass
        assert len(rows(page(made))) == 2
        assert made.request("POST", "/v1/reset").status == 200
        assert counts(page(made)) == "0 calls."
        for number in (1, 2):
            assert made.request("GET", f"/calls/{number}").status == 404
        made.dial("+4144222")
        assert rows(page(made, "?q=-code%3A200")) == ["+4144222"]
        assert counts(page(made)) == "1 call."


@contextmanager
def following(carrier: Dashed, path: str) -> Iterator[deque[tuple[float, dict[str, Any]]]]:
    """The parts that a stream sends, each with the time when it came."""
    came: deque[tuple[float, dict[str, Any]]] = deque()
    over = threading.Event()
    begun = threading.Event()

    def listen() -> None:
        with httpx.Client(trust_env=False, timeout=10) as client, client.stream("GET", carrier.url + path) as stream:
            assert stream.status_code == 200
            for line in stream.iter_lines():
                if line.startswith("data: {"):
                    came.append((time.monotonic(), json.loads(line.removeprefix("data: "))))
                    begun.set()
                if over.is_set():
                    return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert begun.wait(5)
    try:
        yield came
    finally:
        over.set()
        carrier.dial("+4989000")  # so that a line comes
        thread.join(5)


def test_a_new_call_is_seen_within_a_second() -> None:
    with Dashed(ANSWERING) as made, following(made, "/calls/parts?q=code%3A603") as came:
        made.dial("+4989111")
        made.dial("+4144222")
        dialled = time.monotonic()
        while "+4144222" not in came[-1][1].get("lines", ""):
            assert time.monotonic() - dialled < 3
            time.sleep(0.01)
        assert came[-1][0] - dialled < 1
        assert "1 match of 2 calls" in came[-1][1]["counts"]
        assert "+4989111" not in came[-1][1]["lines"]


# What a view remembers


class Calls:
    """Calls as `Seen` has them, for a view to look at."""

    def __init__(self, kept: int = 1000) -> None:
        self.records: deque[CallRecord] = deque(maxlen=kept)
        self.up: dict[int, CallRecord] = {}
        self.ended = 0
        self.asked = 0

    def end(self, *records: CallRecord) -> None:
        for each in records:
            self.up.pop(each.number, None)
            self.records.append(each)
            self.ended += 1

    @property
    def number_up(self) -> int:
        return len(self.up)

    @property
    def forgotten(self) -> int:
        return self.ended - len(self.records)

    def numbers_up(self) -> Iterator[int]:
        return iter(reversed(self.up))

    def standing(self, number: int) -> CallRecord | None:
        self.asked += 1
        return self.up.get(number)


def view(calls: Calls, q: str) -> LatestCalls:
    return LatestCalls(calls, parse(q, NOON).test())  # type: ignore[arg-type]  # all that it asks of a Seen


def expected(calls: Calls, q: str) -> list[int]:
    test = parse(q, NOON).test()
    every = [*calls.records, *calls.up.values()]
    return sorted((each.number for each in every if test is None or test(each)), reverse=True)


def test_looks_find_what_a_search_through_everything_would() -> None:
    calls = Calls(kept=500)
    views = {q: view(calls, q) for q in ("", "code:603", "code:480 from:*7", "-outcome:up", "outcome:up")}
    number = 0
    for beat in range(40):
        for _ in range(beat * 7 % 60):
            number += 1
            made = record(number, caller=f"+1{number % 10}", code=603 if number % 3 else 480)
            if number % 4:
                calls.end(made)
            else:
                calls.up[number] = record(number, caller=f"+1{number % 10}", code=200, ending=None)
        for up in [each for each in calls.up if (each * 31 + beat) % 11 == 0]:
            calls.end(record(up, code=603))
        for q, each in views.items():
            found = each.look()
            wanted = expected(calls, q)
            assert [row.number for row in found.rows] == wanted[:MOST_ROWS], (beat, q)
            assert found.matching == len(wanted)
            assert not found.at_least
            assert found.all == len(calls.records) + len(calls.up)
            assert found.forgotten == calls.forgotten
    assert calls.forgotten > 100


def test_a_reset_empties_the_list() -> None:
    calls = Calls()
    each = view(calls, "code:603")
    calls.end(record(1), record(2))
    assert each.look().matching == 2
    calls.records.clear()
    calls.ended = 0
    assert each.look()[:3] == ([], 0, 0)
    calls.end(record(3))
    assert [row.number for row in each.look().rows] == [3]


def test_a_call_that_is_forgotten_leaves_the_list() -> None:
    calls = Calls(kept=10)
    each = view(calls, "code:603")
    calls.end(record(1), *(record(number, code=480) for number in range(2, 9)))
    assert each.look().matching == 1
    calls.end(*(record(number, code=480) for number in range(9, 13)))
    assert each.look()[:2] == ([], 0)


def test_a_rare_call_among_many_that_are_up_is_found_soon_and_not_lost() -> None:
    calls = Calls()
    for number in range(1, 20_001):
        calls.up[number] = record(number, caller="+49" if number == 100 else "+1", code=200, ending=None)
    each = view(calls, "from:+49")
    looks = 0
    while not (found := each.look()).rows:
        assert found.at_least
        looks += 1
        assert looks < 100
    for _ in range(3):
        assert [row.number for row in each.look().rows] == [100]
    calls.asked = 0
    each.look()
    assert calls.asked <= 3 * NEWEST_UP
    calls.end(record(100, caller="+49"))
    assert each.look().matching == 1


def test_looks_ask_only_about_what_is_new() -> None:
    calls = Calls(kept=10_000)
    calls.end(*(record(number, code=480) for number in range(1, 10_001)))
    asked = 0

    def test(call: CallRecord) -> bool:
        nonlocal asked
        asked += 1
        return call.code == 603

    each = LatestCalls(calls, test)  # type: ignore[arg-type]  # all that it asks of a Seen
    each.look()
    assert asked == 10_000
    calls.end(record(10_001))
    found = each.look()
    assert asked == 10_001
    assert found.matching == 1


def test_the_html_of_a_line_is_made_once_and_not_kept_for_ever() -> None:
    lines = LinesOfRecords()
    call = record(1)
    (made,) = lines.of([call])
    assert lines.of([call])[0] is made
    lines.of([record(number) for number in range(2, MOST_KEPT + 2)])
    assert lines.of([call])[0] is not made
    assert len(lines._made) == MOST_KEPT


def test_hostile_values_are_text_in_a_line() -> None:
    (made,) = LinesOfRecords().of(
        [record(1, caller='<script>alert(1)</script>"', called="\x1b[2J\u202e", phrase="<img src=x>", why="<b>")]
    )
    assert "<script" not in made
    assert "<img" not in made
    assert "<b>" not in made
    assert "&lt;script&gt;" in made
    assert "\x1b" not in made
    assert "\u202e" not in made
