"""The databases, known to all tests here."""

from __future__ import annotations

from tests.deliverability.databases import books
from tests.stores.postgres import postgres

__all__ = ["books", "postgres"]
