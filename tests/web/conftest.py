"""Carriers that can be controlled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.kit import Controlled


@pytest.fixture(scope="module")
def _running() -> Iterator[Controlled]:
    with Controlled() as controlled:
        yield controlled


@pytest.fixture
def carrier(_running: Controlled) -> Controlled:
    """A carrier under control that has seen nothing; it is the module's, reset for each test."""
    _running.client.reset()
    return _running
