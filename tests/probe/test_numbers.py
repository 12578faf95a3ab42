"""What is known of a number before it is called: however it is spelt, an emergency or a dear number is seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.probe.numbers import NumberFacts, dialled, facts_of


def known(number: str, region: str | None = None) -> NumberFacts:
    facts = facts_of(number, region)
    assert facts is not None
    return facts


@pytest.mark.parametrize(
    ("number", "region"),
    [
        ("112", None),
        ("911", None),
        ("999", "DE"),
        ("110", "DE"),
        ("+49112", None),
        ("+49 112", None),
        ("+49(0)112", None),
        ("0049112", "DE"),
        ("00112", "DE"),
        ("011112", "US"),
        ("9911", "US"),
        ("9-911", None),
        ("1911", None),
        ("+1911", None),
        ("01149112", "US"),
        ("000112", None),
        ("81049112", "RU"),
        ("１１２", None),
        ("＋４９１１２", None),
        ("٩١١", None),
        ("9 1 1", None),
        ("9.1.1", None),
        ("112#", None),
        ("*112", None),
        ("*67911", "US"),
        ("*67 911", None),
        ("*31#112", "DE"),
        ("#31#112", None),
        ("+4930110", None),
        ("+49 30 112", None),
        ("030110", "DE"),
        ("116117", "DE"),
        ("+44999", None),
        ("+61000", None),
        ("+7112", None),
        ("1122", "BR"),
    ],
)
def test_an_emergency_number_in_any_spelling(number: str, region: str | None) -> None:
    facts = known(number, region)
    assert facts.emergency
    assert facts.emergency_behind


@pytest.mark.parametrize("number", ["90049112", "+499112", "0*67911", "000049112", "+490112"])
def test_an_emergency_number_behind_several_prefixes(number: str) -> None:
    assert known(number, "DE").emergency_behind


@pytest.mark.parametrize(
    "number",
    ["+493012345678", "+498912345678", "+14155550123", "+442079460000", "+74951234567", "+4915112345678"],
)
def test_usual_numbers(number: str) -> None:
    facts = known(number)
    assert facts.e164 == number
    assert facts.known
    assert not any((facts.emergency_behind, facts.costly, facts.premium, facts.short))


@pytest.mark.parametrize(
    ("number", "region", "word", "premium"),
    [
        ("+499001123456", None, "premium rate", True),
        ("09001123456", "DE", "premium rate", True),
        ("004990011234567", "DE", "premium rate", True),
        ("+49900112345678", None, "premium rate", True),
        ("+19002345678", None, "premium rate", True),
        ("+449011234567", None, "premium rate", True),
        ("+491801234567", None, "shared cost", True),
        ("+870123456789", None, "satellite", False),
        ("+8811234567890", None, "satellite", False),
        ("00881612345678", "DE", "satellite", False),
        ("00881612345678", None, "satellite", False),
        ("+979123456789", None, "premium", True),
        ("+882161234567", None, "network", False),
        ("+888123456789", None, "disaster", False),
        ("+447012345678", None, "personal", False),
    ],
)
def test_dear_numbers(number: str, region: str | None, word: str, premium: bool) -> None:
    facts = known(number, region)
    assert facts.costly is not None
    assert word in facts.costly
    assert facts.premium is premium


@pytest.mark.parametrize(("number", "region"), [("11880", "DE"), ("22", "DE"), ("12345", None), ("+4930", None)])
def test_short_numbers(number: str, region: str | None) -> None:
    assert known(number, region).short


def test_a_number_in_no_range_is_not_known() -> None:
    assert not known("+491901234567").known


def test_the_same_number_in_national_form() -> None:
    assert known("030 1234-5678", "DE").e164 == "+493012345678"
    assert known("03012345678").e164 is None


@pytest.mark.parametrize("number", ["", " ", "abc", "911a", "%2B49112", "+49;ext=112", "1+12", "9" * 65, "\x00112"])
def test_what_nobody_should_dial(number: str) -> None:
    assert dialled(number) is None
    assert facts_of(number) is None


@given(st.text(max_size=80), st.sampled_from([None, "DE", "US", "XX", "", "ZZZ"]))
def test_any_text_can_be_asked_about(number: str, region: str | None) -> None:
    facts = facts_of(number, region)
    assert (facts is None) == (dialled(number) is None)


PREFIXES = st.lists(st.sampled_from(["0", "9", "00", "011", "+", "+49", "+1", "+44", "*67", "#31#"]), max_size=2)
SEPARATORS = st.sampled_from(["", " ", "-", ".", "(", "\u00a0"])


@given(PREFIXES, st.sampled_from(["112", "911", "999", "110"]), SEPARATORS)
def test_no_prefix_and_no_separator_hides_an_emergency_number(prefixes: list[str], number: str, gap: str) -> None:
    spelt = "".join(prefixes) + gap.join(number)
    facts = facts_of(spelt, "DE")
    assert facts is None or facts.emergency_behind
