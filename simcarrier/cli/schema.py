"""``simcarrier schema``: the JSON Schema of the scenario language, for completion in an editor."""

from __future__ import annotations

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of scenario files.

    Save it, and begin a scenario with the line

        # yaml-language-server: $schema=PATH

    to have its keys completed and checked while typing.
    """
    import json

    from ..scenario.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
