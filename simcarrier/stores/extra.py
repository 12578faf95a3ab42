"""What to tell a person who has not installed the extra ``records``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_PACKAGES: Final = frozenset({"duckdb", "psycopg"})


class MissingExtra(ImportError):
    """The extra ``records`` is not installed."""

    def __init__(self, package: str) -> None:
        what = "PostgreSQL" if package == "psycopg" else "Parquet, and questions to files,"
        super().__init__(f"{what} needs the package {package}: pip install 'simcarrier[records]'", name=package)


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
