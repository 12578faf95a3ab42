"""The page of one call: its ladder and messages, why it went so, a diagnosis; downloads; and nothing from the wire is
ever markup."""

from __future__ import annotations

import html
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from simcarrier.artefacts.in_words import LONGEST_MESSAGE
from simcarrier.dashboard.calls.diagnosis import diagnosis_of_call, diagnosis_of_row, observation_of
from simcarrier.dashboard.calls.view import MOST_SHOWN, text_of, view_of
from simcarrier.records.observation import Outcome
from simcarrier.records.row import row_of_call
from simcarrier.records.transcript import Passed, Transcript
from simcarrier.sip.session import Ending
from simcarrier.web.access import WebAddress
from tests.dashboard.filter_kit import NOON, record
from tests.dashboard.kit import HTML, Dashed
from tests.dashboard.test_calls import ANSWERING, following
from tests.interop.harness import peer

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def carrier() -> Iterator[Dashed]:
    with Dashed() as made:
        made.dial("+4989111", "+1415550")
        made.dial("+439", "+49")  # nearly taken by a rule
        yield made


def page(carrier: Dashed, path: str, status: int = 200) -> str:
    answer = carrier.request("GET", path, headers=HTML)
    assert answer.status == status, answer.body
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    return str(answer.body)


def test_a_call_is_told_with_its_ladder_and_its_messages(carrier: Dashed) -> None:
    text = page(carrier, "/calls/1")
    assert "<title>Call 1 - simcarrier</title>" in text
    for told in ("+1415550", "403</span> Forbidden", "rule refused", "Call-ID", "over UDP"):
        assert told in text
    arrows = re.findall(r'<a href="#(message-\d+)">', text)
    messages = re.findall(r'<details class="message" id="(message-\d+)">', text)
    assert arrows == messages == ["message-1", "message-2", "message-3"]
    assert "0.000 s" in text
    assert "INVITE sip:+4989111@" in text
    assert "calls?q=from%3A%22%2B1415550%22" in text


def test_the_links_to_other_calls_find_them(carrier: Dashed) -> None:
    for href in re.findall(r'href="(/calls\?[^"]*)"', page(carrier, "/calls/1")):
        assert 'href="/calls/1"' in page(carrier, html.unescape(href))


def test_a_call_that_a_rule_nearly_took_says_so(carrier: Dashed) -> None:
    text = html.unescape(page(carrier, "/calls/2"))
    assert "Rules that nearly took it" in text
    assert "rule by name: from is +49, wanted +1*" in text


def test_there_is_a_diagnosis_with_reasons_and_advice(carrier: Dashed) -> None:
    text = html.unescape(page(carrier, "/calls/1"))
    assert "caller_id_not_routed" in text
    assert re.search(r"\d\d\.\d %</strong> <code>", text)
    for told in ("for it:", "against it:", "refused by", "call again", "advice"):
        assert told in text


def test_unknown_calls_are_told_what_to_do(carrier: Dashed) -> None:
    for path in ("/calls/99", "/calls/99.pcap", "/calls/99.txt", f"/calls/{10**40}", "/calls/abc", "/calls/1/2/3"):
        text = page(carrier, path, 404)
        assert "go back to the list of calls" in text
        assert "<h1>There is no such thing</h1>" in text
    assert carrier.request("GET", "/calls/99").kind == "not-found"
    assert "--records" in page(carrier, "/calls/stored/0", 404)


def test_the_text_has_facts_ladder_and_messages(carrier: Dashed) -> None:
    answer = carrier.request("GET", "/calls/1.txt")
    assert answer.headers["content-disposition"] == 'attachment; filename="call-1.txt"'
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body.startswith("call 1: +1415550 -> +4989111: 403 Forbidden\n")
    assert re.search(r"^decided by: +rule refused$", answer.body, re.MULTILINE)
    assert "403 Forbidden--|" in answer.body
    assert "=== message 3 of 3" in answer.body


