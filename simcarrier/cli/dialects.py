"""``simcarrier dialects [NAME]``: which dialects there are, and what one of them says for each condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .options import format_option

if TYPE_CHECKING:
    from simcarrier.scenario.actions import Action
    from simcarrier.scenario.dialects import DialectTable
    from simcarrier.scenario.responses import Headers
    from simcarrier.scenario.steps import Respond, StepModel


@click.command()
@click.argument("name", required=False)
@format_option("Text: a table. JSON: one object.")
def dialects(name: str | None, form: str) -> None:
    """List the dialects that ship, or tell what one says for each condition.

    NAME is a name of the list, with a variant or without (cis/404), or a file of your own.
    """
    from simcarrier.scenario.dialects import SHIPPED, table_of
    from simcarrier.scenario.faults import ScenarioError

    if name is None:
        _echo([_entry(table_of(shipped)) for shipped in SHIPPED], form, _list_lines)
        return
    try:
        table = table_of(name)
    except ScenarioError as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        raise SystemExit(2) from None
    except ValueError as why:
        raise click.UsageError(f"{name!r} {why}") from None
    _echo({**_entry(table), "conditions": _conditions(table)}, form, _table_lines)


def _echo(told: Any, form: str, lines: Any) -> None:
    if form == "json":
        import json

        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(lines(told)))


def _entry(table: DialectTable) -> dict[str, Any]:
    return {
        "name": table.name,
        "description": table.description,
        "isup": table.isup,
        "variants": [{"name": name, "description": description} for name, description in table.variants],
    }


def _conditions(table: DialectTable) -> list[dict[str, Any]]:
    from simcarrier.carrier.dialect import spoken

    return [
        {
            "condition": condition,
            "inherited_from": table.sayings[condition].origin if table.inherited(condition) else None,
            "alternatives": list(_alternatives(action)),
        }
        for condition, action in spoken(table).items()
    ]


def _alternatives(action: Action) -> list[dict[str, Any]]:
    """What can be said, and how often: shares are of 1."""
    from simcarrier.carrier.wording import explained
    from simcarrier.scenario.actions import MixAction, RespondAction, StepsAction
    from simcarrier.scenario.steps import Respond, Trying, Wait

    if isinstance(action, MixAction):
        return [
            {**said, "share": round(entry.share, 9)} for entry in action.entries for said in _alternatives(entry.action)
        ]
    if isinstance(action, RespondAction):
        steps: tuple[StepModel, ...] = (action.respond,)
    else:
        assert isinstance(action, StepsAction)  # a dialect takes no other
        steps = action.steps
    plain: list[StepModel] = []
    for step in steps:
        if isinstance(step, Respond):
            step = _with_its_headers(explained(step))
            plain += [Trying()] if step.trying else []
            plain += [Wait(span=step.delay)] if step.delay.high else []
        plain.append(step)
    codes = [code for step in plain for code in _codes(step)]
    headers: Headers = plain[-1].headers if isinstance(plain[-1], Respond) else ()
    return [
        {
            "share": 1.0,
            "says": _in_words(plain),
            "codes": codes,
            "headers": {name: str(value) for name, value in headers},
        }
    ]


def _with_its_headers(step: Respond) -> Respond:
    """A refusal with the header that is made for each call as well."""
    if step.call_info != "signed":
        return step
    from simcarrier.scenario.template import Template

    card = ("Call-Info", Template.parse("a signed card;purpose=jwscard"))
    return step.model_copy(update={"headers": (*step.headers, card)})


def _codes(step: StepModel) -> list[int]:
    """The status codes that a step sends."""
    code = getattr(step, "code", {"trying": 100, "ringing": 180, "answer": 200}.get(step.kind))
    before = [183] if getattr(step, "announce", "never") != "never" else []
    return [*before, code] if isinstance(code, int) else []


def _in_words(steps: list[StepModel]) -> str:
    """Steps in short words: ``100, ringing 30s, 480 Temporarily Unavailable``."""
    from simcarrier.scenario.steps import Drop, HangUp, Progress, Respond, Ringing, Trying, Wait

    words: list[str] = []
    waited = ""
    for place, step in enumerate(steps):
        if isinstance(step, Wait):
            time = str(step.usually if step.span == "ring" else step.span)
            if place and isinstance(steps[place - 1], Ringing | Progress):
                words[-1] += f" {time}"
            else:
                waited = f"after {time} "
            continue
        if isinstance(step, Ringing):
            said = "ringing"
        elif isinstance(step, Trying):
            said = "100"
        elif isinstance(step, Respond | Progress):
            if isinstance(step, Respond) and step.announce != "never":
                unless = "" if step.announce == "always" else " unless 608 is understood"
                lasts = "" if step.announcement is None else f" of {step.announcement}"
                words.append(f"{waited}183 with an announcement{lasts}{unless}")
                waited = ""
            said = f"{step.code} {step.phrase}"
            if isinstance(step, Respond) and step.headers:
                said += " with " + ", ".join(dict.fromkeys(name for name, _ in step.headers))
        elif isinstance(step, HangUp):
            if step.after == "talk":
                continue  # only if a scenario says how long they talk
            said = f"BYE after {step.after}"
        elif isinstance(step, Drop):
            said = "nothing is heard" if step.count is None else f"{step.count} requests lost"
        else:
            said = {"answer": "200 OK", "silence": "silence", "duplicate": "sent again"}[step.kind]
        words.append(waited + said)
        waited = ""
    return ", ".join(words)


def _columns(rows: list[tuple[str, str]]) -> list[str]:
    width = max(len(first) for first, _ in rows)
    return [f"{first:<{width}}  {second}" for first, second in rows]


def _list_lines(told: list[dict[str, Any]]) -> list[str]:
    rows = []
    for entry in told:
        rows.append((entry["name"], entry["description"]))
        rows += [(f"  {entry['name']}/{variant['name']}", variant["description"]) for variant in entry["variants"]]
    return _columns(rows)


def _table_lines(told: dict[str, Any]) -> list[str]:
    rows = []
    for entry in told["conditions"]:
        several = len(entry["alternatives"]) > 1
        for place, said in enumerate(entry["alternatives"]):
            words = f"{said['share'] * 100:g}%: {said['says']}" if several else said["says"]
            if entry["inherited_from"] is not None:
                words += f"  ({entry['inherited_from']})"
            rows.append(("" if place else entry["condition"], words))
    head = [told["description"]]
    if told["variants"]:
        head += ["Variants:", *_columns([(f"  {each['name']}", each["description"]) for each in told["variants"]])]
    foot = ["", "In brackets: whom it has that from."] if any(e["inherited_from"] for e in told["conditions"]) else []
    return [*head, "", *_columns(rows), *foot]
