"""``simcarrier expectations [NAME]``: what a scenario can expect of a dialler, and with which parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .options import format_option

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from simcarrier.scenario.expectations import ExpectationModel


@click.command()
@click.argument("name", required=False)
@format_option("Text: a table. JSON: a list, or one object.")
def expectations(name: str | None, form: str) -> None:
    """List what a scenario can expect under expect:, or tell all about one.

    NAME is a name of the list.
    """
    from simcarrier.scenario.base import suggestion_or_list
    from simcarrier.scenario.expectations import KEYS, KINDS

    if name is None:
        _echo([_entry(kind) for kind in KINDS], form)
        return
    kind = next((kind for kind in KINDS if kind.key == name), None)
    if kind is None:
        raise click.UsageError(f"there is no expectation {name!r}{suggestion_or_list(name, KEYS)}")
    _echo(_entry(kind), form)


def _echo(told: Any, form: str) -> None:
    if form == "json":
        import json

        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(_list_lines(told) if isinstance(told, list) else _lines(told)))


def _entry(kind: type[ExpectationModel]) -> dict[str, Any]:
    return {
        "name": kind.key,
        "description": (kind.__doc__ or "").partition("\n")[0],
        "reason": kind.reason,
        "simulated": not kind.wire,
        "parameters": [_parameter(field.alias or name, field) for name, field in _in_order(kind)],
    }


def _in_order(kind: type[ExpectationModel]) -> list[tuple[str, FieldInfo]]:
    """The fields, its own key first."""
    return sorted(kind.model_fields.items(), key=lambda item: item[0] != kind.key)


def _parameter(name: str, field: FieldInfo) -> dict[str, Any]:
    required = field.is_required()
    default = None if required else field.get_default(call_default_factory=True)
    return {
        "name": name,
        "description": field.description,
        "required": required,
        "default": None if required else _written(name, default),
        "values": _words(field),
    }


def _words(field: FieldInfo) -> list[str]:
    """The words that can be written, where there are only a few."""
    for made in field.metadata:
        for choice in getattr(made, "schema", {}).get("anyOf", ()):
            if "const" in choice:
                return [choice["const"]]
            if "enum" in choice:
                return list(choice["enum"])
    return []


def _written(name: str, value: Any) -> str | None:
    """A default as it would be written; None where there is none."""
    from pydantic import BaseModel

    if value is None or value == () or isinstance(value, BaseModel):
        return None
    if isinstance(value, float):
        return f"{value * 100:g}%" if name == "pace" else _duration(value)
    return str(value)


def _duration(seconds: float) -> str:
    for unit, length in (("h", 3600.0), ("m", 60.0), ("s", 1.0)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds * 1000:g}ms"


def _list_lines(told: list[dict[str, Any]]) -> list[str]:
    width = max(len(entry["name"]) for entry in told)
    rows = []
    for entry in told:
        rows.append(f"{entry['name']:<{width}}  {entry['description']}")
        rows.append(f"{'':<{width}}    {', '.join(each['name'] for each in entry['parameters'][1:])}")
    return [*rows, "", "Below each, its parameters; simcarrier expectations NAME explains them."]


def _lines(told: dict[str, Any]) -> list[str]:
    rows = []
    for each in told["parameters"]:
        said = each["description"]
        if each["values"]:
            said += f" {'One of ' if len(each['values']) > 1 else 'Always '}{', '.join(each['values'])}."
        if each["required"]:
            said += " Must be said."
        elif each["default"] is not None:
            said += f" Default: {each['default']}."
        rows.append((each["name"], said))
    width = max(len(name) for name, _ in rows)
    foot = [] if told["simulated"] else ["", "Judged by messages, so simcarrier simulate leaves it out."]
    return [
        f"{told['name']}: {told['description']}",
        told["reason"],
        "",
        *(f"{name:<{width}}  {said}" for name, said in rows),
        *foot,
    ]
