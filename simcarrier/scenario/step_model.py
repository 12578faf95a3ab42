"""The ground that the steps of a ladder stand on: how each is written by its keyword."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from .base import Model
from .units import shown


class StepModel(Model):
    """A step of a ladder.

    Attributes:
        kind: its keyword.
        main: the field that a value stands for which is no mapping.
        example: such a value, if the step has no meaning without one.
    """

    kind: ClassVar[str]
    main: ClassVar[str | None] = None
    example: ClassVar[str] = ""

    @classmethod
    def _reshape(cls, data: Any) -> Any:
        if data is None and cls.example:
            raise ValueError(f"{cls.kind} needs its value, such as {{{cls.kind}: {cls.example}}}")
        if data is None:
            return {}
        if cls.main is not None and not isinstance(data, Mapping):
            return {cls.main: data}
        return data

    @classmethod
    def unknown_key(cls, key: str) -> str:
        """What to say of an unknown key; also if the step takes none at all."""
        return (
            super().unknown_key(key) if cls.written_keys() else f"unknown key {shown(key)}; {cls.kind} takes no options"
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        reference = handler(schema)
        definition = handler.resolve_ref_schema(reference)
        if cls.main is not None and "properties" in definition:
            options = dict(definition)
            definition.clear()
            definition.update(description=options.pop("description"), anyOf=[options["properties"][cls.main], options])
        return reference
