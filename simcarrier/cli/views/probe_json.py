"""A probe's results as JSON: one object a call, the summary last."""

from __future__ import annotations

import json
from typing import Self, TextIO

from simcarrier.probe.result import Result
from simcarrier.probe.summary import Summary

from .writer import LineWriter

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class JsonReport:
    """Objects for programs."""

    def __init__(self, stream: TextIO) -> None:
        self._writer = LineWriter(stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def result(self, result: Result) -> None:
        """A call has ended."""
        self._writer.write(result.as_json())

    def finish(self, summary: Summary) -> None:
        """All calls have."""
        self._writer.write(_encode(summary.as_dict()))
