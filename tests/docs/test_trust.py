"""The page on signatures names every fault, every refusal and every damage that the code knows."""

from __future__ import annotations

import re

from simcarrier.sip.block_codes import Damage
from simcarrier.trust.card_damage import NAMED, CardDamage
from simcarrier.trust.passport import ANSWERS
from tests.docs.markdown import ROOT

PAGE = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "simcarrier" / "trust").glob("*.py"))


def names() -> set[str]:
    plain = re.findall(r'(?:Fault|FetchRefused)\(\s*f?"([^"]+)"', SOURCES)
    constants = re.findall(r'^[A-Z_]+(?:: Final)? = "([a-z][a-z0-9 ]+ [a-z ]+)"$', SOURCES, re.MULTILINE)
    return {name.replace("{TYPE}", "vcard+json") for name in (*plain, *constants)}


def test_every_fault_is_told() -> None:
    assert {name for name in names() if "{" not in name and f"`{name}`" not in PAGE} == set()
    assert len(names()) > 40
    assert "certificate not trusted" in names()


def test_every_damage_is_told_and_no_other() -> None:
    told = re.findall(r"^\| `([a-z0-9_]+)` \|", PAGE.partition("## The card of a 608")[0], re.MULTILINE)
    assert told == [str(damage) for damage in Damage]


def test_every_answer_is_told() -> None:
    assert [code for code, phrase in ANSWERS.items() if f"| `{code} {phrase}` |" not in PAGE] == []


def test_every_damage_of_a_card_is_told_with_its_fault() -> None:
    page = (ROOT / "docs" / "blocks.md").read_text(encoding="utf-8").partition("### Cards that are wrong\n")[2]
    told = re.findall(r"^\| `([a-z0-9_]+)` \| .* \| `([^`]+)` \|$", page.partition("\n## ")[0], re.MULTILINE)
    assert told == [(str(damage), NAMED[damage]) for damage in CardDamage]
    assert [fault for _, fault in told if f"`{fault}`" not in PAGE] == []
