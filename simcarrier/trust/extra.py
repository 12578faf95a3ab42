"""What the extra ``trust`` brings, and what to tell a person whose files are not what they should be."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Final

from simcarrier import extras

_NEEDS: Final = dict.fromkeys(("cryptography", "httpx", "joserfc"), "signatures need")


class UnreadableFile(Exception):
    """A file is missing or does not hold what it should; the message is for the person who named it."""


def needed() -> AbstractContextManager[None]:
    """Import packages of the extra within this.

    Raises:
        simcarrier.extras.MissingExtra: one of them is not there.
    """
    return extras.needed("trust", _NEEDS)
