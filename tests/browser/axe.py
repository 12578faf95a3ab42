"""axe-core, which looks at a page for what keeps people from using it: contrast, names, roles, order.

It comes from the npm registry by version and hash, is kept in ``.cache`` and never committed. It is put into the page
by the browser's own protocol, so the page's Content-Security-Policy stands as it is.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from hatch_build import NotFetched, Release, fetched

AXE = Release(
    "axe-core",
    "4.14.1",
    "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
)
CACHE = Path(__file__).parents[2] / ".cache" / f"{AXE.name}-{AXE.version}"

GRAVE = ("serious", "critical")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@lru_cache(maxsize=1)
def script() -> str:
    """The text of axe-core; if it cannot be had the test is skipped, or fails where CI is set."""
    path = CACHE / "axe.min.js"
    if not path.is_file():
        try:
            fetched(AXE, {"axe.min.js": path.name}, path.parent)
        except NotFetched as why:
            if os.environ.get("CI"):
                pytest.fail(f"axe-core cannot be had: {why}")
            pytest.skip(f"axe-core cannot be had: {why}")
    return path.read_text(encoding="utf-8")


def findings(page: Page) -> list[str]:
    """The serious and the critical findings on a page as it is now, a line for each element."""
    page.evaluate(script())
    result: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})", list(RULES)
    )
    return [
        f"{found['impact']} {found['id']}: {found['help']}: {' '.join(map(str, node['target']))}: "
        + " ".join(str(node["failureSummary"]).split())
        for found in result["violations"]
        if found["impact"] in GRAVE
        for node in found["nodes"]
    ]


def usable(page: Page) -> None:
    """Nothing grave is found.

    Raises:
        AssertionError: something is.
    """
    found = findings(page)
    assert not found, f"{page.url}:\n" + "\n".join(found)
