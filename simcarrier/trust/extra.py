"""What to tell a person who has not installed the extra ``trust``, or whose files are not what they should be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_PACKAGES: Final = frozenset({"cryptography", "httpx", "joserfc"})


class MissingExtra(ImportError):
    """The extra ``trust`` is not installed."""

    def __init__(self, package: str) -> None:
        super().__init__(f"signatures need the package {package}: pip install 'simcarrier[trust]'", name=package)


class UnreadableFile(Exception):
    """A file is missing or does not hold what it should; the message is for the person who named it."""


@contextmanager
def needed() -> Iterator[None]:
    """Import packages of the extra within this.

    Raises:
        MissingExtra: one of them is not there.
    """
    try:
        yield
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _PACKAGES or isinstance(error, MissingExtra):
            raise
        raise MissingExtra(package) from error
