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
    "dialects": "simcarrier.cli.dialects:dialects",
    "expectations": "simcarrier.cli.expectations:expectations",
    "schema": "simcarrier.cli.schema:schema",
    "simulate": "simcarrier.cli.simulate:simulate",
    "probe": "simcarrier.cli.probe:probe",
    "records": "simcarrier.cli.records:records",
    "evidence": "simcarrier.cli.evidence:evidence",
    "diagnose": "simcarrier.cli.diagnose:diagnose",
    "report": "simcarrier.cli.report:report",
    "dashboard": "simcarrier.cli.dashboard:dashboard",
    "watch": "simcarrier.cli.watch:watch",
    "pace": "simcarrier.cli.pace:pace",
    "inspect": "simcarrier.cli.inspect:inspect",
    "conduct": "simcarrier.cli.conduct:conduct",
    "pki": "simcarrier.cli.pki:pki",
}
"""Every command: its name, and where it is."""


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments begin with; a misspelt one is answered with what there is."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from difflib import get_close_matches  # slow to import, and rarely needed

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(COMMANDS)}"
            ctx.fail(f"No such command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)

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
