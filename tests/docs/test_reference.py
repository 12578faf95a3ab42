"""The reference is complete: every option, key, step, field, exit status and shipped scenario stands in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
from pydantic import ConfigDict, create_model
from pydantic.fields import FieldInfo

from simcarrier.carrier.business.door import Access
from simcarrier.carrier.switch import Switch
from simcarrier.cli import COMMANDS, main, session
from simcarrier.cli.views.base import Summary
from simcarrier.conditions import MEANINGS, Condition
from simcarrier.conduct.breach import Breach
from simcarrier.conduct.report import Fault
from simcarrier.net.limits import Limits as StreamLimits
from simcarrier.probe import plan
from simcarrier.records.media import MediaRecord
from simcarrier.records.model import CallRecord
from simcarrier.records.row import COLUMNS, VERSION
from simcarrier.scenario import actions, blocks, dialects, expectations, media, models, path, responses, steps, traffic
from simcarrier.scenario.base import Model
from simcarrier.scenario.business import (
    analytics,
    callers,
    clock,
    customers,
    directions,
    numbering,
    shaken,
    subscribers,
    tariffs,
    trunks,
    weather,
)
from simcarrier.scenario.expectations.base import ConductModel, ExpectationModel
from simcarrier.scenario.expectations.callers import WornCaller
from simcarrier.scenario.load import loads
from simcarrier.scenario.template import FIELDS
from simcarrier.sip.endpoint import Limits
from simcarrier.sip.session import Ending
from simcarrier.stores.importing import mapping
from tests.docs.markdown import DOCUMENTS, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
LANGUAGE = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
EXPECTATIONS = (ROOT / "docs" / "expectations.md").read_text(encoding="utf-8")
DIALECTS = (ROOT / "docs" / "dialects.md").read_text(encoding="utf-8")
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


def keys_told(text: str) -> dict[str, str]:
    """What the tables of keys say under Default, by the key; a row can be about several keys."""
    told: dict[str, str] = {}
    for table in re.findall(r"^\| Key \|.*\n(?:\|.*\n?)*", text, re.MULTILINE):
        head, _, *lines = ([cell.strip() for cell in line[1:-1].split("|")] for line in table.splitlines())
        for line in lines:
            keys = dict.fromkeys(re.findall(r"`([^`]+)`", line[0]), line[head.index("Default")])
            assert not keys.keys() & told.keys(), "told twice"
            told |= keys
    return told


class Told(NamedTuple):
    """Where the keys of a model stand."""

    page: str
    heading: str
    model: type[Model]


TOLD = [
    Told("scenarios", "The file", models.Scenario),
    Told("scenarios", "carrier", models.CarrierConfig),
    Told("scenarios", "tls", models.Tls),
    Told("scenarios", "media", media.MediaModel),
    Told("scenarios", "Rules", models.Rule),
    Told("scenarios", "mix", actions.MixEntry),
    Told("scenarios", "body", responses.Body),
    Told("expectations", "Which calls", expectations.CallFilter),
    *(Told("expectations", kind.key, kind) for kind in expectations.KINDS),
    *(Told("scenarios", action.key, action) for action in actions.ACTIONS if action is not actions.MixAction),
    *(Told("scenarios", f"Step: {step.kind}", step) for step in steps.STEPS),
    Told("dialects", "The file", dialects.DialectFile),
    Told("dialects", "A variant", dialects.Variant),
    Told("simulate", "traffic", traffic.Traffic),
    Told("simulate", "A campaign", traffic.Campaign),
    Told("simulate", "A kind of numbers", traffic.Called),
    Told("simulate", "A pool of caller IDs", traffic.Pool),
    Told("simulate", "retries", traffic.Retries),
    Told("blocks", "redress", blocks.RedressModel),
    Told("blocks", "A postal address", blocks.AddressModel),
    Told("blocks", "block", blocks.BlockModel),
    Told("blocks", "signing", blocks.SigningModel),
    Told("blocks", "A network of the path", path.HopModel),
    Told("blocks", "shaken", shaken.ShakenModel),
    Told("business/analytics", "analytics", analytics.AnalyticsModel),
    Told("business/analytics", "weights", analytics.WeightsModel),
    Told("business/analytics", "labelled", analytics.LabelledModel),
    Told("business/callers", "callers", callers.CallersModel),
    Told("business/clock", "clock", clock.ClockModel),
    Told("business/clock", "Times in a scenario", clock.Period),
    Told("business/customers", "customers", customers.CustomerModel),
    Told("business/customers", "registration", customers.RegistrationModel),
    Told("business/customers", "balance", customers.BalanceModel),
    Told("business/customers", "tariffs", tariffs.TariffModel),
    Told("business/customers", "rates", tariffs.RateModel),
    Told("business/directions", "directions", directions.DirectionsModel),
    Told("business/numbering", "numbering", numbering.NumberingModel),
    Told("business/subscribers", "subscribers", subscribers.SubscribersModel),
    Told("business/trunks", "trunks", trunks.TrunkModel),
    Told("business/trunks", "taken", trunks.TakenModel),
    Told("business/weather", "weather", weather.WeatherModel),
    Told("probe", "A plan", plan.Plan),
    Told("probe", "A trunk", plan.TrunkModel),
    Told("probe", "identity", plan.IdentityModel),
    Told("probe", "A call", plan.CallModel),
    Told("probe", "expect", plan.Expected),
    Told("probe", "caps", plan.CapsModel),
    Told("probe", "diagnose", plan.DiagnoseModel),
    Told("probe", "listen", plan.ListenModel),
    Told("probe", "load", plan.LoadModel),
    Told("records", "A mapping", mapping.MappingModel),
    Told("records", "A column", mapping.ColumnModel),
    Told("records", "numbers", mapping.NumbersModel),
]


def place(told: Told) -> str:
    return f"{told.page}: {told.heading}"


def keys_in(told: Told) -> dict[str, str]:
    return keys_told(section((ROOT / "docs" / f"{told.page}.md").read_text(encoding="utf-8"), told.heading))


def keys_of(model: type[Model]) -> set[str]:
    own = {field.alias or name for name, field in model.model_fields.items()} & set(model.written_keys())
    return own | ({"mix"} if model is actions.MixEntry else set())


@pytest.mark.parametrize("told", TOLD, ids=place)
def test_every_key_stands_in_the_reference_and_no_other(told: Told) -> None:
    assert set(keys_in(told)) == keys_of(told.model)


def test_every_model_has_its_section() -> None:
    def all_below(model: type[Model]) -> set[type[Model]]:
        return {model, *(found for sub in model.__subclasses__() for found in all_below(sub))}

    abstract = {Model, actions.ActionModel, actions.Acting, steps.StepModel}
    abstract |= {ExpectationModel, ConductModel, WornCaller}
    # Alerts and pacing are told in docs/deliverability.md, which tests/deliverability/test_documents.py reads.
    known = {model for model in all_below(Model) if not model.__module__.startswith("simcarrier.deliverability.")}
    assert known - abstract - {told.model for told in TOLD} == {actions.MixAction}


def read_default(field: FieldInfo, written: str) -> Any:
    """The value that a scenario has that writes down what the reference gives as the default."""
    config = ConfigDict(arbitrary_types_allowed=True)
    kind: Any = field.annotation
    only = create_model("Only", __config__=config, it=(kind, field))
    value = written[1:-1].split(", ") if written.startswith("[") else written
    return vars(only.model_validate({field.alias or "it": value}))["it"]


@pytest.mark.parametrize("told", TOLD, ids=place)
def test_defaults_are_the_real_ones(told: Told) -> None:
    written = keys_in(told)
    for name, field in told.model.model_fields.items():
        if (key := field.alias or name) not in written or field.default_factory_takes_validated_data:
            continue
        default = field.get_default(call_default_factory=True)
        code = re.fullmatch(r"`([^`]+)`", written[key])
        assert field.is_required() == (written[key] == "must be said"), key
        if code and key != "server":
            assert read_default(field, code[1]) == default, key
        elif not field.is_required():
            assert default in (None, (), {}) or isinstance(default, Model), f"{key}: the default is {default}"


@pytest.mark.parametrize("kind", expectations.KINDS, ids=lambda kind: kind.key)
def test_an_expectation_is_told_as_the_command_tells_it(kind: type[ExpectationModel]) -> None:
    text = section(EXPECTATIONS, kind.key)
    meanings = dict(re.findall(r"^\| `([a-z_]+)` \|[^|]*\| (.*?) \|", text, re.MULTILINE))
    told = {field.alias or name: field.description for name, field in kind.model_fields.items()}
    assert {key: said.replace("`{}`", "{}") for key, said in meanings.items()} == told


@pytest.mark.parametrize("kind", expectations.KINDS, ids=lambda kind: kind.key)
def test_the_example_of_an_expectation_is_one(kind: type[ExpectationModel]) -> None:
    found = re.search(r"\A\n`(\{.*\})`\n", section(EXPECTATIONS, kind.key))
    assert found
    business = "{lines: 9, customers: [{name: c, user: u, password: p}]}"
    (made,) = loads(f"name: x\ncarrier: {business}\ncalls: [{{respond: 403}}]\nexpect: [{found[1]}]").expect
    assert type(made) is kind


def test_the_defaults_that_need_words() -> None:
    carrier = Switch(loads("name: x"), 0.0, 0.0)
    assert keys_told(section(LANGUAGE, "carrier"))["server"] == f"`{carrier.agent.name}`"
    assert (steps.Progress().sdp, steps.Progress(code=182).sdp) == (True, False)


def test_every_condition_stands_in_the_reference_with_its_meaning() -> None:
    told = re.findall(r"^\| `([a-z_]+)` \| (.*?) \| (.*?) \| (.*?) \|$", section(LANGUAGE, "Conditions"), re.MULTILINE)
    assert told == [(each, said.what, said.refused_by, said.advice) for each, said in MEANINGS.items()]
    assert list(MEANINGS) == list(Condition)


def test_every_dialect_that_ships_stands_in_the_reference() -> None:
    assert list(rows(section(DIALECTS, "Dialects that ship"))) == list(dialects.SHIPPED)


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
    groups = {name: command for name, command in found.items() if isinstance(command, click.Group)}
    below = {f"{name} {part}": command for name, group in groups.items() for part, command in group.commands.items()}
    return {name: command for name, command in found.items() if command is not None} | below


@pytest.mark.parametrize("name", commands())
def test_every_option_stands_in_the_reference_and_no_other(name: str) -> None:
    command = commands()[name]
    options = {name for option in command.params if isinstance(option, click.Option) for name in option.opts}
    written = rows(section(COMMANDS_PAGE, f"simcarrier {name}"))
    assert {key.split()[0] for key in written} == options


@pytest.mark.parametrize("name", commands())
def test_options_are_explained_on_the_command_line(name: str) -> None:
    assert all(option.help for option in commands()[name].params if isinstance(option, click.Option))


def test_exit_statuses() -> None:
    told = re.findall(r"^\| (\d) \|", section(COMMANDS_PAGE, "Exit status"), re.MULTILINE)
    assert told == [str(status) for status in (session.FINE, session.FAILED, 2, session.CANNOT_BEGIN)]


def test_every_field_of_the_events_stands_in_the_reference() -> None:
    record = CallRecord(1, "", "UDP", ("127.0.0.1", 1), "", "", 0.0)
    told = set(rows(section(COMMANDS_PAGE, "JSON events")))
    summary = set(Summary.__dataclass_fields__)
    kinds = {"malformed", "refused", "overloaded", "broken_streams", "send_failures", "engine_errors"}
    fault = Fault(1, Breach("", "", "", "", 0.0, "")).as_dict()
    served = {"control", "dashboard"}
    media = {*MediaRecord._fields, "without", "late"}
    wanted = {"event", "address", *served, *record.as_dict(), *fault, *summary, *kinds, *media}
    wanted |= {*Access().as_dict(), *Ending}
    assert told == wanted


def test_every_column_of_a_row_stands_in_the_reference() -> None:
    page = section((ROOT / "docs" / "records.md").read_text(encoding="utf-8"), "The row")
    assert f"This is version {VERSION} of the row." in page
    told = re.findall(r"^\| `([a-z0-9_]+)` \| ([A-Z]+) \| (.*) \|$", page, re.MULTILINE)
    assert told == [(column.name, column.type, column.meaning) for column in COLUMNS]


def test_every_mapping_that_ships_stands_in_the_reference() -> None:
    page = (ROOT / "docs" / "records.md").read_text(encoding="utf-8").partition("## Import\n")[2].partition("\n### ")[0]
    assert list(rows(page)) == list(mapping.SHIPPED)
    assert all((mapping.load_mapping(name).about or "") in page for name in mapping.SHIPPED)


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
    for name in re.findall(r"`((?:examples|benchmarks|scenarios|docs)/[a-z_.-]+)`", changelog):
        assert (ROOT / name).exists(), name
