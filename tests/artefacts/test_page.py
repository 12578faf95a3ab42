"""The page of a run: complete, bounded, and nothing from the wire is ever markup in it."""

from __future__ import annotations

import base64
import builtins
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.artefacts import page as paging
from simcarrier.artefacts.in_words import LONGEST_MESSAGE
from simcarrier.artefacts.kept import PINNED, KeptMessages
from simcarrier.artefacts.page import SHOWN, NoTemplates, Report, render
from simcarrier.conditions import Condition
from simcarrier.conduct.breach import Breach
from simcarrier.conduct.report import Report as Conduct
from simcarrier.records.media import MediaRecord
from simcarrier.records.model import CallRecord, NearMiss
from simcarrier.records.transcript import Passed, Transcript
from simcarrier.verdict.outcome import Outcome
from tests.records.capture_kit import AT, FORBIDDEN, INVITE, THEM, US, call

TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "details", "summary"),
    *("h1", "h2", "h3", "p", "ul", "li", "dl", "div", "dt", "dd", "table", "thead", "tr", "th", "td", "span", "a"),
    *("pre", "br", "svg", "g", "text", "line", "path", "rect"),
}
ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "scope", "title", "open"),
    *("aria-hidden", "role", "xmlns", "viewbox", "preserveaspectratio", "width", "height", "rx", "x", "y", "x1", "y1"),
    *("x2", "y2", "d", "fill", "stroke", "stroke-width", "stroke-dasharray", "font-family", "font-size", "font-weight"),
    "text-anchor",
}


