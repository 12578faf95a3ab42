"""Progress bars on standard error, for what takes long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[float, str], None]
"""Takes how far it is, and the same in words."""


@contextmanager
def progress(first: str, total: float | None, *, shown: bool) -> Iterator[Tell]:
    """A bar for as long as something lasts; none where standard error is no terminal.

    Args:
        first: what stands before the bar at first.
        total: how far it will go; None if that is not known.
        shown: whether there is to be a bar at all.
    """
    if not shown or not sys.stderr.isatty():
        yield lambda done, text: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(first, total=total)
        yield lambda done, text: bar.update(task, completed=done, description=text)
