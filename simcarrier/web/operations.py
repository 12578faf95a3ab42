"""The operations of the control API, one entry each: the one list from which requests are routed and documented.

What an operation does is the method of `simcarrier.web.api.Api` with its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .parameters import Parameter, count, time_up_to, whole, word_of
from .problems import (
    BAD_PARAMETERS,
    CHANGED,
    FAULTY,
    FORGOTTEN,
    NAME_TAKEN,
    NOT_FOUND,
    NOT_READY,
    TOO_LARGE,
    TOO_MANY_CLIENTS,
    TOO_MANY_RULES,
    TOO_SLOW,
    UNMET,
    UNREADABLE,
    WRONG_TYPE,
    Kind,
)
from .search import PARAMETERS, STATE, short

LONGEST_WAIT = 60.0
"""Seconds that one request waits at most; proxies in between tend to give up soon after."""

LONGEST_STREAM = 24 * 3600.0
"""Seconds for which a stream can be asked to last."""

MOST_CALLS = 1_000
"""Calls on one page."""

LAST_NUMBER = 10**15 - 1


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked for.

    Attributes:
        method: GET, PUT, POST or DELETE.
        path: with parameters in braces; ``:path`` behind one lets it hold slashes.
        name: the method of `Api` that does it, and the ``operationId``.
        summary: a line.
        what: more words, where needed.
        query: the parameters of the query.
        inside: those of the path.
        body: the schema of the body; empty for none.
        may_be_empty: the body may be left out.
        told: the schema of the answer; empty for none.
        status: of the answer.
        media_type: of the answer.
        problems: what can be wrong, beside what can be wrong with every request.
    """

    method: str
    path: str
    name: str
    summary: str
    what: str = ""
    query: tuple[Parameter, ...] = ()
    inside: tuple[Parameter, ...] = ()
    body: str = ""
    may_be_empty: bool = False
    told: str = ""
    status: int = 200
    media_type: str = "application/json"
    problems: tuple[Kind, ...] = ()

    @property
    def documented_path(self) -> str:
        """The path as OpenAPI has it."""
        return re.sub(r":[a-z]+\}", "}", self.path)

    @property
    def all_problems(self) -> tuple[Kind, ...]:
        """What can be wrong with it, those included that a query or a body brings with it."""
        of_body = (UNREADABLE, TOO_SLOW, TOO_LARGE, WRONG_TYPE, FAULTY) if self.body else ()
        return tuple(dict.fromkeys((BAD_PARAMETERS, *of_body, *self.problems)))


_TEXT: Mapping[str, object] = {"type": "string", "minLength": 1}

NAME = Parameter("name", "The name of the rule, percent-encoded.", _TEXT, short)
FRONT = Parameter("name", "The name of the front, percent-encoded.", _TEXT, short)
CONDITION = Parameter("condition", "Such as `lines_full`.", {"type": "string", "pattern": "^[a-z_]+$"}, short)
NUMBER = Parameter(
    "number",
    "The carrier's count of calls.",
    {"type": "integer", "minimum": 1, "maximum": LAST_NUMBER},
    whole(1, LAST_NUMBER),
)

AT_LEAST = count("at_least", "So many calls or more; 1 if nothing is said.")
AT_MOST = count("at_most", "So many calls or fewer.")
EXACTLY = count("exactly", "So many calls, no more and no fewer; stands alone.")

TIMEOUT = Parameter(
    "timeout",
    f"How long to wait, such as `500ms`, at most `{LONGEST_WAIT:g}s`.",
    {"type": "string", "pattern": "^([0-9]{1,2}s|[0-9]{1,4}ms)$", "default": "10s"},
    time_up_to(LONGEST_WAIT),
    default=10.0,
)
LASTS = Parameter(
    "for",
    "When the stream ends by itself, such as `30s`.",
    {"type": "string", "pattern": "^[0-9]{1,4}(s|ms)$"},
    time_up_to(LONGEST_STREAM),
)
LIMIT = Parameter(
    "limit",
    "Calls at most.",
    {"type": "integer", "minimum": 1, "maximum": MOST_CALLS, "default": 100},
    whole(1, MOST_CALLS),
    default=100,
)
AFTER = Parameter(
    "after",
    "Calls with a higher number than this: the `next` of the page before.",
    {"type": "integer", "minimum": 0, "maximum": LAST_NUMBER, "default": 0},
    whole(0, LAST_NUMBER),
    default=0,
)
ONLY = Parameter(
    "only",
    "What is to begin anew: all of it if not said.",
    {"type": "string", "enum": ["calls", "rules", "weather"]},
    word_of(["calls", "rules", "weather"]),
)
PLACE = Parameter(
    "place",
    "Before the rules that are there, or behind them.",
    {"type": "string", "enum": ["first", "last"], "default": "first"},
    word_of(["first", "last"]),
    default="first",
)
REVISION = Parameter(
    "revision",
    "The revision that the client has seen.",
    {"type": "integer", "minimum": 1, "maximum": LAST_NUMBER},
    whole(1, LAST_NUMBER),
    needed=True,
)