class Parsed(HTMLParser):
    """A page as a browser would see it: its elements, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.text += " "
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open:
            self.texts.setdefault(self._open[-1], []).append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")


def checked(html: str) -> Parsed:
    """A page that has nothing in it but what pages of ours have."""
    parsed = Parsed(html)
    assert {tag for tag, _ in parsed.tags} <= TAGS
    for tag, attributes in parsed.tags:
        assert attributes.keys() <= ATTRIBUTES, tag
        if "href" in attributes:
            assert re.fullmatch("#call-[0-9]+", attributes["href"] or "")
    return parsed


def record(number: int = 1, **more: Any) -> CallRecord:
    said: dict[str, Any] = {
        "rule": "Munich",
        "code": 403,
        "phrase": "Forbidden",
        "responded_after": 0.1,
        "ending": "refused",
    } | more
    return CallRecord(number, f"call{number}", "UDP", US, "+4930", "+4989", AT, **said)


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title></details><script>1</script>",
    "' onmouseover='alert(1)",
    "]]><!-- {{ 7 * 7 }} {% raw %}",
    "javascript:alert(1)",
    "\x00\x1b[31m\u202e\ud800\ufffe",
]


@pytest.mark.parametrize("bad", HOSTILE)
def test_whatever_comes_from_the_wire_is_text(bad: str) -> None:
    data = f'INVITE {bad} SIP/2.0\r\nFrom: "{bad}" <sip:a>\r\nX: {bad}\r\n\r\n{bad}'.encode("utf-8", "surrogatepass")
    told = CallRecord(
        1, bad, "UDP", (bad, 1), bad, bad, AT, rule=bad, why=bad, code=403, phrase=bad, ending=bad, dialect=bad,
        customer=bad, trunk=bad, cut=bad, charged=bad, attestation=bad, identity=bad,
        near_misses=(NearMiss(bad, bad, bad, bad),),
    )  # fmt: skip
    breach = Breach(bad, bad, bad, bad, 1.0, bad, bad)
    transcript = Transcript([Passed(AT, True, "UDP", (bad, 1), (bad, 2), data)])
    html = render(
        Report(
            name=bad, description=bad, facts=[(bad, bad)], failures=[bad], codes={403: 1}, conditions={bad: 1},
            outcomes=[Outcome(bad, bad, bad, False, bad, (bad,), (bad,))], breaches=[breach],
            conduct=Conduct.of([breach], {bad: 3}, 10), records=[told], transcripts={bad: transcript},
            others={bad: transcript}, calls=1, notes=[bad],
        )
    )  # fmt: skip
    html.encode()  # it can be written
    parsed = checked(html)
    assert not [character for character in html if not character.isprintable() and character != "\n"]
    shown = bad if bad.isprintable() else bad.encode("unicode_escape", "backslashreplace").decode()
    assert parsed.text.count(shown) > 20


def test_what_became_of_audio() -> None:
    media = MediaRecord(425, strangers=424, digits="12#", digits_sent="0")
    text = checked(render(Report(name="a run", records=[record(media=media)], calls=1))).text
    assert "425 sent, 0 received, 424 from elsewhere" in text
    assert "12#" in text
    assert "digits sent" in text
    assert "RTP" not in checked(render(Report(name="a run", records=[record()], calls=1))).text


@given(st.text(), st.binary(max_size=300), st.text())
def test_any_values(name: str, data: bytes, why: str) -> None:
    transcript = Transcript([Passed(AT, True, "UDP", US, THEM, data)])
    html = render(
        Report(
            name=name, records=[record(why=why, phrase=name)], transcripts={"call1": transcript}, failures=[why],
            calls=1,
        )
    )  # fmt: skip
    checked(html)
    html.encode()


def test_the_browser_is_told_to_run_nothing_and_ask_nobody() -> None:
    html = render(Report("a run"))
    parsed = checked(html)
    (policy,) = [said["content"] for tag, said in parsed.tags if said.get("http-equiv") == "Content-Security-Policy"]
    style = "".join(parsed.texts["style"])
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "url(" not in style
    assert "@import" not in style
    assert re.findall("https?:", html.replace('xmlns="http://www.w3.org/2000/svg"', "")) == []
    assert "prefers-color-scheme: dark" in style


def test_a_failed_run() -> None:
    breach = Breach(
        "ack_branch", "RFC 3261 section 17.1.1.3", "the branch is another", "call2", 1.0, "h:1", "ACK sip:a"
    )
    parsed = checked(
        render(
            Report(
                name="Two calls",
                facts=[("took", "1 s")],
                failures=["stalled_calls: wanted a, got b"],
                codes={200: 3, 403: 1, None: 1},
                conditions={"answered": 3},
                outcomes=[
                    Outcome("codes", "some", "enough", True),
                    Outcome("stalled_calls", "a", "b", False, "x.yaml:1:1", ("call1",), ("this one",)),
                ],
                breaches=[breach],
                conduct=Conduct.of([breach], {"ack_branch": 7}),
                records=[record(1, near_misses=(NearMiss("r", "to", "1", "2"),)), record(2, condition=Condition.BUSY)],
                transcripts={"call1": Transcript(call())},
                calls=2,
            )
        )
    )
    text = " ".join(parsed.text.split())
    assert "Failed: 1 reason stalled_calls: wanted a, got b" in text
    assert "200 3 60.0% 403 1 20.0% none 1 20.0%" in text
    assert "not met stalled_calls x.yaml:1:1 a b this one call 1 met codes some enough" in text
    assert "ack_branch 7 times, such as: the branch is another RFC 3261 section 17.1.1.3, call 2, from h:1" in text
    assert "rule r: to is 1, wanted 2" in text
    assert "3 messages 0.000 s dialler INVITE" in text
    assert "The messages of this call are not kept any more." in text
    assert "busy: the person called was on the phone" in text
    opened = [said["id"] for tag, said in parsed.tags if tag == "details" and "open" in said]
    assert opened == ["call-1", "call-2"]
    assert [said["href"] for tag, said in parsed.tags if tag == "a"] == ["#call-1", "#call-2"]
    assert parsed.texts["title"][0] == "Two calls - simcarrier"


def test_a_run_in_which_nothing_happened() -> None:
    text = " ".join(checked(render(Report("a quiet run"))).text.split())
    assert "Nothing failed" in text
    assert "No call came." in text
    assert "Expectations" not in text
    assert "Conduct" not in text


def test_of_many_calls_those_that_tell_of_a_fault_are_shown_and_then_the_first() -> None:
    records = [record(number) for number in range(1, 1001)]
    records[899] = record(900, rule=None)
    outcomes = [Outcome("x", "a", "b", False, calls=("call950",)), Outcome("y", "a", "b", True, calls=("call951",))]
    breaches = [Breach("x", "y", "z", "call960", 1.0, "")]
    html = render(Report("many", records=records, calls=5000, outcomes=outcomes, breaches=breaches))
    shown = [int(number) for number in re.findall('id="call-([0-9]+)"', html)]
    assert shown == [*range(1, SHOWN - 2), 900, 950, 960]
    assert f"{SHOWN} of 5,000 calls" in html


def test_a_call_in_full_and_cut() -> None:
    body = b"v=0\r\n" * 9000
    long = Passed(AT, True, "UDP", US, THEM, INVITE + body)
    transcript = Transcript([long, Passed(AT + 1, False, "UDP", US, THEM, FORBIDDEN)], left_out=1234)
    html = render(Report("x", records=[record()], transcripts={"call1": transcript}, calls=1))
    text = checked(html).text
    assert f"... and {len(INVITE + body) - LONGEST_MESSAGE:,} more bytes" in text
    assert "1,234 more messages of this call are not shown." in text
    assert "CSeq: 1 INVITE\nContent-Length: 0" in text


def test_what_was_no_call_is_shown_apart() -> None:
    others = {f"reg{number}": Transcript(call()) for number in range(30)}
    text = " ".join(checked(render(Report("x", others=others))).text.split())
    assert "What was no call, such as REGISTER; 20 of 30." in text
    assert "reg19" in text
    assert "reg20" not in text


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name == "jinja2":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    paging._template.cache_clear()
    with pytest.raises(NoTemplates, match=r"pip install 'simcarrier\[html\]'"):
        paging.check_templates()


# What is kept for it


def message(number: int, size: int = 100) -> Passed:
    return Passed(AT, True, "UDP", US, THEM, f"X sip:a SIP/2.0\r\nCall-ID: {number}\r\n\r\n".encode().ljust(size, b"x"))


def test_the_first_calls_are_kept_for_good_and_of_the_others_the_latest() -> None:
    kept = KeptMessages(100 * (PINNED + 10))
    for number in range(PINNED + 30):
        kept.add(message(number))
    assert kept.forgotten == 20
    left = [number for number in range(PINNED + 30) if kept.of(str(number)) is not None]
    assert left == [*range(PINNED), *range(PINNED + 20, PINNED + 30)]
    assert list(kept.others(str(number) for number in left[:-1])) == [str(PINNED + 29)]


def test_one_endless_call_is_cut_off() -> None:
    kept = KeptMessages(10_000)
    for _ in range(1000):
        kept.add(message(1))
    found = kept.of("1")
    assert found is not None
    assert (len(found.messages), found.left_out) == (200, 800)


def test_what_has_no_call_id_is_kept_together() -> None:
    kept = KeptMessages()
    for data in (b"", b"\xff\xff", b"garbage\r\n\r\n"):
        kept.add(Passed(AT, True, "UDP", US, THEM, data))
    assert [len(one.messages) for one in kept.others([]).values()] == [3]
