"""The databases of `tests.stores.postgres`, known to all tests here."""

from __future__ import annotations

from tests.stores.postgres import database, postgres

__all__ = ["database", "postgres"]
