"""Evidence for a carrier: whole, without secrets, masked alike everywhere, harmless whatever the carrier has sent."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.probe.evidence import asked_of, exhibits, facts_text, result_of, write_evidence
from simcarrier.probe.masking import Masker, numbers_in, without_secrets
from simcarrier.probe.results_file import MOST_FAULTS, KeptCall, Results, ResultsFault
from simcarrier.records.capture import CaptureReader
from simcarrier.records.observation import Observation, Outcome
from simcarrier.records.transcript import LARGEST_MESSAGE, message_as_dict
from tests.probe.evidence_kit import (
    NUMBERS,
    archive_of,
    passed_of,
    probed_file,
    probed_lines,
    told_of,
    with_data,
    write_results,
)
from tests.probe.kit import CALLED, CALLER, Bench

FILES = ["facts.txt", "ladder.txt", "ladder.svg", "call.pcap", "messages.txt"]
SECRETS = (b"very-secret-password", b"response=", b"cnonce=", b'username="')


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    return probed_lines()


@pytest.fixture
def file(tmp_path: Path, lines: list[dict[str, Any]]) -> Path:
    return write_results(tmp_path / "results.jsonl", lines)


class Tags(HTMLParser):
    """What is markup in a page, and what is text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


# The archive


def test_what_failed_has_a_folder_each(file: Path) -> None:
    assert list(archive_of(file)) == [
        "cover.md",
        "cover.html",
        *(f"{folder}/{name}" for folder in ("call-002", "call-003") for name in FILES),
    ]
    assert list(archive_of(file, every=True))[2] == "call-001/facts.txt"


def test_the_facts_of_a_refused_call(file: Path, lines: list[dict[str, Any]]) -> None:
    facts = archive_of(file)["call-002/facts.txt"].decode()
    told = dict(re.findall(r"^ *([A-Z][^:]+): +(.*)$", facts, re.MULTILINE))
    seen = lines[1]["observation"]
    assert told["Calling number"] == CALLER
    assert told["Called number"] == NUMBERS[1]
    assert told["Start, UTC"] == "2023-11-14 22:13:22.060000 UTC"
    assert told["Call-ID"] == seen["call_id"]
    assert told["Trunk"] == "trunk: 10.0.0.2:5060 over UDP"
    assert told["Final response"] == f"403 <script>alert(1)</script> | `{CALLER}` barred at 0.040 s"
    assert told["Earlier responses"].startswith("407 Proxy Authentication Required at 0.020 s; ")
    assert told["Reason"] == 'Q.850;cause=21;text="0049 40 222 444 may not be called"'
    assert told["Post dial delay"] == "0.040 s"
    assert re.search(r"^ +\d+% [a-z_]+: ", facts, re.MULTILINE)
    assert "the network's own cause is 21: call rejected" in facts
    assert facts.endswith("for such calls to come through?\n")


def test_local_time_has_its_offset(file: Path) -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    exhibit, _ = exhibits([call for call in Results(file).calls if call.failed], zone=zone)
    assert "Start, local time:      2023-11-15 03:43:22.060000 +05:30\n" in facts_text(exhibit)


def test_every_way_of_failing_is_told_and_asked_about() -> None:
    results, questions = set(), set()
    for outcome in Outcome:
        seen = Observation(1, "trunk", "UDP", "192.0.2.1:5060", CALLER, CALLED, outcome=outcome, gave_up=7.0)
        results.add(result_of(seen))
        questions.add(asked_of(seen))
    assert len(questions) == len(Outcome)
    assert results >= {"no response within 7.0 s", "rang without an answer; cancelled after 7.0 s"}
    assert asked_of(Observation(1, "", "", "", "", "", outcome=Outcome.ANSWERED, hung_up_by="peer")).startswith("Which")


def test_what_was_heard_is_a_fact_and_where_it_is_kept_is_not(tmp_path: Path) -> None:
    line = _line()
    sound = {"what": "sit", "begin": 0.2, "end": 1.2, "confidence": 0.9, "sit": "VC"}
    audio = {"codec": "PCMA", "first": 0.1, "packets": 75, "jitter": 0.001, "sounds": [sound]}
    line["observation"]["audio"] = {**audio, "recording": "/home/somebody/calls/call-1.wav"}
    facts = archive_of(write_results(tmp_path / "results.jsonl", [line]))["call-001/facts.txt"].decode()
    assert "Heard:                  SIT (VC) at 0.2 s for 1.0 s; PCMA, 75 packets, 0 lost, jitter 1.0 ms\n" in facts
    assert "Recording:              call-1.wav\n" in facts
    assert "somebody" not in facts


