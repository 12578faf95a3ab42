"""pjproject's objects, as it calls them back: each tells a listener, the stack, on the stack's thread. See `stack`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from .binding import pj
from .events import Account

logger = logging.getLogger("simcarrier.pjsua2")


class Listener(Protocol):
    """Who is told."""

    def logged(self, level: int, entry: str) -> None:
        """An entry of pjproject's log."""

    def call_tells(self, call: Call, event: Any) -> None:
        """A call's state has changed, or that of one of its transactions."""

    def call_over(self, call: Call, event: Any) -> None:
        """A call is over."""

    def media_tells(self, call: Call) -> None:
        """A call's media have changed: sound may come, or no more."""

    def stream_over(self, call: Call, stream: int) -> None:
        """A stream of a call's is about to be removed."""

    def transport_tells(self, told: Any) -> None:
        """A connection stands, or has ended."""

    def account_tells(self, account: Account, told: Any, active: bool) -> None:
        """The registrar has answered, or does not."""

    def called(self, account: Any, number: int) -> None:
        """Somebody calls."""


@contextmanager
def contained() -> Iterator[None]:
    """No exception leaves a callback."""
    try:
        yield
    except Exception:  # pjproject could do nothing with it
        logger.exception("a callback failed")


class LogWriter(pj.LogWriter):  # type: ignore[misc]  # pjsua2 has no types
    """Takes the log."""

    def __init__(self, listener: Listener) -> None:
        super().__init__()
        self._listener = listener

    def write(self, entry: Any) -> None:
        """An entry."""
        with contained():
            self._listener.logged(entry.level, entry.msg)


class Endpoint(pj.Endpoint):  # type: ignore[misc]  # pjsua2 has no types
    """The endpoint."""

    def __init__(self, listener: Listener) -> None:
        super().__init__()
        self._listener = listener

    def onTransportState(self, prm: Any) -> None:
        """A transport's state."""
        with contained():
            self._listener.transport_tells(prm)


class LineAccount(pj.Account):  # type: ignore[misc]  # pjsua2 has no types
    """An account, and what it was made from."""

    def __init__(self, listener: Listener, account: Account) -> None:
        super().__init__()
        self._listener = listener
        self._made_from = account

    def onRegState(self, prm: Any) -> None:
        """A registration's state."""
        with contained():
            self._listener.account_tells(self._made_from, prm, bool(self.getInfo().regIsActive))

    def onIncomingCall(self, prm: Any) -> None:
        """A call comes in."""
        with contained():
            self._listener.called(self, prm.callId)


class Call(pj.Call):  # type: ignore[misc]  # pjsua2 has no types
    """A call.

    Attributes:
        leg: its number.
        heard: how many messages had been received when it was told of one last.
        given_up: it is told of no more.
        deaf: it is listened to no more.
    """

    def __init__(self, listener: Listener, leg: int, account: Any) -> None:
        super().__init__(account)
        self._listener = listener
        self.leg = leg
        self.heard = -1
        self.given_up = False
        self.deaf = False

    def onCallTsxState(self, prm: Any) -> None:
        """The state of one of its transactions."""
        with contained():
            self._listener.call_tells(self, prm.e)

    def onCallState(self, prm: Any) -> None:
        """Its state."""
        with contained():
            self._listener.call_tells(self, prm.e)
            if self.getInfo().state == pj.PJSIP_INV_STATE_DISCONNECTED:
                self._listener.call_over(self, prm.e)

    def onCallMediaState(self, prm: Any) -> None:
        """The state of its media."""
        with contained():
            self._listener.media_tells(self)

    def onStreamDestroyed(self, prm: Any) -> None:
        """The end of a stream."""
        with contained():
            self._listener.stream_over(self, prm.streamIdx)
