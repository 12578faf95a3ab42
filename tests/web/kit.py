"""A carrier with its control port, on a thread and a loop of its own, and what tests want of it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import httpx

from simcarrier.attachment import Findings
from simcarrier.client import Client
from simcarrier.scenario.load import loads
from simcarrier.service import CarrierService
from simcarrier.web.access import WebAddress
from simcarrier.web.control import Control
from tests.testing.dialling import Dialled, dial, dialled

T = TypeVar("T")

SCENARIO = """
name: under control
parameters: {refusal: 486}
carrier:
  listen: "udp:127.0.0.1:0"
  weather:
    - {name: storm, what: outage, on: false}
    - {name: heavy traffic, what: congestion, to: +49*, on: false}
ladders:
  ringing: [trying, ringing, silence]
calls:
  - {name: refused, to: +49*, respond: 403}
  - {name: by name, to: +43*, from: +1*, respond: 486}
  - {to: +41*, sequence: [486, 603]}
"""

LOCAL = WebAddress("127.0.0.1", 0)
PATIENCE = 10.0


class Answer(NamedTuple):
    """What came of a request."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def kind(self) -> str:
        """The end of a problem's type."""
        assert self.headers["content-type"] == "application/problem+json"
        assert self.body["status"] == self.status
        return str(self.body["type"]).removeprefix("urn:simcarrier:problem:")


class Controlled:
    """The carrier.

    Attributes:
        service: to be touched by `ask` only.
        client: speaks to it.
    """

    def __init__(self, text: str = SCENARIO, *, address: WebAddress = LOCAL, token: str | None = None) -> None:
        self.service = CarrierService(loads(text), seed=1, coalesce=0.0)
        self.control = Control(address, token)
        self._token = token
        self._ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=self._run, name="carrier under control")

    def __enter__(self) -> Self:
        self._thread.start()
        self._loop, self._over = self._ready.result(PATIENCE)
        self.url = self.control.url
        self.client = Client(self.url, self._token)
        self._http = httpx.Client(timeout=PATIENCE, trust_env=False)
        self.sip = self.service.addresses[0].host, self.service.addresses[0].port
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the run; a second call does nothing."""
        self._http.close()
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # whatever it is belongs to the test that waits, not to this thread
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    async def _main(self) -> None:
        over = asyncio.Event()
        await self.control.attach(self.service)
        await self.service.start()
        try:
            await self.control.started(self.service)
            self._ready.set_result((asyncio.get_running_loop(), over))
            await over.wait()
        finally:
            await self.service.stop(0.1)
            await self.control.finished(self.service, Findings())

    def ask(self, what: Callable[[CarrierService], T]) -> T:
        """Do something on the carrier's thread."""
        answer: Future[T] = Future()
        self._loop.call_soon_threadsafe(lambda: answer.set_result(what(self.service)))
        return answer.result(PATIENCE)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        kind: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A request as it is written, unlike those of the client.

        Args:
            method, path: with the query.
            body: bytes or a text as they are; anything else as JSON.
            kind: the Content-Type; YAML for a text, JSON for anything else.
            headers: more of them.
        """
        sent = dict(headers or {})
        if body is not None:
            usual = "application/yaml" if isinstance(body, str | bytes) else "application/json"
            sent.setdefault("Content-Type", kind if kind is not None else usual)
        content = body if isinstance(body, str | bytes) or body is None else json.dumps(body)
        if self._token is not None:
            sent.setdefault("Authorization", f"Bearer {self._token}")
        answer = self._http.request(method, self.url + path, content=content, headers=sent)
        is_json = answer.headers.get("content-type", "").endswith("json")
        return Answer(answer.status_code, answer.json() if is_json and answer.content else answer.text, answer.headers)

    def dial(self, to: str, caller: str = "+4930", patience: float = 3.0) -> list[int]:
        """A call from its INVITE to its end; the codes that came. It has been recorded when this returns."""
        codes = dial(self.sip, to, caller, patience=patience)
        self.settle()
        return codes

    def settle(self) -> None:
        """Let the carrier handle what has reached its sockets."""
        for _ in range(4):
            self.ask(lambda service: None)

    def dialled(self, to: str, caller: str = "+4930") -> AbstractContextManager[Dialled]:
        """A call whose INVITE has been sent."""
        return dialled(self.sip, to, caller)

    def state(self) -> Any:
        """All that the API can change, to see that nothing was."""
        rules = self.client.rules()
        return rules, self.client.weather(), self.client.conditions(), self.client.carrier()
