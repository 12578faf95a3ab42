"""The OpenAPI document is complete and true: asked what it allows, and what it does not, the API does as it says."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it brings no types
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from simcarrier.records.media import MediaRecord
from simcarrier.records.model import CallRecord
from simcarrier.verdict.outcome import Outcome
from simcarrier.web.api import Api
from simcarrier.web.openapi import document
from simcarrier.web.operations import OPERATIONS, Operation
from simcarrier.web.problems import KINDS
from simcarrier.web.schemas import CALL, MEDIA
from tests.web.kit import Controlled

EXAMPLES = 10
FEW = 4

CONFORMANCE = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

# Rules that are none are dear to make up from a schema as large as the language's; tests of rules have a list of them.
A_RULE = {"to": "+7*", "respond": 480}

# What would take its time: each request is to answer at once.
AT_ONCE = {"wait": {"timeout": "0ms"}, "events": {"for": "1ms"}}


@pytest.fixture(scope="module")
def asked() -> Iterator[tuple[Controlled, Any]]:
    """A carrier that has seen a few calls, and its document as schemathesis has it."""
    with Controlled() as carrier:
        for number in ("+491", "+431", "+411"):
            carrier.dial(number)
        schema = schemathesis.openapi.from_url(f"{carrier.url}/openapi.json")
        yield carrier, schema


def name(operation: Operation) -> str:
    return operation.name


@pytest.mark.parametrize("operation", OPERATIONS, ids=name)
@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
def test_the_api_does_as_its_document_says(
    asked: tuple[Controlled, Any], operation: Operation, mode: GenerationMode
) -> None:
    carrier, schema = asked
    found = schema[operation.documented_path][operation.method]
    if mode is GenerationMode.NEGATIVE and not (operation.query or operation.body):
        return  # there is nothing to be wrong with: any text can be a name
    fixed_body = (
        {"body": A_RULE, "media_type": "application/json"}
        if mode is GenerationMode.NEGATIVE and operation.body == "GivenRules"
        else {}
    )
    if mode is GenerationMode.NEGATIVE and operation.name in AT_ONCE:
        found = schema["/v1/verify"]["GET"]  # the same parameters, but for those that take time
    fixed = AT_ONCE.get(operation.name) if mode is GenerationMode.POSITIVE else None
    checks = [*CONFORMANCE, *([negative_data_rejection] if mode is GenerationMode.NEGATIVE else [])]

    @settings(
        max_examples=FEW if operation.body == "GivenRules" else EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=found.as_strategy(mode, query=fixed, **fixed_body))
    def ask(case: Case[Any]) -> None:
        case.call_and_validate(checks=checks)

    ask()
    carrier.client.reset("rules")
    carrier.client.reset("weather")
    assert carrier.dial("+491") == [403]


def test_the_document_is_served_as_it_is_made(asked: tuple[Controlled, Any]) -> None:
    carrier, _ = asked
    answer = carrier.request("GET", "/openapi.json")
    assert (answer.status, answer.body) == (200, document())


def test_every_schema_is_one_and_is_there() -> None:
    schemas = document()["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    used = set(re.findall(r"#/components/schemas/(\w+)", str(document())))
    assert used == set(schemas)


def test_every_operation_is_done_and_nothing_else() -> None:
    methods = {name for name, _ in inspect.getmembers(Api, inspect.iscoroutinefunction)}
    assert methods == {operation.name for operation in OPERATIONS}


def test_every_parameter_and_operation_is_told() -> None:
    for path in document()["paths"].values():
        for operation in path.values():
            assert operation["summary"]
            for parameter in operation.get("parameters", ()):
                assert parameter["description"], parameter["name"]
                Draft202012Validator.check_schema(parameter["schema"])


def test_every_kind_of_problem_belongs_to_an_operation() -> None:
    told = set(re.findall(r"\(`([a-z-]+)`\)", str(document()["paths"])))
    assert told == {kind.name for kind in KINDS if kind.name != "method-not-allowed"}
    assert len({kind.name for kind in KINDS}) == len(KINDS)


def test_the_schema_of_a_call_is_that_of_its_record() -> None:
    record = CallRecord(1, "", "UDP", ("127.0.0.1", 1), "", "", 0.0)
    assert set(CALL) <= set(record.as_dict())
    assert list(MEDIA["properties"]) == list(MediaRecord._fields)


def test_the_schema_of_an_expectation_is_that_of_its_outcome() -> None:
    answer = {"expectations": [Outcome("lines", "3", "4", False, "a.yaml:1:1", ("id",), ("why",)).as_dict()]}
    Draft202012Validator(document()["components"]["schemas"]["Expectations"]).validate(answer)


def test_the_language_is_that_of_scenarios() -> None:
    rule = document()["components"]["schemas"]["ScenarioRule"]
    assert {"to", "from", "respond", "steps", "outcome", "mix", "sequence"} <= set(rule["properties"])
