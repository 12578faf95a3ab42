"""Header values that use what the call brought."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcarrier.scenario.template import FIELDS, Field, Template


def test_a_template_without_fields_is_constant() -> None:
    template = Template.parse("a {{b}} c")
    assert template.constant == "a {b} c"
    assert template.parts == ("a {b} c",)
    assert template.render(lambda name: pytest.fail(name)) == "a {b} c"


def test_fields_are_looked_up_by_name() -> None:
    template = Template.parse("<https://x/{uuid}?f={from.user}&h={header.X-Tag}>")
    assert template.constant is None
    assert template.parts[1] == Field("uuid")
    assert template.render(lambda name: name.upper()) == "<https://x/UUID?f=FROM.USER&h=HEADER.X-TAG>"


@pytest.mark.parametrize("name", [*FIELDS, "header.Subject"])
def test_every_field_is_known(name: str) -> None:
    assert Template.parse(f"{{{name}}}").parts == (Field(name),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{from.usr}", r"did you mean \{from.user\}"),
        ("{zzz}", "there are from.user"),
        ("{}", "must not use"),
        ("{header.}", "must not use"),
        ("{header.a b}", "must not use"),
        ("{uuid", "close its braces"),
        ("uuid}", "close its braces"),
        ("a\r\nEvil: b", "one line"),
        ("a\x00", "one line"),
        (None, "must be a text"),
        ({}, "must be a text"),
    ],
)
def test_what_is_no_template_is_refused(text: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Template.parse(text)


def test_a_body_may_have_lines() -> None:
    assert Template.parse("a\r\nb", lines=True).constant == "a\r\nb"


@settings(deadline=None)  # the machine may be busy
@given(st.text())
def test_braces_doubled_give_any_text_back(text: str) -> None:
    template = Template.parse(text.replace("{", "{{").replace("}", "}}"), lines=True)
    assert template.constant == text
    assert Template.parse(str(template), lines=True) == template
