"""A client of the control API: what a dialler's test says to the carrier, and asks of it.

    from simcarrier.client import Client

    carrier = Client()                      # where SIMCARRIER_CONTROL says
    carrier.reset()
    carrier.add_rules({"to": "+49*", "respond": 403})
    ...                                     # the dialler dials
    carrier.wait(to="+49*", at_least=1)
    assert carrier.calls(to="+49*")[0]["code"] == 403

It blocks, needs the standard library only, and nothing else of simcarrier: the file can be copied. What the carrier
tells is given as it comes, as dictionaries; `docs/control.md` says what stands in them. What it refuses is raised as
`ControlProblem`.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self, TypedDict, Unpack
from urllib.parse import quote, urlencode, urlsplit

__all__ = ["Client", "ControlProblem", "Event", "Unreachable", "Which"]

TIMEOUT = 10.0
"""Seconds that an answer may take, beside the time that is waited for on purpose."""

Json = dict[str, Any]


class Unreachable(ConnectionError):
    """Nobody answers where the control API should be."""


class ControlProblem(Exception):
    """The carrier refused a request.

    Attributes:
        status: the HTTP status.
        kind: the end of the problem's ``type``, such as ``faulty``; empty if the answer was no problem document.
        errors: each thing that is wrong: ``field``, ``detail``, and for a body ``line`` and ``column``.
        document: the whole problem document (RFC 9457).
    """

    def __init__(self, status: int, document: Json) -> None:
        self.status = status
        self.document = document
        self.kind = str(document.get("type", "")).rpartition(":")[2]
        self.errors: list[Json] = document.get("errors", [])
        told = [f"{document.get('title', 'HTTP status')} ({status}): {document.get('detail', '')}"]
        told += [f"    {each.get('field') or 'body'}: {each.get('detail')}" for each in self.errors[:20]]
        told += [f"    instead: {call}" for call in document.get("instead", ())]
        super().__init__("\n".join(told))


class Which(TypedDict, total=False):
    """Which calls are meant; what is not said is not asked.

    Attributes:
        to, from_: number patterns: ``+498912``, ``+49*``, ``/9$/``.
        code: ``403``, ``"4xx"``, or ``"none"`` for calls without a final response.
        condition: what really happened, such as ``lines_full``.
        rule: the name of the rule that took it.
        matched: whether a rule took it or the business decided on it.
        ending: how it ended, such as ``cancelled``.
        call_id: its Call-ID.
        since: it came at this moment or later: RFC 3339, or seconds since 1970 UTC.
    """

    to: str
    from_: str
    code: int | str
    condition: str
    rule: str
    matched: bool
    ending: str
    call_id: str
    since: str | float


State = Literal["any", "ended", "up"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        name: ``begun``, ``call``, ``rules``, ``weather``, ``condition``, ``reset`` or ``lost``.
        told: what is told of it.
        number: it goes up by one with every event of the run.
    """

    name: str
    told: Json
    number: int


