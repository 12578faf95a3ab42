"""The capture of a run: bounded, whole at any time, and ended in good order when it cannot go on."""

from __future__ import annotations

import errno
import io
import os
import threading
from pathlib import Path

import pytest

from simcarrier.artefacts import files
from simcarrier.artefacts.pcap import Pcap, capture_of
from simcarrier.artefacts.tap import passed_of
from simcarrier.attachment import CannotAttach
from simcarrier.records.capture import CaptureReader
from simcarrier.records.pcap import FILE_HEAD
from simcarrier.service import CarrierService
from simcarrier.sip.transport import Channel, Transport
from tests.artefacts.kit import CARRIER, DIALLER, UDP, calls, message, nobody, passed, run
from tests.records.capture_kit import complaints, read


def messages_in(path: Path) -> list[str]:
    found, reader = read(path.read_bytes())
    assert reader.damage == ""
    return [one.data.partition(b" ")[0].decode() for one in found]


def test_a_run_without_calls_is_a_capture_too(tmp_path: Path) -> None:
    path = tmp_path / "run.pcap"
    run([Pcap(path)], nobody)
    assert path.read_bytes() == FILE_HEAD


def test_what_was_in_the_file_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "run.pcap"
    path.write_text("an older capture" * 100)
    run([Pcap(path)], calls(message()))
    assert messages_in(path) == ["INVITE", "SIP/2.0", "ACK"]


def test_it_ends_at_its_limit_and_calls_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.pcap"
    carrier = run([Pcap(path, 1200)], calls(*(message(number) for number in range(10))))
    assert carrier.journal.calls == 10
    kept = messages_in(path)
    assert 0 < len(kept) < 6
    assert path.stat().st_size <= 1200
    told = capsys.readouterr().err.splitlines()
    assert told[0] == f"simcarrier: {path} ends here, calls go on: its limit of 1,200 bytes is reached (--pcap-limit)"
    assert told[-1].endswith(f"; {30 - len(kept)} messages are not in it")
    assert len(told) == 2


def fail_at(monkeypatch: pytest.MonkeyPatch, size: int, code: int = errno.ENOSPC) -> None:
    """From so many bytes on the disk is full; as disks do, it takes a part of what is written last."""
    real, written = os.write, 0

    def write(file: int, data: bytes) -> int:
        nonlocal written
        room = size - written
        if room <= 0:
            raise OSError(code, os.strerror(code))
        done = real(file, data[:room])
        written += done
        return done

    monkeypatch.setattr("simcarrier.artefacts.pcap.os.write", write)


def test_a_full_disk_ends_it_behind_a_whole_packet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.pcap"
    fail_at(monkeypatch, 700)
    seen: list[CarrierService] = []

    async def dial(carrier: CarrierService) -> None:
        seen.append(carrier)
        for number in range(10):
            await calls(message(number))(carrier)

    with pytest.raises(CannotAttach, match=r"No space left on device; \d+ messages are not in it"):
        run([Pcap(path)], dial)
    assert seen[0].journal.calls == 10
    kept = messages_in(path)
    assert len(kept) <= 3
    told = capsys.readouterr().err
    assert told == f"simcarrier: {path} ends here, calls go on: No space left on device\n"


def test_a_full_disk_before_the_run_is_told_before_the_run(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    before = threading.active_count()
    with pytest.raises(CannotAttach, match="/dev/full cannot be written: No space left on device"):
        run([Pcap(Path("/dev/full"))], nobody)
    assert threading.active_count() == before


def test_a_lost_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "run.pcap"

    async def dial(carrier: CarrierService) -> None:
        path.unlink()
        await calls(message())(carrier)
        assert carrier.journal.calls == 1

    with pytest.raises(CannotAttach, match="deleted or replaced"):
        run([Pcap(path)], dial)


def test_through_a_pipe_to_somebody_who_reads(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()))
    keeper = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    reader.start()
    run([Pcap(pipe)], calls(message()))
    os.close(keeper)
    reader.join(10)
    assert len(list(CaptureReader(io.BytesIO(heard[0])))) == 3


def test_a_reader_of_a_pipe_that_leaves_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    async def dial(carrier: CarrierService) -> None:
        os.close(reader)
        await calls(message())(carrier)

    with pytest.raises(CannotAttach, match="Broken pipe; 3 messages are not in it"):
        run([Pcap(pipe)], dial)
    assert "calls go on: Broken pipe" in capsys.readouterr().err


def test_what_is_no_address_is_left_out() -> None:
    named = Channel(Transport.UDP, ("carrier.example", 5060))
    told = [(passed_of("in", b"x", channel, DIALLER, 1.0), channel) for channel in (UDP, named, UDP)]
    assert read(capture_of(told))[1].frames == 2


def test_connections_of_a_capture_are_opened_and_closed(tmp_path: Path) -> None:
    line = Channel(Transport.TLS, CARRIER, DIALLER)
    told = [(passed_of("in", message(transport="TLS"), line, DIALLER, 1.0), line)]
    path = tmp_path / "one.pcap"
    path.write_bytes(capture_of(told))
    assert complaints(path) == []
    found, reader = read(path.read_bytes())
    assert ([one.data for one in found], reader.frames) == ([message(transport="TLS")], 7)


def test_a_connection_that_is_gone_is_closed_behind_all_that_went_over_it(tmp_path: Path) -> None:
    path = tmp_path / "run.pcap"
    capture = Pcap(path)
    capture._file = files.create(path)
    capture._write(FILE_HEAD)
    line, other = Channel(Transport.TCP, CARRIER, DIALLER), Channel(Transport.TCP, CARRIER, ("127.0.0.1", 9))

    def frames() -> int:
        return read(path.read_bytes())[1].frames

    capture.take([(passed(b"1"), line), (passed(b"2"), other)])
    capture.rest()
    assert frames() == 8
    line.closed = True
    capture.rest()  # it may have come after the last look
    capture.take([(passed(b"3"), line)])
    assert frames() == 9
    capture.rest()
    assert frames() == 12
    capture.rest()
    assert frames() == 12
    os.close(capture._file)
