"""``simcarrier evidence``: an archive for the carrier, out of a probe's results."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

if TYPE_CHECKING:
    from simcarrier.probe.results_file import KeptCall, Results

EPILOG = "Exit status: 0 written, 1 nothing failed and there is nothing to send, 2 wrong usage or an unreadable file."


class Unusable(click.ClickException):
    """The results can't be used, or the archive can't be written."""

    exit_code = 2


@click.command(epilog=EPILOG)
@click.argument("results", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The archive to write, a ZIP."
)
@click.option("--mask", is_flag=True, help="Hide the middle digits of telephone numbers, in every file alike.")
@click.option("--all", "every", is_flag=True, help="Take every call that was made, not only those that failed.")
@click.option(
    "--call",
    "lines",
    type=click.IntRange(1),
    multiple=True,
    metavar="N",
    help="Take the call on line N of RESULTS; repeatable.",
)
@click.option("--force", is_flag=True, help="Write over FILE if it is there.")
def evidence(results: Path, out: Path, mask: bool, every: bool, lines: tuple[int, ...], force: bool) -> None:
    """Make an archive for the carrier out of RESULTS, which simcarrier probe --results has written.

    It holds a cover page and a folder for each call that failed: facts, ladder, messages, capture.
    """
    if every and lines:
        raise click.UsageError("say --all or --call, not both")
    if out.exists() and not force:
        raise click.UsageError(f"{out} is there already: name another file, or say --force")
    if out.is_dir() or (out.exists() and results.exists() and out.samefile(results)):
        raise click.UsageError(f"{out}: name a file for the archive, other than RESULTS")
    from simcarrier.probe.evidence import exhibits, write_evidence
    from simcarrier.probe.masking import Masker
    from simcarrier.probe.results_file import ResultsFault

    try:
        read = _read(results)
        chosen = _chosen(read, every, lines)
        if not chosen:
            hint = "no call was made" if not read.calls else "nothing failed; --all takes every call"
            click.echo(f"nothing to send: {hint}")
            sys.exit(1)
        masker = Masker(read.numbers) if mask else None
        shown = exhibits(chosen, masker)
        with _new_file(out) as stream:
            write_evidence(stream, read, shown, masker)
    except ResultsFault as error:
        raise Unusable("\n".join(f"{results}:{fault.line}: {fault.message}" for fault in error.faults)) from None
    except OSError as error:
        named = results if str(error.filename) == str(results) else out
        raise Unusable(f"{named}: {error.strerror or error}") from None
    click.echo(f"{out}: {len(shown)} call{'' if len(shown) == 1 else 's'}")
    for one in shown:
        click.echo(f"    {one.folder}: {one.summary}")


def _read(path: Path) -> Results:
    from simcarrier.probe.results_file import Results

    if path.exists() and not path.is_file():
        raise Unusable(f"{path}: not a file")
    return Results(path)


def _chosen(results: Results, every: bool, lines: tuple[int, ...]) -> list[KeptCall]:
    if not lines:
        return [call for call in results.calls if every or call.failed]
    made = {call.line: call for call in results.calls}
    for line in lines:
        if line in results.not_made:
            raise click.UsageError(f"--call {line}: that call was not made")
        if line not in made:
            raise click.UsageError(f"--call {line}: there is no call on line {line} of {results.path}")
    return [made[line] for line in sorted(set(lines))]


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that is there when it is complete, or not at all; its owner's alone, as it holds telephone numbers."""
    handle, name = tempfile.mkstemp(prefix=".simcarrier-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
