"""From a file to a `Scenario`, or to all that is wrong with it.

After the reading (`reading`) parameters are put in, then the models look; the file of a dialect that the scenario names
is read with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from .base import Location
from .dialects import DIALECT_FAULTS
from .faults import Fault, ScenarioError
from .models import Scenario
from .original import Original
from .parameters import Faults, effective, substituted
from .reading import LARGEST, Source, read_text_of


def load(path: Path | str, parameters: Mapping[str, str] | None = None) -> Scenario:
    """Read a scenario file.

    Args:
        path: the file; paths that stand in it are relative to its folder.
        parameters: values for the scenario's parameters.

    Raises:
        ScenarioError: with every fault of the file, and of the file of its dialect.
    """
    path = Path(path)
    return read_scenario(read_text_of(path, "scenario"), str(path), parameters or {}, path)


def loads(text: str, name: str = "<text>", parameters: Mapping[str, str] | None = None) -> Scenario:
    """Read a scenario from a text; ``name`` stands for the file in faults.

    Raises:
        ScenarioError: with every fault of the text.
    """
    return read_scenario(text, name, parameters or {}, None)


def read_scenario(
    text: str,
    name: str,
    given: Mapping[str, str],
    path: Path | None,
    context: Mapping[str, Any] | None = None,
    look: Callable[[Mapping[str, Any]], Iterable[tuple[Location, str]]] | None = None,
) -> Scenario:
    """Read a scenario.

    Args:
        text: YAML.
        name: stands for its file in faults.
        given: values for its parameters.
        path: its file; None if it has none.
        context: what validators are to know besides.
        look: says what else is wrong with the raw mapping, parameters put in, and where.

    Raises:
        ScenarioError: with every fault of the text, and of the file of its dialect.
    """
    source = Source(text, name, "scenario", "name, carrier and calls")
    loose: Faults = []
    values = effective(source.data.get("parameters"), given, loose)
    body = {key: value for key, value in source.data.items() if key != "parameters"}
    body = substituted(body, values, loose)
    if look is not None:
        loose += look(body)
    for location, why in loose:
        source.add(location, why)
    silent = {location for location, _ in loose}
    body["<path>"] = path
    expected = body.get("expect")
    entries = len(expected) if isinstance(expected, list) else 0
    body["<places>"] = tuple(source.place(("expect", at)) for at in range(entries))
    body["<original>"] = Original(text, name, dict(given))
    if values:
        body["parameters"] = values
    of_dialect: list[Fault] = []
    known = {**(context or {}), "folder": path.parent if path else None, DIALECT_FAULTS: of_dialect}
    scenario = source.validated(Scenario, body, known, silent)
    source.raise_if_faulty(of_dialect)
    assert scenario is not None  # a failed validation has left its faults
    return scenario


__all__ = ["LARGEST", "Fault", "Scenario", "ScenarioError", "load", "loads", "read_scenario"]
