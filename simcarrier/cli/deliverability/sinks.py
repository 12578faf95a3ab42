"""Where alerts go: standard output, a webhook, e-mail, a table beside the calls. One that fails does not stop others.

Secrets come from the environment, never from the command line: SIMCARRIER_WEBHOOK_TOKEN goes into an Authorization
header as a bearer token, SIMCARRIER_SMTP_USER and SIMCARRIER_SMTP_PASSWORD log in to the mail server, over TLS only.
"""

from __future__ import annotations

import json
import os
import smtplib
import ssl
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final, Protocol, TextIO

from simcarrier.deliverability.alerts import Alert
from simcarrier.deliverability.episodes import ADD, CREATE, open_episodes, row_of
from simcarrier.deliverability.telling import alert_lines, headline
from simcarrier.stores.store import Store, StoreDown, StoreFault

PATIENCE: Final = 10.0
"""Seconds for a server to answer."""

MOST_WAITING: Final = 1000
"""Alerts that wait for a sink that fails, some 5 kB each; of more the oldest are dropped, and counted."""


class CannotTell(Exception):
    """An alert did not get through; the text says why, without secrets."""


class Sink(Protocol):
    """A place for alerts."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    def tell(self, alert: Alert) -> None:
        """Bring one there.

        Raises:
            CannotTell: it is not there.
        """


@dataclass(slots=True)
class Printed:
    """Alerts as text or as lines of JSON."""

    stream: TextIO
    form: str
    name: str = "standard output"

    def tell(self, alert: Alert) -> None:
        """Print one."""
        lines = [json.dumps(alert.as_dict())] if self.form == "json" else alert_lines(alert)
        for line in lines:
            print(line, file=self.stream)
        self.stream.flush()


class Webhook:
    """Alerts as JSON by POST; anything but a 2xx is a failure.

    Args:
        url: http or https.
        token: a bearer token; None for none.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        import httpx  # slow to import, and rarely needed

        self.name = f"webhook {httpx.URL(url).host}"  # what is behind the host is often a secret
        self._url = url
        self._token = token
        self._failed: tuple[type[Exception], ...] = (httpx.HTTPError, httpx.InvalidURL)
        self._post = httpx.post

    def tell(self, alert: Alert) -> None:
        """Send one."""
        headers = {} if self._token is None else {"Authorization": f"Bearer {self._token}"}
        try:
            answer = self._post(self._url, json=alert.as_dict(), headers=headers, timeout=PATIENCE)
        except self._failed as error:
            raise CannotTell(type(error).__name__) from None
        if not answer.is_success:
            raise CannotTell(f"answered {answer.status_code}")


@dataclass(slots=True)
class Mail:
    """Alerts by e-mail.

    Attributes:
        host, port: the mail server; 465 begins with TLS, others use STARTTLS if the server offers it.
        sender, recipients: addresses.
        user, password: to log in with, only over TLS; None for no login.
    """

    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    user: str | None = None
    password: str | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return f"mail by {self.host}"

    def tell(self, alert: Alert) -> None:
        """Send one."""
        message = EmailMessage()
        message["Subject"] = "simcarrier: " + headline(alert)
        message["From"] = self.sender
        message["To"] = ", ".join(self.recipients)
        # Answers of one episode stand together in a mailbox.
        message["References"] = f"<{alert.episode}@simcarrier.invalid>"
        message.set_content("\n".join(alert_lines(alert)) + "\n")
        try:
            self._send(message)
        except (OSError, smtplib.SMTPException) as error:
            raise CannotTell(f"{type(error).__name__}: {getattr(error, 'strerror', None) or 'not accepted'}") from None

    def _send(self, message: EmailMessage) -> None:
        context = ssl.create_default_context()
        if self.port == smtplib.SMTP_SSL_PORT:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=PATIENCE, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=PATIENCE)
        with server:
            secure = self.port == smtplib.SMTP_SSL_PORT
            server.ehlo()
            if not secure and server.has_extn("starttls"):
                server.starttls(context=context)
                secure = True
            if self.user is not None and self.password is not None:
                if not secure:
                    raise smtplib.SMTPException("no TLS, so no password")
                server.login(self.user, self.password)
            server.send_message(message)


class Table:
    """Alerts in the database of the calls: what a dashboard asks, and what a watch that starts anew goes on with."""

    name = "table alerts"

    def __init__(self, store: Store) -> None:
        self._store = store
        store.query(CREATE)

    def open(self) -> list[tuple[str, str | None, int, bool]]:
        """Episodes that are open: rule, value, since, severe."""
        return open_episodes(self._store)

    def tell(self, alert: Alert) -> None:
        """Write one down."""
        try:
            self._store.query(ADD, row_of(alert))
        except (StoreDown, StoreFault) as error:
            raise CannotTell(str(error)) from None


class Told:
    """Brings alerts to all sinks; what a sink does not take waits, and is tried again with the next look.

    Args:
        sinks: all of them.

    Attributes:
        dropped: alerts that waited too long.
    """

    def __init__(self, sinks: Iterable[Sink]) -> None:
        self._waiting: list[tuple[Sink, deque[Alert]]] = [(sink, deque()) for sink in sinks]
        self.dropped = 0

    def tell(self, alerts: Iterable[Alert]) -> list[str]:
        """Bring them, and what waited, to every sink; returns what went wrong, in words."""
        new = list(alerts)
        faults = []
        for sink, waiting in self._waiting:
            waiting.extend(new)
            while len(waiting) > MOST_WAITING:
                waiting.popleft()
                self.dropped += 1
            while waiting:
                try:
                    sink.tell(waiting[0])
                except CannotTell as why:
                    faults.append(f"{sink.name}: {why}; {len(waiting)} alerts wait")
                    break
                waiting.popleft()
        return faults

    @property
    def waiting(self) -> int:
        """How many alerts did not get through yet."""
        return sum(len(waiting) for _, waiting in self._waiting)


def from_environment(name: str) -> str | None:
    """A secret; an empty one is none."""
    return os.environ.get(name) or None
