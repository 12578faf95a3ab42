"""The options of ``run`` that leave something behind or send it along, as attachments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simcarrier.artefacts.hep import Collector
    from simcarrier.attachment import Attachment


@dataclass(frozen=True, slots=True)
class Artefacts:
    """What the command line says; None if it does not."""

    pcap: Path | None = None
    pcap_limit: int | None = None
    hep: Collector | None = None
    hep_id: int | None = None
    html: Path | None = None
    json_file: Path | None = None
    junit: Path | None = None

    def check(self, scenario: Path) -> None:
        """Find what can't be meant.

        Raises:
            click.UsageError: a file is named twice, or an option says something of what is not there.
        """
        if self.pcap_limit is not None and self.pcap is None:
            raise click.UsageError("--pcap-limit says how long the capture of --pcap may be: there is none.")
        if self.hep_id is not None and self.hep is None:
            raise click.UsageError("--hep-id is a number at the collector of --hep: there is none.")
        taken = {scenario.resolve(): "the scenario"}
        named = (("--pcap", self.pcap), ("--html", self.html), ("--json", self.json_file), ("--junit", self.junit))
        for option, path in named:
            if path is None or path.is_char_device():
                continue
            if path.resolve() in taken:
                raise click.UsageError(f"{option} {path} would overwrite {taken[path.resolve()]}.")
            taken[path.resolve()] = f"the file of {option}"

    def attachments(self) -> tuple[Attachment, ...]:
        """In the order in which they are attached; only what is asked for is imported."""
        return tuple(self._attachments())

    def _attachments(self) -> Iterator[Attachment]:
        if self.pcap is not None:
            from simcarrier.artefacts.pcap import LIMIT, Pcap

            yield Pcap(self.pcap, LIMIT if self.pcap_limit is None else self.pcap_limit)
        if self.hep is not None:
            from simcarrier.artefacts.hep import AGENT, Hep

            yield Hep(self.hep, AGENT if self.hep_id is None else self.hep_id)
        if self.html is not None:
            from simcarrier.artefacts.html import Html

            yield Html(self.html)
        if self.json_file is not None:
            from simcarrier.artefacts.json_file import JsonFile
            from simcarrier.cli.views.json_lines import JsonView

            yield JsonFile(self.json_file, JsonView)
        if self.junit is not None:
            from simcarrier.artefacts.junit import Junit

            yield Junit(self.junit)
