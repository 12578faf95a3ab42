"""``simcarrier probe``: place calls by a plan, or to a few numbers, and say what came of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import DURATION, set_option
from .storing import STORAGE, destinations_of, where_calls_go

if TYPE_CHECKING:
    from simcarrier.probe.plan import Plan
    from simcarrier.scenario.faults import Fault
    from simcarrier.stores.address import StoreAddress

EPILOG = "Exit status: 0 all as expected, 1 not so, 2 wrong usage or plan, 3 refused by the guard."

PACKAGES = {"phonenumbers": "phonenumbers", "dns": "dnspython"}
"""The extra's modules, and the packages that they are in."""

OPTIONS = {
    "trunks.trunk.address": "--trunk",
    "trunks.trunk.caller": "--from",
    "trunks.trunk.username": "--user",
    "trunks.trunk.password_env": "--password-env",
    "trunks.trunk.ca": "--ca",
    "trunks.trunk": "--user and --password-env",
    "calls[0].to": "--to",
    "calls[0].expect": "--expect",
    "diagnose.follow_ups": "--follow-ups",
    "diagnose.control": "--control",
    "diagnose.elsewhere": "--elsewhere",
    "diagnose.callers": "--other-from",
    "diagnose.pauses": "--pause",
}
"""Where an option stands in the plan that the options spell out."""


@click.command(epilog=EPILOG)
@click.argument("plan", type=click.Path(path_type=Path), required=False)
@click.option("--trunk", metavar="URI", help="Call through this trunk, such as udp:127.0.0.1:5060, without a plan.")
@click.option("--from", "caller", metavar="NUMBER", help="The number to show; goes with --trunk.")
@click.option("--to", "called", multiple=True, metavar="NUMBER", help="A number to call; repeatable.")
@click.option("--user", metavar="NAME", help="The user for digest; goes with --trunk.")
@click.option("--password-env", metavar="NAME", help="The environment variable that holds the password.")
@click.option(
    "--ca", type=click.Path(path_type=Path), metavar="FILE", help="Certificates to trust for TLS, beside the system's."
)
@click.option(
    "--expect", metavar="WHAT", help="What every call is expected to come to: answered, stalled, 403, lines_full, ..."
)
@click.option("--repeat", type=click.IntRange(1, 1000), metavar="N", help="Call every number so many times.")
@click.option("--no-response", type=DURATION, help="How long to wait for any response; 32s if not said.")
@click.option("--stall", type=DURATION, help="How long to wait after 100; 10s if not said.")
@click.option("--ringing", type=DURATION, help="How long to let it ring; 60s if not said.")
@click.option("--talk", type=DURATION, help="How long to talk before hanging up; 1s if not said.")
@click.option("--diagnose", is_flag=True, help="Make follow-up calls to find the cause where a call fails.")
@click.option(
    "--follow-ups", type=click.IntRange(0, 10), metavar="N", help="So many for each failed call at most; 4 if not said."
)
@click.option("--control", metavar="NUMBER", help="A number that is known to answer, for follow-ups.")
@click.option("--elsewhere", metavar="NUMBER", help="A number in another country that is known to answer.")
@click.option("--other-from", multiple=True, metavar="NUMBER", help="Another caller ID for follow-ups; repeatable.")
@click.option(
    "--pause", multiple=True, type=DURATION, help="Wait so long before a follow-up; repeatable; 30s if not said."
)
@click.option("--listen", is_flag=True, help="Listen to what is played on the calls (the extra ears).")
@click.option(
    "--recordings",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Listen, and write what each call is played to a WAV file there.",
)
@click.option(
    "--engine",
    type=click.Choice(["asyncio", "pjsua2"]),
    default="asyncio",
    help="What places the calls: the built-in stack, or pjproject's (the extra pjsua2).",
)
@click.option("--live", is_flag=True, help="Make calls to elsewhere than this machine.")
@click.option(
    "--allow", multiple=True, metavar="PATTERN", help="A number or +4930* that may be called live; repeatable."
)
@click.option("--allow-premium", multiple=True, metavar="PATTERN", help="Dear numbers that may be called all the same.")
@click.option("--yes", is_flag=True, help="Do not ask before live calls.")
@click.option("--dry-run", is_flag=True, help="Show the calls, the guard's word and the first INVITE; call nobody.")
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Keep the results with all messages, for simcarrier evidence.",
)
@click.option(
    "--records",
    type=STORAGE,
    help="Keep each call as a row there: calls.db (SQLite), calls.jsonl, or postgresql://HOST/NAME.",
)
@where_calls_go
@click.option("--fetch-cards", is_flag=True, help="Follow the links of 608s to the cards of those who blocked.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a call, and a summary last.")
@set_option
def probe(
    plan: Path | None,
    trunk: str | None,
    caller: str | None,
    called: tuple[str, ...],
    user: str | None,
    password_env: str | None,
    ca: Path | None,
    expect: str | None,
    repeat: int | None,
    no_response: float | None,
    stall: float | None,
    ringing: float | None,
    talk: float | None,
    diagnose: bool,
    follow_ups: int | None,
    control: str | None,
    elsewhere: str | None,
    other_from: tuple[str, ...],
    pause: tuple[float, ...],
    listen: bool,
    recordings: Path | None,
    engine: str,
    live: bool,
    allow: tuple[str, ...],
    allow_premium: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    results: Path | None,
    records: StoreAddress | None,
    prefixes: Path | None,
    range_holders: bool,
    fetch_cards: bool,
    as_json: bool,
    settings: tuple[tuple[str, str], ...],
) -> None:
    """Place the calls of PLAN, or those that --trunk, --from and --to name, and tell what each comes to."""
    if (plan is None) == (trunk is None):
        raise click.UsageError("name a plan, or a trunk with --trunk udp:HOST:PORT")
    spelt = {
        "--from": caller,
        "--to": called,
        "--user": user,
        "--password-env": password_env,
        "--ca": ca,
        "--expect": expect,
        "--repeat": repeat,
    }
    if plan is not None:
        for name, said in spelt.items():
            if said:
                raise click.UsageError(f"{name} goes with --trunk; in a plan it is written down")
    elif settings:
        raise click.UsageError("--set changes the parameters of a plan; --trunk has none")
    elif not caller or not called:
        raise click.UsageError("--trunk needs --from and --to: which number to show, and which to call")
    means = {
        "follow_ups": follow_ups,
        "control": control,
        "elsewhere": elsewhere,
        "callers": list(other_from) or None,
        "pauses": [f"{seconds}s" for seconds in pause] or None,
    }
    means = {key: said for key, said in means.items() if said is not None}
    if means and not diagnose:
        raise click.UsageError(f"{OPTIONS[f'diagnose.{next(iter(means))}']} goes with --diagnose")
    try:
        from simcarrier.cli.probing import Choices, begin
    except ImportError as error:
        package = PACKAGES.get((error.name or "").partition(".")[0])
        if package is None:
            raise
        click.echo(f"simcarrier: the probe needs the package {package}: pip install 'simcarrier[probe]'", err=True)
        sys.exit(2)
    from simcarrier.probe.plan import ListenModel
    from simcarrier.probe.reading import load_plan, plan_of
    from simcarrier.scenario.faults import ScenarioError

    try:
        loaded = plan_of(_written(trunk or "", spelt)) if plan is None else load_plan(plan, dict(settings))
        loaded = _asking(loaded, means)
    except ScenarioError as error:
        for fault in error.faults:
            click.echo(_by_option(fault) if plan is None or "diagnose" in fault.where else str(fault), err=True)
        sys.exit(2)
    if diagnose and loaded.load is not None:
        raise click.UsageError("--diagnose asks about one call after another: it does not go with load: in a plan")
    if listen or recordings is not None:
        if loaded.load is not None:
            raise click.UsageError("--listen and --recordings do not go with load: in a plan")
        loaded = loaded.model_copy(update={"listen": loaded.listen or ListenModel()})
    limits = {"no_response": no_response, "stall": stall, "ringing": ringing, "talk": talk}
    changed = {name: seconds for name, seconds in limits.items() if seconds is not None}
    where = destinations_of(prefixes, range_holders, kept=records is not None)
    choices = Choices(
        live,
        allow,
        allow_premium,
        yes,
        dry_run,
        results,
        as_json,
        fetch_cards,
        diagnose,
        records,
        where,
        engine,
        recordings,
    )
    sys.exit(begin(_changed(loaded, changed), choices))


