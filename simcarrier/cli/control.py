"""``--control``: from what the command line and the environment say to the control port of a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from simcarrier.attachment import Attachment
    from simcarrier.web.access import WebAddress

NEEDS = dict.fromkeys(("anyio", "h11", "prometheus_client", "starlette", "uvicorn"), "--control needs")
"""What the extra ``web`` brings."""


class ControlAddress(click.ParamType["WebAddress"]):
    """Where to serve the control API, such as 127.0.0.1:8080."""

    name = "host:port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> WebAddress:
        """Read it."""
        from simcarrier.web.access import WebAddress

        try:
            return value if isinstance(value, WebAddress) else WebAddress.parse(value)
        except ValueError as why:
            self.fail(f"{value!r}: {why}", param, ctx)


CONTROL_ADDRESS = ControlAddress()


def control_port(address: WebAddress | None, token_file: Path | None) -> tuple[Attachment, ...]:
    """The control port, if there is to be one.

    Args:
        address: where; None for nowhere.
        token_file: that holds the token; else the environment may have it.

    Raises:
        click.UsageError: a file without a port.
        simcarrier.attachment.CannotAttach: the address needs a token, the token is none, or a package is missing.
    """
    if address is None:
        if token_file is not None:
            raise click.UsageError("--control-token goes with --control")
        return ()
    from simcarrier.attachment import CannotAttach
    from simcarrier.extras import MissingExtra, needed
    from simcarrier.web.access import NoToken, read_token

    try:
        with needed("web", NEEDS):
            from simcarrier.web.control import Control
    except MissingExtra as error:
        raise CannotAttach(str(error)) from error
    try:
        return (Control(address, read_token(os.environ, token_file)),)
    except NoToken as error:
        raise CannotAttach(str(error)) from None
