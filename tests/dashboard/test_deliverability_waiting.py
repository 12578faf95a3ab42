"""Questions that take a while: pages show what is known, and nothing is asked too often."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from simcarrier.dashboard import book as books
from simcarrier.dashboard.book import Book
from simcarrier.dashboard.deliverability.sections import SECTIONS
from simcarrier.dashboard.deliverability.waiting import Desk
from simcarrier.stores.address import StoreAddress
from simcarrier.stores.store import Store, StoreDown
from tests.dashboard.stored_kit import (
    kept,
    made,
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(kept(tmp_path_factory.mktemp("kept") / "calls.db", made()))


class Slow:
    """A question that is answered when it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.asked = 0

    def __call__(self, store: Store) -> int:
        self.asked += 1
        assert self.let.wait(10)
        return self.asked


def test_a_page_shows_what_is_known_and_the_rest_comes(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "FRESH", 0.0)
    monkeypatch.setattr(books, "TIMES", 0)

    async def main() -> None:
        book = Book(StoreAddress.parse(str(file)))
        desk = Desk(book)
        slow = Slow()
        questions: dict[str, Any] = {"quick": ("quick", lambda store: "known"), "slow": ("slow", slow)}
        assert await desk.ask({"quick": questions["quick"]}, 10.0) == {"quick": "known"}
        for _ in range(2):
            assert await desk.ask(questions, 0.05) == {"quick": "known", "slow": None}
        assert slow.asked == 1
        slow.let.set()
        first = (await desk.ask(questions, 10.0))["slow"]  # 1, or 2 if that came before we asked again
        slow.let.clear()
        assert (await desk.ask(questions, 0.05))["slow"] == first  # until there is a new one
        slow.let.set()
        assert (await desk.ask(questions, 10.0))["slow"] > first
        await book.close()

    asyncio.run(main())


def test_what_took_long_is_not_asked_again_at_once(file: Path) -> None:
    async def main() -> None:
        book = Book(StoreAddress.parse(str(file)))
        taken: list[float] = []

        def question(store: Store) -> int:
            began = time.monotonic()
            while time.monotonic() - began < 0.15:
                pass
            taken.append(began)
            return len(taken)

        assert await book.ask("x", question) == 1
        answer = book._answers["x"]
        assert answer.until is not None
        assert answer.until - time.monotonic() > 2.5
        assert await book.ask("x", question) == 1
        await book.close()

    asyncio.run(main())


def test_a_store_that_fails_is_told(file: Path) -> None:
    async def main() -> None:
        book = Book(StoreAddress.parse(str(file)))

        def down(store: Store) -> None:
            raise StoreDown("it is gone")

        with pytest.raises(StoreDown, match="it is gone"):
            await Desk(book).ask({"x": ("x", down), "y": ("y", lambda store: 1)}, 5.0)
        await book.close()

    asyncio.run(main())


def test_each_table_has_a_section_of_its_own() -> None:
    names = [name for section in SECTIONS.values() for name in section.sheets]
    assert len(names) == len(set(names))
