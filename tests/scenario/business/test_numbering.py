"""Numbering, directions and callers as scenarios write them: what loads, and what is refused and where."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.conditions import Condition
from simcarrier.scenario.business import callers, directions, numbering
from simcarrier.scenario.business.numbering import Form
from simcarrier.scenario.business.numbers import MOST_TOLD, Listed, NumbersFile, read_lines
from simcarrier.scenario.load import ScenarioError, load, loads
from simcarrier.scenario.models import CarrierConfig


def carrier(text: str) -> CarrierConfig:
    return loads(f"name: test\ncarrier: {text}").carrier


def faults(text: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        carrier(text)
    return [f"{fault.where}: {fault.message}" for fault in caught.value.faults]


def test_the_usual_plan() -> None:
    plan = carrier("{numbering: {country: 49}}").numbering
    assert plan is not None
    assert (plan.trunk_prefix, plan.international_prefix, plan.lengths) == ("0", "00", None)
    assert set(plan.forms_taken) == set(Form) - {Form.BARE_NATIONAL}


def test_without_a_country_there_are_no_national_numbers() -> None:
    plan = carrier("{numbering: {busy: +49*}}").numbering
    assert plan is not None
    assert set(plan.forms_taken) == {Form.E164, Form.INTERNATIONAL_PREFIX, Form.COUNTRY_CODE}


@pytest.mark.parametrize(("written", "meant"), [("none", ""), ("8", "8"), ("06", "06")])
def test_a_trunk_prefix(written: str, meant: str) -> None:
    plan = carrier(f"{{numbering: {{country: 36, trunk_prefix: {written}, forms: national}}}}").numbering
    assert plan is not None
    assert (plan.trunk_prefix, plan.forms) == (meant, (Form.NATIONAL,))


WRONG = [
    ("{numbering: {country: '049'}}", "carrier.numbering.country", "country code such as 49"),
    ("{numbering: {country: '+49'}}", "carrier.numbering.country", "without plus or zeros"),
    ("{numbering: {country: 49, forms: [e16]}}", "carrier.numbering.forms[0]", 'did you mean "e164"'),
    ("{numbering: {country: 49, forms: [e164, {}]}}", "carrier.numbering.forms[1]", "must be one of e164"),
    ("{numbering: {country: 49, forms: []}}", "carrier.numbering.forms", "must not be empty"),
    ("{numbering: {country: 49, trunk_prefix: 0a}}", "carrier.numbering.trunk_prefix", "such as 0 or 8, or none"),
    ("{numbering: {country: 49, trunk_prefix: ٣}}", "carrier.numbering.trunk_prefix", "such as 0 or 8"),
    ("{numbering: {country: 49, international_prefix: +}}", "carrier.numbering.international_prefix", "011 or 810"),
    ("{numbering: {country: 49, trunk_prefix: '00'}}", "carrier.numbering.trunk_prefix", 'are both "00"'),
    ("{numbering: {country: 49, international_prefix: 0}}", "carrier.numbering.international_prefix", 'are both "0"'),
    ("{numbering: {forms: national}}", "carrier.numbering.forms", "the form national needs a country"),
    ("{numbering: {forms: [e164, national]}}", "carrier.numbering.forms[1]", "the form national needs a country"),
    ("{numbering: {lengths: 10}}", "carrier.numbering.lengths", "needs a country"),
    (
        "{numbering: {busy: 0301*}}",
        "carrier.numbering.busy",
        'must be in E.164 form such as +4930123 or +4930*, not "0301*"',
    ),
    ("{numbering: {busy: [+49, 030, 031*]}}", "carrier.numbering.busy", '"030", "031*"'),
    ("{numbering: {busy: +0301*}}", "carrier.numbering.busy", "must be in E.164 form"),
    ("{numbering: {exists: lst}}", "carrier.numbering.exists", "must be in E.164 form"),
    ("{numbering: {changed: {+491: +491}}}", 'carrier.numbering.changed["+491"]', "is changed to itself"),
    ("{numbering: {changed: {0301: +491}}}", 'carrier.numbering.changed["0301"]', "must be a number in E.164 form"),
    ("{numbering: {changed: {+491: 0301}}}", 'carrier.numbering.changed["+491"]', "must be a number in E.164 form"),
    ("{numbering: {numbers: {+491: bsy}}}", 'carrier.numbering.numbers["+491"]', 'did you mean "busy"'),
    ("{numbering: {busy: +491, ported: [+492, +491]}}", "carrier.numbering.busy", "stands in ported already"),
    ("{numbering: {busy: +49*, nowhere: [+49*]}}", "carrier.numbering.nowhere[0]", "stands in busy already"),
    ("{numbering: {busy: +491, numbers: {+491: busy}}}", 'carrier.numbering.numbers["+491"]', "stands in busy already"),
    ("{numbering: {changed: {+491: +492}, busy: +491}}", "carrier.numbering.busy", "stands in changed already"),
    ("{numbering: {unallocated: +49*}}", "carrier.numbering.unallocated", "by exists"),
    ("{directions: {}}", "carrier.directions", "says nothing"),
    ("{directions: {open: [+49*, +43*], closed: +43*}}", "carrier.directions.open", "is both open and closed"),
    ("{directions: {open: +49*, closed: '*'}}", "carrier.directions.closed", "open is never asked"),
    ("{numbering: {country: 49}, directions: {closed: 0900*}}", "carrier.directions.closed", "must be in E.164 form"),
    (
        "{numbering: {country: 49}, customers: [{name: a, source: 10.0.0.1, directions: {open: 0*}}]}",
        "carrier.customers[0].directions.open",
        "must be in E.164 form",
    ),
    ("{callers: {}}", "carrier.callers", "says nothing"),
    ("{callers: {routed: +49*}, routed_callers: +49*}", "carrier.routed_callers", "write one of them"),
    ("{callers: {routed: +49*, look_in: form}}", "carrier.callers.look_in", 'did you mean "from"'),
    ("{callers: {anonymous: refuse, look_in: both}}", "carrier.callers.look_in", "add routed"),
    ("{callers: {routed: +49*, forms: normalised}}", "carrier.callers.forms", "without a country"),
]


@pytest.mark.parametrize(("text", "where", "why"), WRONG, ids=[text for text, _, _ in WRONG])
def test_what_is_refused(text: str, where: str, why: str) -> None:
    found = faults(text)
    assert len(found) == 1, found
    assert found[0].startswith(f"{where}: ")
    assert why in found[0]


def test_all_faults_are_told_at_once() -> None:
    found = faults(
        "{numbering: {country: x, forms: [e1, national], trunk_prefix: y, busy: [0301, +491], ported: +491, "
        "changed: {+492: +492}, numbers: {z: w}, numbers_file: none.csv}, "
        "directions: {open: +49*, closed: +49*}, routed_callers: +49*, callers: {routed: '', anonymous: no}}"
    )
    places = [fault.partition(": ")[0].removeprefix("carrier.") for fault in found]
    assert sorted(set(places)) == [
        "callers.anonymous",
        "callers.routed",
        "directions.open",
        "numbering.busy",
        "numbering.busy[1]",
        'numbering.changed["+492"]',
        "numbering.country",
        "numbering.forms[0]",
        "numbering.numbers.z",
        "numbering.numbers_file",
        "numbering.trunk_prefix",
        "routed_callers",
    ]


def test_what_may_stand_together() -> None:
    config = carrier(
        "{routed_callers: +49*, callers: {anonymous: refuse, look_in: either}, numbering: {country: 49, "
        "busy: [+49301, +4931*, '/9$/'], ported: {not: [+49*]}, exists: [+49*, '*'], numbers: {+49302: no_answer}}}"
    )
    assert config.callers is not None
    assert (config.callers.look_in, config.callers.forms) == ("either", "normalised")


SHAPES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["+49*", "*", "0", "national", "", "listed"])
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["numbering", "directions", "callers", "customers", "routed", "open", "closed", "forms", "not"]
            )
            | st.sampled_from([*numbering.LISTS, "country", "trunk_prefix", "international_prefix", "routed_callers"])
            | st.integers(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["numbering", "directions", "callers", "customers", "routed_callers"]), SHAPES))
def test_faults_bear_any_shape(raw: dict[str, object]) -> None:
    for topic in (numbering, directions, callers):
        for location, why in topic.faults(raw):
            assert location
            assert why


# Files of numbers


def written(folder: Path, text: str) -> NumbersFile:
    (folder / "numbers.csv").write_text(text, encoding="utf-8")
    return NumbersFile.read(folder / "numbers.csv")


def test_a_file_of_numbers(tmp_path: Path) -> None:
    read = written(
        tmp_path,
        "\ufeffnumber;condition;new number\n# what follows was exported\n+49301\n+49302,busy\n\n"
        '"+49303"\tnumber_disconnected\t\n+49304 ; number_changed ; +49305\r\n+49301,,\n',
    )
    assert read.entries == {
        "+49301": Listed(Condition.ANSWERED),
        "+49302": Listed(Condition.BUSY),
        "+49303": Listed(Condition.NUMBER_DISCONNECTED),
        "+49304": Listed(Condition.NUMBER_CHANGED, "+49305"),
    }


def test_every_wrong_line_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError) as caught:
        written(
            tmp_path,
            "+49301,busy\n030123\n+49302,bsy\n+49301,number_ported\n+49303,number_changed,+49303\n"
            "+49304,busy,+49305\n+49306,busy,,x\n+49307,number_changed,5\n",
        )
    told = str(caught.value).split("; numbers.csv ")
    assert [line.partition(":")[0].removeprefix("numbers.csv ") for line in told] == [f"line {n}" for n in range(2, 9)]
    for line, why in zip(
        told,
        [
            "E.164",
            'did you mean "busy"',
            "line 1 says otherwise",
            "to itself",
            "not number_changed",
            "at most",
            "E.164",
        ],
        strict=True,
    ):
        assert why in line


def test_a_file_that_is_wrong_throughout_is_told_in_short(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"; and 980 more lines$") as caught:
        written(tmp_path, "x\n" * 1000)
    assert str(caught.value).count("numbers.csv line") == MOST_TOLD


@pytest.mark.parametrize(("content", "why"), [(b"+491\n\xff", "line 2: is not UTF-8"), (None, "there is no")])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, why: str) -> None:
    if content is not None:
        (tmp_path / "numbers.csv").write_bytes(content)
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text("name: x\ncarrier:\n  numbering:\n    numbers_file: numbers.csv\n")
    with pytest.raises(ScenarioError) as caught:
        load(scenario)
    (found,) = caught.value.faults
    assert (found.where, found.line) == ("carrier.numbering.numbers_file", 4)
    assert why in found.message


@given(st.text(alphabet=st.characters(codec="utf-8") | st.sampled_from("+4,;#\n"), max_size=60))
def test_a_file_is_read_or_its_lines_are_told(text: str) -> None:
    entries, wrong = read_lines(text)
    assert all(number.startswith("+") for number in entries)
    assert all(1 <= line <= len(text.splitlines()) and why for line, why in wrong)
    blank = sum(not row.strip() or row.startswith("#") for row in text.splitlines())
    assert len(entries) + len(wrong) <= len(text.splitlines()) - blank


@pytest.mark.parametrize("in_a_file", [False, True], ids=["yaml", "file"])
def test_a_large_scenario_loads_in_two_seconds(tmp_path: Path, in_a_file: bool) -> None:
    conditions = ("busy", "number_disconnected", "answered")
    rows = [(f"+4930{n:07d}", conditions[n % 3]) for n in range(10_000)]
    (tmp_path / "numbers.csv").write_text("".join(f"{number},{condition}\n" for number, condition in rows))
    lines = ["name: large", "carrier:", "  customers:"]
    lines += [f"    - {{name: c{n}, source: 10.0.{n}.1, directions: {{closed: +4{n}*}}}}" for n in range(100)]
    lines += ["  numbering:", "    country: 49"]
    if in_a_file:
        lines.append("    numbers_file: numbers.csv")
    else:
        lines += ["    numbers:", *(f'      "{number}": {condition}' for number, condition in rows)]
    lines += ["calls:", *(f"  - {{name: r{n}, to: +49{n:05d}*, outcome: answered, ring: 1s}}" for n in range(1000))]
    scenario = tmp_path / "large.yaml"
    scenario.write_text("\n".join(lines))
    started = time.thread_time()
    loaded = load(scenario)
    assert time.thread_time() - started < 2
    plan = loaded.carrier.numbering
    assert plan is not None
    assert len(plan.numbers) + len(plan.numbers_file.entries if plan.numbers_file else ()) == 10_000
    assert (len(loaded.carrier.customers), len(loaded.calls)) == (100, 1000)
