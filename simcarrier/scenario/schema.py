"""The JSON Schema of the scenario language (draft 2020-12), for completion and checking in editors.

It comes from the models, so it cannot fall behind them. Three things differ between a model and what is
written: an action's keys stand in the rule itself, a bare code can stand for an action, and ``$name`` can
stand for any scalar.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from ..sip.transport import ListenAddress
from .actions import ACTION, RespondAction
from .expectations.fields import Codes
from .fields import PARAMETER
from .models import Scenario
from .units import Span

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Generator(GenerateJsonSchema):
    """Writes defaults as they would be written in a scenario."""

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, tuple) and dft and all(isinstance(entry, ListenAddress) for entry in dft):
            return [str(entry) for entry in dft]
        if isinstance(dft, RespondAction):
            return dft.respond.code
        return str(dft) if isinstance(dft, Span | Codes) else super().encode_default(dft)


def json_schema() -> JsonSchemaValue:
    """The schema of a scenario file."""
    written = Scenario.model_json_schema(by_alias=True, schema_generator=_Generator)
    definitions = written.pop("$defs")
    for schema in (written, *definitions.values()):
        _spread_action(schema, definitions)
    _as_written([written, definitions])
    for hidden in ("<path>", "<places>", "<original>"):
        written["properties"].pop(hidden, None)
    definitions.pop("Original", None)
    return {"$schema": DIALECT, **written, "$defs": definitions}


def _spread_action(schema: JsonSchemaValue, definitions: dict[str, JsonSchemaValue]) -> None:
    """Puts the keys of the actions beside the keys of what they stand in."""
    properties = schema.get("properties", {})
    choice = properties.pop(ACTION, None)
    if choice is None:
        return
    schema["required"] = [key for key in schema.get("required", ()) if key != ACTION]
    alternatives = []
    for reference in choice["oneOf"]:
        action = definitions[reference["$ref"].rpartition("/")[2]]
        properties.update(action["properties"])
        alternatives.append({"required": action["required"]})
    schema["oneOf"] = alternatives
    if not schema["required"]:
        del schema["required"]


def _as_written(node: Any) -> None:
    """Allows a bare code wherever an action stands alone, and parameters for words; drops generated titles."""
    if isinstance(node, list):
        for entry in node:
            _as_written(entry)
        return
    if not isinstance(node, dict):
        return
    for entry in list(node.values()):
        _as_written(entry)
    if isinstance(node.get("title"), str):
        del node["title"]
    if "default" in node and node["default"] in (None, [], {}):
        del node["default"]
    if {"type": "null"} in node.get("anyOf", []):
        # None is how a model says that a key was left out; written, it is a fault.
        node["anyOf"].remove({"type": "null"})
    alternatives = node.get("oneOf", [])
    if {"$ref": "#/$defs/RespondAction"} in alternatives:
        code = {"type": "integer", "minimum": 300, "maximum": 699, "description": "A response by its code."}
        node["anyOf"] = [code, PARAMETER, *node.pop("oneOf")]
    for word in ("outcome", "by", "then"):
        said = node.get("properties", {}).get(word) if isinstance(node.get("properties"), dict) else None
        if said is not None and ("const" in said or "enum" in said):
            rest = {key: said.pop(key) for key in ("const", "enum", "type") if key in said}
            said["anyOf"] = [rest, PARAMETER]
