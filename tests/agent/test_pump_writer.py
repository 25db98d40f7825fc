"""The writer: strictly in order, only so far behind, and what it meets with comes to light."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

import pytest
from run_kit import frame_of

from agent.writer import AHEAD, Writer
from hardware.store import StoreError

if TYPE_CHECKING:
    from agent.journal.journal import Journal
    from hardware.data import Frame
    from hardware.store import ImageStore


class Books:
    """Store and journal in one, writing down who was told what."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.told: list[tuple[str, int]] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self._fails_at = fails_at
        self.light = self

    def write(self, frame: Frame) -> None:
        self.go_on.wait(10)
        if frame.index == self._fails_at:
            raise StoreError("the disk is full")
        self.told.append(("store", frame.index))

    def frame(self, frame: Frame) -> None:
        self.told.append(("journal", frame.index))


def writer(books: Any, *, background: bool) -> Writer:
    return Writer(cast("ImageStore", books), cast("Journal", books), background=background)


@pytest.mark.parametrize("background", [False, True])
def test_frames_and_what_follows_them_are_written_in_order(background: bool) -> None:
    books = Books()
    writing = writer(books, background=background)
    for index in range(8):
        writing.frame(frame_of(1, index, "p0", 0))
        if index % 4 == 3:
            writing.then(lambda index=index: books.told.append(("visit over", index)))  # type: ignore[misc]  # mypy cannot infer it
    writing.drain()
    expected = []
    for index in range(8):
        expected += [("store", index), ("journal", index)]
        expected += [("visit over", index)] if index % 4 == 3 else []
    assert books.told == expected
    writing.close()


@pytest.mark.parametrize("background", [False, True])
def test_after_an_error_nothing_is_written_any_more_and_the_pump_hears_of_it(
    background: bool,
) -> None:
    """A visit with a frame less would be marked over, and judged."""
    books = Books(fails_at=2)
    writing = writer(books, background=background)
    with pytest.raises(StoreError, match="disk is full"):
        for index in range(4):
            writing.frame(frame_of(1, index, "p0", 0))
        writing.then(lambda: books.told.append(("visit over", 0)))
        writing.drain()
    if background:
        with pytest.raises(StoreError):
            writing.close()
    assert books.told == [("store", 0), ("journal", 0), ("store", 1), ("journal", 1)]


def test_acquisition_goes_on_while_the_disk_is_slow_but_only_so_far() -> None:
    books = Books()
    books.go_on.clear()
    writing = writer(books, background=True)
    given: list[int] = []

    def acquire() -> None:
        for index in range(AHEAD + 5):
            writing.frame(frame_of(1, index, "p0", 0))
            given.append(index)

    pump = threading.Thread(target=acquire, daemon=True)
    pump.start()
    pump.join(0.2)
    assert AHEAD <= len(given) <= AHEAD + 1 and pump.is_alive()
    books.go_on.set()
    pump.join(10)
    writing.close()
    assert len(books.told) == 2 * (AHEAD + 5)


def test_a_writer_that_was_never_used_leaves_no_thread() -> None:
    before = threading.active_count()
    unused = writer(Books(), background=True)
    assert threading.active_count() == before
    unused.drain()
    unused.close()