def test_the_cover_states_time_zone_calls_and_what_is_asked(file: Path) -> None:
    cover = archive_of(file)["cover.md"].decode()
    assert "These 2 calls were made on 2023-11-14 22:13:22 UTC through 10.0.0.2:5060 over UDP." in cover
    assert "Time zone: all times are UTC" in cover
    assert "Please look into them" in cover
    rows = [line for line in cover.splitlines() if line.startswith("|")]
    assert [row.split(" | ")[0] for row in rows] == ["| Call", "| ---", "| call-002", "| call-003"]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1


def test_the_same_results_make_the_same_bytes(file: Path) -> None:
    def archive() -> bytes:
        results, stream = Results(file), io.BytesIO()
        write_evidence(stream, results, exhibits(results.calls), None)
        return stream.getvalue()

    assert archive() == archive()
    with zipfile.ZipFile(io.BytesIO(archive())) as opened:
        assert opened.getinfo("call-002/facts.txt").date_time == (2023, 11, 14, 22, 13, 22)


def test_a_call_without_messages_has_its_facts(tmp_path: Path, lines: list[dict[str, Any]]) -> None:
    path = write_results(tmp_path / "r", [{name: part for name, part in lines[1].items() if name != "messages"}])
    assert list(archive_of(path)) == ["cover.md", "cover.html", "call-001/facts.txt"]


# Secrets


def test_no_secret_is_in_any_file(file: Path) -> None:
    for name, content in archive_of(file, every=True).items():
        assert not [secret for secret in SECRETS if secret in content], name
    assert b"Authorization: (left out)" in archive_of(file)["call-002/messages.txt"]


def test_credentials_that_are_in_the_results_are_taken_out(tmp_path: Path, lines: list[dict[str, Any]]) -> None:
    """As a probe does not write them; but a body may have them, where a carrier returns a request."""
    secret = b'Authorization: Digest username="gateway", cnonce="0123456789abcdef0",\r\n response="%s"\r\n' % (
        b"af" * 16
    )
    bench = Bench()
    bench.carrier("calls: [{respond: 403}]")
    seen = bench.probe()
    sent, *rest = passed_of(bench, seen.call_id)
    sent = with_data(sent, sent.data.replace(b"Max-Forwards", secret + b"Max-Forwards", 1))
    body = b"INVITE sip:a SIP/2.0\r\n" + secret + b"a=crypto:1 AES inline:c2VjcmV0c2VjcmV0\r\nsip:bob:geheim@host"
    head = b"Content-Type: message/sipfrag\r\nContent-Length: %d\r\n\r\n" % len(body)
    refused = with_data(rest[0], rest[0].data.replace(b"Content-Length: 0\r\n\r\n", head + body))
    archive = archive_of(write_results(tmp_path / "r", [told_of(seen, [sent, refused])]))
    for name, content in archive.items():
        for word in (*SECRETS, b"afaf", b"c2VjcmV0", b"geheim", b"0123456789abcdef"):
            assert word not in content, name
    captured = [one.data for one in CaptureReader(io.BytesIO(archive["call-001/call.pcap"]))]
    assert len(captured[1].partition(b"\r\n\r\n")[2]) == len(body)


@given(st.binary(max_size=300))
def test_taking_secrets_out_never_raises_and_never_adds(data: bytes) -> None:
    assert len(without_secrets(data)) <= len(data) + 10 * data.lower().count(b"authorization")


# Masking


def spellings(number: str) -> list[bytes]:
    """A German number as people and switches write it, without what is shown of it."""
    national = number.removeprefix("+49")
    texts = [number, f"49{national}", f"0049{national}", f"0{national}", national, f"0{national[:2]} {national[2:]}"]
    return [text.encode() for text in texts]