class Client:
    """Speaks to one carrier. Each request has a connection of its own, so threads may share a client.

    Args:
        url: where the API is, such as ``http://127.0.0.1:8080``; the environment's SIMCARRIER_CONTROL if not said.
        token: the environment's SIMCARRIER_CONTROL_TOKEN if not said; none if that is not there either.
        timeout: seconds that an answer may take.

    Raises:
        ValueError: there is no URL, or it is no http URL.
    """

    def __init__(self, url: str | None = None, token: str | None = None, timeout: float = TIMEOUT) -> None:
        said = url or os.environ.get("SIMCARRIER_CONTROL")
        if not said:
            raise ValueError(
                "where is the carrier? Say its URL, or set SIMCARRIER_CONTROL as simcarrier run --exec does"
            )
        parts = urlsplit(said)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"the URL of a control API begins with http://, not {said!r}")
        self.url = said.rstrip("/")
        self._parts = parts
        self._token = token or os.environ.get("SIMCARRIER_CONTROL_TOKEN")
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"<Client of {self.url}>"

    # The run

    def carrier(self) -> Json:
        """What runs, where it can be called, and its figures."""
        return self._json("GET", "/v1/carrier")

    def ready(self) -> bool:
        """Whether the carrier takes calls; False if nobody is there."""
        try:
            self._request("GET", "/ready")
        except (ControlProblem, Unreachable):
            return False
        return True

    def reset(self, only: Literal["calls", "rules", "weather"] | None = None) -> None:
        """Begin anew: the file's rules and weather, and no calls."""
        self._request("POST", "/v1/reset", {"only": only})

    def expectations(self) -> list[Json]:
        """The scenario's expectations, judged so far."""
        return list(self._json("GET", "/v1/expectations")["expectations"])

    def metrics(self) -> str:
        """The figures in Prometheus' text format."""
        return self._request("GET", "/metrics").decode()

    # Rules

    def rules(self) -> Json:
        """The ``rules`` in force in the order of asking, with their hits, and the ``revision``."""
        return self._json("GET", "/v1/rules")

    def add_rules(self, *rules: Mapping[str, Any] | str, place: Literal["first", "last"] = "first") -> list[Json]:
        """Put rules in force, for the next call on.

        Args:
            rules: each a mapping in the scenario language; or one text of YAML, as it would stand in a scenario.
            place: before the rules that are there, or behind them.

        Returns:
            The rules as they stand, with their names.
        """
        return list(self._json("POST", "/v1/rules", {"place": place}, _body(rules))["rules"])

    def replace_rules(self, *rules: Mapping[str, Any] | str, revision: int | None = None) -> list[Json]:
        """Put rules in force in place of all others.

        Args:
            rules: as in `add_rules`.
            revision: that was seen; the present one if None, and then another client's change may be lost.
        """
        seen = self.rules()["revision"] if revision is None else revision
        return list(self._json("PUT", "/v1/rules", {"revision": seen}, _body(rules))["rules"])

    def remove_rule(self, name: str) -> None:
        """Take a rule out of force."""
        self._request("DELETE", f"/v1/rules/{quote(name, safe='')}")

    # Weather and conditions

    def weather(self) -> list[Json]:
        """The scenario's weather."""
        return list(self._json("GET", "/v1/weather")["weather"])

    def switch(self, front: str, how: Literal["on", "off", "auto"]) -> Json:
        """Switch a front on or off, or leave it to the scenario."""
        return self._json("PUT", f"/v1/weather/{quote(front, safe='')}", body=({"switch": how}, "application/json"))

    def conditions(self) -> list[Json]:
        """All conditions, and which are forced."""
        return list(self._json("GET", "/v1/conditions")["conditions"])

    def force(self, condition: str, **which: Any) -> Json:
        """Let something happen to calls from the next one on, before rules and business are asked.

        Args:
            condition: such as ``lines_full``.
            which: ``to``, ``share``, ``retry_after`` as in a scenario's weather; all calls if nothing is said.
        """
        return self._json("PUT", f"/v1/conditions/{quote(condition, safe='')}", body=(which, "application/json"))

    def lift(self, condition: str) -> None:
        """Do not force it any more."""
        self._request("DELETE", f"/v1/conditions/{quote(condition, safe='')}")

    # Calls

    def calls(self, *, state: State = "any", **which: Unpack[Which]) -> list[Json]:
        """The calls that are meant, in the order in which they came."""
        found: list[Json] = []
        after: int | None = 0
        while after is not None:
            page = self._json("GET", "/v1/calls", {**which, "state": state, "after": after, "limit": 1000})
            found += page["calls"]
            after = page["next"]
        return found

    def call(self, number: int) -> Json:
        """One call, by the carrier's count."""
        return self._json("GET", f"/v1/calls/{number}")

    def near_misses(self, *, state: State = "any", **which: Unpack[Which]) -> list[Json]:
        """Rules that nearly took the calls that are meant."""
        return list(self._json("GET", "/v1/near-misses", {**which, "state": state})["near_misses"])

    def wait(
        self,
        *,
        at_least: int | None = None,
        exactly: int | None = None,
        timeout: float = 10.0,
        state: State = "any",
        **which: Unpack[Which],
    ) -> Json:
        """Block until there are so many calls; one if nothing is said.

        Args:
            at_least, exactly: how many.
            timeout: seconds, at most 60.
            state: calls that have ended, that are up, or any.
            which: which calls.

        Raises:
            ControlProblem: of kind ``unmet``: it did not come to that in time; the text tells what came instead.
        """
        said = {"at_least": at_least, "exactly": exactly, "timeout": _time(timeout), "state": state}
        return self._json("GET", "/v1/wait", {**which, **said}, patience=timeout)

    def verify(
        self,
        *,
        at_least: int | None = None,
        at_most: int | None = None,
        exactly: int | None = None,
        state: State = "any",
        **which: Unpack[Which],
    ) -> Json:
        """Judge how many calls there are so far; one or more are wanted if nothing is said.

        Raises:
            ControlProblem: of kind ``unmet``: there are fewer or more; the text tells what came instead.
        """
        said = {"at_least": at_least, "at_most": at_most, "exactly": exactly, "state": state}
        return self._json("GET", "/v1/verify", {**which, **said})

    def events(self, *, lasts: float | None = None, **which: Unpack[Which]) -> Events:
        """Listen, from the moment that this returns.

            with carrier.events(code=603) as events:
                for event in events:
                    ...

        Args:
            lasts: seconds after which the stream ends; None: with the run, or when it is closed.
            which: the calls to hear of.
        """
        query = {**which, "for": None if lasts is None else _time(lasts)}
        connection, response = self._send("GET", "/v1/events", query, None, 30.0)
        return Events(connection, response)

    # HTTP

    def _json(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: tuple[Any, str] | None = None,
        patience: float = 0.0,
    ) -> Json:
        made = json.loads(self._request(method, path, query, body, patience))
        assert isinstance(made, dict)  # the API tells objects only
        return made

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: tuple[Any, str] | None = None,
        patience: float = 0.0,
    ) -> bytes:
        connection, response = self._send(method, path, query, body, patience)
        try:
            return response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{self.url} broke off: {error}") from error
        finally:
            connection.close()

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: tuple[Any, str] | None,
        patience: float,
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        parts = self._parts
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self._timeout + patience)
        headers = {"Accept": "application/json, application/problem+json, */*;q=0.1"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        content = b""
        if body is not None:
            said, headers["Content-Type"] = body
            content = said.encode() if isinstance(said, str) else json.dumps(said).encode()
        target = parts.path.rstrip("/") + path + _query(query or {})
        try:
            connection.request(method, target, content, headers)
            response = connection.getresponse()
            if response.status >= 400:
                problem = response.read()
                connection.close()
                raise ControlProblem(response.status, _document(problem))
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Unreachable(f"{self.url} does not answer: {error}") from error
        return connection, response


class Events:
    """Events as they come; a context manager, so that the connection is closed."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self._connection = connection
        self._response = response
        self._lines = self._read()
        # The first event says that the carrier listens to us.
        self.begun = next(self._lines, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Event]:
        return self._lines

    def close(self) -> None:
        """Listen no more."""
        self._response.close()
        self._connection.close()

    def _read(self) -> Iterator[Event]:
        said: dict[str, str] = {}
        for line in self._response:
            name, _, value = line.decode().rstrip("\r\n").partition(": ")
            if name:
                said[name] = value
            elif "event" in said:
                yield Event(said["event"], json.loads(said["data"]), int(said["id"]))
                said = {}


def _body(rules: Sequence[Mapping[str, Any] | str]) -> tuple[Any, str]:
    texts = [rule for rule in rules if isinstance(rule, str)]
    if texts:
        if len(rules) > 1:
            raise TypeError("rules are either mappings, or all of them one text of YAML")
        return texts[0], "application/yaml"
    return {"calls": list(rules)}, "application/json"


def _time(seconds: float) -> str:
    return f"{seconds:.0f}s" if seconds >= 9 else f"{seconds * 1000:.0f}ms"


def _query(values: Mapping[str, Any]) -> str:
    said = {name.rstrip("_"): value for name, value in values.items() if value is not None}
    texts = {name: ("true" if value else "false") if isinstance(value, bool) else value for name, value in said.items()}
    return f"?{urlencode(texts)}" if texts else ""


def _document(content: bytes) -> Json:
    try:
        made = json.loads(content)
    except ValueError:
        made = None
    return made if isinstance(made, dict) else {"detail": content[:200].decode("utf-8", "replace")}
