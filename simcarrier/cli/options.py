"""Options that several commands share, read with words a person can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from simcarrier.artefacts.hep import Collector
    from simcarrier.sip.transport import ListenAddress


MOST_CALLS = 1_000_000
"""Calls that can be asked for by their number: more are as good as all."""


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


class Size(click.ParamType[int]):
    """A size with its unit, such as 100MB; the value is in bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it."""
        if isinstance(value, int):
            return value
        from simcarrier.artefacts.files import parse_size

        try:
            return parse_size(value)
        except ValueError as why:
            self.fail(f"{value!r} {why}", param, ctx)


class FirstCalls(click.ParamType["int | None"]):
    """A number of calls, the first ones: ``off`` is 0, ``all`` is None."""

    name = "n"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """Read it."""
        text = str(value).lower()
        if text in ("all", "off"):
            return None if text == "all" else 0
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and 0 < int(text) <= MOST_CALLS):
            self.fail(f"{value!r}: write all, off, or a number of calls from 1 to {MOST_CALLS:,}", param, ctx)
        return int(text)


class HepUri(click.ParamType["Collector"]):
    """A collector of HEP, such as udp:127.0.0.1:9060."""

    name = "uri"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Collector:
        """Read it."""
        from simcarrier.artefacts.hep import Collector

        try:
            return value if isinstance(value, Collector) else Collector.parse(value)
        except ValueError as why:
            self.fail(f"{value!r} {why}", param, ctx)


DURATION = Duration()
FIRST_CALLS = FirstCalls()
HEP_URI = HepUri()
SIZE = Size()
LISTEN = Listen()

set_option = click.option(
    "--set",
    "settings",
    type=Setting(),
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a parameter of the scenario; repeatable.",
)


def format_option(words: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """``--format text`` or ``json``, as ``form``.

    Args:
        words: what each of the two is.
    """
    return click.option(
        "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help=words
    )
