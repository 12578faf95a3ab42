"""From values to HTML: one environment for all templates. Every value is escaped, wherever it came from.

A page is sent with a Content-Security-Policy that lets it load what we serve and nothing else: should a value from the
wire ever get past the escaping, the browser would neither run it nor ask another host for anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from simcarrier.records.ladder import printable

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    # Not `no-referrer`: the Origin of a form would then be `null`, and what changes something must say where it comes
    # from.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": number, "share": share, "moment": moment, "seconds": seconds}
    made.tests["success"] = lambda code: code is not None and 200 <= int(code) < 300
    return made


def render(template: str, values: Mapping[str, Any]) -> str:
    """The text of a template.

    Args:
        template: its file in ``templates``.
        values: by name; a name that it uses and that is not there is an error.
    """
    return _environment().get_template(template).render(values)


def block(template: str, name: str, values: Mapping[str, Any]) -> str:
    """The text of one block of a template: a part of its page."""
    found = _environment().get_template(template)
    return "".join(found.blocks[name](found.new_context(dict(values))))


def page(
    template: str, values: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A response with a page."""
    return HTMLResponse(render(template, values), status, HEADERS | dict(headers or {}))


def number(value: float) -> str:
    """A count for people: ``12,345``."""
    return f"{value:,}"


def share(part: float, whole: float) -> str:
    """A share in percent, with a digit behind the point; a dash where there is nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def seconds(value: float | None) -> str:
    """A time in seconds, to the millisecond; nothing if it is not known."""
    return "" if value is None else f"{value:.3f} s"


def moment(at: float | None) -> Markup:
    """A time in UTC, which a script shows in the reader's zone; seconds since 1970 UTC."""
    if at is None:
        return Markup("")
    try:
        second, part = divmod(round(at * 1e6), 1_000_000)
        day, clock = _second(second)
    except (ValueError, OverflowError, OSError):
        return Markup(f"{at:.3f}")  # no time that calendars have, such as records from elsewhere may hold
    clock = f"{clock}.{part // 1000:03}"
    text = f"{day} {clock} UTC"
    return Markup(f'<time datetime="{day}T{clock}+00:00" title="{text}">{text}</time>')


@lru_cache(maxsize=256)
def _second(at: int) -> tuple[str, str]:
    """Day and time; under load a list has hundreds of calls of the same second."""
    day, _, clock = datetime.fromtimestamp(at, UTC).isoformat().removesuffix("+00:00").partition("T")
    return day, clock


def _shown(value: object) -> object:
    """A value before it is escaped: characters that can't be seen, or not even be written, stand as escapes."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return "\n".join(map(printable, value.split("\n")))
