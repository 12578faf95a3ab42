"""JSON as the API writes it: ASCII only, so that whatever stood in a SIP message can be told."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

_ENCODE = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode


def encode(data: Any) -> bytes:
    """A JSON text without line ends."""
    return _ENCODE(data).encode("ascii")


def answer(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A response in JSON, with a line end for whoever reads it on a terminal."""
    return Response(encode(data) + b"\n", status, headers, "application/json")
