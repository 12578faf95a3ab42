"""Packages that not everybody installs: what to tell a person who has not.

A room that needs some imports them within `needed`, where they are used, and says there which extra brings them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class MissingExtra(ImportError):
    """An extra is not installed; the text says what needs it and how to get it.

    Args:
        need: who needs it: ``signatures need``.
        package: what is missing.
        extra: what brings it.
        otherwise: another way to get it, in words; empty if there is none.
    """

    def __init__(self, need: str, package: str, extra: str, otherwise: str = "") -> None:
        text = f"{need} the package {package}: pip install 'simcarrier[{extra}]'"
        super().__init__(f"{text}, or {otherwise}" if otherwise else text, name=package)


@contextmanager
def needed(extra: str, needs: Mapping[str, str], otherwise: str = "") -> Iterator[None]:
    """Import packages of an extra within this.

    Args:
        extra: its name.
        needs: its packages, each with who needs it: ``PostgreSQL needs``.
        otherwise: another way to get them, in words; empty if there is none.

    Raises:
        MissingExtra: one of them is not there. Any other import that fails stays what it is.
    """
    try:
        yield
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        if package not in needs or isinstance(error, MissingExtra):
            raise
        raise MissingExtra(needs[package], package, extra, otherwise) from error
