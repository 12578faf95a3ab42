"""Reading a plan: YAML to a frozen `Plan`, every fault in one pass with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from simcarrier.scenario.faults import ScenarioError
from simcarrier.scenario.parameters import Faults, effective, substituted
from simcarrier.scenario.reading import Source, read_text_of

from .plan import MOST_CALLS, Plan, calls_in

KIND = "probe plan"


def load_plan(path: Path, settings: Mapping[str, str] | None = None) -> Plan:
    """Read a plan's file.

    Args:
        path: the file.
        settings: values for its parameters.

    Raises:
        simcarrier.scenario.faults.ScenarioError: with every fault.
    """
    return read_plan(read_text_of(path, KIND), str(path), path.parent, settings or {})


def read_plan(text: str, name: str, folder: Path | None, settings: Mapping[str, str]) -> Plan:
    """Read a plan's text.

    Args:
        text: YAML.
        name: what faults call the file.
        folder: where the files that it names are.
        settings: values for its parameters.

    Raises:
        simcarrier.scenario.faults.ScenarioError: with every fault.
    """
    source = Source(text, name, KIND, "name, trunks and calls")
    loose: Faults = []
    values = effective(source.data.get("parameters"), settings, loose)
    body = {key: value for key, value in source.data.items() if key != "parameters"}
    body = substituted(body, values, loose)
    for location, why in loose:
        source.add(location, why)
    silent = {location for location, _ in loose}
    if values:
        body["parameters"] = values
    plan = source.validated(Plan, body, {"folder": folder}, silent)
    if plan is not None and calls_in(plan) > MOST_CALLS:
        source.add(("calls",), f"come to {calls_in(plan)}, repetitions included: at most {MOST_CALLS} are possible")
    source.raise_if_faulty()
    assert plan is not None  # a failed validation has left its faults
    return plan


def is_plan(text: str) -> bool:
    """Whether a text looks like a plan: it names trunks at the top, and no carrier."""
    try:
        data = Source(text, "", KIND, "").data
    except ScenarioError:
        return False
    return "trunks" in data and "carrier" not in data


def plan_of(written: Mapping[str, object]) -> Plan:
    """A plan from a mapping, such as the command line spells it.

    Raises:
        simcarrier.scenario.faults.ScenarioError: with every fault.
    """
    return read_plan(json.dumps(written), "command line", None, {})
