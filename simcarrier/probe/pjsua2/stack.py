"""pjproject in this process: its thread, and who makes and deletes its objects.

No other file holds one, but `recorders`, which is a part of this one.

The rules, all of which end the process or hang it when they are broken:

- A process has one endpoint. `Stack.start` refuses a second one; after `Stack.stop` a new one may be made.
- Only threads that pjproject knows may call it. So one thread, ours, makes the endpoint, polls it (`libHandleEvents`;
  it has no worker of its own) and does everything else: other threads leave commands in a queue. With
  ``mainThreadOnly`` what pjproject's own threads (the clock of media) have to say waits for that thread, too, and so do
  log entries.
- Objects must be gone before ``libDestroy``, and must not be deleted by another thread, nor by a callback of their own.
  So nobody else holds one: calls are known by a number, accounts by the value that they were made from, and both live
  in dictionaries here. Those that are over are put aside by the callback and dropped by the next turn of the loop.
  Nothing is part of a cycle when it is dropped, so that Python's collector, which runs on any thread, never finds one.
- What is inside a value of pjsua2's, as in ``call.getInfo().media``, lives no longer than that value: give it a name.
- The endpoint deletes the writer of the log in C++: Python disowns it.
- An exception must not leave a callback: it would vanish. It goes into the log.
- pjproject writes to standard output until it has its writer; meanwhile that leads nowhere.

Commands are obeyed within `POLL`. What happens during one poll is told in one batch, in its order, on this thread.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from simcarrier.probe.masking import text_without_secrets
from simcarrier.sip.transport import Transport

from .binding import MOST_ACCOUNTS, pj
from .callbacks import Call, Endpoint, LineAccount, LogWriter
from .events import (
    Account,
    Cause,
    Connected,
    Detached,
    Dial,
    Disconnected,
    Event,
    Failed,
    Finished,
    Heard,
    Registered,
)
from .recorders import Recorders
from .settings import account_settings, call_settings, endpoint_settings, offer, silenced, transport_settings
from .taps import Tap
from .wire_log import connected_in, message_in

POLL = 5
"""Milliseconds that one poll waits: so long a command may take to be obeyed. Messages wake it at once."""

BUSY = 171_001
"""PJSIP_EBUSY."""

logger = logging.getLogger("simcarrier.pjsua2")
logger.addHandler(logging.NullHandler())  # or Python would write to standard error on its own
_LEVELS = {1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO}

_only = threading.Lock()


class Stack:
    """The endpoint and its thread. All but ``tell`` may be called from any other thread.

    Args:
        tell: told, on the stack's thread, what has happened.
        folder: for recordings of what calls hear; None: nobody listens.

    Attributes:
        codecs: those that it can speak, by their names in SDP; empty before `start`.
    """

    def __init__(self, tell: Callable[[list[Event]], None], folder: Path | None = None) -> None:
        self._tell = tell
        self.codecs: tuple[str, ...] = ()
        self._listens = folder is not None
        self._commands: deque[Callable[[], None]] = deque()
        self._events: list[Event] = []
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._fault: Exception | None = None
        self._endpoint: Any = None
        self._transports: dict[tuple[Transport, str, str], int] = {}
        self._accounts: dict[Account, Any] = {}
        self._calls: dict[int, Any] = {}
        self._aside: list[Any] = []
        self._recorders = Recorders(folder)
        self._heard = 0  # messages received
        self._offered: tuple[str, ...] = ()
        self._again: set[Account] = set()
        self._remotes: dict[str, str] = {}
        self._last_remote = ""

    # For other threads

    def start(self) -> None:
        """Make the endpoint.

        Raises:
            OSError: there is one in this process, or it can't be made.
        """
        if not _only.acquire(blocking=False):
            raise OSError(0, "another probe of this process uses pjsua2, which has one endpoint in a process")
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="pjsua2", daemon=True)
        self._thread.start()
        ready.wait()
        if self._fault is not None:
            self._thread.join()
            raise OSError(0, f"pjsua2 can't be started: {self._fault}") from self._fault
        atexit.register(self.stop)

    def stop(self) -> None:
        """End what is left, and the endpoint; nothing if it has not been started."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping = True
            thread.join()
            atexit.unregister(self.stop)

    def place(self, leg: int, dial: Dial) -> None:
        """Send an INVITE."""
        self._commands.append(partial(self._place, leg, dial))

    def give_up(self, leg: int) -> None:
        """Send CANCEL, when one may be sent."""
        self._commands.append(partial(self._give_up, leg))

    def hang_up(self, leg: int) -> None:
        """Send BYE."""
        self._commands.append(partial(self._hang_up, leg))

    def register(self, account: Account) -> None:
        """Register, and stay so."""
        self._commands.append(partial(self._register, account))

    def withdraw(self, account: Account) -> None:
        """Take a registration back."""
        self._commands.append(partial(self._withdraw, account))

    def heard(self, leg: int) -> Tap:
        """What a call has heard; nothing more is recorded. Waits until the command is obeyed."""
        found: list[Tap] = []
        done = threading.Event()
        self._commands.append(partial(self._untap, leg, found, done))
        while self._thread is not None and self._thread.is_alive() and not done.wait(0.1):
            pass
        return found[0] if found else Tap()

    def quiet(self) -> None:
        """Wait until all commands are obeyed and nothing more happens by itself; for tests on a clock of their own."""
        done = threading.Event()
        self._commands.append(partial(self._when_quiet, done))
        while self._thread is not None and self._thread.is_alive() and not done.wait(0.1):
            pass

    # The thread

    def _run(self, ready: threading.Event) -> None:
        try:
            try:
                self._open()
            except Exception as error:  # noqa: BLE001 - whatever it is, `start` tells it
                self._fault = error
                self._close()
                return
            finally:
                ready.set()
            while not self._stopping:
                self._turn()
            self._end_calls()
            self._close()
        finally:
            _only.release()

    def _turn(self) -> None:
        """Obey, poll, tell."""
        while self._commands:
            try:
                self._commands.popleft()()
            except pj.Error as error:
                logger.warning("%s", error.info())
        self._endpoint.libHandleEvents(POLL)
        self._aside.clear()
        self._recorders.look(time.monotonic())
        self._report()

    def _report(self) -> None:
        events, self._events = self._events, []
        if events:
            self._tell(events)

    def _when_quiet(self, done: threading.Event) -> None:
        idle = 0
        while idle < 2 and not self._stopping:
            events = len(self._events)
            count = self._endpoint.libHandleEvents(1)
            idle = idle + 1 if count <= 0 and events == len(self._events) else 0
        self._report()
        done.set()

    def _open(self) -> None:
        with silenced():
            endpoint = self._endpoint = Endpoint(self)
            endpoint.libCreate()
            config = endpoint_settings(listens=self._listens)
            writer = LogWriter(self)
            writer.__disown__()
            config.logConfig.writer = writer
            endpoint.libInit(config)
        endpoint.audDevManager().setNullDev()
        self.codecs = offer(endpoint, self._offered)
        endpoint.libStart()

    def _end_calls(self) -> None:
        for leg in list(self._calls):
            self._give_up(leg)
        self._turn()

    def _close(self) -> None:
        self._calls.clear()
        self._recorders.clear()
        self._aside.clear()
        for account in self._accounts.values():
            account.shutdown()
        self._accounts.clear()
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is not None:
            try:
                endpoint.libDestroy(pj.PJSUA_DESTROY_NO_RX_MSG)  # all is over: it need not wait for a second
            except pj.Error as error:
                logger.warning("%s", error.info())
            del endpoint

    # Commands

    def _account(self, account: Account) -> Any:
        made = self._accounts.get(account)
        if made is None:
            if len(self._accounts) >= MOST_ACCOUNTS:
                raise OSError(f"pjsua2 takes no more than {MOST_ACCOUNTS} addresses and users")
            made = LineAccount(self, account)
            made.create(account_settings(account, self._transport(account)))
            self._accounts[account] = made
        return made

    def _transport(self, account: Account) -> int:
        key = (account.transport, account.host, account.roots)
        number = self._transports.get(key)
        if number is None:
            number = self._transports[key] = self._endpoint.transportCreate(*transport_settings(account))
        return number

    def _place(self, leg: int, dial: Dial) -> None:
        try:
            if dial.account.codecs != self._offered:
                self._offered = dial.account.codecs
                offer(self._endpoint, self._offered)
            call = Call(self, leg, self._account(dial.account))
            self._calls[leg] = call
            call.makeCall(dial.called, call_settings(dial))
        except (pj.Error, OSError) as error:
            failed = self._calls.pop(leg, None)
            if failed is not None:
                self._aside.append(failed)
            self._events.append(Failed(leg, error.reason if isinstance(error, pj.Error) else str(error)))

    def _give_up(self, leg: int) -> None:
        call = self._calls.pop(leg, None)
        if call is None:
            return
        call.given_up = True
        self._recorders.end(call)
        self._events.append(Detached(leg))
        self._aside.append(call)
        if call.isActive():
            call.hangup(pj.CallOpParam(True))

    def _hang_up(self, leg: int) -> None:
        call = self._calls.get(leg)
        if call is not None and call.isActive():
            # `hangup` would take the call out of our sight, and the answer to the BYE with it.
            bye = pj.CallSendRequestParam()
            bye.method = "BYE"
            call.sendRequest(bye)

    def _untap(self, leg: int, found: list[Tap], done: threading.Event) -> None:
        call = self._calls.get(leg)
        if call is not None:
            self._recorders.end(call)
        found.append(self._recorders.take(leg))
        done.set()

    def _register(self, account: Account) -> None:
        known = self._accounts.get(account)
        try:
            if known is None:
                self._account(account)  # registers by itself
            else:
                known.setRegistration(True)
        except (pj.Error, OSError) as error:
            if getattr(error, "status", 0) == BUSY:
                self._again.add(account)  # the end of the last one is still on its way
                return
            why = error.reason if isinstance(error, pj.Error) else str(error)
            self._events.append(Registered(account, 503, why, active=False))

    def _withdraw(self, account: Account) -> None:
        made = self._accounts.get(account)
        if made is not None and made.getInfo().regIsActive:
            made.setRegistration(False)

    # What pjproject tells

    def logged(self, level: int, entry: str) -> None:
        """An entry of its log; messages stand in it, with what they hold that is secret."""
        found = message_in(entry)
        if found is not None:
            self._events.append(found)
            if not found.sent:
                self._heard += 1
            entry = entry.partition("\n")[0].rstrip(":")
        stands = connected_in(entry)
        if stands is not None:
            self._last_remote = stands[1]
            self._events.append(Connected(*stands))
        at = _LEVELS.get(level, logging.DEBUG)
        if logger.isEnabledFor(at):
            logger.log(at, "%s", text_without_secrets(entry.strip()))

    def call_tells(self, call: Call, event: Any) -> None:
        """A call's state has changed, or that of one of its transactions: perhaps by a message."""
        if call.given_up or event.type != pj.PJSIP_EVENT_TSX_STATE:
            return
        body = event.body.tsxState
        if body.type == pj.PJSIP_EVENT_RX_MSG and call.heard != self._heard:
            call.heard = self._heard  # both callbacks have it
            self._events.append(Heard(call.leg, body.src.rdata.wholeMsg.encode("utf-8", "surrogateescape")))

    def call_over(self, call: Call, event: Any) -> None:
        """A call is over."""
        if call.given_up:
            return
        info = call.getInfo()
        kind = event.body.tsxState.type if event.type == pj.PJSIP_EVENT_TSX_STATE else None
        cause = _CAUSES.get(kind, Cause.OTHER)
        self._events.append(Finished(call.leg, cause, info.lastStatusCode, info.lastReason))
        self._calls.pop(call.leg, None)
        self._aside.append(call)
        self._aside.append(self._recorders.end(call))

    def media_tells(self, call: Call) -> None:
        """A call's media have changed: sound may come, or no more."""
        self._aside.append(self._recorders.media_tells(call, self._endpoint))

    def stream_over(self, call: Call, stream: int) -> None:
        """A stream of a call's is about to be removed."""
        self._aside.append(self._recorders.stream_over(call, stream))

    def transport_tells(self, told: Any) -> None:
        """A connection stands, or has ended."""
        kind = str(told.type).removesuffix("6")
        if kind not in ("TCP", "TLS"):
            return
        secured = None if told.tlsInfo.isEmpty() else told.tlsInfo
        remote = self._last_remote if secured is None else secured.remoteAddr
        handle = str(told.hnd)
        if told.state == pj.PJSIP_TP_STATE_CONNECTED:
            self._remotes[handle] = remote
            return
        remote = self._remotes.pop(handle, "" if secured is None else remote)
        why = self._endpoint.utilStrError(told.lastError) if told.lastError else ""
        verify = 0 if secured is None else secured.verifyStatus
        self._events.append(Disconnected(kind, remote, why, verify))

    def account_tells(self, account: Account, told: Any, active: bool) -> None:
        """The registrar has answered, or does not."""
        if account in self._again:
            self._again.discard(account)
            self.register(account)
            return
        self._events.append(Registered(account, told.code, told.reason, active=active))

    def called(self, account: Any, number: int) -> None:
        """A call for us: we only call."""
        call = pj.Call(account, number)
        refusal = pj.CallOpParam()
        refusal.statusCode = 603
        call.hangup(refusal)
        self._aside.append(call)


_CAUSES = {
    pj.PJSIP_EVENT_RX_MSG: Cause.MESSAGE,
    pj.PJSIP_EVENT_TIMER: Cause.TIMER,
    pj.PJSIP_EVENT_TRANSPORT_ERROR: Cause.TRANSPORT,
}
