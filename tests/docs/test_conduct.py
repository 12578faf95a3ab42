"""The page about conduct names every rule as the program does, and no other."""

from __future__ import annotations

import re

from simcarrier.conduct.registry import RULES, THEMES
from tests.docs.markdown import ROOT

PAGE = (ROOT / "docs" / "conduct.md").read_text(encoding="utf-8")


def test_every_rule_stands_on_the_page_as_it_is() -> None:
    told = re.findall(r"^\| `([a-z_0-9]+)` \| (.*?) \| (.*?) \| (.*?) \|$", PAGE, re.MULTILINE)
    rules = [(rule.name, rule.section.removeprefix("RFC "), rule.means, rule.remedy) for rule in RULES.values()]
    assert told == rules


def test_the_rules_stand_under_their_themes() -> None:
    assert re.findall(r"^### (.*)$", PAGE, re.MULTILINE) == list(THEMES)
