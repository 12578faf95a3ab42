"""What the extra ``records`` brings."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Final

from simcarrier import extras

_NEEDS: Final = {"psycopg": "PostgreSQL needs", "duckdb": "Parquet, and questions to files, needs"}


def needed() -> AbstractContextManager[None]:
    """Import packages of the extra within this.

    Raises:
        simcarrier.extras.MissingExtra: one of them is not there.
    """
    return extras.needed("records", _NEEDS)
