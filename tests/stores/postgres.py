"""A PostgreSQL of the tests' own: a cluster in a temporary folder, reached by a Unix socket, gone after the session.

`cluster()` starts one; where PostgreSQL is not installed it skips the test, or fails it in CI. Each test has a database
of its own in it (`Cluster.database`). A test that stops the server makes a cluster for itself.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from simcarrier.records.row import Row
from simcarrier.stores.store import Store

USER = "postgres"
_NUMBERS = itertools.count(1)


def programs() -> Path | None:
    """The folder of the newest PostgreSQL here; None if there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3].split(".")[0]))
    if found:
        return found[-1].parent
    on_path = shutil.which("pg_ctl")
    return None if on_path is None else Path(on_path).resolve().parent


class Cluster:
    """A PostgreSQL server.

    Attributes:
        folder: where its socket and its files are.
    """

    def __init__(self, folder: Path, found: Path) -> None:
        self.folder = folder
        self._bin = found
        self._data = folder / "data"

    def _run(self, program: str, *arguments: str) -> str:
        # initdb refuses to be root, and so does the server.
        as_user = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if os.geteuid() == 0 else []
        done = subprocess.run(
            [*as_user, str(self._bin / program), *arguments],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(self.folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.returncode == 0, f"{program}: {done.stdout}"
        return done.stdout

    def make(self) -> None:
        """Make the files."""
        self._run("initdb", "-D", str(self._data), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(
                f"listen_addresses = ''\nunix_socket_directories = '{self.folder}'\nmax_connections = 40\n"
                # What survives is tried with a server that is stopped, not with a machine that loses its power.
                "fsync = off\nshared_buffers = 64MB\n"
            )

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        # Not inherited: a server that keeps our standard output would keep whoever reads it waiting.
        self._run("pg_ctl", "-D", str(self._data), "-w", "-t", "40", "-l", str(self.folder / "log"), "start")

    def stop(self, how: str = "immediate") -> None:
        """Stop it: ``immediate`` as if it had been killed, ``fast`` with all connections cut."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-t", "40", "-m", how, "stop")

    def url(self, database: str) -> str:
        """The URL of a database."""
        return f"postgresql://{USER}@/{database}?host={self.folder}"

    def database(self) -> str:
        """Make a database; returns its URL."""
        name = f"calls_{next(_NUMBERS)}"
        self._run("createdb", "-h", str(self.folder), "-U", USER, name)
        return self.url(name)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A server that is up, for as long as it is needed; without PostgreSQL the test is skipped, or fails in CI."""
    found = programs()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed: run tests/peers.sh")
        pytest.skip("PostgreSQL is not installed; tests/peers.sh installs it")
    # Not in pytest's folder: the path of a socket may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="simcarrier-pg-"))
    made = Cluster(folder, found)
    up = False
    try:
        if os.geteuid() == 0:
            owner = pwd.getpwnam(USER)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        made.make()
        made.start()
        up = True
        yield made
    finally:
        if up and (folder / "data" / "postmaster.pid").exists():
            made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A server for all tests of the session (of each worker, with xdist)."""
    with cluster() as made:
        yield made


@pytest.fixture
def database(postgres: Cluster) -> str:
    """The URL of an empty database."""
    return postgres.database()


def fill(store: Store, rows: Sequence[Row]) -> Store:
    """A store that holds these rows; it is opened if need be, and to be closed by the caller."""
    store.open()
    store.add(rows)
    return store
