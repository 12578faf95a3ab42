"""Options that several commands share, read with words a person can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from simcarrier.sip.transport import ListenAddress


class Duration(click.ParamType[float]):
    """A time with its unit, such as 30s, 200ms or 2m; the value is in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it."""
        if isinstance(value, float):
            return value
        from simcarrier.scenario.units import parse_duration

        try:
            return parse_duration(value)
        except ValueError as why:
            self.fail(f"{value!r} {why}", param, ctx)


class Listen(click.ParamType["ListenAddress"]):
    """An address to listen on, such as udp:127.0.0.1:5060."""

    name = "uri"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> ListenAddress:
        """Read it."""
        from simcarrier.sip.errors import Malformed
        from simcarrier.sip.transport import ListenAddress

        try:
            return value if isinstance(value, ListenAddress) else ListenAddress.parse(value)
        except Malformed as fault:
            self.fail(fault.why, param, ctx)


class Setting(click.ParamType[tuple[str, str]]):
    """NAME=VALUE for a parameter of the scenario."""

    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Split it."""
        if isinstance(value, tuple):
            return value
        name, equals, text = str(value).partition("=")
        if not equals or not name:
            self.fail(f"{value!r}: write NAME=VALUE", param, ctx)
        return name, text


DURATION = Duration()
LISTEN = Listen()

set_option = click.option(
    "--set",
    "settings",
    type=Setting(),
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a parameter of the scenario; repeatable.",
)
