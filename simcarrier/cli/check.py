"""``simcarrier check FILE...``: read scenarios and tell all that is wrong with them, without running anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from .options import set_option


def scenario_files(paths: tuple[Path, ...]) -> Iterator[Path]:
    """The files named, and the ``*.yaml`` and ``*.yml`` in the folders named, in order."""
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.suffix in (".yaml", ".yml") and file.is_file())
        else:
            yield path


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@set_option
def check(files: tuple[Path, ...], settings: tuple[tuple[str, str], ...]) -> None:
    """Check scenario files, files of dialects, and probe plans; a folder stands for those in it.

    Every fault is told as file:line:column: place: what is wrong. Exit code 0 if all is well, else 2.
    """
    from ..probe.plan import calls_in
    from ..probe.reading import is_plan, load_plan
    from ..scenario.dialects import is_dialect, table_of
    from ..scenario.load import ScenarioError, load
    from ..scenario.reading import read_text_of

    found = list(scenario_files(files))
    if not found:
        raise click.UsageError("no scenarios (*.yaml) in " + ", ".join(str(path) for path in files))
    good = True
    for path in found:
        try:
            text = read_text_of(path, "scenario")
            if is_plan(text):
                calls = calls_in(load_plan(path, dict(settings)))
                click.echo(f"{path}: ok (plan, {calls} call{'' if calls == 1 else 's'})")
                continue
            if is_dialect(text):
                table = table_of(str(path.absolute()))
                said = sum(not table.inherited(condition) for condition in table.sayings)
                click.echo(f"{path}: ok (dialect, {said} condition{'' if said == 1 else 's'})")
                continue
            scenario = load(path, dict(settings))
        except ScenarioError as error:
            good = False
            for fault in error.faults:
                click.echo(str(fault))
        else:
            rules = len(scenario.calls)
            click.echo(f"{path}: ok ({rules} rule{'' if rules == 1 else 's'})")
    if not good:
        raise SystemExit(2)
