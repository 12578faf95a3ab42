"""An Asterisk with the configuration of `examples/recipes/asterisk`, as a dialler that calls many carriers at once.

It lives in a root of its own, which tests/asterisk.sh makes; its files are in a folder there, which goes when it goes.
It listens on loopback only. As root it is started as the user that its package has made for it; anybody else becomes
root of a user namespace. Should the test be killed, the kernel ends it.
"""

from __future__ import annotations

import contextlib
import csv
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from .harness import PATIENCE, free_udp_port, wait_until

RECIPE = Path(__file__).parents[2] / "examples" / "recipes" / "asterisk"
SCRIPT = Path(__file__).parents[1] / "asterisk.sh"

FOLDERS = {
    "astetcdir": "etc",
    "astvarlibdir": "lib",
    "astdbdir": "lib",
    "astkeydir": "lib",
    "astcachedir": "cache",
    "astspooldir": "spool",
    "astrundir": "run",
    "astlogdir": "log",
}
"""Where Asterisk has what, below its folder."""

EMPTY = ("acl", "ccss", "cdr", "cel", "features", "indications", "stasis", "udptl")
"""Files that it complains of if they are not there."""

LOGGER = "[general]\ndateformat = %T.%3q\n[logfiles]\nmessages => warning,error\n"

MANAGER = """\
[general]
enabled = yes
bindaddr = 127.0.0.1
port = 5038
[test]
secret = {secret}
read = call
"""

TAKEN = "Address already in use"
"""Its words for a port that another program has."""

ATTEMPTS = 3
"""How often a start is tried: the port was free when it was asked for, and another program may have taken it since."""


def asterisk_root() -> Path:
    """The root that Asterisk lives in; where it cannot be had the test is skipped, and says why."""
    told = subprocess.run(["bash", str(SCRIPT), "--where"], stdout=subprocess.PIPE, text=True, check=True)
    root = Path(told.stdout.strip())
    if not (root / "usr/sbin/asterisk").exists():
        why = root.with_name(f"{root.name}.not-had")
        if why.exists():
            pytest.skip(f"Asterisk cannot be had here: {why.read_text(encoding='utf-8').strip()}")
        if os.environ.get("CI"):
            pytest.fail("Asterisk is not there: run tests/asterisk.sh, which says why if it can't be had")
        pytest.skip("Asterisk is not there; tests/asterisk.sh makes a root for it")
    return root


@dataclass(frozen=True)
class Outcome:
    """What the dialplan has written about a call.

    Attributes:
        trunk, number: which call it was.
        status, cause: its DIALSTATUS and HANGUPCAUSE.
        said: what ``HANGUPCAUSE(...,tech)`` tells, such as ``SIP 603 Decline``; empty if the carrier has said nothing.
    """

    trunk: str
    number: str
    status: str
    cause: int
    said: str


