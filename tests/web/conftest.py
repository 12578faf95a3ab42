"""Makes `tests.web` importable wherever pytest is started from, and carriers that can be controlled."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = str(Path(__file__).resolve().parents[2])
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

from tests.web.kit import Controlled  # noqa: E402 - the path is set above


@pytest.fixture(scope="module")
def _running() -> Iterator[Controlled]:
    with Controlled() as controlled:
        yield controlled


@pytest.fixture
def carrier(_running: Controlled) -> Controlled:
    """A carrier under control that has seen nothing; it is the module's, reset for each test."""
    _running.client.reset()
    return _running
