"""The reference is complete: every option, key, step, field, exit status and shipped scenario stands in it."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from pydantic_core import PydanticUndefined

from simcarrier.carrier.switch import Switch
from simcarrier.cli import COMMANDS, main, session
from simcarrier.cli.views.base import Summary
from simcarrier.net.limits import Limits as StreamLimits
from simcarrier.records.model import CallRecord
from simcarrier.scenario import actions, models, responses, steps
from simcarrier.scenario.base import Model
from simcarrier.scenario.load import loads
from simcarrier.scenario.template import FIELDS
from simcarrier.scenario.units import Span
from simcarrier.sip.endpoint import Limits
from simcarrier.sip.session import Ending
from tests.docs.markdown import DOCUMENTS, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
LANGUAGE = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
COMMANDS_PAGE = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"no heading {heading!r}"
    return found[1]


def rows(text: str) -> dict[str, str]:
    """The last cell of every table row, by the code in its first cell."""
    found = re.findall(r"^\| `([^`]+)`[^|]*\|(?:[^|\n]*\|)*?([^|\n]*)\|$", text, re.MULTILINE)
    return {key: last.strip() for key, last in found}


MODELS: dict[str, type[Model]] = {
    "The file": models.Scenario,
    "carrier": models.CarrierConfig,
    "tls": models.Tls,
    "Rules": models.Rule,
    "mix": actions.MixEntry,
    "body": responses.Body,
    "Expectations": models.Expectation,
    "Which calls": models.CallFilter,
    **{action.key: action for action in actions.ACTIONS if action is not actions.MixAction},
    **{f"Step: {step.kind}": step for step in steps.STEPS},
}


def keys_of(model: type[Model]) -> set[str]:
    own = {field.alias or name for name, field in model.model_fields.items()} & set(model.written_keys())
    return own | ({"mix"} if model is actions.MixEntry else set())


@pytest.mark.parametrize(("heading", "model"), MODELS.items(), ids=list(MODELS))
def test_every_key_stands_in_the_reference_and_no_other(heading: str, model: type[Model]) -> None:
    assert set(rows(section(LANGUAGE, heading))) == keys_of(model)


def test_every_model_has_its_section() -> None:
    def all_below(model: type[Model]) -> set[type[Model]]:
        return {model, *(found for sub in model.__subclasses__() for found in all_below(sub))}

    abstract = {Model, actions.ActionModel, actions.Acting, steps.StepModel}
    assert all_below(Model) - abstract - set(MODELS.values()) == {actions.MixAction}


def default_of(model: type[Model], key: str) -> str | None:
    """The default as it is written in the reference; None for one that needs words, ``must be said`` for none."""
    field = next(field for name, field in model.model_fields.items() if (field.alias or name) == key)
    default = field.default
    if field.is_required():
        return "must be said"
    if key in ("lines_full", "unmatched"):
        return f"`{default.respond.code}`"
    if key == "listen":
        return f"`{default[0]}`"
    if default is None or default is PydanticUndefined or default == ():
        return None
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


@pytest.mark.parametrize(("heading", "model"), MODELS.items(), ids=list(MODELS))
def test_defaults_are_the_real_ones(heading: str, model: type[Model]) -> None:
    written = rows(section(LANGUAGE, heading))
    for key in keys_of(model) - {"mix"}:
        default = default_of(model, key)
        assert default in (None, written[key]), key


def test_the_defaults_that_need_words() -> None:
    carrier = Switch(loads("name: x"), 0.0, 0.0)
    assert rows(section(LANGUAGE, "carrier"))["server"] == f"`{carrier.agent.name}`"
    assert default_of(actions.AnsweredAction, "ring") == f"`{Span(1.0, 1.0)}`"
    assert (steps.Progress().sdp, steps.Progress(code=182).sdp) == (True, False)


def test_the_main_value_of_a_step_is_marked() -> None:
    for step in steps.STEPS:
        marked = re.findall(r"^\| `([^`]+)` \* \|", section(LANGUAGE, f"Step: {step.kind}"), re.MULTILINE)
        assert marked == ([step.main] if step.main else []), step.kind


def test_every_template_field_stands_in_the_reference() -> None:
    told = re.findall(r"`\{([a-zA-Z_.]+)\}`", section(LANGUAGE, "What the call brought"))
    assert sorted(told) == sorted([*FIELDS, "header.NAME"])


def test_every_header_that_the_stack_owns_is_named() -> None:
    text = section(LANGUAGE, "Headers and bodies").lower()
    assert all(name in text for name in responses.OWNED if len(name) > 1)


def commands() -> dict[str, click.Command]:
    context = click.Context(main)
    found = {name: main.get_command(context, name) for name in COMMANDS}
    return {name: command for name, command in found.items() if command is not None}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_stands_in_the_reference_and_no_other(name: str) -> None:
    command = commands()[name]
    options = {name for option in command.params if isinstance(option, click.Option) for name in option.opts}
    written = rows(section(COMMANDS_PAGE, f"simcarrier {name}"))
    assert {key.split()[0] for key in written} == options


@pytest.mark.parametrize("name", COMMANDS)
def test_options_are_explained_on_the_command_line(name: str) -> None:
    assert all(option.help for option in commands()[name].params if isinstance(option, click.Option))


def test_exit_statuses() -> None:
    told = re.findall(r"^\| (\d) \|", section(COMMANDS_PAGE, "Exit status"), re.MULTILINE)
    assert told == [str(status) for status in (session.FINE, session.FAILED, 2, session.CANNOT_LISTEN)]


def test_every_field_of_the_events_stands_in_the_reference() -> None:
    record = CallRecord(1, "", "UDP", ("127.0.0.1", 1), "", "", 0.0)
    told = set(rows(section(COMMANDS_PAGE, "JSON events")))
    summary = set(Summary.__dataclass_fields__)
    kinds = {"malformed", "refused", "overloaded", "broken_streams", "send_failures", "engine_errors"}
    wanted = {"event", "address", *record.as_dict(), *summary, *kinds, *Ending}
    assert told == wanted


def test_every_shipped_scenario_stands_in_the_readme() -> None:
    table = rows(section(README, "Scenarios that ship"))
    assert set(table) == {path.name for path in (ROOT / "scenarios").glob("*.yaml")}


def test_the_limits_are_the_real_ones() -> None:
    table = section(README, "Limits and safety")
    streams = StreamLimits()
    assert f"| {Limits().transactions:,} |" in table
    assert f"| {Limits().spent:,} |" in table
    assert f"| {streams.connections:,} |" in table
    assert f"| {streams.idle:g} s |" in table
    assert f"| {streams.message:g} s; {streams.handshake:g} s |" in table
    assert f"| {streams.head // 1024} KiB; {streams.body // 1024**2} MiB |" in table
    assert f"| {streams.unread // 1024**2} MiB |" in table


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        page = (document.parent / path) if path else document
        assert page.is_file(), target
        assert not anchor or anchor in anchors(page), target


def test_the_changelog_names_what_there_is() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    known = {name for command in commands().values() for option in command.params for name in option.opts}
    assert set(re.findall(r"--[a-z]+", changelog)) <= known
    assert set(re.findall(r"`simcarrier ([a-z]+)", changelog)) <= set(COMMANDS)
    for path in re.findall(r"`((?:examples|benchmarks|scenarios|docs)/[a-z_.-]+)`", changelog):
        assert (ROOT / path).exists(), path