class Asterisk:
    """A running Asterisk.

    Args:
        root: from `asterisk_root`.
        trunks: HOST:PORT of the carriers, by the name that the trunk to each is to have.
        registrar: HOST:PORT of the carrier at the trunk ``registered``, if there is to be one.
        dialplan: contexts beside the recipe's.
    """

    def __init__(self, root: Path, trunks: Mapping[str, str], registrar: str | None = None, dialplan: str = "") -> None:
        self._root = root
        self._folder = Path(tempfile.mkdtemp(prefix="simcarrier-", dir=root / "tmp"))
        self._inside = Path("/") / self._folder.relative_to(root)
        self._calls = 0
        self._secret = secrets.token_hex(8)
        try:
            self._configure(pjsip(trunks, registrar), dialplan)
            self._start()
        except BaseException:
            self.stop()
            raise

    def _configure(self, trunks: str, dialplan: str) -> None:
        for name in {*FOLDERS.values(), "spool/outgoing", "new"}:
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        directories = "".join(f"{key} => {self._inside}/{name}\n" for key, name in FOLDERS.items())
        configuration = {
            **dict.fromkeys(EMPTY, ""),
            "asterisk": f"[directories]\n{directories}[options]\nnocolor = yes\nquiet = yes\n",
            "logger": LOGGER,
            "manager": MANAGER.format(secret=self._secret),
            "modules": recipe("modules.conf"),
            "extensions": recipe("extensions.conf").replace("/var/log/asterisk", f"{self._inside}/log") + dialplan,
            "pjsip": trunks,
        }
        for name, text in configuration.items():
            (self._folder / "etc" / f"{name}.conf").write_text(text)
        if os.geteuid() == 0:
            for path in (self._folder, *self._folder.rglob("*")):
                os.chown(path, *self._owner())

    def _owner(self) -> tuple[int, int]:
        users = (line.split(":") for line in (self._root / "etc/passwd").read_text().splitlines())
        (found,) = ((int(user[2]), int(user[3])) for user in users if user[0] == "asterisk")
        return found

    def _take_ports(self) -> int:
        """Write free ports into the configuration; returns that of the AMI."""
        for name, key in (("pjsip", "bind = 127.0.0.1:"), ("manager", "port = ")):
            file = self._folder / "etc" / f"{name}.conf"
            port = free_udp_port()  # and as good as any for TCP
            file.write_text(re.sub(rf"^({key})\d+$", rf"\g<1>{port}", file.read_text(), flags=re.MULTILINE))
        return port

    def _start(self) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            manager = self._take_ports()
            (self._folder / "log/messages").unlink(missing_ok=True)
            with (self._folder / "log/output").open("w") as output:
                self._process = subprocess.Popen(
                    [*self._at_home(), "setpriv", "--pdeathsig", "KILL", *self._as_itself(), *self._asterisk("-f")],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            wait_until(self._is_ready, "Asterisk to be ready")
            if not re.search(TAKEN, self.log):
                self._events = Events(manager, self._secret)
                return
            self._end()
            assert attempt < ATTEMPTS, self.log

    def _at_home(self) -> list[str]:
        return [*([] if os.geteuid() == 0 else ["unshare", "--map-root-user"]), "chroot", str(self._root)]

    def _as_itself(self) -> list[str]:
        if os.geteuid() != 0:
            return []
        user, group = self._owner()
        return ["--reuid", str(user), "--regid", str(group), "--clear-groups", "--no-new-privs"]

    def _asterisk(self, *arguments: str) -> list[str]:
        return ["asterisk", "-C", f"{self._inside}/etc/asterisk.conf", *arguments]

    def _is_ready(self) -> bool:
        assert self._process.poll() is None, self.log
        return (self._folder / "run/asterisk.ctl").exists() and "fully booted" in self.ask("core waitfullybooted")

    def ask(self, command: str) -> str:
        """What Asterisk prints for a command of its console."""
        told = subprocess.run(
            [*self._at_home(), *self._asterisk("-rx", command)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=10,
            check=False,
        )
        return told.stdout

    def dial(
        self,
        number: str,
        trunk: str,
        *,
        caller: str = "+4930123456",
        patience: int = 10,
        talk: int = 1,
        retries: int = 0,
        context: str = "outgoing",
    ) -> None:
        """Place a call, by a call file.

        Args:
            number, trunk, caller: whom to call, which way, and as whom.
            patience: seconds until it is given up.
            talk: seconds until it is hung up, once it is answered.
            retries: how often Asterisk calls again, a second later, if it was not answered.
            context: where the dialplan takes it up.
        """
        said = {
            "Channel": f"Local/{number}@{context}/n",
            "CallerID": f"<{caller}>",
            "MaxRetries": str(retries),
            "Setvar": f"PATIENCE={patience}\nSetvar: TRUNK={trunk}",
            "Data": str(talk),
        }
        lines = (line.partition(": ") for line in recipe("call").splitlines())
        self._calls += 1
        file = self._folder / "new" / f"{self._calls}.call"
        file.write_text("".join(f"{key}: {said.get(key, value)}\n" for key, _, value in lines))
        if os.geteuid() == 0:
            os.chown(file, *self._owner())
        # Asterisk takes a file when it appears, so it appears whole.
        file.rename(self._folder / "spool/outgoing" / file.name)

    @property
    def outcomes(self) -> list[Outcome]:
        """What has become of the calls that are over, in that order."""
        file = self._folder / "log/outcomes.csv"
        text = file.read_text() if file.exists() else ""
        whole = text[: text.rfind("\n") + 1]  # the last line may just be being written
        return [Outcome(row[0], row[1], row[2], int(row[3]), row[4]) for row in csv.reader(whole.splitlines())]

    def wait_for(self, calls: Iterable[tuple[str, str]]) -> None:
        """Wait until these calls, by trunk and number, are over.

        Raises:
            AssertionError: with Asterisk's log, if they never are.
        """
        wanted = set(calls)
        try:
            wait_until(lambda: wanted <= by_call(self.outcomes).keys(), "Asterisk's calls to end")
        except AssertionError as error:
            raise AssertionError(f"{error}: {wanted - by_call(self.outcomes).keys()}\n{self.log}") from None

    @property
    def version(self) -> str:
        """Such as ``Asterisk 22.10.1``."""
        return self.ask("core show version").partition(" built")[0].strip()

    @property
    def hangups(self) -> list[Event]:
        """The AMI's Hangup events so far."""
        return [event for event in self._events.seen if event.get("Event") == "Hangup"]

    @property
    def log(self) -> str:
        """What it has said, warnings and calls."""
        files = (self._folder / "log/output", self._folder / "log/messages")
        return "".join(file.read_text(errors="replace") for file in files if file.exists())

    def stop(self) -> None:
        """End it, and remove its files."""
        self._end()
        shutil.rmtree(self._folder)

    def _end(self) -> None:
        if (events := getattr(self, "_events", None)) is not None:
            events.stop()
        process = getattr(self, "_process", None)
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)


Event = dict[str, str]


class Events:
    """What Asterisk tells by its manager interface (AMI).

    Attributes:
        seen: the events so far.
    """

    def __init__(self, port: int, secret: str) -> None:
        self.seen: list[Event] = []
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._connection.sendall(f"Action: Login\r\nUsername: test\r\nSecret: {secret}\r\n\r\n".encode())
        self._connection.settimeout(None)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        event: Event = {}
        # Asterisk may reset the connection when it ends.
        with (
            contextlib.suppress(OSError),
            self._connection.makefile("r", encoding="utf-8", errors="replace") as lines,
        ):
            for line in lines:
                key, _, value = line.strip().partition(": ")
                if key:
                    event[key] = value
                else:
                    self.seen.append(event)
                    event = {}

    def stop(self) -> None:
        """End the connection."""
        with contextlib.suppress(OSError):  # Asterisk may have ended it
            self._connection.shutdown(socket.SHUT_RDWR)
        self._reader.join(PATIENCE)
        self._connection.close()


def recipe(name: str) -> str:
    """A file of the recipe."""
    return (RECIPE / name).read_text()


def pjsip(trunks: Mapping[str, str], registrar: str | None) -> str:
    """The recipe's pjsip.conf, with as many trunks as are wanted in place of the one, and the one that registers."""
    transport, found, trunk = recipe("pjsip.conf").partition("[simcarrier]\n")
    assert found

    def named(name: str, address: str) -> str:
        return (found + trunk).replace("simcarrier", name).replace("127.0.0.1:5060", address)

    written = [transport, *(named(name, address) for name, address in trunks.items())]
    if registrar is not None:
        written.append(recipe("pjsip_registered.conf").replace("127.0.0.1:5060", registrar))
    return "\n".join(written)


def by_call(outcomes: Iterable[Outcome]) -> dict[tuple[str, str], Outcome]:
    """Outcomes by trunk and number; the last one if there are several."""
    return {(outcome.trunk, outcome.number): outcome for outcome in outcomes}
