"""Parameters: values that a scenario names once, uses as ``$name`` or ``${name}``, and that a run can
change.

``$$`` is a dollar sign. A dollar sign that no name follows stays as it is, so the end of a regular
expression needs no care.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .base import Location, suggestion_or_list
from .units import shown

_USE = re.compile(r"\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|\{([^{}]*)\}|(\{))")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Faults = list[tuple[Location, str]]


def effective(declared: Any, given: Mapping[str, str], faults: Faults) -> dict[str, str]:
    """The parameters' values in this run.

    Args:
        declared: what stands under ``parameters:``.
        given: what the command line says.
        faults: where and what is wrong is added here.
    """
    values: dict[str, str] = {}
    if isinstance(declared, Mapping):
        for name, value in declared.items():
            if not _NAME.fullmatch(name):
                faults.append((("parameters", name), f"{shown(name)} is no name: letters, digits and _ make one"))
            elif isinstance(value, str):
                values[name] = value
            else:
                faults.append((("parameters", name), f"must be a text, not {shown(value)}"))
                values[name] = ""
    elif declared is not None:
        faults.append((("parameters",), f"must be a mapping of names and values, not {shown(declared)}"))
    for name, value in given.items():
        if name not in values:
            hint = suggestion_or_list(name, values, "; it has none")
            faults.append((("parameters",), f"the scenario has no parameter {shown(name)} to set{hint}"))
        values[name] = value
    return values


def uses(text: str) -> tuple[frozenset[str], str]:
    """The parameters that a text names, and what else is in it."""
    names = {bare or braced for _, bare, braced, _ in _USE.findall(text) if bare or braced}
    return frozenset(names), _USE.sub(lambda use: "$" if use[1] else "", text)


def substituted(data: Any, values: Mapping[str, str], faults: Faults, path: Location = ()) -> Any:
    """The data with every parameter's use replaced by its value."""
    if isinstance(data, dict):
        return {key: substituted(value, values, faults, (*path, key)) for key, value in data.items()}
    if isinstance(data, list):
        return [substituted(value, values, faults, (*path, place)) for place, value in enumerate(data)]
    if not isinstance(data, str) or "$" not in data:
        return data

    def value_of(use: re.Match[str]) -> str:
        dollar, bare, braced, unclosed = use.groups()
        if dollar:
            return "$"
        name = "" if unclosed else bare or braced
        if name in values:
            return values[name]
        if not _NAME.fullmatch(name):
            faults.append((path, "must name a parameter in ${...}; write $$ for a dollar sign"))
        else:
            hint = suggestion_or_list(name, values)
            faults.append((path, f"there is no parameter {shown(name)}{hint}; write $$ for a dollar sign"))
        return use[0]

    return _USE.sub(value_of, data)
