"""Call records of others: what the shipped mappings make of them, what is rejected, and that twice is once."""

from __future__ import annotations

import csv
import gzip
import json
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcarrier.records.row import Row, row_of, values_of
from simcarrier.stores.copying import batches_of
from simcarrier.stores.importing.convert import Converter, NoColumn
from simcarrier.stores.importing.importer import Imported, Rejects, import_records
from simcarrier.stores.importing.mapping import SHIPPED, MappingModel, load_mapping
from simcarrier.stores.importing.sources import SourceFault, open_source
from simcarrier.stores.parquet import write_parquet
from simcarrier.stores.sqlite import SqliteStore
from tests.stores.rows import NOON, mapped

MASTER = (
    '"acme","+4930123456","+49891234567","out","""Acme"" <+4930123456>","PJSIP/dialler-1","PJSIP/carrier-a-2","Dial",'
    '"PJSIP/x@carrier-a,30","2026-11-23 12:00:00","2026-11-23 12:00:04","2026-11-23 12:01:04",64,60,"ANSWERED",'
    '"DOCUMENTATION","1795435200.1",""\n'
    '"","+4930123456","+49891234568","out","","PJSIP/dialler-3","PJSIP/carrier-a-4","Dial",'
    '"","2026-11-23 12:00:00","","2026-11-23 12:00:02",2,0,"BUSY","DOCUMENTATION","1795435200.2","SIP 486 Busy Here"\n'
    '"","+4930123456","+49891234569","out","","PJSIP/dialler-5","","Dial",'
    '"","2026-11-23 12:00:00","","2026-11-23 12:00:02",2,0,"NO ANSWER","DOCUMENTATION"\n'
)


def run(folder: Path, source: Path | str, mapping: str, **more: Any) -> tuple[list[Row], Imported, list[list[str]]]:
    """Import into a new database; returns its rows, what was told, and the rejects."""
    loaded = load_mapping(mapping)
    opened = open_source(str(source), loaded, more.get("table"))
    store = SqliteStore(folder / "calls.db")
    store.open()
    rejects = Rejects(folder / "rejected.csv")
    try:
        told = import_records(opened, Converter(loaded, opened.columns, more.get("zone")), store, rejects)
        found = [one for batch in batches_of(store) for one in batch]
    finally:
        opened.close()
        store.close()
    for one in found:
        assert row_of(values_of(one)) == one  # of the right types
    bad = rejects.path.read_text(encoding="utf-8").splitlines() if rejects.path.exists() else []
    return found, told, list(csv.reader(bad))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_mappings_can_be_read(name: str) -> None:
    loaded = load_mapping(name)
    assert loaded.name == name
    assert loaded.about


def test_asterisk(tmp_path: Path) -> None:
    (tmp_path / "Master.csv").write_text(MASTER)
    rows, told, _ = run(tmp_path, tmp_path / "Master.csv", "asterisk", zone="UTC")
    assert told == Imported(read=3, added=3)
    one, two, three = sorted(rows, key=lambda row: row.called or "")
    assert (one.began, one.answered, one.ended, one.talk) == (NOON, NOON + 4000, NOON + 64_000, 60_000)
    assert (one.outcome, one.code, one.trunk, one.customer) == ("answered", None, "carrier-a", "acme")
    assert (one.source, one.run, one.call_id) == ("import", "asterisk", "1795435200.1")
    assert (two.outcome, two.code, two.phrase, two.answered) == ("refused", 486, "Busy Here", None)
    assert (three.outcome, three.code, three.call_id, three.trunk) == (None, None, None, None)
    assert (three.caller, three.called, three.post_dial_delay) == ("+4930123456", "+49891234569", None)


def test_twice_is_once_wherever_the_file_is(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(MASTER)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress((MASTER + MASTER).encode()))
    run(tmp_path, tmp_path / "a.csv", "asterisk")
    rows, told, _ = run(tmp_path, tmp_path / "b.csv.gz", "asterisk")
    assert told == Imported(read=6, added=0, known=6)
    assert len(rows) == 3


