"""Parameters: put in, changed from outside, misspelt."""

from __future__ import annotations

import pytest

from simcarrier.scenario.load import ScenarioError, loads

STORY = """\
name: $what
parameters: {after: 12s, what: a story, regex: x}
calls:
  - {to: '/^\\+49\\d+$/', steps: [{wait: $after}, {wait: "${after}"}, {respond: {code: 403, phrase: $$5 $1 $}}]}
  - {to: '/(1$|2$)/', respond: 404}
"""


def test_parameters_are_put_in_and_other_dollars_stay() -> None:
    scenario = loads(STORY)
    assert scenario.name == "a story"
    assert scenario.parameters == {"after": "12s", "what": "a story", "regex": "x"}
    text = str(scenario.calls[0].action)
    assert text.count("Span(low=12.0") == 2
    assert "phrase='$5 $1 $'" in text
    assert scenario.calls[0].to is not None
    assert scenario.calls[0].to.source == r"/^\+49\d+$/"
    assert scenario.calls[1].to is not None
    assert scenario.calls[1].to.matches("91")


def test_a_run_can_change_them() -> None:
    scenario = loads(STORY, parameters={"after": "3s"})
    assert scenario.parameters["after"] == "3s"
    assert "low=3.0" in str(scenario.calls[0].action)


@pytest.mark.parametrize(
    ("text", "given", "fault"),
    [
        ("name: x\nparameters: {after: 1s}", {"aftr": "2s"}, 'no parameter "aftr" to set; did you mean "after"?'),
        ("name: x", {"a": "b"}, 'no parameter "a" to set; it has none'),
        ("name: $aftr\nparameters: {after: 1s}", {}, '1:7: name: there is no parameter "aftr"; did you mean "after"?'),
        ("name: ${}", {}, '1:7: name: "name" must name a parameter in ${...}'),
        ("name: ${a", {}, '1:7: name: "name" must name a parameter in ${...}'),
        ("name: x\nparameters: {a-b: 1}", {}, '2:19: parameters.a-b: "a-b" is no name'),
        ("name: x\nparameters: {a: [1]}", {}, '2:17: parameters.a: "a" must be a text, not a list'),
        ("name: x\nparameters: [a]", {}, '2:13: parameters: "parameters" must be a mapping'),
        (
            "name: x\nparameters: {a: 12}\ncarrier: {lines_full: {steps: [{wait: $a}, silence]}}",
            {},
            "3:39: carrier.lines_full.steps[0].wait",
        ),
    ],
)
def test_faults_of_parameters(text: str, given: dict[str, str], fault: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(text, parameters=given)
    assert len(caught.value.faults) == 1
    assert fault in str(caught.value)
