"""The scenarios that ship: each loads, is documented, and is what its name says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from simcarrier.carrier.dialect import spoken
from simcarrier.conditions import Condition
from simcarrier.scenario.dialects import table_for
from simcarrier.scenario.load import Scenario, load
from simcarrier.scenario.models import Action, LadderAction, RespondAction, StepsAction
from simcarrier.scenario.steps import Answer, Respond, Silence, Wait
from simcarrier.scenario.units import Span

FOLDER = Path(__file__).parents[2] / "scenarios"
FILES = sorted(FOLDER.glob("*.yaml"))

SHIPPED = [
    "address-incomplete-484",
    "announcement-608",
    "answered",
    "bad-weather",
    "busy-486",
    "busy-everywhere-600",
    "calls-per-second-503",
    "dialler-blocks",
    "dialler-registration",
    "dialler-routes",
    "dialler-stall",
    "does-not-exist-604",
    "early-media-183",
    "early-media-sit",
    "germany-403",
    "gone-410",
    "isup-path",
    "lines-full-603",
    "national-only-403",
    "not-acceptable-606",
    "one-way-audio",
    "overload-503-retry-after",
    "prefix-7-8-404",
    "prepaid-balance",
    "redirect-302",
    "registration-lapses",
    "rejected-608-announcement",
    "rejected-608-damaged",
    "rejected-608",
    "reputation",
    "ringback",
    "ringing-then-declined",
    "ru-prefix",
    "server-error-500",
    "shaken",
    "silence",
    "stalled-trying",
    "subscribers",
    "unavailable-480",
    "unavailable-503",
    "unwanted-607",
    "us-603-plus-damaged",
    "us-603-plus",
]

# Whose code comes from the dialect: what is to happen in them.
SAID_BY_THE_DIALECT = {
    "calls-per-second-503": [Condition.RATE_EXCEEDED],
    "us-603-plus": [Condition.BLOCKED_BY_ANALYTICS],
    "national-only-403": [Condition.DIRECTION_BLOCKED, Condition.CALLER_ID_NOT_ROUTED],
}


def test_all_are_there() -> None:
    assert [path.stem for path in FILES] == SHIPPED


def responses(scenario: Scenario) -> list[Respond]:
    return final([*(rule.action for rule in scenario.calls), scenario.carrier.lines_full])


def final(actions: Iterable[Action | None]) -> list[Respond]:
    found = []
    for action in actions:
        if isinstance(action, RespondAction):
            found.append(action.respond)
        elif isinstance(action, StepsAction):
            found += [step for step in action.steps if isinstance(step, Respond)]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_is_documentation(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    story = text[: text.index("\nname:")]
    assert all(line.startswith("#") for line in story.splitlines())
    assert "# Who meets this: " in story
    assert "# What a dialler should do: " in story
    scenario = load(path)
    assert scenario.description
    assert all(rule.name for rule in scenario.calls)
    assert [str(address) for address in scenario.carrier.listen] == ["udp:127.0.0.1:5060"]


@pytest.mark.parametrize(
    "path", [path for path in FILES if re.search("-[3-6][0-9]{2}", path.stem)], ids=lambda path: path.stem
)
def test_each_sends_the_code_of_its_name(path: Path) -> None:
    scenario = load(path)
    said = spoken(table_for(scenario.carrier.dialect))
    found = [final([said[condition]]) for condition in SAID_BY_THE_DIALECT.get(path.stem, ())] or [responses(scenario)]
    code = int(re.findall("-([3-6][0-9]{2})", path.stem)[0])
    assert [code in {response.code for response in each} for each in found] == [True] * len(found)


def matching(scenario: Scenario, to: str, caller: str) -> str | None:
    for rule in scenario.calls:
        if (rule.to is None or rule.to.matches(to)) and (rule.from_ is None or rule.from_.matches(caller)):
            return rule.name
    return None


def test_germany() -> None:
    scenario = load(FOLDER / "germany-403.yaml")
    assert matching(scenario, "+4930123", "+15551234") == "caller ID not routed"
    assert matching(scenario, "+4930123", "+4930999") == "answered"
    assert matching(scenario, "+49900123", "+4930999") == "premium rate is closed"
    refused = scenario.calls[1].action
    assert isinstance(refused, RespondAction)
    assert (refused.respond.trying, refused.respond.delay.low, refused.respond.delay.high) == (True, 0.1, 0.3)


def test_prefixes() -> None:
    scenario = load(FOLDER / "prefix-7-8-404.yaml")
    assert matching(scenario, "74951234567", "1") == matching(scenario, "+74951234567", "1") == "dialled with 7"
    assert matching(scenario, "84951234567", "1") == "dialled with 8"


@pytest.mark.parametrize(("then", "last"), [("nothing", Silence), ("answer", Answer), ("failure", Respond)])
def test_the_stall_ends_as_the_parameter_says(then: str, last: type) -> None:
    scenario = load(FOLDER / "stalled-trying.yaml", {"then": then, "after": "11s"})
    action = scenario.calls[0].action
    assert isinstance(action, LadderAction)
    assert isinstance(scenario.ladders[action.ladder][-1], last)
    assert scenario.ladders["answer"][1] == Wait(span=Span(11, 11))


def test_the_number_of_lines_is_a_parameter() -> None:
    assert load(FOLDER / "lines-full-603.yaml").carrier.lines == 2
    assert load(FOLDER / "lines-full-603.yaml", {"lines": "10"}).carrier.lines == 10


def test_headers() -> None:
    def header(name: str, of: str) -> str:
        (response, *_) = responses(load(FOLDER / f"{of}.yaml"))
        return str(dict(response.headers)[name])

    assert [step.call_info for step in responses(load(FOLDER / "rejected-608.yaml"))] == ["signed"]
    assert header("Retry-After", "overload-503-retry-after").startswith("10")
    assert header("Contact", "redirect-302").startswith("<sip:{request.user}@")
    assert header("Warning", "not-acceptable-606").startswith("305 ")
    assert responses(load(FOLDER / "unavailable-503.yaml"))[0].headers == ()