def test_zones(tmp_path: Path) -> None:
    (tmp_path / "Master.csv").write_text(MASTER)
    rows, _, _ = run(tmp_path, tmp_path / "Master.csv", "asterisk", zone="Asia/Kolkata")
    assert {row.began for row in rows} == {NOON - 19_800_000}


@given(at=st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1)), zone=st.sampled_from(["Europe/Berlin", "UTC"]))
def test_times_in_zones_are_those_of_python(at: datetime, zone: str) -> None:
    from zoneinfo import ZoneInfo

    mapping = MappingModel.model_validate({"name": "x", "zone": zone, "fields": {"began": "t"}})
    row = Converter(mapping, ["t"]).row([at.isoformat()])
    assert row is not None
    exact = at.replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000
    assert abs(row.began - exact) <= 1


FREESWITCH: dict[str, Any] = {
    "variables": {
        "uuid": "u-1",
        "sip_call_id": "abc%40host",
        "start_uepoch": f"{NOON}000",
        "progress_uepoch": f"{NOON + 700}000",
        "answer_uepoch": "0",
        "end_uepoch": f"{NOON + 2000}123",
        "effective_caller_id_number": "%2B4930123456",
        "sip_invite_failure_status": "603",
        "sip_invite_failure_phrase": "Network%20Blocked",
        "sip_gateway_name": "carrier-a",
        "last_bridge_proto_specific_hangup_cause": "sip%3A486",
    },
    "callflow": [{"caller_profile": {"caller_id_number": "1000", "destination_number": "%2B49891234567"}}],
}


def test_freeswitch(tmp_path: Path) -> None:
    answered = json.loads(json.dumps(FREESWITCH))
    answered["variables"] |= {"uuid": "u-2", "answer_uepoch": f"{NOON + 1500}000"}
    del answered["variables"]["sip_invite_failure_status"], answered["variables"]["effective_caller_id_number"]
    answered["variables"]["last_bridge_proto_specific_hangup_cause"] = "sip%3A200"
    path = tmp_path / "calls.jsonl"
    path.write_text(f"{json.dumps(FREESWITCH)}\n\n{json.dumps(answered)}\n")
    rows, told, _ = run(tmp_path, path, "freeswitch")
    assert told == Imported(read=2, added=2)
    one, two = sorted(rows, key=lambda row: row.code or 0, reverse=True)
    assert (one.caller, one.called, one.call_id) == ("+4930123456", "+49891234567", "abc@host")
    assert (one.began, one.ringing, one.answered, one.ended) == (NOON, NOON + 700, None, NOON + 2000)
    assert (one.code, one.phrase, one.outcome, one.post_dial_delay) == (603, "Network Blocked", "refused", 700)
    assert (one.class_603, one.trunk) == (None, "carrier-a")  # the Reason is not told
    assert (two.code, two.outcome, two.talk, two.caller) == (200, "answered", 500, "1000")


def test_freeswitch_csv(tmp_path: Path) -> None:
    path = tmp_path / "cdr.csv"
    path.write_text(
        '"Acme","+4930123456","+49891234567","public","2026-11-23 12:00:00","2026-11-23 12:00:01",'
        '"2026-11-23 12:00:11","11","10","NORMAL_CLEARING","u-1","u-2","acme","PCMA","PCMA"\n'
        '"Acme","+4930123456","+49891234568","public","2026-11-23 12:00:00","","2026-11-23 12:00:11","11","0",'
        '"ORIGINATOR_CANCEL","u-3","","acme","",""\n'
    )
    rows, _, _ = run(tmp_path, path, "freeswitch-csv", zone="UTC")
    assert sorted((row.called, row.outcome, row.talk, row.code) for row in rows) == [
        ("+49891234567", "answered", 10_000, None),
        ("+49891234568", "cancelled", None, None),
    ]


