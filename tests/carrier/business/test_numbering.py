"""Numbering: dialled numbers brought into one form, forms that are not taken, numbers that nobody has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.carrier.business.numbering_plan import ALL_FORMS, LONGEST_TOLD, NumberingPlan, country_of, told
from simcarrier.carrier.business.prefixes import FEW, NumberSet, PrefixIndex
from simcarrier.conditions import Condition
from simcarrier.scenario.business.numbering import Form, NumberingModel
from simcarrier.scenario.patterns import NumberPattern
from tests.carrier.kit import Exchange

ANSWERED = "calls: [{outcome: answered, ring: 0s}]"


def plan(said: Mapping[str, object], *, all_forms: bool = False) -> NumberingPlan:
    return NumberingPlan(NumberingModel.model_validate(said), ALL_FORMS if all_forms else None)


RUSSIA = {"country": "7", "trunk_prefix": "8", "international_prefix": "810", "lengths": "10"}
GERMANY = {"country": "49"}
AMERICA = {"country": "1", "trunk_prefix": "1", "international_prefix": "011", "lengths": "10"}
SPAIN = {"country": "34", "trunk_prefix": "none", "lengths": "9"}
PLANS = {"RU": RUSSIA, "DE": GERMANY, "US": AMERICA, "ES": SPAIN}

READINGS = [
    ("RU", "+74951234567", Form.E164, "+74951234567"),
    ("RU", "84951234567", Form.NATIONAL, "+74951234567"),
    ("RU", "74951234567", Form.COUNTRY_CODE, "+74951234567"),
    ("RU", "81074951234567", Form.INTERNATIONAL_PREFIX, "+74951234567"),
    ("RU", "4951234567", Form.BARE_NATIONAL, "+74951234567"),
    ("RU", "8104930123456", Form.INTERNATIONAL_PREFIX, "+4930123456"),
    ("RU", "8005553535", Form.BARE_NATIONAL, "+78005553535"),
    ("RU", "88005553535", Form.NATIONAL, "+78005553535"),
    ("RU", "7271234567", Form.BARE_NATIONAL, "+77271234567"),
    ("RU", "7495123456", Form.BARE_NATIONAL, "+77495123456"),
    ("RU", "+4930123456", Form.E164, "+4930123456"),
    ("DE", "+4930123456", Form.E164, "+4930123456"),
    ("DE", "004930123456", Form.INTERNATIONAL_PREFIX, "+4930123456"),
    ("DE", "030123456", Form.NATIONAL, "+4930123456"),
    ("DE", "4930123456", Form.COUNTRY_CODE, "+4930123456"),
    ("DE", "30123456", Form.BARE_NATIONAL, "+4930123456"),
    ("DE", "00431234567", Form.INTERNATIONAL_PREFIX, "+431234567"),
    ("DE", "+49-30.(12)34-56", Form.E164, "+4930123456"),
    ("DE", "030 123456", Form.NATIONAL, "+4930123456"),
    ("US", "+12125550123", Form.E164, "+12125550123"),
    ("US", "12125550123", Form.NATIONAL, "+12125550123"),
    ("US", "2125550123", Form.BARE_NATIONAL, "+12125550123"),
    ("US", "0114930123456", Form.INTERNATIONAL_PREFIX, "+4930123456"),
    ("ES", "912345678", Form.NATIONAL, "+34912345678"),
    ("ES", "34912345678", Form.COUNTRY_CODE, "+34912345678"),
]


@pytest.mark.parametrize(("country", "dialled", "form", "number"), READINGS)
def test_every_form_is_read(country: str, dialled: str, form: Form, number: str) -> None:
    found = plan(PLANS[country], all_forms=True).read(dialled)
    assert found is not None
    assert found[:2] == (form, number)


@pytest.mark.parametrize(
    "dialled", ["", "+", "00", "000", "0001", "+0301", "alice", "+49x", "++49", "*21#", "٣٠١", "-"]
)
def test_what_is_no_number(dialled: str) -> None:
    for all_forms in (False, True):
        assert plan(GERMANY, all_forms=all_forms).read(dialled) is None
    assert plan(GERMANY).normal(dialled) == dialled


def test_without_a_country_all_digits_begin_with_one() -> None:
    worldwide = plan({"forms": ["e164", "country_code"]})
    assert worldwide.read("4930123") == (Form.COUNTRY_CODE, "+4930123", None)
    assert worldwide.read("+14155550100") == (Form.E164, "+14155550100", None)
    assert worldwide.read("030123") is None


def test_a_form_that_is_taken_goes_before_one_that_is_not() -> None:
    # Aurich's area code is 4941: without its trunk prefix it looks like the country code.
    assert plan({**GERMANY, "forms": ["e164", "bare_national"]}).read("4941123456") == (
        Form.BARE_NATIONAL,
        "+494941123456",
        10,
    )
    assert plan(GERMANY).read("4941123456") == (Form.COUNTRY_CODE, "+4941123456", 8)


def test_a_length_that_is_known_goes_before_a_prefix() -> None:
    assert plan({**RUSSIA, "forms": ["bare_national", "national"]}).read("8005553535") == (
        Form.BARE_NATIONAL,
        "+78005553535",
        10,
    )
    # One digit is missing: still what it begins with.
    assert plan(RUSSIA).read("8495123456") == (Form.NATIONAL, "+7495123456", 9)


# Each form of a national number; those are left out that some form of another number looks like.
NATIONAL = {
    "RU": st.from_regex(r"[3469][0-9]{9}", fullmatch=True),
    "DE": st.from_regex(r"[235-9][0-9]{5,10}", fullmatch=True),
    "US": st.from_regex(r"[2-9][0-9]{9}", fullmatch=True),
    "ES": st.from_regex(r"[6-9][0-9]{8}", fullmatch=True),
}


@pytest.mark.parametrize("country", PLANS)
@given(data=st.data())
def test_whatever_the_form_the_destination_is_the_same(country: str, data: st.DataObject) -> None:
    said, national = PLANS[country], data.draw(NATIONAL[country])
    model = NumberingModel.model_validate(said)
    number = f"+{model.country}{national}"
    forms = [
        number,
        number[1:],
        f"{model.international_prefix}{number[1:]}",
        f"{model.trunk_prefix}{national}",
        national,
    ]
    reader = plan(said, all_forms=True)
    assert {reader.normal(form) for form in forms} == {number}
    taken = NumberingPlan(model)
    assert all((taken.read(form) or ("", ""))[1] == number for form in forms[:4])


ANY_PLAN: st.SearchStrategy[dict[str, object]] = st.builds(
    dict,
    country=st.sampled_from(["49", "7", "1", "34", "852"]) | st.none(),
    international_prefix=st.sampled_from(["00", "810", "011", "1"]),
    trunk_prefix=st.sampled_from(["0", "8", "none", "06"]),
    lengths=st.sampled_from(["10", "..11", "6..11", "3.."]) | st.none(),
    forms=st.lists(st.sampled_from(list(Form)), min_size=1) | st.none(),
)
DIALLED = (
    st.text(max_size=40)
    | st.text(alphabet="0123456789", max_size=24)
    | st.from_regex(r"\+?[0-9]{0,24}", fullmatch=True)
)


@given(ANY_PLAN, DIALLED)
def test_reading_is_idempotent_and_never_raises(said: dict[str, object], dialled: str) -> None:
    reader = plan(said)
    once = reader.normal(dialled)
    assert reader.normal(once) == once
    found = reader.read(dialled)
    assert reader.refusal(dialled, found).isprintable()
    if found is not None:
        form, number, national = found
        assert number.isascii()
        assert number[0] == "+"
        assert national is None or len(number) > national
        assert form in Form


@given(ANY_PLAN, st.text(alphabet="0123456789", min_size=1, max_size=6))
def test_prefixes_of_patterns_are_read_too(said: dict[str, object], prefix: str) -> None:
    pattern = plan(said).normal_pattern(NumberPattern.parse([f"{prefix}*", "/x/"]))
    assert pattern.prefixes[0].startswith("+")
    assert pattern.source == f"[{prefix}*, /x/]"


@pytest.mark.parametrize(
    ("prefix", "meant"),
    [("030", "+4930"), ("0", "+49"), ("00", "+"), ("0043", "+43"), ("49", "+49"), ("4930", "+4930"), ("30", "+4930")],
)
def test_a_prefix_in_any_form(prefix: str, meant: str) -> None:
    assert plan(GERMANY).normal_pattern(NumberPattern.parse(f"{prefix}*")).prefixes == (meant,)


@pytest.mark.parametrize(
    ("number", "country"), [("+4930", "+49"), ("+1900", "+1"), ("+7495", "+7"), ("+375", "+375"), ("+", "+")]
)
def test_the_country_of_a_number(number: str, country: str) -> None:
    assert country_of(number) == country


def test_what_a_caller_sent_is_told_in_short_and_printable() -> None:
    assert told("9" * 1000) == "9" * LONGEST_TOLD + "..."
    assert told("a\x1b[0m\udcff") == r"a\x1b[0m\udcff"


REFUSALS = [
    (
        "{country: 7, trunk_prefix: 8, forms: [e164, national]}",
        "74951",
        "dialled as 7..., the carrier takes 8... or +7...",
    ),
    ("{country: 49, forms: e164}", "0301234", "dialled as 0..., the carrier takes +49..."),
    ("{country: 49, forms: e164}", "00301234", "dialled as 00..., the carrier takes +49..."),
    ("{country: 49, forms: national}", "+4930123", "dialled as +49..., the carrier takes 0..."),
    ("{country: 49, forms: national}", "+4330123", "dialled as +43..., the carrier takes 0..."),
    ("{country: 49}", "301234", "dialled as 301..., the carrier takes 0..., 49..., +49... or 00..."),
    ("{country: 49}", "alice", "dialled as alice, the carrier takes 0..., 49..., +49... or 00..."),
    (
        "{country: 49, forms: bare_national}",
        "0301",
        "dialled as 0..., the carrier takes national numbers without a prefix",
    ),
    ("{forms: e164}", "4930123", "dialled as 49..., the carrier takes +..."),
    ("{country: 34, trunk_prefix: none, forms: e164}", "912345678", "dialled as 912..., the carrier takes +34..."),
]


@pytest.mark.parametrize(("numbering", "dialled", "why"), REFUSALS)
def test_a_form_that_is_not_taken(numbering: str, dialled: str, why: str) -> None:
    carrier = Exchange(f"carrier: {{numbering: {numbering}}}\n{ANSWERED}")
    assert carrier.code(dialled) >= 400
    assert (carrier.record.condition, carrier.record.why) == (Condition.PREFIX_NOT_RECOGNISED, why)


def test_number_conversion_cures_it() -> None:
    scenario = (Path(__file__).parents[3] / "scenarios" / "ru-prefix.yaml").read_text(encoding="utf-8")
    carrier = Exchange(scenario[scenario.index("\ncarrier:") :])
    assert [carrier.code(number) for number in ("74951234567", "84951234567", "+74951234567")] == [404, 200, 200]


LENGTHS = [
    ("+49301", Condition.NUMBER_INCOMPLETE, "3 digits behind the country code, the plan has 6..11"),
    ("0", Condition.NUMBER_INCOMPLETE, "0 digits behind the country code, the plan has 6..11"),
    ("+49", Condition.NUMBER_INCOMPLETE, "0 digits behind the country code, the plan has 6..11"),
    ("0301234567890", Condition.NUMBER_UNALLOCATED, "12 digits behind the country code, the plan has 6..11"),
    ("+441234567890123456", Condition.NUMBER_UNALLOCATED, "18 digits, E.164 has at most 15"),
    ("030123456", Condition.ANSWERED, None),
    ("+441", Condition.ANSWERED, None),
]


@pytest.mark.parametrize(("dialled", "condition", "why"), LENGTHS)
def test_lengths(dialled: str, condition: Condition, why: str | None) -> None:
    carrier = Exchange(f"carrier: {{numbering: {{country: 49, lengths: 6..11}}}}\n{ANSWERED}")
    carrier.code(dialled)
    assert (carrier.record.condition, carrier.record.why) == (condition, why)


def test_without_lengths_a_number_has_a_digit_at_least() -> None:
    carrier = Exchange(f"carrier: {{numbering: {{country: 49}}}}\n{ANSWERED}")
    carrier.code("+49")
    assert carrier.record.why == "0 digits behind the country code, the plan has at least one"


LISTS = """
carrier:
  numbering:
    country: 49
    exists: [+4930*, +49302]
    disconnected: [+49301*, +493022222]
    changed: {+49303333: +49404444}
    ported: +49304*
    unreachable: +493044*
    busy: ["/7$/", +49305*]
    nowhere: {not: ["+49*"]}
    numbers: {+493011111: answered, +493022223: no_answer, +493044444: busy, +498900: answered}
