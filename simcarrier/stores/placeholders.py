"""One way to write the parameters of a query, ``?`` or ``:name``, turned into that of each driver.

Quoted text, quoted names and comments are left as they are; so is the ``::`` of a cast.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from .store import Parameters

_TOKEN: Final = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|::|\?|:[A-Za-z_][A-Za-z0-9_]*", re.DOTALL
)


@lru_cache(maxsize=256)
def _numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """The SQL with ``$1``, ``$2`` and so on, and the names behind them; a ``?`` has its number as its name."""
    names: list[str] = []

    def replaced(found: re.Match[str]) -> str:
        token = found[0]
        if token == "?":
            names.append(str(len(names)))
            return f"${len(names)}"
        if token[0] == ":" and token != "::":
            name = token[1:]
            if name not in names:
                names.append(name)
            return f"${names.index(name) + 1}"
        return token

    return _TOKEN.sub(replaced, sql), tuple(names)


def numbered(sql: str, parameters: Parameters) -> tuple[str, list[Any]]:
    """The SQL with ``$1``, ``$2`` and so on, and the values for them in order: for PostgreSQL and DuckDB.

    Raises:
        KeyError: a name has no value.
    """
    text, names = _numbered(sql)
    if isinstance(parameters, Mapping):
        return text, [parameters[name] for name in names]
    return text, list(parameters)
