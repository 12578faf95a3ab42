"""A report as one HTML file that needs nothing but a browser: no script, no host is asked for anything.

Every value is escaped; a Content-Security-Policy allows the one style sheet, by its hash, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import tzinfo
from html import escape

from simcarrier.deliverability.alerts import Alert
from simcarrier.deliverability.overview import Overview
from simcarrier.deliverability.tables import tables
from simcarrier.deliverability.telling import alert_lines, moment_of, named

STYLE = """
:root { color-scheme: light dark; --faint: #636b74; --rule: #d8d5cf; --bad: #a4341f; --soft: #f8e7e2; }
@media (prefers-color-scheme: dark) { :root { --faint: #9aa1a9; --rule: #2f3338; --bad: #e8917c; --soft: #3d2520; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 0 0 1.5rem; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--rule); text-align: right; }
th:first-child, td:first-child { text-align: left; }
thead th { color: var(--faint); font-weight: 500; }
.alert { background: var(--soft); border-left: 4px solid var(--bad); padding: .6rem 1rem; margin: 0 0 1rem; }
.alert pre { margin: .4rem 0 0; white-space: pre-wrap; font-size: 13px; }
.faint { color: var(--faint); }
"""


def page(told: Overview, zone: tzinfo, name: str) -> str:
    """The page.

    Args:
        told: the figures.
        zone: by whose clock.
        name: where the records are.
    """
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    outcomes = ", ".join(f"{named(outcome)} {calls}" for outcome, calls in told.outcomes.items())
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{escape(name)} - simcarrier report</title><style>{STYLE}</style></head><body>",
        f"<h1>{told.total.attempts} calls</h1>",
        f'<p class="faint">{escape(name)}, after {moment_of(told.after, zone)}, up to ',
        f"{moment_of(told.until, zone)}</p>",
        f"<p>{escape(outcomes or 'nothing to tell')}</p>",
        f"<h2>{'Alerts' if told.alerts else 'No alerts'}</h2>",
        *(_alert(alert, zone) for alert in told.alerts),
    ]
    for table in tables(told, zone) if told.total.attempts else ():
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.heads)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell.text)}</td>' for cell in row)}</tr>" for row in table.rows)
        parts.append(
            f"<h2>{escape(table.title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )
        if table.below:
            parts.append(f'<p class="faint">{escape(table.below)}</p>')
    if told.baselines:
        items = "".join(f"<li>{escape(str(each))}</li>" for each in told.baselines)
        parts.append(f"<h2>The last 24 hours against the five days before</h2><ul>{items}</ul>")
    return "\n".join([*parts, "</body></html>\n"])


def _alert(alert: Alert, zone: tzinfo) -> str:
    first, *rest = alert_lines(alert, zone)
    return f'<div class="alert"><strong>{escape(first)}</strong><pre>{escape(chr(10).join(rest))}</pre></div>'
