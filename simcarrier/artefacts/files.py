"""Files that a run writes: made before the first call, readable by their owner only, told of when they fail."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path

from simcarrier.attachment import CannotAttach

_SIZE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?(kB|MB|GB)", re.IGNORECASE)
_UNITS = {"kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000}


def parse_size(text: str) -> int:
    """A size such as ``500kB``, ``100MB`` or ``2GB``, in bytes.

    Raises:
        ValueError: it is none; the text completes ``'VALUE' ...``.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError("must be a size with its unit, such as 500kB, 100MB or 2GB")
    return int(float(found[1]) * _UNITS[found[2].lower()])


def create(path: Path) -> int:
    """Open a file to write it anew; what was in it is lost. A new one can be read by its owner only.

    Returns:
        Its descriptor.

    Raises:
        CannotAttach: it cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    try:
        # Without O_NONBLOCK a pipe that nobody reads would hold up the run before its first call.
        opened = os.open(path, flags | os.O_NONBLOCK, 0o600)
        os.set_blocking(opened, True)
    except OSError as error:
        why = "nobody reads this pipe" if _is_pipe(path) else error.strerror
        raise CannotAttach(f"{path} cannot be written: {why}") from error
    return opened


def _is_pipe(path: Path) -> bool:
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except OSError:
        return False


def remove_if_empty(path: Path, opened: int) -> None:
    """Take away a file that was made for a run that never began. Call it before ``opened`` is closed."""
    try:
        mine = os.fstat(opened)
        if stat.S_ISREG(mine.st_mode) and not mine.st_size and os.path.samestat(mine, path.stat()):
            path.unlink()
    except OSError:
        return  # gone already, or in a folder that does not let go of it: an empty file harms nobody


def is_gone(path: Path, opened: int) -> bool:
    """Whether somebody has deleted or replaced an ordinary file while it was written."""
    mine = os.fstat(opened)
    try:
        return stat.S_ISREG(mine.st_mode) and not os.path.samestat(mine, path.stat())
    except OSError:
        return True


def say(text: str) -> None:
    """Tell the user of something that does not stop the run."""
    print(f"simcarrier: {text}", file=sys.stderr, flush=True)