calls: [{outcome: answered, ring: 0s}]
"""
C = Condition
FOUND = [
    ("0302", C.ANSWERED, None),
    ("030110", C.NUMBER_DISCONNECTED, "+49301* listed as disconnected"),
    ("03011111", C.ANSWERED, None),
    ("03022222", C.NUMBER_DISCONNECTED, "+493022222 listed as disconnected"),
    ("03022223", C.NO_ANSWER, "+493022223 listed as no answer"),
    ("0303333", C.NUMBER_CHANGED, "+49303333 changed to +49404444"),
    ("03042", C.NUMBER_PORTED, "+49304* listed as ported away"),
    ("030442", C.SUBSCRIBER_UNAVAILABLE, "+493044* listed as unreachable"),
    ("03044444", C.BUSY, "+493044444 listed as busy"),
    ("03042227", C.NUMBER_PORTED, "+49304* listed as ported away"),
    ("0302227", C.BUSY, "+49302227 listed as busy"),
    ("030577", C.BUSY, "+49305* listed as busy"),
    ("+4312345", C.DOES_NOT_EXIST_ANYWHERE, "+4312345 listed as existing nowhere"),
    ("08912345", C.NUMBER_UNALLOCATED, "+498912345 is not among the numbers that exist"),
    ("08900", C.ANSWERED, None),
]


@pytest.mark.parametrize(("dialled", "condition", "why"), FOUND)
def test_the_list_that_says_most_wins(dialled: str, condition: Condition, why: str | None) -> None:
    carrier = Exchange(LISTS)
    carrier.code(dialled)
    assert (carrier.record.condition, carrier.record.why) == (condition, why)


def test_604_for_a_number_that_exists_nowhere() -> None:
    assert Exchange(LISTS).code("+4312345") == 604


def test_the_new_number_is_told_to_the_dialect() -> None:
    carrier = Exchange(LISTS)
    carrier.dial("0303333")
    carrier.wire.run_until(lambda: bool(carrier.switch.calls), 1)
    (call,) = carrier.switch.calls.values()
    assert call.destination == "+49303333"
    assert call.decision.values == {"new_number": "+49404444"}


def test_a_file_of_numbers_and_what_the_scenario_says_itself(tmp_path: Path) -> None:
    file = tmp_path / "numbers.csv"
    file.write_text("number,condition,new number\n+49301\n+49302,busy\n+49303,number_changed,+49409\n+49304,busy\n")
    numbering = f"{{country: 49, exists: listed, numbers_file: '{file}', numbers: {{+49304: answered}}}}"
    carrier = Exchange(f"carrier: {{numbering: {numbering}}}\n{ANSWERED}")
    told = []
    for number in ("0301", "0302", "0303", "0304", "0305"):
        carrier.code(number)
        told.append((carrier.record.condition, carrier.record.why))
    assert told == [
        (C.ANSWERED, None),
        (C.BUSY, "+49302 listed as busy"),
        (C.NUMBER_CHANGED, "+49303 changed to +49409"),
        (C.ANSWERED, None),
        (C.NUMBER_UNALLOCATED, "+49305 is none of the 4 numbers listed"),
    ]


def test_a_plan_without_lists_asks_nothing_about_existence() -> None:
    checks = Exchange("carrier: {numbering: {country: 49}}").switch.carrier.business.checks
    assert [type(check).__name__ for check in checks] == ["Form"]
    assert Exchange("carrier: {}").switch.carrier.business.checks == ()


# Prefixes

DIGITS = st.text(alphabet="+012", max_size=6)


@given(st.dictionaries(DIGITS, st.integers()), DIGITS)
def test_the_longest_prefix_is_found(entries: dict[str, int], number: str) -> None:
    wanted = max((prefix for prefix in entries if number.startswith(prefix)), key=len, default=None)
    assert PrefixIndex(entries.items()).find(number) == (None if wanted is None else (wanted, entries[wanted]))


def test_of_equal_prefixes_the_first_counts() -> None:
    index = PrefixIndex([("+49", 1), ("+49", 2)])
    assert (len(index), index.find("+4930")) == (1, ("+49", 1))


PATTERNS = st.lists(
    DIGITS.filter(bool) | DIGITS.map(lambda text: f"{text}*") | st.just("/1$/"), min_size=1, max_size=40
)


@given(PATTERNS, st.booleans(), DIGITS)
def test_a_set_of_numbers_holds_what_its_pattern_matches(texts: list[str], negated: bool, number: str) -> None:
    if negated and "*" in texts:
        return
    pattern = NumberPattern.parse({"not": texts} if negated else texts)
    numbers = NumberSet(pattern)
    assert (number in numbers) is pattern.matches(number)
    entry = numbers.entry(number)
    assert not entry or (number.startswith(entry) and number in numbers)


@pytest.mark.parametrize("count", [FEW, FEW + 1])
def test_few_prefixes_and_many(count: int) -> None:
    numbers = NumberSet(NumberPattern.parse([f"+49{n:02d}*" for n in range(count)]))
    assert f"+49{count - 1:02d}5" in numbers
    assert f"+49{count:02d}5" not in numbers
    assert numbers.entry("+49005") == "+4900"
