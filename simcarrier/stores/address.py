"""Where records are to be kept, as it is said on the command line: ``calls.db``, ``postgresql://...``, ``calls.jsonl``.

A URL with a password in it is refused: a command line is seen by everybody on the machine, and kept by shells.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from .store import Store


class Kind(StrEnum):
    """The kinds of stores."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"
    JSON_LINES = "json_lines"
    PARQUET = "parquet"


SUFFIXES: Final = {
    ".db": Kind.SQLITE,
    ".sqlite": Kind.SQLITE,
    ".sqlite3": Kind.SQLITE,
    ".jsonl": Kind.JSON_LINES,
    ".ndjson": Kind.JSON_LINES,
    ".parquet": Kind.PARQUET,
}
"""By which a file is known."""

_SCHEMES: Final = ("postgresql", "postgres")


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where records are kept.

    Attributes:
        kind: the kind of store.
        text: the URL, or the path as written.
    """

    kind: Kind
    text: str

    @classmethod
    def parse(cls, text: str) -> StoreAddress:
        """Read it.

        Raises:
            ValueError: it is none; the text completes ``'VALUE' ...``.
        """
        scheme, colon, _ = text.partition("://")
        if colon:
            return cls(Kind.POSTGRES, _checked(text, scheme.lower()))
        kind = SUFFIXES.get(Path(text).suffix.lower())
        if kind is None:
            raise ValueError("must be a file such as calls.db or calls.jsonl, or a URL such as postgresql://host/name")
        return cls(kind, text)

    @property
    def path(self) -> Path | None:
        """The file; None for a database elsewhere."""
        return None if self.kind is Kind.POSTGRES else Path(self.text)

    @property
    def identity(self) -> str:
        """What tells the store from others."""
        return self.text if self.path is None else str(self.path.resolve())

    def store(self) -> Store:
        """The store, not opened; only what it needs is imported.

        Raises:
            simcarrier.extras.MissingExtra: a package is missing.
        """
        if self.kind is Kind.POSTGRES:
            from .postgres import PostgresStore

            return PostgresStore(self.text)
        path = Path(self.text)
        if self.kind is Kind.SQLITE:
            from .sqlite import SqliteStore

            return SqliteStore(path)
        if self.kind is Kind.JSON_LINES:
            from .json_lines import JsonLinesStore

            return JsonLinesStore(path)
        from .parquet import ParquetStore

        return ParquetStore(path)

    def __str__(self) -> str:
        return self.text


def _checked(url: str, scheme: str) -> str:
    """The URL of a database.

    Raises:
        ValueError: it is none of PostgreSQL's, or has a password in it. That one is not repeated.
    """
    if scheme not in _SCHEMES:
        raise ValueError("must be a URL such as postgresql://host/name: other databases are not known")
    try:
        parts = urlsplit(url)
        secret = parts.password is not None or any(key == "password" for key, _ in parse_qsl(parts.query))
    except ValueError:
        raise ValueError("must be a URL such as postgresql://host/name") from None
    if secret:
        raise SecretInUrl(
            "a URL on the command line must not have a password in it, for everybody on the machine can read it there: "
            "say it by PGPASSWORD in the environment, or in ~/.pgpass"
        )
    return url


class SecretInUrl(ValueError):
    """There is a password in a URL; the text does not repeat it, and neither must who tells of it."""
