"""The book of what assistants ask for: how long something waits in it, and how much it keeps."""

from __future__ import annotations

import datetime as dt

from agent.mcp import approvals
from agent.mcp.approvals import Approvals
from agent.mcp.tool import Wish, asker
from agent.mcp.views import Refused, RequestView
from agent.service.views import RefusalView
from agent.web.tokens import Role

WITHIN_S = 900.0
BOT = asker("assistant", Role.ASSISTANT, "bot", "session")


class Book:
    """With a clock that a test sets."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        self.book = Approvals(WITHIN_S, now=lambda: self.now)
        self.book.handled = True

    def ask(self, what: str, about: str = "") -> RequestView | Refused:
        def nothing(_: object) -> RefusalView:
            raise AssertionError("nobody approved it")

        return self.book.ask("burst", Wish(what, nothing, about=about), "why", BOT)

    def later(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)


def test_what_nobody_answered_is_asked_anew_and_takes_no_place() -> None:
    """The old one can be approved by nobody any more."""
    book = Book()
    for i in range(approvals.MOST_WAITING):
        assert isinstance(book.ask(f"burst of {i}"), RequestView)
    assert isinstance(book.ask("one more"), Refused)
    book.later(WITHIN_S + 1)
    again = book.ask("burst of 0")
    assert isinstance(again, RequestView)
    assert (again.id, again.state) == (approvals.MOST_WAITING + 1, "waiting")
    assert isinstance(book.ask("one more"), RequestView)


def test_a_night_of_requests_does_not_fill_the_memory() -> None:
    book = Book()
    for i in range(approvals.MOST_KEPT + 20):
        book.ask(f"burst of {i}", about="a plan")
        book.book.cancel_about("a plan", "it was shown anew")
    assert len(book.book.all()) == approvals.MOST_KEPT
    assert book.book.all()[0].id == approvals.MOST_KEPT + 20, "the latest are kept"


def test_no_assistant_answers_whatever_door_lets_it_in() -> None:
    book = Book()
    book.ask("burst of 1")
    for answer in (book.book.approve, book.book.deny):
        assert isinstance(answer(1, BOT), RefusalView)
    assert [one.state for one in book.book.all()] == ["waiting"]


def test_what_waits_is_kept_however_many_come_and_go() -> None:
    """It could be answered by nobody any more, and every later look would fail."""
    book = Book()
    first = book.ask("burst of the first")
    for i in range(approvals.MOST_KEPT + 20):
        book.ask(f"burst of {i}", about="a plan")
        book.book.cancel_about("a plan", "it was shown anew")
    assert book.book.all()[-1] == first
    book.later(WITHIN_S + 1)
    assert book.book.all()[-1].state == "expired"
    book.ask("burst of another")
    assert len(book.book.all()) == approvals.MOST_KEPT
