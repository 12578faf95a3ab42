"""The OpenAPI document (3.1), made from the list of operations: what is routed is documented, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import simcarrier

from .body import JSON, YAML
from .operations import OPERATIONS, Operation
from .parameters import Parameter
from .problems import BROKEN, FOREIGN_ORIGIN, MEDIA_TYPE, NO_TOKEN, WRONG_HOST, Kind
from .schemas import components, ref

ALWAYS = (NO_TOKEN, FOREIGN_ORIGIN, WRONG_HOST, BROKEN)
"""What can be wrong with any request."""

DESCRIPTION = """\
Drives a simulated carrier from a dialler's tests: what it does with the next calls, and what it has seen. Changes hold
from the next call on. A token (`Authorization: Bearer ...`) is needed where the carrier was given one."""


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The whole document. It is the same for every run."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.documented_path, {})[operation.method.lower()] = described(operation)
    paths["/openapi.json"] = {
        "get": {
            "operationId": "openapi",
            "summary": "This document",
            "responses": {
                "200": {"description": "OK", "content": {JSON: {"schema": {"type": "object"}}}},
                **problems(ALWAYS),
            },
        }
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "simcarrier control",
            "version": simcarrier.__version__,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": components(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def described(operation: Operation) -> dict[str, Any]:
    """One operation."""
    made: dict[str, Any] = {"operationId": operation.name, "summary": operation.summary}
    if operation.what:
        made["description"] = operation.what
    parameters = [_parameter(each, "path") for each in operation.inside]
    parameters += [_parameter(each, "query") for each in operation.query]
    if parameters:
        made["parameters"] = parameters
    if operation.body:
        schema = {"schema": ref(operation.body)}
        made["requestBody"] = {
            "required": not operation.may_be_empty,
            "content": {JSON: schema, YAML[0]: schema},
        }
    told: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if operation.status != HTTPStatus.NO_CONTENT:
        schema = {"schema": ref(operation.told) if operation.told else {"type": "string"}}
        told["content"] = {operation.media_type: schema}
    if operation.status == HTTPStatus.CREATED:
        where = {"description": "Where the rule is, if it was one.", "schema": {"type": "string"}}
        told["headers"] = {"Location": where}
    made["responses"] = {str(operation.status): told, **problems((*operation.all_problems, *ALWAYS))}
    return made


def problems(kinds: Iterable[Kind]) -> dict[str, Any]:
    """The responses of these kinds; those of one status are one response."""
    by_status: dict[int, list[Kind]] = {}
    for kind in kinds:
        by_status.setdefault(kind.status, []).append(kind)
    content = {MEDIA_TYPE: {"schema": ref("Problem")}}
    return {
        str(status): {"description": "; ".join(f"{kind.title} (`{kind.name}`)" for kind in group), "content": content}
        for status, group in sorted(by_status.items())
    }


def _parameter(parameter: Parameter, where: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": parameter.name,
        "in": where,
        "description": parameter.what,
        "required": parameter.needed or where == "path",
        "schema": dict(parameter.schema),
    }
    return made if parameter.example is None else {**made, "example": parameter.example}
