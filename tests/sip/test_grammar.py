"""The shared words of the grammar: tables, round trips, every truncation, hostile lengths."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.errors import LocalProtocolError, Malformed
from simcarrier.sip.grammar import (
    MAX_PARTS,
    format_params,
    is_token,
    match_quoted,
    parse_params,
    percent_decode,
    percent_encode,
    quote,
    split_outside_quotes,
    split_salvaging,
    unquote,
)

wire_text = st.binary(max_size=40).map(lambda data: data.decode("utf-8", "surrogateescape"))
printable = wire_text.filter(lambda text: not any(ord(char) < 32 or ord(char) == 127 for char in text))
tokens = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=12)


@pytest.mark.parametrize("text", ["INVITE", "z9hG4bK-1.2", "!%*_+`'~", "0"])
def test_tokens(text: str) -> None:
    assert is_token(text)


@pytest.mark.parametrize(
    "text", ["", " ", "a b", "a;b", 'a"', "a@b", "a=b", "ä", "a\n", "a:"], ids=lambda text: repr(text)
)
def test_no_tokens(text: str) -> None:
    assert not is_token(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("a,b", ["a", "b"], id="plain"),
        pytest.param(" a , b\t", ["a", "b"], id="white space"),
        pytest.param("", [""], id="empty"),
        pytest.param("a,,b,", ["a", "", "b", ""], id="empty elements stay"),
        pytest.param('"a,b",c', ['"a,b"', "c"], id="quoted"),
        pytest.param(r'"a\",b",c', [r'"a\",b"', "c"], id="escaped quote"),
        pytest.param(r'"a\\",b', [r'"a\\"', "b"], id="escaped backslash ends nothing"),
        pytest.param("<sip:a,b@c>,d", ["<sip:a,b@c>", "d"], id="brackets"),
        pytest.param('"<",b>', ['"<"', "b>"], id="bracket in quotes"),
        pytest.param('<sip:"a@b>,"c,d"', ['<sip:"a@b>', '"c,d"'], id="quote in brackets"),
    ],
)
def test_split(text: str, parts: list[str]) -> None:
    assert split_outside_quotes(text, ",") == parts


@pytest.mark.parametrize("sep", [";", "|"])
def test_split_at_other_separators(sep: str) -> None:
    assert split_outside_quotes(f'a{sep}"b{sep}c"{sep}<d{sep}e>', sep) == ["a", f'"b{sep}c"', f"<d{sep}e>"]


@pytest.mark.parametrize(
    "text", ['a,"b', '"', r'"\"', "a,<b", '"a\nb",c'], ids=["open", "lone", "escaped", "bracket", "line end"]
)
def test_split_refuses_what_is_never_closed(text: str) -> None:
    with pytest.raises(Malformed):
        split_outside_quotes(text, ",")


def test_salvaging_keeps_the_parts_before_the_fault() -> None:
    assert split_salvaging('a,b;c="d,e', ",") == ["a", 'b;c="d,e']


@pytest.mark.parametrize("element", ["a", '"a"', "<a>"])
def test_split_takes_its_limit_and_no_more(element: str) -> None:
    assert len(split_outside_quotes(",".join([element] * MAX_PARTS), ",")) == MAX_PARTS
    with pytest.raises(Malformed, match="too many"):
        split_outside_quotes(",".join([element] * (MAX_PARTS + 1)), ",")


@given(st.lists(printable.map(quote), min_size=1, max_size=6))
def test_split_undoes_join(parts: list[str]) -> None:
    assert split_outside_quotes(",".join(parts), ",") == parts


@given(printable)
def test_unquote_undoes_quote(text: str) -> None:
    quoted = quote(text)
    assert unquote(quoted) == text
    assert match_quoted(quoted + '"', 0) == len(quoted)


@pytest.mark.parametrize("text", ["plain", '"', r'"a\"', '"a"b"', 'x"a"'], ids=lambda text: text)
def test_unquote_leaves_what_is_not_quoted(text: str) -> None:
    assert unquote(text) == text


@pytest.mark.parametrize("char", ["\r", "\n", "\0"], ids=["CR", "LF", "NUL"])
def test_quote_refuses_line_ends(char: str) -> None:
    with pytest.raises(LocalProtocolError):
        quote(f"a{char}b")


@pytest.mark.parametrize(
    ("text", "params"),
    [
        pytest.param("", {}, id="none"),
        pytest.param("  ", {}, id="white space"),
        pytest.param(';a=b;c;d="x;y"', {"a": "b", "c": None, "d": "x;y"}, id="all kinds"),
        pytest.param(" ; A = b ;\tC ", {"a": "b", "c": None}, id="white space around"),
        pytest.param(";a=1;A=2", {"a": "1"}, id="first wins"),
        pytest.param(';a="";b="\\"\\\\"', {"a": "", "b": '"\\'}, id="escapes"),
        pytest.param(";tag=ab==;r=[::1]:5060", {"tag": "ab==", "r": "[::1]:5060"}, id="wider values"),
        pytest.param(";url=https://x.example/?a&b", {"url": "https://x.example/?a&b"}, id="URL"),
    ],
)
def test_params(text: str, params: dict[str, str | None]) -> None:
    parsed = parse_params(text)
    assert parsed == params
    assert list(parsed) == list(params)
    assert parse_params(format_params(parsed)) == params


@pytest.mark.parametrize(
    "text",
    [";", ";;", ";a;", "a=b", ";a=", ";=b", ';a="b', ';a="b"c', ";a b", ";a=b c", ";a=b,c", ";ä=1", ";a\n;b", ";a=<b>"],
    ids=lambda text: repr(text),
)
def test_bad_params(text: str) -> None:
    with pytest.raises(Malformed):
        parse_params(text)


def test_params_limit() -> None:
    names = [f";p{number}" for number in range(MAX_PARTS + 1)]
    assert len(parse_params("".join(names[:-1]))) == MAX_PARTS
    with pytest.raises(Malformed, match="too many"):
        parse_params("".join(names))


@given(st.dictionaries(tokens.map(str.lower), st.none() | printable, max_size=6))
def test_params_round_trip(params: dict[str, str | None]) -> None:
    assert parse_params(format_params(params)) == params


def test_what_is_written_without_quotes_is_ascii() -> None:
    assert format_params({"a": "é", "b": "x y", "c": "x-y"}) == ';a="é";b="x y";c=x-y'


def test_param_names_must_be_tokens() -> None:
    with pytest.raises(LocalProtocolError):
        format_params({"a b": None})


def test_params_survive_every_truncation() -> None:
    text = ';a=b ; c="x\\";y";d'
    taken = 0
    for end in range(len(text)):
        try:
            params = parse_params(text[:end])
        except Malformed:
            continue
        taken += 1
        assert list(params) == ["a", "c", "d"][: len(params)]
        assert params.get("c") in (None, 'x";y')
    assert 0 < taken < len(text)


@given(wire_text, st.sampled_from(["", "/:", "!*'()&=+$,;?/"]))
def test_percent_round_trip(text: str, safe: str) -> None:
    encoded = percent_encode(text, safe)
    assert encoded.isascii()
    assert percent_decode(encoded) == text


@pytest.mark.parametrize("text", ["%", "%4", "%zz", "a%4", "%%41"])
def test_bad_escapes(text: str) -> None:
    with pytest.raises(Malformed):
        percent_decode(text)


def test_decoding_keeps_bytes_that_are_no_utf8() -> None:
    assert percent_decode("%FF%C3%A9").encode("utf-8", "surrogateescape") == b"\xff\xc3\xa9"


HOSTILE: dict[str, tuple[Callable[[str], object], str]] = {
    "split quotes": (lambda text: split_outside_quotes(text, ","), '"'),
    "split escapes": (lambda text: split_outside_quotes('"' + text, ","), '\\"'),
    "split brackets": (lambda text: split_outside_quotes(text, ","), "<"),
    "split closed quotes": (lambda text: split_outside_quotes(text, ","), '""'),
    "split elements": (lambda text: split_outside_quotes(text, ","), '"a",'),
    "params": (parse_params, ";a"),
    "params same quotes": (parse_params, ';a="'),
    "params escapes": (lambda text: parse_params(';a="' + text), "\\a"),
    "params white space": (lambda text: parse_params(";a" + text + "b"), " "),
    "unquote": (lambda text: unquote('"' + text), '\\"'),
    "escapes": (percent_decode, "%41"),
    "escapes apart": (percent_decode, "a%41"),
    "bad escape at the end": (lambda text: percent_decode(text + "%"), "%41"),
    "token": (lambda text: is_token(text + " "), "a"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lengths_cost_little_and_grow_no_faster_than_the_text(name: str) -> None:
    function, unit = HOSTILE[name]

    def cost(length: int) -> float:
        text = unit * (length // len(unit))
        best = float("inf")
        for _ in range(3):
            begin = time.thread_time()
            with contextlib.suppress(Malformed):
                function(text)
            best = min(best, time.thread_time() - begin)
        return best

    small, large = cost(65_536), cost(8 * 65_536)
    assert small < 0.05
    # Linear is 8 times, quadratic 64 times; below the clock's noise nothing can be said.
    assert large < max(0.02, 24 * small)