ACC = (
    "CREATE TABLE acc (id INTEGER PRIMARY KEY, method VARCHAR(16), from_tag VARCHAR(64), to_tag VARCHAR(64), "
    "callid VARCHAR(255), sip_code VARCHAR(3), sip_reason VARCHAR(128), time TIMESTAMP, src_user VARCHAR(64), "
    "dst_user VARCHAR(64), dst_ouser VARCHAR(64))"
)
ACC_ROWS = (
    "INSERT INTO acc VALUES "
    "(1, 'INVITE', 'f', 't', 'c1', '200', 'OK', '2026-11-23 12:00:00', '+4930123456', '+49891', '0049891'),"
    "(2, 'BYE', 'f', 't', 'c1', '200', 'OK', '2026-11-23 12:01:00', '+4930123456', '+49891', ''),"
    "(3, 'INVITE', 'f', 't', 'c2', '603', 'Decline', '2026-11-23 12:00:00', NULL, '+49892', NULL)"
)


def check_acc(rows: list[Row], told: Imported) -> None:
    assert told == Imported(read=3, added=2, skipped=1)
    assert sorted((row.call_id, row.began, row.code, row.outcome, row.caller, row.called) for row in rows) == [
        ("c1", NOON, 200, "answered", "+4930123456", "+49891"),
        ("c2", NOON, 603, "refused", None, "+49892"),
    ]
    assert {row.dialled for row in rows} == {"0049891", "+49892"}
    assert {row.class_603 for row in rows} == {None}


def test_kamailio_from_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "kamailio.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute(ACC)
        connection.execute(ACC_ROWS)
    connection.close()
    rows, told, _ = run(tmp_path, path, "kamailio", table="acc")
    check_acc(rows, told)


