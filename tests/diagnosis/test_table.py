"""The table of causes: complete, sensible, refused in clear words where it is not, and honest in what it may know."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from simcarrier.conditions import MEANINGS, Condition
from simcarrier.diagnosis import causes, context, evidence, follow_ups, hints
from simcarrier.diagnosis.causes import CONDITIONS, Column, read_table, the_table
from simcarrier.diagnosis.tables import TableError, shipped
from simcarrier.scenario.dialects import SHIPPED
from simcarrier.sip.reason import Q850_CAUSES
from simcarrier.sip.status import PHRASES
from tests.diagnosis.kit import call

ROOM = Path(causes.__file__).parent
TEXT = shipped("causes.yaml")


def probabilities(column: Column, weight: float = 1.0) -> list[float]:
    return [math.exp(log / weight) for log in column.logs]


def weight_of(feature: str) -> float:
    found = re.search(rf"^weights:\n(?:  .*\n)*?  {feature}: +([0-9.]+)", TEXT, re.MULTILINE)
    assert found
    return float(found[1])


def test_every_condition_has_its_row_with_a_source() -> None:
    rows = the_table().rows
    assert set(rows) == set(Condition)
    assert all(row.source for row in rows.values())
    assert sum(math.exp(log) for log in the_table().priors) == pytest.approx(1)


def test_no_prior_decides_alone() -> None:
    priors = [row.prior for row in the_table().rows.values()]
    assert max(priors) / min(priors) <= 8


def test_the_answers_of_every_condition_add_to_one() -> None:
    columns = [column for said, column in the_table().answers.items() if said != "interrupted"]
    for at, condition in enumerate(CONDITIONS):
        total = sum(probabilities(column)[at] for column in columns)
        assert total == pytest.approx(1, abs=0.002), condition


@pytest.mark.parametrize("feature", evidence.FEATURES)
def test_the_values_of_every_feature_add_to_one(feature: str) -> None:
    columns = the_table().features[feature]
    assert set(columns) == set(evidence.FEATURES[feature])
    weight = weight_of(feature)
    for at, condition in enumerate(CONDITIONS):
        assert sum(probabilities(column, weight)[at] for column in columns.values()) == pytest.approx(1), condition


def test_the_causes_of_every_condition_add_to_one() -> None:
    columns = [the_table().cause(cause) for cause in range(1, 128) if cause in Q850_CAUSES]
    for at, condition in enumerate(CONDITIONS):
        assert sum(probabilities(column)[at] for column in columns) == pytest.approx(1, abs=0.03), condition


def test_nothing_is_impossible() -> None:
    assert all(min(column.logs) > math.log(1e-5) for column in the_table().answers.values())


def test_codes_that_no_row_names_stand_for_their_class() -> None:
    assert the_table().answer("499") is the_table().answers["400"]
    assert the_table().answer("699") is the_table().answers["600"]
    assert the_table().answer("nonsense") is the_table().answers["interrupted"]


def test_gateways_are_reckoned() -> None:
    """RFC 3398: 404 and 604 become cause 1, 603 becomes 21; no row of these conditions names them otherwise."""
    table = the_table()
    share = dict(zip(CONDITIONS, probabilities(table.cause(21)), strict=True))
    assert share[Condition.UNWANTED] > 0.5
    assert share[Condition.BUSY] < 0.1


def faults(text: str) -> list[str]:
    with pytest.raises(TableError) as caught:
        read_table(text, "t.yaml")
    return list(caught.value.faults)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("    prior: 70\n", "    prior: many\n", "answered: prior must be a number above 0, not many"),
        ("    prior: 70\n", "", "answered: prior must be a number above 0, not nothing"),
        ("    source: reckoned\n", "", "answered: source is missing"),
        ("  answered:\n    prior", "  anwsered:\n    prior", "conditions: answered has no row"),
        ("    retry: never\n", "    retry: perhaps\n", "retry must be one of never, later"),
        ("    retry: never\n", "    retry: {a: b}\n", "retry must be one of never, later"),
        ("    rang_for: answer\n", "    rang_for: dog\n", "rang_for: dog is none of person, app"),
        ("{answered: 100}\n    notes", "{answered: 100, 999: 1}\n    notes", "answers: 999 is not known"),
        ("{answered: 100}\n    notes", "{}\n    notes", "answers has no weights"),
        (
            "    rang: {yes: 92, no: 8}\n",
            "    rang: {yes: 92, maybe: 8}\n",
            "rang: maybe is not known; there are yes, no",
        ),
        ("    rang: {yes: 92, no: 8}\n", "    rang: 92%\n", "rang must be a mapping, not 92%"),
        ("    causes: {17: 100}\n", "    causes: {300: 100}\n", "causes: 300 is not known"),
        ("    topic: [unwanted]\n", "    topic: [love]\n", "unwanted: topic: love is none of balance"),
        ("      480 rang: ", "      480 sang: ", "no_answer: sang is none of at_the_door"),
        ("      480 rang: ", "      499: ", "no_answer: a note of 499, which is no answer of the row"),
        ("    prior: 70\n", "    prior: 70\n    prior: 71\n", "prior stands there twice"),
        ("  vague: 12%\n", "  vague: lots\n", "vague must be a share such as 5%, not lots"),
        ("    prior: 70\n", "    prior: 70\n    colour: red\n", "answered: colour is not known"),
    ],
)
def test_a_fault_is_told_with_its_line(old: str, new: str, why: str) -> None:
    assert old in TEXT
    told = faults(TEXT.replace(old, new, 1))
    hit = [fault for fault in told if why in fault]
    assert hit, told
    assert re.match(r"t\.yaml:\d+: ", hit[0])


def test_all_faults_are_told_at_once() -> None:
    text = TEXT.replace("    prior: 70\n", "    prior: many\n").replace(
        "    rang_for: mailbox\n", "    rang_for: dog\n"
    )
    assert len(faults(text)) == 2


@pytest.mark.parametrize("text", ["", "[]", "conditions: [", "a: b", "conditions: {answered: 3}"])
def test_what_is_no_table(text: str) -> None:
    assert faults(text)


READERS: dict[str, Callable[[str], object]] = {
    "context.yaml": lambda text: context.read_signs(text, "t.yaml", the_table()),
    "follow_ups.yaml": lambda text: follow_ups.read_questions(text, "t.yaml"),
}


@pytest.mark.parametrize("name", READERS)
def test_the_other_tables_are_checked_too(name: str) -> None:
    text = shipped(name).replace("$person", "$persons", 1).replace("balance_exhausted", "balance_exausted", 1)
    with pytest.raises(TableError) as caught:
        READERS[name](text)
    told = "\n".join(caught.value.faults)
    assert "$persons is neither a condition nor a group" in told
    assert "balance_exausted is neither" in told


def test_every_sign_that_is_looked_for_has_its_row_and_no_other() -> None:
    source = Path(context.__file__).read_text(encoding="utf-8")
    looked_for = set(re.findall(r'yield "([a-z_]+)"', source))
    assert looked_for == set(context.read_signs(shipped("context.yaml"), "context.yaml", the_table()))


# Honesty: the simulator's own ways must not be in it.


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.*")), ids=lambda path: path.name)
def test_it_knows_no_dialect_and_no_simulator(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for name in SHIPPED:
        assert not re.search(rf"(?<![\w-]){name}(?![\w-])", text), name
    assert not re.search(r"simcarrier\.(carrier|scenario|probe|net|testing|simulate)", text)
    assert not re.search(r"carrier\.example|\"server\"|'server'|user-agent", text)


@pytest.mark.parametrize("code", [code for code in PHRASES if code >= 300])
def test_the_usual_phrase_says_no_more_than_the_code(code: int) -> None:
    """Payment Required with 402 is no word about money beyond 402; with 503 it is."""
    phrase = PHRASES[code]
    assert evidence.read_evidence(call(code, phrase)).topics == ()
    other = 403 if code != 403 else 503
    assert evidence.read_evidence(call(other, phrase)).topics == hints.topics_in([phrase])


def test_every_topic_belongs_to_a_condition() -> None:
    told = [row.features["topic"] for row in the_table().rows.values()]
    assert {topic for shares in told for topic, share in shares.items() if share > 0.2} == set(hints.Topic)


def test_every_condition_says_what_to_do() -> None:
    assert set(MEANINGS) == set(the_table().rows)
    never = {each for each, row in the_table().rows.items() if row.retry is causes.Retry.NEVER}
    assert {Condition.BLOCKED_BY_ANALYTICS, Condition.UNWANTED, Condition.BALANCE_EXHAUSTED} <= never
