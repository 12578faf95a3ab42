"""The command line, one file per command.

A command's module imports click and nothing heavy, so that ``simcarrier --help`` answers at once; what a command
needs it imports when it runs.
"""

from __future__ import annotations

import importlib

import click

from simcarrier import __version__

COMMANDS = {
    "run": "simcarrier.cli.run:run",
    "check": "simcarrier.cli.check:check",
    "schema": "simcarrier.cli.schema:schema",
}
"""Every command: its name, and where it is."""


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(importlib.import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name]} is no command")
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="simcarrier")
def main() -> None:
    """A carrier in a box that fails on purpose, exactly as real carriers fail."""
