"""What the interoperability tests stand on: a carrier in a process of its own, and the real peers' programs.

The carrier is the command that users run, ``simcarrier run SCENARIO --format json``, on a port that the system picks.
Its events are read as they come. However a test ends, the carrier is stopped by SIGINT and must have ended well: exit
status 0, nothing on standard error, and no error of its own counted in its summary.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from simcarrier.sip.transport import ListenAddress, host_for_uri

SCENARIOS = Path(__file__).parents[2] / "scenarios"

LOW_SEED = 8038
"""Makes every range of a scenario begin low: the first two numbers of its generator are below 0.0013."""

PATIENCE = 30.0
"""Seconds after which a program that should have ended, or said something, is taken for stuck."""

Event = dict[str, Any]


def peer(program: str) -> str:
    """The path of a real peer's program; without it the test is skipped, or fails where CI is set."""
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"{program} is not installed: run tests/peers.sh")
        pytest.skip(f"{program} is not installed; tests/peers.sh installs it")
    return path


def free_udp_port(host: str = "127.0.0.1") -> int:
    """A port that was free a moment ago, for programs that can't be told to pick one themselves."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def wait_until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Poll until something is so.

    Raises:
        AssertionError: it never was.
    """
    until = time.monotonic() + patience
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"waited {patience:g} s in vain for {what}")
        time.sleep(0.01)


@contextmanager
def running(scenario: str | Path, *arguments: str, listen: Sequence[str] = ("udp:127.0.0.1:0",)) -> Iterator[Carrier]:
    """A carrier that can be called, and that must have ended well when it is left; takes what `Carrier` takes."""
    carrier = Carrier(scenario, *arguments, listen=listen)
    try:
        yield carrier.listening()
        carrier.stop()
    finally:
        carrier.kill()


class Carrier:
    """A running ``simcarrier run``.

    Args:
        scenario: a file, or the name of a shipped scenario.
        arguments: further arguments of the command.
        listen: where, by ``--listen``.

    Attributes:
        events: all that it has told so far.
        status: its exit status, once it has ended.
    """

    def __init__(
        self,
        scenario: str | Path,
        *arguments: str,
        listen: Sequence[str] = ("udp:127.0.0.1:0",),
    ) -> None:
        file = scenario if isinstance(scenario, Path) else SCENARIOS / f"{scenario}.yaml"
        command = [sys.executable, "-W", "default", "-m", "simcarrier", "run", str(file), "--format", "json"]
        if "--seed" not in arguments:
            command += ["--seed", str(LOW_SEED)]
        for address in listen:
            command += ["--listen", address]
        self.events: list[Event] = []
        self._errors: list[str] = []
        self.status: int | None = None
        self._listeners = len(listen)
        self._process = subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._readers = [
            threading.Thread(target=self._read_events, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _read_events(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.events.append(json.loads(line))

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        self._errors.extend(self._process.stderr)

    def listening(self) -> Self:
        """Wait until it can be called."""
        wait_until(
            lambda: len(self._of("listening")) == self._listeners or self._process.poll() is not None,
            "the carrier to listen",
        )
        assert len(self._of("listening")) == self._listeners, "".join(self._errors)
        return self

    def _of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event["event"] == kind]

    @property
    def address(self) -> str:
        """HOST:PORT of the first listener."""
        return self.addresses[0]

    @property
    def addresses(self) -> list[str]:
        """HOST:PORT of each listener, in the order of ``listen``."""
        parsed = [ListenAddress.parse(event["address"]) for event in self._of("listening")]
        return [f"{host_for_uri(address.host)}:{address.port}" for address in parsed]

    @property
    def calls(self) -> list[Event]:
        """The calls that have ended, in the order in which they came."""
        return sorted(self._of("call"), key=lambda event: int(event["number"]))

    @property
    def summary(self) -> Event:
        """The summary; the run must be over."""
        (told,) = self._of("summary")
        return told

    @property
    def errors(self) -> str:
        """What it wrote to standard error; complete when it has ended."""
        return "".join(self._errors)

    def ended_calls(self, count: int) -> list[Event]:
        """Wait until so many calls have ended."""
        wait_until(lambda: len(self.calls) >= count, f"{count} calls to end")
        return self.calls

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait until it ends by itself; returns its exit status."""
        self.status = self._process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return self.status

    def stop(self) -> Event:
        """End it by SIGINT; returns its summary.

        Raises:
            AssertionError: it did not end well.
        """
        if self.status is None:
            if self._process.poll() is None:
                self.signal(signal.SIGINT)
            self.wait()
        assert self.status == 0, f"exit status {self.status}: {self.errors}"
        assert self.errors == ""
        assert "engine_errors" not in self.summary["dropped"]
        assert self.summary["untold"] == 0
        assert self.summary["calls"] == len(self.calls)
        return self.summary

    def kill(self) -> None:
        """End it at once, whatever state it is in."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
