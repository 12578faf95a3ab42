"""``--control`` and ``--web``: from what the command line and the environment say to what a run serves over HTTP."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from simcarrier.attachment import Attachment
    from simcarrier.stores.address import StoreAddress
    from simcarrier.web.access import WebAddress

PACKAGES = ("anyio", "h11", "jinja2", "markupsafe", "prometheus_client", "starlette", "uvicorn")
"""What the extra ``web`` brings."""


class HttpAddress(click.ParamType["WebAddress"]):
    """Where to serve something over HTTP, such as 127.0.0.1:8080."""

    name = "host:port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> WebAddress:
        """Read it."""
        from simcarrier.web.access import WebAddress

        try:
            return value if isinstance(value, WebAddress) else WebAddress.parse(value)
        except ValueError as why:
            self.fail(f"{value!r}: {why}", param, ctx)


HTTP_ADDRESS = HttpAddress()


def web_port(
    control: WebAddress | None, pages: WebAddress | None, token_file: Path | None, records: StoreAddress | None
) -> tuple[Attachment, ...]:
    """The port of a run, if there is to be one.

    Args:
        control: where to serve the control API; None for nowhere.
        pages: where to serve the dashboard, and the API beside it; None for nowhere.
        token_file: that holds the token; else the environment may have it.
        records: where the run keeps its calls, if it does.

    Raises:
        click.UsageError: a file without a port, or two ports.
        simcarrier.attachment.CannotAttach: the address needs a token, the token is none, or a package is missing.
    """
    if control is not None and pages is not None:
        raise click.UsageError("--web serves the control API as well: leave --control out")
    address = control or pages
    if address is None:
        if token_file is not None:
            raise click.UsageError("--control-token goes with --control or --web")
        return ()
    from simcarrier.attachment import CannotAttach
    from simcarrier.extras import MissingExtra, needed
    from simcarrier.web.access import NoToken, read_token

    try:
        token = read_token(os.environ, token_file)
        with needed("web", dict.fromkeys(PACKAGES, "--control needs" if pages is None else "--web needs")):
            if pages is not None:
                from simcarrier.dashboard.port import Dashboard

                return (Dashboard(address, token, records),)
            from simcarrier.web.control import Control

            return (Control(address, token),)
    except (MissingExtra, NoToken) as error:
        raise CannotAttach(str(error)) from None
