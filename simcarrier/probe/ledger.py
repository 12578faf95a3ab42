"""What live calls were made, on disk: the guard's caps hold although the probe was restarted.

One file a plan, named by the trunks that it calls, in the user's state folder (XDG_STATE_HOME). It is written before a
call goes out: a probe that is killed has at most counted one call too many. Two live probes of the same trunks would
not know of each other's calls, so the second one is refused.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from .guard import Usage


class LedgerFault(Exception):
    """The record of calls made can't be read or written; the text says which file, and what to do."""


def ledger_path(trunks: Iterable[str], environment: Mapping[str, str] | None = None) -> Path:
    """Where the record of a plan is kept.

    Args:
        trunks: the addresses that the plan calls, as written.
        environment: to look for the state folder in.
    """
    found = os.environ if environment is None else environment
    root = Path(found.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    key = hashlib.sha256("\n".join(sorted(trunks)).encode()).hexdigest()[:16]
    return root / "simcarrier" / f"calls-{key}.json"


def read_usage(path: Path) -> Usage:
    """What the file says; nothing if there is none.

    Raises:
        LedgerFault: it can't be read, or is something else. Then no live call may be made: the caps are not known.
    """
    try:
        return Usage.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Usage()
    except OSError as error:
        raise LedgerFault(f"{path} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise LedgerFault(f"{path} is {error}; move it away to begin anew") from None


def write_usage(path: Path, usage: Usage) -> None:
    """Replace the file, for its owner alone.

    Raises:
        LedgerFault: it can't be written.
    """
    text = json.dumps(usage.as_dict())
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise LedgerFault(f"{path} can't be written: {error.strerror}") from None


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep other probes of the same trunks away within this.

    Raises:
        LedgerFault: another one is under way, or the folder can't be written to.
    """
    lock = path.with_suffix(".lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LedgerFault(f"{lock} can't be written: {error.strerror}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LedgerFault("another live probe of the same trunks is under way: wait until it has ended") from None
        yield
    finally:
        os.close(handle)
