"""Carriers and SIPp for the tests, ended with the test that started them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .harness import Carrier, peer, running
from .sipp import Sipp


@pytest.fixture
def carrier() -> Iterator[Callable[..., Carrier]]:
    """Starts carriers: takes what `running` takes. Each must end well when the test is over."""
    with ExitStack() as started:

        def start(*arguments: object, **options: object) -> Carrier:
            return started.enter_context(running(*arguments, **options))  # type: ignore[arg-type]  # passed on as is

        yield start


@pytest.fixture
def sipp(tmp_path: Path) -> Iterator[Sipp]:
    """Places calls by SIPp."""
    made = Sipp(peer("sipp"), tmp_path)
    try:
        yield made
    finally:
        made.kill()