def test_masked_numbers_are_nowhere(file: Path) -> None:
    archive = archive_of(file, mask=True, every=True)
    for name, content in archive.items():
        for number in (CALLER, *NUMBERS):
            assert not [text for text in spellings(number) if text in content], name
            assert re.sub(rb"[^0-9]", b"", content).find(number[5:].encode()) < 0, name
    for name in ("cover.md", "cover.html", "call-002/facts.txt", "call-002/ladder.svg", "call-002/call.pcap"):
        assert b"+4930xxxx22" in archive[name], name
        assert b"+4940xxxx44" in archive[name], name
    assert b"0049 40 xxx x44 may not be called" in archive["call-002/messages.txt"]


def test_masking_changes_no_length(file: Path) -> None:
    plain, masked = (archive_of(file, mask=mask) for mask in (False, True))
    for name in plain:
        if not name.startswith("cover"):
            assert len(plain[name]) == len(masked[name]), name
    assert masked["call-002/call.pcap"] != plain["call-002/call.pcap"]


def test_numbers_that_only_the_messages_have_are_masked_too(tmp_path: Path) -> None:
    bench = Bench()
    bench.carrier('calls: [{respond: {code: 302, headers: {Contact: "<sip:+4989777888@10.0.0.9>"}}}]')
    seen = bench.probe()
    path = write_results(tmp_path / "r", [told_of(seen, passed_of(bench, seen.call_id))])
    assert any(b"+4989777888" in content for content in archive_of(path).values())
    masked = archive_of(path, mask=True)
    assert not [name for name, content in masked.items() if b"777888" in content]
    assert b"sip:+4989xxxx88@10.0.0.9" in masked["call-001/messages.txt"]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("+4930111222", "+4930xxxx22"),
        ("004930111222", "004930xxxx22"),
        ("030111222", "030xxxx22"),
        ("030 111-222", "030 xxx-x22"),
        ("(030) 111 222", "(030) xxx x22"),
        ("%2B4930111222", "%2B4930xxxx22"),
        ("+4930111222 and +4940222333", "+4930xxxx22 and +4940xxxx33"),
        ("4930111222 4940222333", "4930xxxx22 4940xxxx33"),
        ("84930111222000", "84930xxxx22000"),
        ("+49301112223", "+4930xxxx223"),
        ("sip:71234@h and port 71234", "sip:xxx34@h and port 71234"),
        ("71234", "xxx34"),
        ("1234567 10.0.0.1 2023-11-14 11:12:22", "1234567 10.0.0.1 2023-11-14 11:12:22"),
        ("Identity: eyJhbGciOiJFUzI1NiJ9.eyJvcmlnIn0.c2ln;x", f"Identity: eyJ{'x' * 34};x"),
        ("\ud800 é +4930111222", "\ud800 é +4930xxxx22"),
    ],
)
def test_masks(text: str, masked: str) -> None:
    masker = Masker(["+49 30 111222", "4940222333", "71234", "alice", "110", ""])
    assert masker.text(text) == masked


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("INVITE sip:+4930111222;npdi@h:5060 SIP/2.0", ["4930111222"]),
        ("Contact: <sip:10.0.0.1:5060>, <sip:192.168.100.22;lr>", []),
        ("P-Asserted-Identity: <tel:+49-30-111222>", ["4930111222"]),
        ('From: "030 111222" <sip:anonymous@anonymous.invalid>', ["030111222"]),
        ("To: <sip:alice@h>, <sip:123@h>", []),
        ("To: <sips:%2B4930111222@h>", ["4930111222"]),
    ],
)
def test_numbers_in_messages(text: str, numbers: list[str]) -> None:
    assert list(numbers_in(text.encode())) == numbers


@given(
    st.lists(st.from_regex(r"\+?[0-9]{3,15}", fullmatch=True), max_size=4),
    st.lists(st.one_of(st.binary(max_size=30), st.from_regex(rb"[0-9 ().-]{1,30}", fullmatch=True)), max_size=5),
    st.integers(0, 20),
)
def test_masking_keeps_lengths_and_hides_every_number(numbers: list[str], parts: list[bytes], place: int) -> None:
    data = b"|".join([*parts[:place], *(number.encode() for number in numbers), *parts[place:]])
    masked = Masker(numbers).data(data)
    assert len(masked) == len(data)
    for number in numbers:
        digits = number.lstrip("+")
        assert len(digits) < 7 or digits.encode() not in masked
    assert Masker(numbers).data(masked) == masked


