"""``simcarrier schema``: JSON that an editor can use."""

from __future__ import annotations

import json

from click.testing import CliRunner

from simcarrier.cli.schema import schema
from simcarrier.scenario.schema import json_schema


def test_the_schema_is_printed_as_json() -> None:
    result = CliRunner().invoke(schema)
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json_schema()