def test_kamailio_from_postgresql(tmp_path: Path, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(ACC)
        connection.execute(ACC_ROWS)
    rows, told, _ = run(tmp_path, database, "kamailio", table="public.acc")
    check_acc(rows, told)
    rows, told, _ = run(tmp_path, database, "kamailio", table="acc")
    assert told == Imported(read=3, known=2, skipped=1)


def test_generic_with_a_reason_knows_the_class_of_a_603(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    reason = 'SIP;cause=603;text="v=analytics1;url=https://redress.example/";location=LN'
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["began", "caller", "called", "code", "phrase", "reason", "market"])
        writer.writerow(["2026-11-23T12:00:00.250Z", "+1", "+2", "603", "Network Blocked", reason, "US"])
        writer.writerow(["2026-11-23T13:00:00+01:00", "+1", "+2", "603", "Decline", "", ""])
    rows, _, _ = run(tmp_path, path, "generic")
    assert sorted((row.began, row.class_603, row.market) for row in rows) == [
        (NOON, "plain", None),
        (NOON + 250, "conformant", "US"),
    ]


def test_parquet(tmp_path: Path) -> None:
    given_row = Row("u", "probe", None, "c", 2, NOON, caller="+4930123456", code=486, phrase="Busy Here")
    write_parquet(tmp_path / "calls.parquet", [[given_row]])
    mapping = mapped(
        tmp_path,
        "name: parquet\nid: uid\nfields:\n  began: {from: began, as: milliseconds}\n  caller: caller\n  code: code\n"
        "  attempt: attempt\n",
    )
    (row,), told, _ = run(tmp_path, tmp_path / "calls.parquet", mapping)
    assert told == Imported(read=1, added=1)
    assert (row.began, row.caller, row.code, row.attempt) == (NOON, "+4930123456", 486, 2)


# What cannot be read


def test_bad_rows_are_rejected_and_the_rest_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_bytes(
        b"began,caller,code,ended\n"
        b"2026-11-23 12:00:00,+1,486,\n"
        b"yesterday,+2,486,\n"
        b"\n"
        b'2026-11-23 12:00:00,"+3\n4",99,\n'
        b"2026-11-23 12:00:00,+5,486,2026-11-23 11:00:00\n"
        b"2026-11-23 12:00:00,+6,486,,,,\n"
        b",+7,486,\n"
        b"1969-11-23 12:00:00,+8,486,\n"
        b"2026-11-23 12:00:00,+9\xff\x00,,\n"
    )
    rows, told, bad = run(tmp_path, path, "generic")
    assert told == Imported(read=8, added=2, rejected=6)
    assert sorted(row.caller or "" for row in rows) == ["+1", "+9��"]
    assert bad[0] == ["line", "reason", "content"]
    assert [(int(line), reason) for line, reason, _ in bad[1:]] == [
        (3, "began is not an ISO time such as 2026-11-23 12:00:00: 'yesterday'"),
        (5, "code is not a whole number from 100 to 699: '99'"),
        (7, "it ended before it began"),
        (8, "7 values where 4 columns are known"),
        (9, "began is missing"),
        (10, "began is no time between 1970 and 2100"),
    ]
    assert json.loads(bad[1][2]) == ["yesterday", "+2", "486", ""]


def test_bad_json_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    good = json.dumps({"began": "2026-11-23 12:00:00", "caller": "\ud800", "code": 486.0})
    bad_ones = ["{", "[1]", '{"began": {"a": 1}}', '{"began": 5}', "[" * 50_000, f'"{"x" * 1_100_000}"']
    path.write_text("\n".join([*bad_ones, good]))
    rows, told, bad = run(tmp_path, path, "generic")
    assert told == Imported(read=7, added=1, rejected=6)
    assert (rows[0].caller, rows[0].code) == ("�", 486)
    assert [reason for _, reason, _ in bad[1:]] == [
        "not JSON",
        "not a JSON object",
        "a value is a list or an object",
        "began is not an ISO time such as 2026-11-23 12:00:00: '5'",
        "not JSON",
        "the line is longer than 1,048,576 characters",
    ]


def test_a_file_without_the_columns(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("start,from\n1,2\n")
    with pytest.raises(NoColumn, match="no column began: there are start, from"):
        run(tmp_path, path, "generic")
    path.write_text("")
    with pytest.raises(NoColumn):
        run(tmp_path, path, "generic")


@pytest.mark.parametrize(
    ("name", "table", "why"),
    [
        ("nowhere.csv", None, "is not there"),
        ("calls.xyz", None, "nobody can tell what it is"),
        ("here.csv", "acc", "is no database"),
        ("here.db", None, "which table"),
        ("here.db", "a; DROP TABLE b", "is no name of a table"),
        ("here.db", "acc", "no such table|not a database"),
        ("here.parquet", None, "cannot be read"),
        ("folder.csv", None, "cannot be read"),
    ],
)
def test_sources_that_cannot_be_read(name: str, table: str | None, why: str, tmp_path: Path) -> None:
    for there in ("here.csv", "here.db", "here.parquet"):
        (tmp_path / there).write_text("x")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(SourceFault, match=why):
        open_source(str(tmp_path / name), load_mapping("generic"), table)


def test_a_gzip_that_is_cut_off_loads_what_is_there(tmp_path: Path) -> None:
    lines = "began,caller\n" + "".join(f"2026-11-23 12:00:00,+{n * 7919}\n" for n in range(1, 20_000))
    (tmp_path / "calls.csv.gz").write_bytes(gzip.compress(lines.encode())[:-5_000])
    with pytest.raises(SourceFault, match="cannot be read after line"):
        run(tmp_path, tmp_path / "calls.csv.gz", "generic")
    store = SqliteStore(tmp_path / "calls.db")
    store.open()
    ((count,),) = store.query("SELECT COUNT(*) FROM calls")
    store.close()
    assert count > 1_000


# Mappings