# Harm


def test_markup_of_a_carrier_is_text_in_the_page(file: Path) -> None:
    page = Tags(archive_of(file)["cover.html"].decode())
    assert "script" not in page.names
    assert page.links == []
    assert f"403 <script>alert(1)</script> | `{CALLER}` barred" in page.text
    assert page.names.count("tr") == 3


def test_markup_of_a_carrier_is_text_in_the_picture_and_in_markdown(file: Path) -> None:
    archive = archive_of(file)
    root = ElementTree.fromstring(archive["call-002/ladder.svg"])
    assert not [tag for tag in root.iter() if tag.tag.endswith("script")]
    assert "\\<script\\>alert(1)\\</script\\> \\| \\`" in archive["cover.md"].decode()


def test_bytes_that_are_no_text_survive(tmp_path: Path) -> None:
    bench = Bench()
    bench.carrier("calls: [{respond: 403}]")
    seen = bench.probe()
    sent, received, *_ = passed_of(bench, seen.call_id)
    odd = with_data(received, received.data.replace(b"Forbidden", b"verb\xf6ten \x1b[2J \xed\xa0\x80 \xe2\x82"))
    assert seen.final is not None
    told = told_of(seen, [sent, odd])
    told["observation"]["final"]["phrase"] = "verb\udcf6ten \x1b[2J \ud800"
    archive = archive_of(write_results(tmp_path / "r", [told]))
    captured = [one.data for one in CaptureReader(io.BytesIO(archive["call-001/call.pcap"]))]
    assert captured == [sent.data, odd.data]
    assert r"verb\xf6ten \x1b[2J \xed\xa0\x80 \xe2\x82" in archive["call-001/messages.txt"].decode()
    ElementTree.fromstring(archive["call-001/ladder.svg"])
    for name, content in archive.items():
        if not name.endswith(".pcap"):
            assert b"\x1b" not in content, name


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_phrase_and_reason(phrase: str, reason: str) -> None:
    told = {
        "condition": reason,
        "observation": {
            **Observation(1, "t", "UDP", "192.0.2.1:1", CALLER, CALLED, outcome=Outcome.REFUSED).as_dict(),
            "final": {"at": 0.1, "code": 403, "phrase": phrase, "headers": {"reason": [reason]}},
        },
    }
    shown = exhibits([KeptCall.from_dict(1, told)], Masker([CALLED]))
    stream = io.BytesIO()
    results = Results.__new__(Results)
    results.messages = lambda call: []  # type: ignore[method-assign]  # no file is needed for this
    write_evidence(stream, results, shown, Masker([CALLED]))
    with zipfile.ZipFile(stream) as archive:
        page = Tags(archive.read("cover.html").decode())
        assert page.names.count("td") == 9
        assert "\n" + "| call-001 |" in archive.read("cover.md").decode()
        assert all(line.isprintable() for line in archive.read("call-001/facts.txt").decode().splitlines())


# The results file


def faults_of(path: Path, content: bytes) -> list[tuple[int, str]]:
    path.write_bytes(content)
    with pytest.raises(ResultsFault) as caught:
        Results(path)
    return [(fault.line, fault.message) for fault in caught.value.faults]


def changed(line: dict[str, Any], **parts: Any) -> bytes:
    return json.dumps(line | parts).encode() + b"\n"


