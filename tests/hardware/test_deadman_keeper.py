"""The ward with stand-ins for its dead-men: who is spoken to, and when. No process is started."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from hardware.data.dead_man_config import DeadManConfig
from hardware.deadman import ward
from hardware.deadman.announced import Announced
from hardware.deadman.ward import DeadMan

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_S = 15.0


class Link:
    """Stands in for a dead-man's process."""

    made: list[Link]
    slow: threading.Event | None = None  # until it is set, none begins to watch

    def __init__(self, *given: Any) -> None:
        self.gone: Callable[[], None] = given[-1]
        self.pid = 1000 + len(Link.made)
        self.beats: list[float] = []
        self.words: list[str] = []
        self.broken: str | None = None
        self.deaf = False
        self.at_end: Callable[[], object] = lambda: None
        Link.made.append(self)
        if Link.slow is not None:
            assert Link.slow.wait(PATIENCE_S)

    def beat(self, light_until_s: float) -> bool:
        self.beats.append(light_until_s)
        if self.deaf:
            self.broken = "the dead-man has ended"
        return not self.deaf

    def wrong(self) -> str | None:
        return self.broken

    def bye(self, _: float) -> bool:
        self.words.append("bye")
        return True

    def bye_lit(self) -> bool:
        self.words.append("bye, lit")
        return True

    def wait(self, _: float) -> int:
        return 0

    def end(self) -> None:
        self.at_end()


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Link, "made", [], raising=False)
    monkeypatch.setattr(Link, "slow", None)
    monkeypatch.setattr(ward, "Link", Link)


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.005)


def opened(**how: Any) -> DeadMan:
    """Without a heartbeat: a test beats itself."""
    made = DeadMan(DeadManConfig(), None, **how)
    made._keeper.open()
    return made


def test_a_new_one_is_told_of_the_light_before_anything_else() -> None:
    dead_man = opened()
    assert dead_man.announce(60.0) is None
    dead_man.restart()
    assert Link.made[1].beats[0] > 50


def test_one_that_is_being_ended_is_not_spoken_to() -> None:
    """Its pipe may be somebody else's file by then."""
    dead_man = opened()
    old = Link.made[0]
    heard = list(old.beats)
    old.at_end = dead_man.dark
    dead_man.restart()
    assert old.beats == heard


def test_after_the_last_word_none_is_started() -> None:
    """It would watch a program that has ended, and nobody would end it."""
    dead_man = opened()
    dead_man.bye()
    with pytest.raises(OSError, match="bye"):
        dead_man.restart()
    assert len(Link.made) == 1


def test_one_that_is_just_being_started_hears_the_last_word_too() -> None:
    dead_man = opened()
    Link.slow = threading.Event()
    starting = threading.Thread(target=dead_man.restart)
    starting.start()
    until(lambda: len(Link.made) == 2)
    leaving = threading.Thread(target=dead_man.bye)
    leaving.start()
    leaving.join(0.1)
    Link.slow.set()
    starting.join(PATIENCE_S)
    leaving.join(PATIENCE_S)
    assert Link.made[1].words == ["bye"]


@pytest.mark.parametrize(("light_s", "word"), [(None, "bye"), (60.0, "bye, lit")])
def test_the_last_word_says_whether_light_is_on(light_s: float | None, word: str) -> None:
    dead_man = opened()
    if light_s is not None:
        assert dead_man.announce(light_s) is None
    assert dead_man.bye()
    assert Link.made[0].words == [word]


def test_an_announcement_that_was_not_heard_is_said_to_the_next_one() -> None:
    """It ended between the question and the word: no exposure is lost for that."""
    with DeadMan(DeadManConfig(), None) as dead_man:
        Link.made[0].deaf = True
        assert dead_man.announce(60.0) is None
        assert Link.made[-1] is not Link.made[0]
        assert Link.made[-1].beats[-1] > 50


def test_what_cannot_say_that_it_lives_is_not_kept_alive_and_its_light_is_minded() -> None:
    def broken() -> bool:
        raise ZeroDivisionError

    closed = threading.Event()

    def light_off() -> tuple[str, ...]:
        closed.set()
        return ()

    with DeadMan(DeadManConfig(grace_s=0.1), None, alive=broken) as dead_man:
        dead_man.light_off = light_off
        assert dead_man.announce(0.01) is None
        assert closed.wait(PATIENCE_S)
        until(lambda: len(Link.made[0].beats) == 3)  # begun, announced, closed
        time.sleep(3 * ward.BEAT_S)
        assert len(Link.made[0].beats) == 3


def test_light_that_stays_on_is_closed_from_inside_once_for_each_announcement() -> None:
    """What did not close the first time hangs: one thread more each 0.1 s would not help."""
    light = Announced()
    found = []
    for _ in range(2):
        light.begin(0.0)
        time.sleep(0.005)
        found += [light.overdue(0.0), light.overdue(0.0)]
    assert found == [1, None, 2, None]
    assert not light.closed(1), "that was the one before"
    assert light.lit and light.closed(2) and not light.lit
    assert "longer than announced" in (light.overrun() or "")
    assert light.overrun() is None


@pytest.mark.parametrize("before", ["it is said to be off", "it is announced again"])
def test_overdue_light_is_told_of_though_nobody_got_to_close_it(before: str) -> None:
    """Whoever closes it and whoever exposes go on at the same moment."""
    light = Announced()
    light.begin(0.0)
    time.sleep(0.005)
    assert light.overdue(0.0) == 1
    if before == "it is said to be off":
        light.end()
    else:
        light.begin(1.0)
    assert not light.closed(1)
    assert "longer than announced" in (light.overrun() or "")
