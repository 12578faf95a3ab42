"""SIPp as the dialler: places calls that must go by a ladder, to the letter."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

from .harness import PATIENCE, wait_until
from .ladder import Ladder, sipp_scenario


class Dialler:
    """A SIPp that is running.

    Attributes:
        messages: the file in which it notes what it sends and receives.
    """

    def __init__(self, command: list[str], folder: Path, name: str) -> None:
        self.messages = folder / f"{name}.messages"
        self._errors = folder / f"{name}.errors"
        self._output = folder / f"{name}.output"
        with self._output.open("w") as output:
            self._process = subprocess.Popen(
                [
                    *command,
                    *("-trace_err", "-error_file", str(self._errors)),
                    *("-trace_msg", "-message_file", str(self.messages)),
                ],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until so many messages with that text were sent or received."""
        wait_until(lambda: self.traffic.count(text) >= times or self._process.poll() is not None, f"{text!r} at SIPp")
        assert self.traffic.count(text) >= times, self.report()

    @property
    def traffic(self) -> str:
        """What it has sent and received."""
        return self.messages.read_text(errors="replace") if self.messages.exists() else ""

    @property
    def ended(self) -> bool:
        """Whether it has come to its end."""
        return self._process.poll() is not None

    def report(self) -> str:
        """What it complained about, and what went over the wire."""
        complaints = self._errors.read_text(errors="replace") if self._errors.exists() else ""
        return f"{complaints}\n{self.traffic}" if complaints or self.traffic else self._output.read_text()

    def finished(self) -> None:
        """Wait for its end; every call must have gone by the ladder.

        Raises:
            AssertionError: one has not; with what SIPp says about it.
        """
        status = self._process.wait(PATIENCE)
        assert status == 0, f"SIPp ended with {status}\n{self.report()}"

    def kill(self) -> None:
        """End it at once."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(PATIENCE)


class Sipp:
    """Starts SIPp.

    Args:
        program: its path.
        folder: where its files go.
    """

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._started: list[Dialler] = []

    def command(
        self,
        ladder: Ladder,
        address: str,
        *options: str,
        to: str = "+4915112345678",
        caller: str = "+4930123456",
        calls: int = 1,
        local: str = "127.0.0.1",
    ) -> list[str]:
        """The command line that places calls.

        Args:
            ladder: how each must go.
            address: whom to call, HOST:PORT.
            options: further options of SIPp's.
            to: the called number.
            caller: the calling number.
            calls: how many, ten in a second.
            local: the address to call from.
        """
        file = self._folder / f"ladder{len(list(self._folder.glob('ladder*.xml')))}.xml"
        file.write_text(sipp_scenario(ladder, caller))
        return [
            *(self._program, address, "-sf", str(file), "-s", to, "-i", local, "-m", str(calls), "-r", "10"),
            *("-nostdin", "-timeout", "9", "-timeout_error", "-max_socket", "500", *options),
        ]

    def shell_command(self, ladder: Ladder, *options: str, **how: object) -> str:
        """The same for a shell that has SIMCARRIER_ADDRESS in its environment, as ``--exec`` gives it."""
        words = self.command(ladder, "ADDRESS", *options, **how)  # type: ignore[arg-type]  # passed on as they are
        return shlex.join(words).replace("ADDRESS", '"$SIMCARRIER_ADDRESS"') + " >/dev/null 2>&1"

    def start(self, ladder: Ladder, address: str, *options: str, **how: object) -> Dialler:
        """Begin to place calls; takes what `command` takes."""
        command = self.command(ladder, address, *options, **how)  # type: ignore[arg-type]  # passed on as they are
        dialler = Dialler(command, self._folder, f"sipp{len(self._started)}")
        self._started.append(dialler)
        return dialler

    def call(self, ladder: Ladder, address: str, *options: str, **how: object) -> Dialler:
        """Place calls, and wait until all have gone by the ladder; takes what `command` takes."""
        dialler = self.start(ladder, address, *options, **how)
        dialler.finished()
        return dialler

    def kill(self) -> None:
        """End all that were started."""
        for dialler in self._started:
            dialler.kill()