def test_every_broken_line_is_told(tmp_path: Path, lines: list[dict[str, Any]]) -> None:
    good = lines[1]
    message = good["messages"][0]
    seen = good["observation"]
    broken = [
        (b"oops\n", "not JSON at column 1"),
        (b"[1]\n", "not a JSON object"),
        (b'{"event": "listening"}\n', "neither a call nor a summary"),
        (changed(good, observation={}), "not a probed call"),
        (changed(good, observation=seen | {"started": -5}), "started: -5 is no time"),
        (changed(good, observation=seen | {"started": float("nan")}), "started: nan is no time"),
        (changed(good, observation=seen | {"outcome": "lost"}), "'lost' is not a valid Outcome"),
        (changed(good, observation=seen | {"number": 1e999}), "a number is too large"),
        (changed(good, causes=[3]), "not a call"),
        (changed(good, messages=3), '"messages" must be a list'),
        (changed(good, messages=[message] * 201), "201 messages: a call keeps 200"),
        (changed(good, messages=[message, {}]), "message 2: not a message"),
        (changed(good, messages=[message | {"local": ["h", 1]}]), "message 1: 'h' does not appear"),
        (changed(good, messages=[message | {"transport": "SCTP"}]), "message 1: transport must be UDP, TCP or TLS"),
        (changed(good, messages=[message | {"at": 1e999}]), "message 1: inf is no time"),
        (changed(good, messages=[message | {"data": "\ud800"}]), "message 1: not a message"),
        (changed(good, messages=[message | {"data": "x" * LARGEST_MESSAGE}]), "message 1: 65535 bytes are more"),
        (b"[" * 100_000 + b"\n", "not JSON"),
    ]
    found = faults_of(tmp_path / "r", b"".join([changed(good), *(line for line, _ in broken)]))
    assert [line for line, _ in found] == list(range(2, 2 + len(broken)))
    for (_, said), (_, wanted) in zip(found, broken, strict=True):
        assert said.startswith(wanted), said


def test_an_unfinished_file_is_told_as_such(tmp_path: Path, lines: list[dict[str, Any]]) -> None:
    ((line, said),) = faults_of(tmp_path / "r", changed(lines[0]) + changed(lines[1])[:-9])
    assert (line, said.partition("; ")[2]) == (
        2,
        "the line is not complete: is the probe still running, or was it killed?",
    )


def test_a_file_that_is_something_else(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "r", b"")[0][1].startswith("the file has no calls")
    assert len(faults_of(tmp_path / "r", b"\x7fELF\n" * 1000)) == MOST_FAULTS


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = probed_file(tmp_path)
    results = Results(path)
    path.write_text("{}\n" * 3 + "oops" * 10_000)
    with pytest.raises(ResultsFault, match="has changed"):
        results.messages(results.calls[1])


def test_which_calls_have_failed(tmp_path: Path, lines: list[dict[str, Any]]) -> None:
    answered, refused, stalled = lines
    interrupted = stalled | {"observation": stalled["observation"] | {"outcome": "interrupted"}}
    unexpected = answered | {"difference": "answered, and refused was expected"}
    not_made = {"event": "call", "to": "+1", "from": "+2", "verdict": "not called", "refused": {}}
    path = write_results(tmp_path / "r", [answered, refused, stalled, interrupted, unexpected, not_made])
    results = Results(path)
    assert [call.failed for call in results.calls] == [False, True, True, False, True]
    assert results.not_made == {6}


@settings(max_examples=30)  # each value is put into some thirty places
@given(
    st.recursive(st.none() | st.floats() | st.text(max_size=5) | st.integers(), lambda part: st.lists(part, max_size=3))
)
def test_any_value_anywhere_is_a_fault_or_works(value: Any) -> None:
    line = LINE
    for name in [*line["observation"], *(f"messages.{name}" for name in line["messages"][0]), "causes", "difference"]:
        changed_line = json.loads(json.dumps(line))
        if name.startswith("messages."):
            changed_line["messages"][0][name.removeprefix("messages.")] = value
        elif name in changed_line["observation"]:
            changed_line["observation"][name] = value
        else:
            changed_line[name] = value
        with_fault_or_facts(changed_line)


def with_fault_or_facts(line: dict[str, Any]) -> None:
    results = Results.__new__(Results)
    results.calls, results.not_made, results.numbers, results._places = [], set(), set(), {}
    try:
        results._check(1, 0, json.dumps(line).encode())
    except ValueError:
        return
    for exhibit in exhibits(results.calls, Masker(results.numbers)):
        assert facts_text(exhibit)


def _line() -> dict[str, Any]:
    bench = Bench()
    bench.carrier("calls: [{respond: 403}]")
    seen = bench.probe()
    return told_of(seen, passed_of(bench, seen.call_id)[:1])


LINE = _line()


def test_messages_come_back_as_they_went_in(file: Path, lines: list[dict[str, Any]]) -> None:
    results = Results(file)
    for call, line in zip(results.calls, lines, strict=True):
        assert [message_as_dict(one) for one in results.messages(call)] == line["messages"]
