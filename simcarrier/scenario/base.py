"""The ground that the models stand on: one base class whose faults are complete and in plain words.

pydantic stops at a model's first layer of faults and speaks of types; people who write scenarios want every
fault at once and in words. So `Model` wraps the validation: it lets a class look at the raw mapping
(`_inspect`) even if parts of it are broken, joins those faults to pydantic's, and turns machine phrases
into plain ones.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from .units import shown

Location = tuple[str | int, ...]

LONGEST_WORD = 60
MOST_WORDS = 500
"""Comparing words costs the product of their lengths; nobody misspells a longer one, or expects help among more."""

PLAIN = "plain"
"""The type of an error whose message is a plain sentence."""

MISSING = "missing_key"
"""The type of an error whose location ends with a key that is not in the file."""

UNKNOWN = "unknown_key"
"""The type of an error whose location ends with a key that should not be in the file: the key is pointed at."""


def fault(message: str, location: Location = (), kind: str = PLAIN) -> InitErrorDetails:
    """One fault for pydantic to carry out to the loader; the location is relative to the model that finds it."""
    # With no context the template is taken as it is, so braces in it are safe.
    return InitErrorDetails(type=PydanticCustomError(kind, message), loc=location, input=None)


def suggestion(word: str, known: Iterable[str]) -> str:
    """``; did you mean "respond"?``, or nothing if no known word is near."""
    if len(word) > LONGEST_WORD:
        return ""
    near = difflib.get_close_matches(word, list(islice(known, MOST_WORDS)), n=1)
    return f'; did you mean "{near[0]}"?' if near else ""


def suggestion_or_list(word: str, known: Collection[str], none: str = "") -> str:
    """A suggestion; if no word is near, the known words; ``none`` if there are none."""
    if not known:
        return none
    names = ", ".join(islice(known, 14)) + (", ..." if len(known) > 14 else "")
    return suggestion(word, known) or f"; there are {names}"


def in_words(error: ValidationError, unknown_key: Callable[[str], str] = str) -> list[InitErrorDetails]:
    """The faults of a failed validation in plain words.

    Args:
        error: what pydantic raised.
        unknown_key: what to say of a key that the model does not have.
    """
    faults = []
    for found in error.errors(include_url=False):
        kind, location, value = found["type"], found["loc"], found["input"]
        context = found.get("ctx", {})
        if kind == "default_factory_not_called" or (kind == "too_short" and value):
            continue  # it follows from another fault
        if kind in (PLAIN, MISSING, UNKNOWN):
            faults.append(fault(found["msg"], location, kind))
        elif kind == "extra_forbidden":
            faults.append(fault(unknown_key(str(location[-1])), location, UNKNOWN))
        elif kind == "missing":
            faults.append(fault("is missing", location, MISSING))
        else:
            faults.append(fault(_words(kind, value, context) or f"is not understood: {found['msg']}", location))
    return faults


def _words(kind: str, value: Any, context: dict[str, Any]) -> str | None:
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        expected = str(context["expected"])
        hint = suggestion(value, re.findall(r"'([^']+)'", expected)) if isinstance(value, str) else ""
        return f"must be {expected}, not {shown(value)}".replace("'", '"') + hint
    if kind in ("tuple_type", "list_type"):
        return f"must be a list, not {shown(value)}"
    if kind in ("dict_type", "model_type", "model_attributes_type"):
        return f"must be a mapping of keys and values, not {shown(value)}"
    if kind == "too_short":
        return "must not be empty"
    return None


class Model(BaseModel):
    """A frozen part of a scenario; unknown keys are faults."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    hints: ClassVar[dict[str, str]] = {}
    """What to say about keys that people expect here and that are called otherwise."""

    @classmethod
    def _reshape(cls, data: Any) -> Any:
        """The raw value as a mapping of the fields, where a short form is allowed."""
        return data

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        """Faults that concern several fields, found in the raw value, which may be broken in any way."""
        yield from ()

    @classmethod
    def written_keys(cls) -> list[str]:
        """The keys that can be written."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    @classmethod
    def unknown_key(cls, key: str) -> str:
        """What to say of a key that does not belong here."""
        if key in cls.hints:
            return cls.hints[key]
        return f"unknown key {shown(key)}" + suggestion_or_list(key, cls.written_keys())

    @model_validator(mode="wrap")
    @classmethod
    def _all_faults(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if isinstance(data, cls):
            return data
        faults = list(cls._inspect(data))
        if info.context is not None and isinstance(data, Mapping):
            # Read from a file: the names that fields have in Python only are no keys there.
            hidden = [name for name, field in cls.model_fields.items() if field.alias and name in data]
            wrong = [name for name in hidden if cls.model_fields[name].alias != name]
            faults += [fault(cls.unknown_key(name), (name,), UNKNOWN) for name in wrong]
            # An empty value must not pass for a key left out: "to:" would turn into a rule for every call.
            fields = {field.alias or name: field for name, field in cls.model_fields.items()}
            empty = [key for key, value in data.items() if value is None and key in fields]
            empty = [key for key in empty if key != "<path>" and not fields[key].is_required()]
            faults += [fault("is empty: write a value, or leave the key out", (key,)) for key in empty]
            data = {key: value for key, value in data.items() if key not in wrong and key not in empty}
        try:
            made = handler(cls._reshape(data))
        except ValidationError as error:
            faults += in_words(error, cls.unknown_key)
        if faults:
            raise ValidationError.from_exception_data(cls.__name__, faults)
        return made
