"""The tables of docs/media.md are made from the plans and the classes."""

from __future__ import annotations

import re

import pytest

from simcarrier.media.plans import Kind, plans
from simcarrier.media.sit import CLASSES
from tests.docs.markdown import ROOT

DOCUMENT = (ROOT / "docs" / "media.md").read_text(encoding="utf-8")


def rows_below(heading: str) -> list[str]:
    """The rows of the first table below a heading, without its head."""
    found = re.search(rf"^#+ {heading}$.*?^\|[^\n]*\n\|[-|]+\n((?:\|[^\n]*\n)+)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found, f"no table below {heading}"
    return found[1].splitlines()


def cell(country: str, kind: Kind) -> str:
    listed = plans()[country].listed.get(kind)
    if listed is None:
        return ""
    if listed.same_as is not None:
        return f"as {listed.same_as}"
    return f"`{listed.tone}`"


def tone_rows() -> list[str]:
    kinds = [kind for kind in Kind if kind is not Kind.SIT]
    return [
        f"| {country} | {plan.name} | {' | '.join(cell(country, kind) for kind in kinds)} |".replace("  ", " ")
        for country, plan in plans().items()
    ]


def class_rows() -> list[str]:
    return [
        f"| `{each.name}` | {' '.join(f'{f:g}/{n}' for f, n in zip(each.frequencies, each.lengths, strict=True))} "
        f"| {each.meaning} |"
        for each in CLASSES
    ]


@pytest.mark.parametrize(
    ("heading", "rows"), [("Tones by country", tone_rows()), ("Special information tones", class_rows())]
)
def test_a_table_says_what_is_played(heading: str, rows: list[str]) -> None:
    assert [row.replace("  ", " ") for row in rows_below(heading)] == rows
