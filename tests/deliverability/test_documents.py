"""The document has every key of rules and policies, and every rule that ships."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import psycopg
import pytest
import sqlglot

from simcarrier.deliverability import policy, rules
from simcarrier.deliverability.episodes import CREATE
from simcarrier.deliverability.queries import HOUR
from simcarrier.scenario.base import Model
from simcarrier.stores.parquet import write_parquet
from simcarrier.stores.postgres import PostgresStore
from tests.deliverability.kit import some
from tests.stores.postgres import Cluster
from tests.stores.rows import NOON

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (Path(__file__).parents[2] / "docs" / "deliverability.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    found = re.search(rf"^#+ {heading}\n(.*?)(?=^#+ |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("A rule", rules.Rule),
        ("Pacing", policy.Policy),
        ("slow", policy.SlowModel),
        ("rest", policy.RestModel),
        ("recover", policy.RecoverModel),
    ],
)
def test_every_key_stands_in_the_document_with_its_default(heading: str, model: type[Model]) -> None:
    told = dict(re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]*) \|[^|]*\|$", section(heading), re.MULTILINE))
    assert list(told) == model.written_keys()
    for name, field in model.model_fields.items():
        said = told[field.alias or name]
        assert (said == "must be said") is field.is_required(), name
        if isinstance(field.default, int) and not isinstance(field.default, bool):
            assert said == f"`{field.default}`"
        elif isinstance(field.default, float):
            assert said == f"`{100 * field.default:g}%`"


def test_every_rule_that_ships_stands_in_the_document() -> None:
    told = re.findall(r"^\| `([a-z-]+)` \| [^|]* \| ([^|]*) \| ([^|]*) \|([^|]*)\|$", section("Alerts"), re.MULTILINE)
    shipped = rules.load_rules().rules
    assert [name for name, *_ in told] == [rule.name for rule in shipped]
    for (_, share, window, _), rule in zip(told, shipped, strict=True):
        assert share.startswith(f"above {100 * rule.above:g} %")
        assert window == (
            f"{rule.length // 3_600_000} h" if rule.length >= 3_600_000 else f"{rule.length // 60_000} min"
        )


def statements_in(page: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(r"^```sql\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_panels_show_what_the_records_hold(postgres: Cluster) -> None:
    url = postgres.database()
    store = PostgresStore(url)
    store.open()
    try:
        store.add(some(120, 30, until=NOON - 1, spread=2 * HOUR))
        store.query(CREATE)
        store.query(
            "INSERT INTO alerts VALUES "
            "('e', 'declined', '603', 'caller', '+49', 0, ?, ?, NULL, 9, 3, NULL, 'Stop.', '[]')",
            (NOON - HOUR, NOON - HOUR),
        )
    finally:
        store.close()
    hourly, rolling, alerts = (
        text.replace("$__from", str(NOON - 3 * HOUR)).replace("$__to", str(NOON + HOUR))
        for text in statements_in("deliverability.md")
    )
    assert "$" not in hourly + rolling + alerts
    with psycopg.connect(url) as connection:
        found = connection.execute(hourly.encode()).fetchall()
        assert [(at.timestamp() * 1000, caller, round(share)) for at, caller, share in found] == [
            (NOON - 2 * HOUR, "+4930123456", 25),
            (NOON - HOUR, "+4930123456", 25),
        ]
        behind = connection.execute(rolling.encode()).fetchall()
        assert len(behind) == 120 - 39
        assert round(behind[-1][2]) == 25
        ((since, ended, text, tags),) = connection.execute(alerts.encode()).fetchall()
        assert (since.timestamp() * 1000, ended, text, tags) == (NOON - HOUR, None, "Stop.", "declined +49")


def test_a_warehouse_counts_the_same(tmp_path: Path) -> None:
    write_parquet(tmp_path / "calls.parquet", [some(120, 30, until=NOON - 1)])
    (text,) = statements_in("records.md")
    for dialect in ("bigquery", "clickhouse", "duckdb"):
        assert sqlglot.parse_one(text, dialect=dialect).key == "select"
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW calls AS SELECT * FROM '{tmp_path}/calls.parquet'")
        assert connection.execute(text).fetchall() == [("+4930123456", NOON - 12 * HOUR, 120, 30)]