OPERATIONS = (
    Operation("GET", "/health", "health", "Whether it runs", "Needs no token.", told="Status"),
    Operation(
        "GET",
        "/ready",
        "ready",
        "Whether it takes calls",
        "Needs no token.",
        told="Status",
        problems=(NOT_READY,),
    ),
    Operation(
        "GET",
        "/metrics",
        "metrics",
        "Figures for Prometheus",
        "Counters begin with the run; a reset does not touch them.",
        media_type="text/plain",
    ),
    Operation("GET", "/v1/carrier", "carrier", "The run: what, where, figures", told="Carrier"),
    Operation(
        "GET",
        "/v1/rules",
        "list_rules",
        "The rules in force, in the order of asking",
        told="Rules",
    ),
    Operation(
        "POST",
        "/v1/rules",
        "add_rules",
        "Add rules",
        "They hold from the next call on; calls that are up go on as they began. All are put in force, or none.",
        query=(PLACE,),
        body="GivenRules",
        told="Rules",
        status=201,
        problems=(NAME_TAKEN, TOO_MANY_RULES),
    ),
    Operation(
        "PUT",
        "/v1/rules",
        "replace_rules",
        "Replace all rules",
        "If somebody else has changed the rules since `revision`, nothing is changed.",
        query=(REVISION,),
        body="GivenRules",
        told="Rules",
        problems=(CHANGED, TOO_MANY_RULES),
    ),
    Operation(
        "GET",
        "/v1/rules/{name:path}",
        "show_rule",
        "One rule",
        inside=(NAME,),
        told="Rule",
        problems=(NOT_FOUND,),
    ),
    Operation(
        "DELETE",
        "/v1/rules/{name:path}",
        "remove_rule",
        "Remove a rule",
        inside=(NAME,),
        status=204,
        problems=(NOT_FOUND,),
    ),
    Operation("GET", "/v1/weather", "list_weather", "The scenario's weather", told="Weather"),
    Operation(
        "PUT",
        "/v1/weather/{name:path}",
        "switch_weather",
        "Switch a front on or off",
        "`auto` leaves it to the scenario again.",
        inside=(FRONT,),
        body="Switch",
        told="Front",
        problems=(NOT_FOUND,),
    ),
    Operation("GET", "/v1/conditions", "list_conditions", "All conditions, and which are forced", told="Conditions"),
    Operation(
        "PUT",
        "/v1/conditions/{condition}",
        "force_condition",
        "Let something happen to calls",
        "It happens to all calls, or to those that the body says, before rules and business are asked.",
        inside=(CONDITION,),
        body="Force",
        may_be_empty=True,
        told="Condition",
        problems=(NOT_FOUND,),
    ),
    Operation(
        "DELETE",
        "/v1/conditions/{condition}",
        "lift_condition",
        "Do not force it any more",
        inside=(CONDITION,),
        status=204,
        problems=(NOT_FOUND,),
    ),
    Operation(
        "POST",
        "/v1/reset",
        "reset",
        "Begin anew",
        "The file's rules, its weather, and no calls: those that came before are out of sight, even if they end later.",
        query=(ONLY,),
        told="Revision",
    ),
    Operation(
        "GET",
        "/v1/calls",
        "list_calls",
        "Search calls",
        "In the order in which they came.",
        query=(*PARAMETERS, STATE, AFTER, LIMIT),
        told="Calls",
    ),
    Operation(
        "GET",
        "/v1/calls/{number}",
        "show_call",
        "One call",
        inside=(NUMBER,),
        told="Call",
        problems=(NOT_FOUND,),
    ),
    Operation(
        "GET",
        "/v1/near-misses",
        "near_misses",
        "Rules that nearly took calls",
        "Of the last calls that are meant; looked for where no rule took a call, or only one that takes every call.",
        query=(*PARAMETERS, STATE, LIMIT),
        told="NearMisses",
    ),
    Operation(
        "GET",
        "/v1/wait",
        "wait",
        "Wait for calls",
        "Answers as soon as there are so many calls, and with a problem when time is over.",
        query=(*PARAMETERS, STATE, AT_LEAST, EXACTLY, TIMEOUT),
        told="Verdict",
        problems=(UNMET, NOT_READY, TOO_MANY_CLIENTS),
    ),
    Operation(
        "GET",
        "/v1/verify",
        "verify",
        "Judge the calls so far",
        "200 if there are so many calls, else a problem that tells what came instead.",
        query=(*PARAMETERS, STATE, AT_LEAST, AT_MOST, EXACTLY),
        told="Verdict",
        problems=(UNMET, FORGOTTEN),
    ),
    Operation(
        "GET",
        "/v1/expectations",
        "expectations",
        "The scenario's expectations, judged so far",
        told="Expectations",
    ),
    Operation(
        "GET",
        "/v1/events",
        "events",
        "What happens, as it happens",
        "Server-sent events: `begun`, `call`, `rules`, `weather`, `condition`, `reset` and `lost`.",
        query=(*PARAMETERS, LASTS),
        told="Event",
        media_type="text/event-stream",
        problems=(TOO_MANY_CLIENTS,),
    ),
)
