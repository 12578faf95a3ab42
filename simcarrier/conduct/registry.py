"""All rules and checks, in the order in which they are asked and documented."""

from __future__ import annotations

from . import cancel, dialog, digest, fields, offer_answer, timing, transaction
from .rule import Check, Moment, Rule

THEMES: dict[str, tuple[Check, ...]] = {
    "Fields and framing": fields.CHECKS,
    "Transactions and ACK": transaction.CHECKS,
    "CANCEL": cancel.CHECKS,
    "Dialogs": dialog.CHECKS,
    "Repetition": timing.CHECKS,
    "Offer, answer and PRACK": offer_answer.CHECKS,
    "Digest": digest.CHECKS,
}
"""The checks by theme; each theme is a file."""

CHECKS: tuple[Check, ...] = tuple(check for checks in THEMES.values() for check in checks)

RULES: dict[str, Rule] = {check.rule.name: check.rule for check in CHECKS}
"""By name."""

BY_MOMENT: dict[Moment, tuple[Check, ...]] = {
    moment: tuple(check for check in CHECKS if check.moment is moment) for moment in Moment
}
