"""Reading the files of this room: rules of alerts, and policies of pacing. One of each ships beside the modules."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from simcarrier.scenario.base import Model
from simcarrier.scenario.reading import Source, read_text_of

T = TypeVar("T", bound=Model)


def text_of(path: Path | None, shipped: str, kind: str) -> tuple[str, str]:
    """The text of a file and what faults call it.

    Args:
        path: the file; None for the one that ships.
        shipped: its name.
        kind: what the file is to be, in words.

    Raises:
        simcarrier.scenario.faults.ScenarioError: it cannot be read.
    """
    if path is None:
        return (files(__package__) / shipped).read_text(encoding="utf-8"), shipped
    return read_text_of(path, kind), str(path)


def read_model(model: type[T], text: str, name: str, kind: str, keys: str) -> T:
    """Read a YAML text as a model.

    Args:
        model: which.
        text: what is in the file.
        name: what faults call it.
        kind: what it is to be, in words.
        keys: some keys that such a file has, in words.

    Raises:
        simcarrier.scenario.faults.ScenarioError: with every fault of the text.
    """
    source = Source(text, name, kind, keys)
    made = source.validated(model, source.data, {})
    source.raise_if_faulty()
    assert made is not None  # a failed validation has left its faults
    return made