def _changed(plan: Plan, limits: dict[str, float]) -> Plan:
    """The plan with the command line's limits; a talk time there goes before that of a call."""
    if "talk" in limits:
        calls = tuple(call.model_copy(update={"talk": None}) for call in plan.calls)
        plan = plan.model_copy(update={"calls": calls})
    return plan.model_copy(update=limits)


def _asking(plan: Plan, means: Mapping[str, Any]) -> Plan:
    """The plan with the command line's word on follow-ups, which goes before its own."""
    from simcarrier.probe.reading import plan_of

    if not means:
        return plan
    anyone = {"name": "x", "trunks": {"x": {"address": "127.0.0.1", "caller": "1"}}, "calls": [{"to": "1"}]}
    said = plan_of({**anyone, "diagnose": means}).diagnose
    changed = {name: getattr(said, name) for name in means}
    return plan.model_copy(update={"diagnose": plan.diagnose.model_copy(update=changed)})


def _written(trunk: str, spelt: Mapping[str, Any]) -> dict[str, object]:
    """The plan that the options spell out, as it would stand in a file."""
    of_trunk = {"address": trunk, "caller": spelt["--from"]}
    for key, name in (("username", "--user"), ("password_env", "--password-env"), ("ca", "--ca")):
        if spelt[name] is not None:
            of_trunk[key] = str(spelt[name])
    call: dict[str, object] = {"to": list(spelt["--to"])}
    if spelt["--expect"] is not None:
        call["expect"] = _expected(spelt["--expect"])
    if spelt["--repeat"] is not None:
        call["repeat"] = spelt["--repeat"]
    return {"name": f"probe of {trunk}", "trunks": {"trunk": of_trunk}, "calls": [call]}


def _expected(word: str) -> object:
    """A code, an outcome, or else a cause."""
    from simcarrier.conditions import Condition
    from simcarrier.probe.plan import OUTCOMES

    if word.isdecimal():
        return {"code": word}
    return {"cause": word} if word in set(Condition) - set(OUTCOMES) else word


def _by_option(fault: Fault) -> str:
    """A fault of the plan that the options spell out, told by the option."""
    place = max((place for place in OPTIONS if fault.where.startswith(place)), key=len, default="")
    message = fault.message
    if place and message.startswith('"'):
        message = message.partition('" ')[2]
    return f"Error: {OPTIONS.get(place, fault.where)} {message}"
