"""The engines by name: what `simcarrier probe --engine` can say."""

from __future__ import annotations

from collections.abc import Callable

from simcarrier.sip.message import Response

from .builtin import BuiltinEngine
from .engine import Engine, Unfit
from .plan import Plan
from .recorder import Recorder

BUILTIN, PJSUA2 = "asyncio", "pjsua2"
ENGINES = (BUILTIN, PJSUA2)


def make_engine(name: str, plan: Plan, stray: Callable[[Response], None], recorder: Recorder | None) -> Engine:
    """An engine for a plan.

    Args:
        name: one of `ENGINES`.
        plan: as loaded.
        stray: told of responses that match no request of ours, if the engine shows them.
        recorder: keeps the messages; None: nobody wants them.

    Raises:
        Unfit: the plan wants what the engine does not have.
        MissingExtra: the engine is not installed.
    """
    if name == PJSUA2:
        from .pjsua2.engine import Pjsua2Engine

        return Pjsua2Engine(plan, recorder)
    for trunk, model in plan.trunks.items():
        wanted = "ice" if model.ice else "codecs" if model.codecs else ""
        wanted = wanted or ("" if model.srtp == "none" else f"srtp: {model.srtp}")
        if wanted:
            raise Unfit(f"trunk {trunk}: {wanted} needs another engine than the built-in one: say --engine {PJSUA2}")
    return BuiltinEngine(plan, stray, recorder)