def test_the_capture_is_opened_by_tshark(carrier: Dashed, tmp_path: Path) -> None:
    answer = carrier._http.get(f"{carrier.url}/calls/1.pcap")
    assert answer.headers["content-disposition"] == 'attachment; filename="call-1.pcap"'
    (file := tmp_path / "call.pcap").write_bytes(answer.content)
    port = carrier.sip[1]
    done = subprocess.run(
        [peer("tshark"), "-r", str(file), "-d", f"udp.port=={port},sip", "-T", "fields", "-e", "sip.Method", "-e",
         "sip.Status-Code"],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert [line.strip() for line in done.stdout.splitlines()] == ["INVITE", "403", "ACK"]


def test_downloads_need_the_token() -> None:
    token = "a" * 32
    with Dashed(address=WebAddress("127.0.0.1", 0), token=token) as made:
        made.dial("+4989111")
        for path in ("/calls", "/calls/1", "/calls/1.pcap", "/calls/1.txt", "/calls/1/parts", "/calls/parts"):
            bare = made._http.get(made.url + path, follow_redirects=False)
            assert bare.status_code == 401, path
            assert "4989111" not in bare.text
        assert made.request("GET", "/calls/1.txt").status == 200


def test_a_call_that_is_up_moves_on_to_its_end() -> None:
    with Dashed(ANSWERING) as made, made.dialled("+4477") as call:
        while call.response(3) < 200:
            pass
        call.send("ACK", branch="ack")
        made.settle()
        text = page(made, "/calls/1")
        assert 'data-live="/calls/1/parts"' in text
        assert '<strong class="mark">up</strong>' in text
        assert "there is a diagnosis when it is over" in text
        with following(made, "/calls/1/parts") as came:
            call.send("BYE", cseq=2, branch="bye")
            until = time.monotonic() + 3
            last: dict[str, str] = {}
            while "hung up by peer" not in last.get("about", ""):
                assert time.monotonic() < until
                time.sleep(0.01)
                last = {name: value for _, parts in list(came) for name, value in parts.items()}
            assert "BYE" in last["wire"]
            assert "<code>answered</code>" in last["told"]
            assert "mark" not in last["head"]


# What comes from the wire


class Markup(HTMLParser):
    """The elements of a page, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]


def invite(to: str, caller: str, call_id: str, more: str = "") -> str:
    return (
        f"INVITE sip:{to}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKhostile;rport\r\n"
        f"Max-Forwards: 70\r\nFrom: {caller};tag=1\r\nTo: <sip:{to}@x>\r\nCall-ID: {call_id}\r\n"
        f"CSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.1>\r\n{more}Content-Length: 0\r\n\r\n"
    )


def test_hostile_values_are_text_everywhere() -> None:
    scenario = """
name: hostile
carrier: {listen: "udp:127.0.0.1:0"}
calls:
  - name: "<img src=x onerror=alert(1)>"
    respond: {code: 603, phrase: "<script>alert(2)</script>"}
"""
    sent = invite(
        "+49%3Cscript%3E1",
        f'"{HOSTILE}" <sip:+1%3Cscript%3E&@x>',
        f'"{HOSTILE}@x',
        f"Subject: {HOSTILE}\x01\x1b[2J\u202e\r\nX-Own: </pre></details><script src=//evil.example/x.js>\r\n",
    )
    with Dashed(scenario) as made, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dialler:
        dialler.settimeout(3)
        dialler.sendto(sent.encode(), made.sip)
        assert b"603" in dialler.recv(65536)
        made.settle()
        for path in ("/calls", "/calls/1", "/calls?q=%3Cscript%3E", "/calls?q=phrase%3A*script*"):
            text = page(made, path)
            seen = Markup()
            seen.feed(text)
            assert "alert(" in html.unescape(text)
            assert not {"img", "b"} & seen.tags, path
            assert not [name for name in seen.attributes if name.startswith("on")], path
            assert not [link for link in seen.links if not link.startswith(("/", "#"))], path
            assert text.count("<script") == len(re.findall(r'<script src="/static/\w+\.js" defer></script>', text))
            assert not re.search("[\x01\x1b\u202e]", text)
        plain = made.request("GET", "/calls/1.txt")
        assert HOSTILE in plain.body
        assert not re.search("[\x01\x1b\u202e]", plain.body)
        assert "html" not in plain.headers["content-type"]
        assert plain.headers["x-content-type-options"] == "nosniff"


def passed(data: bytes, at: float = NOON, *, sent: bool = True) -> Passed:
    return Passed(at, sent, "UDP", ("10.0.0.1", 5060), ("10.0.0.2", 5060), data)


def test_a_long_message_is_cut_and_says_so() -> None:
    body = b"x" * 60_000
    transcript = Transcript([passed(b"INVITE sip:1@x SIP/2.0\r\n\r\n" + body)])
    view = view_of(record(), transcript)
    assert len(view.messages[0].text) < LONGEST_MESSAGE + 100
    missing = 60_000 + 26 - LONGEST_MESSAGE
    assert view.messages[0].text.endswith(f"... and {missing:,} more bytes")
    assert "x" * 60_000 in text_of(record(), transcript)


def test_many_long_messages_are_not_all_on_the_page() -> None:
    transcript = Transcript([passed(b"OPTIONS sip:1@x SIP/2.0\r\n\r\n" + b"x" * 60_000)] * 100, left_out=3)
    view = view_of(record(), transcript)
    assert sum(len(each.text) for each in view.messages) < MOST_SHOWN
    assert view.note == f"{100 - len(view.messages)} more messages are in the downloads."


def test_a_call_without_messages_says_that_they_are_gone() -> None:
    view = view_of(record(), Transcript())
    assert "not kept any more" in view.note
    assert not view.ladder
    assert "not kept any more" in text_of(record(), Transcript())


def test_bytes_that_are_no_text_are_shown_as_escapes() -> None:
    view = view_of(record(caller="\udcff"), Transcript([passed(b"INVITE \xff SIP/2.0\r\nA: \x00\r\n\r\n")]))
    assert "\\xff" in view.messages[0].text
    text_of(record(caller="\udcff"), Transcript()).encode("utf-8")


# The diagnosis


def test_a_diagnosis_from_the_record_alone_tells_what_that_from_messages_does() -> None:
    call = record(
        code=603, phrase="Network Blocked", reason=('SIP;cause=603;text="v=analytics1;url=https://x.example"',)
    )
    told = diagnosis_of_call(call, [])
    assert told.causes[0].condition == "blocked_by_analytics"
    assert "x.example" in told.advice
    assert diagnosis_of_row(row_of_call(call, "x")).causes == told.causes


def test_other_calls_are_looked_at_too() -> None:
    call = record(100, code=480, caller="+12125550001", called="+12125559999")
    before = [record(number, code=480, caller="+12125550001", called=f"+1212555{number:04}") for number in range(1, 30)]
    assert not diagnosis_of_call(call, []).context
    assert diagnosis_of_call(call, [], before).context


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"code": 200}, Outcome.ANSWERED),
        ({"code": 302}, Outcome.REDIRECTED),
        ({"code": 407}, Outcome.UNAUTHORISED),
        ({"code": 486}, Outcome.REFUSED),
        ({"code": None, "responded_after": None, "trying_after": 0.1, "ending": Ending.ABANDONED}, Outcome.STALLED),
        ({"code": None, "responded_after": None, "ending": Ending.ABANDONED}, Outcome.SILENT),
        ({"code": 487, "cancelled_after": 9.0, "progress_after": 1.0, "provisional": (180,)}, Outcome.RANG_OUT),
        ({"code": None, "responded_after": None, "ending": Ending.TRANSPORT_FAILED}, Outcome.TRANSPORT_FAILED),
    ],
)  # fmt: skip
def test_what_a_row_has_kept_of_what_the_caller_saw(more: dict[str, Any], outcome: Outcome) -> None:
    row = row_of_call(record(**more), None)
    assert observation_of(row).outcome is outcome
    assert diagnosis_of_row(row).causes
