"""What a scenario does with its dialect: outcomes, times of its own, early media, lines full, values for templates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random
from types import MappingProxyType

import pytest

from simcarrier.carrier.business.finding import Finding
from simcarrier.carrier.call import NO_VALUES, Call
from simcarrier.carrier.dialect import Dialect, spoken
from simcarrier.conditions import Condition
from simcarrier.scenario.dialects import table_of
from simcarrier.scenario.models import CarrierConfig
from simcarrier.sip.message import Response
from tests.carrier.kit import Exchange


class Found:
    """A check that always finds the same."""

    def __init__(self, condition: Condition, values: Mapping[str, str] = NO_VALUES) -> None:
        self._finding = Finding(condition, "told so", values)

    def examine(self, call: Call, now: float) -> Finding | None:
        return self._finding


def finding(dialect: str, condition: Condition, **values: str) -> Response:
    """The final response to a call of which that is found."""
    carrier = Exchange(f"carrier: {{dialect: {dialect}}}")
    carrier.switch.carrier.business.checks = (Found(condition, MappingProxyType(values)),)
    call = carrier.dial()
    carrier.wire.run(5)
    assert carrier.record.condition is condition
    assert carrier.record.why == "told so"
    return call.responses[-1]


def test_the_same_condition_in_three_dialects() -> None:
    codes = {
        name: Exchange(f"carrier: {{dialect: {name}}}\ncalls: [{{outcome: lines_full}}]").code()
        for name in ("textbook", "cis", "germany")
    }
    assert codes == {"textbook": 503, "cis": 603, "germany": 486}


def test_the_record_tells_what_really_happened_and_in_which_dialect() -> None:
    carrier = Exchange(
        "carrier: {dialect: cis/404}\ncalls: [{to: '1', outcome: registration_inactive}, {respond: 404}]"
    )
    assert carrier.code("1") == carrier.code("2") == 404
    first, second = carrier.records
    assert (first.condition, first.dialect) == (Condition.REGISTRATION_INACTIVE, "cis/404")
    assert (second.condition, second.dialect) == (None, "cis/404")


def test_a_dialect_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\ndescription: x\nconditions: {busy: {respond: {code: 600, phrase: Engaged}}}")
    carrier = Exchange(f"carrier: {{dialect: {path}}}\ncalls: [{{outcome: busy}}]")
    call = carrier.dial()
    carrier.wire.run(1)
    assert [(response.status, response.phrase) for response in call.responses] == [(600, "Engaged")]


def test_the_scenario_says_how_long_it_rings_and_they_talk() -> None:
    carrier = Exchange(
        """
        calls:
          - {to: "1", outcome: no_answer}
          - {to: "2", outcome: no_answer, ring: 3s}
          - {to: "3", outcome: answered, ring: 2s, talk: 7s}
          - {to: "4", outcome: busy, ring: 20s}
        """
    )
    for number in "1234":
        carrier.dial(number)
    carrier.wire.run(60)
    took = {record.called: record.responded_after for record in carrier.records}
    assert took["1"] == pytest.approx(30)
    assert took["2"] == pytest.approx(3)
    assert took["3"] == pytest.approx(2)
    assert took["4"] is not None
    assert took["4"] <= 1
    ended = {record.called: record.ended_after for record in carrier.records}
    assert ended["3"] == pytest.approx(9, abs=0.1)


def test_a_mix_of_the_dialect_keeps_the_scenario_s_times() -> None:
    carrier = Exchange("carrier: {dialect: us-2026}\ncalls: [{outcome: screened, ring: 9s}]")
    assert {carrier.code() for _ in range(30)} == {486, 603}
    assert [record.responded_after for record in carrier.records] == pytest.approx([9] * 30)
    assert {record.condition for record in carrier.records} == {Condition.SCREENED}


@pytest.mark.parametrize(
    ("outcome", "heard"),
    [
        ("answered", [100, 183, 200]),
        ("declined", [100, 183, 603]),
        ("busy", [100, 486]),
        ("voicemail", [100, 183, 200]),
    ],
)
def test_early_media_wherever_it_rings(outcome: str, heard: list[int]) -> None:
    carrier = Exchange(f"calls: [{{outcome: {outcome}, early_media: true, ring: 1s, talk: 2s}}]")
    call = carrier.dial()
    carrier.wire.run(10)
    assert call.codes == heard
    assert all(bool(response.body) == (response.status in (183, 200)) for response in call.responses)
    assert carrier.record.condition == outcome
    assert carrier.record.ending == ("hung_up_by_us" if 200 in heard else "refused")


def test_early_media_of_a_mix() -> None:
    carrier = Exchange("carrier: {dialect: us-2026}\ncalls: [{outcome: screened, early_media: true}]")
    calls = [carrier.dial() for _ in range(30)]
    carrier.wire.run(10)
    assert {tuple(call.codes) for call in calls} == {(100, 183, 486), (100, 183, 603)}


@pytest.mark.parametrize(
    ("full", "code"),
    [("", 503), (", lines_full: 480", 480), (", lines_full: {outcome: busy}", 486), (", lines_full: {ladder: l}", 600)],
)
def test_a_scenario_says_what_full_lines_get_or_the_dialect_does(full: str, code: int) -> None:
    carrier = Exchange(
        f"carrier: {{lines: 1{full}}}\ncalls: [{{to: '1', outcome: answered}}, {{outcome: lines_full}}]\n"
        "ladders: {l: [{respond: 600}]}"
    )
    carrier.dial("1")
    carrier.wire.run(2)
    assert carrier.code("1") == code
    assert (carrier.record.condition, carrier.record.why) == (Condition.LINES_FULL, "lines 1 of 1")
    carrier.switch.close(carrier.wire.now)


def test_what_full_lines_get_is_what_a_rule_s_outcome_gets_too() -> None:
    carrier = Exchange(
        "carrier: {lines_full: {sequence: [480, {mix: [{share: 100%, respond: 486}]}], then: start_over}}\n"
        "calls: [{to: '1', outcome: lines_full}, {outcome: lines_full, ring: 2s}]"
    )
    assert [carrier.code("1"), carrier.code("1"), carrier.code("2"), carrier.code("2")] == [480, 486, 480, 486]
    assert {record.condition for record in carrier.records} == {Condition.LINES_FULL}


def test_retry_after_is_what_was_found_or_5() -> None:
    assert finding("textbook", Condition.RATE_EXCEEDED).get("retry-after") == "5"
    assert finding("textbook", Condition.RATE_EXCEEDED, retry_after="17").get("retry-after") == "17"


def test_a_new_number_is_told_if_it_is_known() -> None:
    known = finding("textbook/moved", Condition.NUMBER_CHANGED, new_number="+4930555")
    assert (known.status, known.get("contact")) == (301, "<sip:+4930555@carrier.example;user=phone>")
    unknown = finding("textbook/moved", Condition.NUMBER_CHANGED)
    assert (unknown.status, unknown.get("contact")) == (301, None)
    assert finding("textbook", Condition.NUMBER_CHANGED, new_number="+4930555").status == 410


def test_what_was_found_makes_no_header_lines_of_its_own() -> None:
    response = finding("textbook", Condition.RATE_EXCEEDED, retry_after="5\r\nX-Evil: yes")
    assert response.get("x-evil") is None
    assert response.get("retry-after") == "5  X-Evil: yes"


def test_ladders_are_made_once_and_not_for_each_call() -> None:
    dialect = Dialect.of(CarrierConfig(dialect="throttler"), {}, Random(1))
    seen = Counter(
        id(dialect.course_for(Condition.RATE_EXCEEDED, None))  # type: ignore[arg-type]  # no choice of a dialect looks at it
        for _ in range(200)
    )
    assert len(seen) == 4
    for condition in Condition:
        course = dialect.course_for(condition, None)  # type: ignore[arg-type]  # as above
        assert course.condition is condition


def test_a_gateway_stands_before_all_that_a_dialect_says(tmp_path: Path) -> None:
    for condition, action in spoken(table_of("isup-gateway")).items():
        assert "Reason" in str(action) or condition in (
            Condition.ANSWERED,
            Condition.VOICEMAIL,
            Condition.SILENT,
            Condition.SILENTLY_DROPPED,
            Condition.STALLED_AFTER_TRYING,
        )
    (tmp_path / "m.yaml").write_text(
        "name: m\ndescription: m\ninherits: us-2026\nisup: rfc\nconditions: {unwanted: 607, busy: 600}"
    )
    carrier = Exchange(
        f"carrier: {{dialect: {tmp_path}/m.yaml}}\ncalls: [{{to: '1', outcome: unwanted}}, {{outcome: busy}}]"
    )
    assert [carrier.code("1"), carrier.code("2")] == [480, 486]
