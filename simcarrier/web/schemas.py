"""The shapes of what the API tells and takes, as JSON Schema (draft 2020-12), which OpenAPI 3.1 speaks.

What is told is written down here and held against real answers by tests. What is taken in the scenario language comes
from the models themselves, so it cannot fall behind.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from simcarrier.conditions import Condition
from simcarrier.scenario.schema import json_schema
from simcarrier.sip.session import Ending

from .problems import KINDS, TYPE
from .weather import FORCE_KEYS, SWITCHES

Schema = dict[str, Any]

PREFIX = "#/components/schemas/"


def ref(name: str) -> Schema:
    """A reference to a schema of `components`."""
    return {"$ref": PREFIX + name}


def of(what: Schema | str) -> Schema:
    """A list of these."""
    return {"type": "array", "items": {"type": what} if isinstance(what, str) else what}


def thing(properties: Mapping[str, Schema | str], what: str = "", *, needed: bool = True) -> Schema:
    """An object with these members and no others; a word stands for a type, ``"string?"`` for one that may be null."""
    written = {name: _type(said) if isinstance(said, str) else said for name, said in properties.items()}
    made: Schema = {"type": "object", "properties": written, "additionalProperties": False}
    if needed:
        made["required"] = list(written)
    return {"description": what, **made} if what else made


def _type(word: str) -> Schema:
    return {"type": [word[:-1], "null"]} if word.endswith("?") else {"type": word}


COUNT: Schema = {"type": "integer", "minimum": 0}
CONDITION: Schema = {"type": "string", "enum": [*map(str, Condition)]}
CONDITION_OR_NONE: Schema = {"anyOf": [CONDITION, {"type": "null"}]}
ENDING_OR_NONE: Schema = {"anyOf": [{"type": "string", "enum": [*map(str, Ending)]}, {"type": "null"}]}

NEAR_MISS: Mapping[str, Schema | str] = {"rule": "string", "field": "string", "got": "string", "wanted": "string"}

MEDIA = thing(
    {
        "sent": COUNT,
        "received": COUNT,
        "lost": COUNT,
        "jitter": {"type": "number", "description": "The largest, in seconds."},
        "strangers": COUNT,
        "withheld": "boolean",
        "peer_lost": "integer?",
        "digits": "string",
        "digits_sent": "string",
    },
    "What became of the call's audio.",
)

CALL: Mapping[str, Schema | str] = {
    "number": {"type": "integer", "minimum": 1},
    "from": "string",
    "to": "string",
    "code": "integer?",
    "phrase": "string?",
    "rule": "string?",
    "why": "string?",
    "matched": "boolean",
    "condition": CONDITION_OR_NONE,
    "near_misses": of(thing(NEAR_MISS)),
    "provisional": of("integer"),
    "ending": ENDING_OR_NONE,
    "call_id": "string",
    "transport": "string",
    "source": "string",
    "started": "number",
    "responded_after": "number?",
    "acknowledged_after": "number?",
    "ended_after": "number?",
    "media": {"anyOf": [MEDIA, {"type": "null"}]},
}
"""What every record has; further members are those of the event ``call``."""

RULE = thing(
    {
        "name": "string",
        "added": {"type": "boolean", "description": "By the API, not by the scenario's file."},
        "priority": "integer",
        "asks": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "Its conditions, in words.",
        },
        "does": {"type": "string", "description": "The key of its action, such as `respond`."},
        "written": {"type": ["object", "null"], "description": "As it was sent; null for one of the file."},
        "hits": {**COUNT, "description": "Calls that it has taken since the last reset, those that are up included."},
    },
    "A rule in force.",
)

VERDICT: Mapping[str, Schema | str] = {"met": "boolean", "count": COUNT, "wanted": "string", "calls": of("integer")}

TOLD: Mapping[str, Schema] = {
    "Status": thing({"status": "string"}),
    "Carrier": thing(
        {
            "name": "string",
            "version": "string",
            "dialect": "string",
            "uri": "string",
            "addresses": of("string"),
            "revision": COUNT,
            "calls": thing({"ended": COUNT, "up": COUNT, "forgotten": COUNT, "last": COUNT}),
            "codes": {"type": "object", "additionalProperties": COUNT},
            "lines": of(thing({"trunk": "string", "total": COUNT, "in_use": COUNT})),
        },
        "The run: what, where, and figures since the last reset.",
    ),
    "Rule": RULE,
    "Rules": thing({"revision": COUNT, "rules": of(ref("Rule"))}),
    "Revision": thing({"revision": COUNT}),
    "Front": thing(
        {
            "name": "string",
            "condition": CONDITION_OR_NONE,
            "switch": {"type": "string", "enum": list(SWITCHES)},
            "holds": {"type": "boolean", "description": "Whether it is there now."},
        },
        "A front of the scenario's weather.",
    ),
    "Weather": thing({"weather": of(ref("Front"))}),
    "Condition": thing(
        {
            "condition": CONDITION,
            "meaning": "string",
            "forced": {"type": ["object", "null"], "description": "As it was sent; null if it is not forced."},
        },
        "Something that can happen to a call.",
    ),
    "Conditions": thing({"conditions": of(ref("Condition"))}),
    "Call": {**thing(CALL, "A call, as the JSON event `call` tells it."), "additionalProperties": True},
    "Calls": thing(
        {
            "calls": of(ref("Call")),
            "matching": {**COUNT, "description": "Calls that are meant, on all pages."},
            "next": {"type": ["integer", "null"], "description": "The value of `after` for the next page."},
            "forgotten": {**COUNT, "description": "Calls whose records are gone."},
        }
    ),
    "NearMisses": thing({"near_misses": of(thing({"call": "integer", "from": "string", "to": "string", **NEAR_MISS}))}),
    "Verdict": thing(VERDICT),
    "Expectations": thing(
        {
            "expectations": of(
                thing(
                    {
                        "name": "string",
                        "wanted": "string",
                        "got": "string",
                        "met": "boolean",
                        "place": "string",
                        "calls": of("string"),
                        "evidence": of("string"),
                    }
                )
            )
        }
    ),
    "Event": thing(
        {
            "id": "string",
            "event": {"enum": ["begun", "call", "rules", "weather", "condition", "reset", "lost"]},
            "data": {"type": "string", "description": "What is told of it, in JSON."},
        },
        "A server-sent event.",
    ),
    "Problem": {
        "type": "object",
        "description": "What is wrong (RFC 9457). Some kinds have further members.",
        "properties": {
            "type": {"type": "string", "enum": [TYPE + kind.name for kind in KINDS]},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "errors": of(
                {
                    "type": "object",
                    "properties": {
                        "field": {"type": "string", "description": "A parameter, or a place such as `calls[0].to`."},
                        "detail": {"type": "string"},
                        "line": {"type": "integer", "minimum": 1},
                        "column": {"type": "integer", "minimum": 1},
                    },
                    "required": ["field", "detail"],
                }
            ),
        },
        "required": ["type", "title", "status", "detail"],
    },
}

SWITCH = thing({"switch": {"enum": list(SWITCHES)}})


def components() -> dict[str, Schema]:
    """All schemas by their names: what is told, and the scenario language with each name behind ``Scenario``."""
    language = json_schema()["$defs"]
    found = {f"Scenario{name}": _moved(definition) for name, definition in language.items()}
    front = language["WeatherModel"]["properties"]
    force = {key: _moved(front[key]) for key in FORCE_KEYS}
    taken: dict[str, Schema] = {
        "GivenRules": {
            "description": "`calls` with rules of the scenario language, or one rule.",
            "anyOf": [
                {
                    "type": "object",
                    "properties": {"calls": of(ref("ScenarioRule"))},
                    "required": ["calls"],
                    "additionalProperties": False,
                },
                ref("ScenarioRule"),
            ],
        },
        "Switch": SWITCH,
        "Force": thing(force, "Which calls; all if nothing is said.", needed=False),
    }
    return copy.deepcopy({**TOLD, **taken, **_reachable(found, [*taken.values()])})


def _moved(node: Any) -> Any:
    if isinstance(node, list):
        return [_moved(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    return {
        key: f"{PREFIX}Scenario{entry.removeprefix('#/$defs/')}"
        if key == "$ref" and isinstance(entry, str)
        else _moved(entry)
        for key, entry in node.items()
    }


def _reachable(found: dict[str, Schema], roots: list[Any]) -> dict[str, Schema]:
    """The definitions that the roots lead to; most of the language is about the carrier."""
    kept: dict[str, Schema] = {}
    nodes = list(roots)
    while nodes:
        node = nodes.pop()
        if isinstance(node, list):
            nodes += node
        elif isinstance(node, dict):
            said = node.get("$ref")
            name = said.removeprefix(PREFIX) if isinstance(said, str) else ""
            if name in found and name not in kept:
                kept[name] = found[name]
                nodes.append(found[name])
            nodes += node.values()
    return dict(sorted(kept.items()))
