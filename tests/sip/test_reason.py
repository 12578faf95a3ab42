"""The Reason header: everything that PROTOCOL.md sections 3 and 4 have seen on the wire."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.sip.errors import LocalProtocolError, Malformed
from simcarrier.sip.reason import Q850_CAUSES, ReasonValue, parse_reason

ANALYTICS = "v=analytics1;url=https://redress.example/;id=12345"

ONE: dict[str, tuple[str, ReasonValue]] = {
    "Q.850": ('Q.850;cause=16;text="Terminated"', ReasonValue("Q.850", 16, "Terminated")),
    "white space": (
        'SIP ;cause=200 ;text="Call completed elsewhere"',
        ReasonValue("SIP", 200, "Call completed elsewhere"),
    ),
    "lower case": ("q.850;Cause=21", ReasonValue("Q.850", 21)),
    "text without quotes": ("Q.850;cause=16;text=Terminated", ReasonValue("Q.850", 16, "Terminated")),
    "protocol only": ("Preemption", ReasonValue("Preemption")),
    "RFC 8606 location": ("Q.850;cause=21;location=ln", ReasonValue("Q.850", 21, location="LN")),
    "603+": (
        f'SIP;cause=603;text="{ANALYTICS}";location=LN',
        ReasonValue("SIP", 603, ANALYTICS, "LN"),
    ),
    "603+ as Q.850": (f'Q.850;cause=21;text="{ANALYTICS}"', ReasonValue("Q.850", 21, ANALYTICS)),
    "603+ with the contact outside the text": (
        "SIP;cause=603;v=analytics1;url=https://redress.example/;location=TN",
        ReasonValue("SIP", 603, None, "TN", {"v": "analytics1", "url": "https://redress.example/"}),
    ),
    "608": ("SIP;cause=608", ReasonValue("SIP", 608)),
    "RFC 9410": (
        'STIR ;cause=436 ;text="Bad Identity Info"',
        ReasonValue("STIR", 436, "Bad Identity Info"),
    ),
    "escapes in text": (r'SIP;text="say \"no\", loud"', ReasonValue("SIP", None, 'say "no", loud')),
    "empty text": ('SIP;cause=603;text=""', ReasonValue("SIP", 603, "")),
    "extension": ('X-Foo;cause=1;x-id="a b"', ReasonValue("X-Foo", 1, params={"x-id": "a b"})),
}

BAD = {
    "empty": "",
    "no protocol": ";cause=16",
    "protocol with space": "Q 850;cause=16",
    "cause in letters": "SIP;cause=abc",
    "cause without value": "SIP;cause",
    "cause empty": "SIP;cause=",
    "cause negative": "SIP;cause=-1",
    "cause endless": "SIP;cause=" + "9" * 5000,
    "cause in other digits": 'SIP;cause="\u0661"',
    "unclosed text": 'SIP;text="abc',
    "junk": 'SIP;text="abc"def',
    "empty parameter": "SIP;;cause=16",
}

TEXTS = (
    st.binary(max_size=20)
    .map(lambda data: data.decode("utf-8", "surrogateescape"))
    .filter(lambda text: not any(ord(char) < 32 or ord(char) == 127 for char in text))
)
VALUES = st.builds(
    ReasonValue,
    st.sampled_from(["SIP", "Q.850", "STIR", "X-Foo"]),
    st.none() | st.integers(0, 999_999_999),
    st.none() | TEXTS,
    st.none() | st.sampled_from(["U", "LN", "TN", "RLN", "LOC-9"]),
    st.dictionaries(st.sampled_from(["v", "url", "id"]), st.none() | TEXTS),
)


@pytest.mark.parametrize("name", ONE)
def test_one_value(name: str) -> None:
    text, expected = ONE[name]
    result = parse_reason([text])
    assert result.values == (expected,)
    assert result.faults == ()
    assert ReasonValue.parse(str(expected)) == expected


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_reported_and_costs_nothing_else(name: str) -> None:
    bad = BAD[name]
    result = parse_reason(["Q.850;cause=17", f"SIP;cause=486,{bad}", "STIR;cause=436"])
    assert [value.cause for value in result.values] == [17, 486, 436]
    assert [fault.text for fault in result.faults] == [bad]
    assert result.faults[0].why
    with pytest.raises(Malformed):
        ReasonValue.parse(bad)


def test_lists_and_repeated_header_fields() -> None:
    result = parse_reason(['Q.850;cause=21;text="a, b" , SIP;cause=603', "SIP;cause=608"])
    assert [(value.protocol, value.cause) for value in result.values] == [("Q.850", 21), ("SIP", 603), ("SIP", 608)]
    first = result.of("sip")
    assert first is not None
    assert first.cause == 603
    assert result.of("STIR") is None


def test_the_first_of_a_repeated_parameter_wins() -> None:
    assert ReasonValue.parse("SIP;cause=603;cause=604").cause == 603


def test_text_is_always_written_in_quotes() -> None:
    assert str(ReasonValue("SIP", 607, "Unwanted")) == 'SIP;cause=607;text="Unwanted"'
    assert str(ReasonValue("SIP", 603, ANALYTICS, "LN")) == f'SIP;cause=603;text="{ANALYTICS}";location=LN'


@pytest.mark.parametrize("value", [ReasonValue("a b"), ReasonValue("SIP", text="a\r\nb")], ids=["protocol", "text"])
def test_what_would_break_the_message_is_not_written(value: ReasonValue) -> None:
    with pytest.raises(LocalProtocolError):
        str(value)


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_round_trip(values: list[ReasonValue]) -> None:
    result = parse_reason([",".join(map(str, values))])
    assert result.values == tuple(values)
    assert result.faults == ()


@given(st.lists(st.text(max_size=40) | st.text('SIP;cause=text",\\ <>', max_size=40), max_size=3))
def test_nothing_makes_it_raise(header_values: list[str]) -> None:
    result = parse_reason(header_values)
    for value in result.values:
        assert ReasonValue.parse(str(value)) == value


@pytest.mark.parametrize("name", ONE)
def test_truncations_keep_the_value_before(name: str) -> None:
    text, _ = ONE[name]
    for end in range(len(text)):
        result = parse_reason(["SIP;cause=486," + text[:end]])
        assert result.values[0] == ReasonValue("SIP", 486)
        assert len(result.values) + len(result.faults) == 2


def test_causes() -> None:
    assert Q850_CAUSES[21] == "Call rejected"
    assert all(1 <= cause <= 127 and text for cause, text in Q850_CAUSES.items())
    # Every cause that RFC 3398 section 7.2.4.1 maps has a meaning here.
    mapped = {
        1,
        2,
        3,
        16,
        17,
        18,
        19,
        20,
        21,
        22,
        23,
        26,
        27,
        28,
        29,
        31,
        34,
        38,
        41,
        42,
        47,
        55,
        57,
        58,
        63,
        65,
        79,
        87,
        88,
        102,
        111,
        127,
    }
    assert mapped <= Q850_CAUSES.keys()


@pytest.mark.parametrize(
    "unit",
    [",", '"', '""', '"a",', "SIP;cause=1,", "SIP" + ";a" * 90 + ",", ";a", 'SIP;text="\\"', "<", "9"],
    ids=["commas", "quotes", "pairs", "quoted", "values", "params", "many params", "escapes", "brackets", "digits"],
)
def test_hostile_lengths_cost_little_and_grow_no_faster_than_the_text(unit: str) -> None:
    def cost(length: int) -> float:
        text = "SIP;cause=" + unit * (length // len(unit))
        best = float("inf")
        for _ in range(3):
            begin = time.thread_time()
            parse_reason([text])
            best = min(best, time.thread_time() - begin)
        return best

    small, large = cost(65_536), cost(8 * 65_536)
    assert small < 0.05
    # Linear is 8 times, quadratic 64 times; below the clock's noise nothing can be said.
    assert large < max(0.02, 24 * small)
