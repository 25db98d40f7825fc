"""The wire to a dead-man: nothing goes where it does not belong; haste is not taken for death."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from hardware.data.dead_man_config import DeadManConfig
from hardware.deadman import link as links
from hardware.deadman import ward
from hardware.deadman.hello import DeadManUnusable, hello
from hardware.deadman.link import Link
from hardware.deadman.ward import DeadMan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE_S = 15.0


@pytest.fixture
def link() -> Iterator[Link]:
    made = Link(hello(DeadManConfig(), 0.5, None), None, os.getpid(), lambda: None)
    yield made
    made.end()


def files_up_to(descriptor: int, folder: Path, held: contextlib.ExitStack) -> list[Path]:
    """Open files until one has this number, as a store does that writes meanwhile."""
    paths: list[Path] = []
    while True:
        path = folder / f"frame {len(paths)}"
        file = held.enter_context(path.open("wb", buffering=0))
        paths.append(path)
        if file.fileno() >= descriptor:
            return paths


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.005)


def test_a_link_that_was_ended_writes_into_nobody_elses_file(link: Link, tmp_path: Path) -> None:
    wire = link._wire
    link.end()
    with contextlib.ExitStack() as held:
        paths = files_up_to(wire, tmp_path, held)
        assert not link.beat(0.0) and not link.beat(1.0)
        assert not link.bye(0.1)
    assert [path.read_bytes() for path in paths] == [b""] * len(paths)


def test_an_exposure_that_ends_while_the_dead_man_is_replaced_spoils_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told of the dark all the same: with its first beat."""
    said: list[str] = []
    with contextlib.ExitStack() as held:
        dead_man = held.enter_context(DeadMan(DeadManConfig(), None, said=said.append))
        assert dead_man._keeper.link is not None
        wire, paths = dead_man._keeper.link._wire, []

        def slow(*given: Any) -> Link:
            paths.extend(files_up_to(wire, tmp_path, held))
            ending = threading.Thread(target=dead_man.dark)  # the exposer's
            ending.start()
            ending.join()
            return Link(*given)

        monkeypatch.setattr(ward, "Link", slow)
        assert dead_man.announce(60.0) is None
        first = dead_man.process_id
        assert first is not None
        os.kill(first, signal.SIGKILL)
        until(lambda: said and dead_man.check() is None)
        assert dead_man.process_id != first
    assert [path.read_bytes() for path in paths] == [b""] * len(paths)


def test_many_short_exposures_do_not_make_a_busy_dead_man_a_dead_one() -> None:
    """A stall of the computer for a moment: 5 ms exposures give 200 words in half a second."""
    said: list[str] = []
    with DeadMan(DeadManConfig(), None, said=said.append) as dead_man:
        first = dead_man.process_id
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        try:
            for _ in range(100):
                assert dead_man.announce(0.005) is None
                dead_man.dark()
        finally:
            os.kill(first, signal.SIGCONT)
        assert dead_man._keeper.link is not None
        until(lambda: dead_man._keeper.link is None or len(dead_man._keeper.link._unseen) < 10)
        assert dead_man.process_id == first and said == []


def test_a_few_answers_that_were_not_read_yet_are_no_reason_to_end_it(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program itself may have been held up for longer than an answer may take."""
    monkeypatch.setattr(links, "UNSEEN_S", 0.0)
    os.kill(link.pid, signal.SIGSTOP)
    for _ in range(links.UNSEEN - 1):
        assert link.beat(0.0)
    assert link.wrong() is None
    link.beat(0.0)
    assert link.wrong() == "the dead-man does not answer"


def test_a_pipe_that_nobody_reads_is_left_alone(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.kill(link.pid, signal.SIGSTOP)
    sent = [link.beat(0.0) for _ in range(links.MOST_UNSEEN + 5)]
    assert sent == [True] * links.MOST_UNSEEN + [False] * 5


def test_a_dead_man_that_could_not_be_replaced_goes_on_watching(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A secret that is not there any more must not cost the one that knows it."""

    def unusable(*_: Any) -> Any:
        raise DeadManUnusable("switches[0]: LAMP_TOKEN is not set")

    with DeadMan(DeadManConfig(), None) as dead_man:
        first = dead_man.process_id
        monkeypatch.setattr(ward, "hello", unusable)
        with pytest.raises(DeadManUnusable):
            dead_man.restart()
        assert dead_man.process_id == first and dead_man.announce(0.1) is None
        dead_man.dark()
