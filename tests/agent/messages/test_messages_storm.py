"""Five hundred faults a minute are a few messages, and none of them is lost."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest
from message_kit import T0, TestClock, running, say, settings, stays, told_times, until, web_server

from agent.messages.delivery import DeliveryState
from agent.messages.message import MessageKind
from agent.messages.outbox import Outbox
from agent.messages.render import envelope

if TYPE_CHECKING:
    from pathlib import Path

    from agent.messages.delivery import Delivery

RATE = {"burst": 3, "per_hour": 6}


class Desk:
    """An outbox without a sender: the test sends, at times of its own."""

    def __init__(self, path: Path, **more: object) -> None:
        more.setdefault("timezone", "UTC")
        self.config = settings({"name": "h", "url": "json://127.0.0.1"}, **more)
        self.clock = TestClock()
        self.outbox = Outbox(path / "messages.sqlite", self.config)
        self.sent: list[Delivery] = []

    def put(self, title: str = "Camera silent", key: str = "camera", **more: object) -> None:
        kind = more.pop("kind", MessageKind.TROUBLE)
        message = say(title, utc=self.clock.now, key=key, kind=kind, **more)
        self.outbox.put(message, ["h"], self.clock.now)

    def send(self) -> list[str]:
        """Everything that may go now; the titles as they are sent."""
        titles = []
        while (delivery := self.outbox.claim("h", self.clock.now)) is not None:
            self.outbox.sent(delivery.id, self.clock.now)
            self.sent.append(delivery)
            titles.append(self.envelope(delivery).title.removeprefix("MicroScout: "))
        return titles

    def envelope(self, delivery: Delivery):  # type: ignore[no-untyped-def]
        zone = self.config.zone
        return envelope(
            delivery, sender="MicroScout", mark="m", now=self.clock.now, zone=zone, picture=None
        )


def test_a_storm_of_500_is_two_messages(tmp_path: Path) -> None:
    with web_server() as (web, port):
        config = settings({"name": "h", "url": f"json://127.0.0.1:{port}"}, coalesce_s=3.0)
        with running(config, tmp_path) as messenger:
            for n in range(500):
                messenger.post(say(text=f"No image, number {n}.", key="camera", urgent=True))
            until(lambda: len(web.posts) >= 1)
            until(lambda: told_times(web.titles) == 500, "all 500 told")
            stays(lambda: len(web.posts) <= 3, 0.5)
            assert messenger.outbox.waiting() == 0
    assert "The last one: No image, number 499." in web.texts[-1]


def test_the_first_comes_at_once_and_the_rest_in_longer_and_longer_steps(tmp_path: Path) -> None:
    desk = Desk(tmp_path, coalesce_s=300)
    told: list[tuple[float, str]] = []
    for second in range(3600):
        desk.put(urgent=True)
        told += [(second, title) for title in desk.send()]
        desk.clock.go(1)
    assert [when for when, _ in told] == [0, 300, 900, 2100]
    assert [title for _, title in told] == [
        "Camera silent",
        "Camera silent (300 more times)",
        "Camera silent (600 more times)",
        "Camera silent (1200 more times)",
    ]
    text = desk.envelope(desk.sent[1]).text
    assert "300 more times since 01:10, last at 01:15." in text


def test_a_thing_that_comes_back_after_quiet_is_new(tmp_path: Path) -> None:
    desk = Desk(tmp_path, coalesce_s=300)
    desk.put()
    assert desk.send() == ["Camera silent"]
    desk.clock.go(301)
    desk.put()
    assert desk.send() == ["Camera silent"]


@pytest.mark.parametrize("other", [{"key": ""}, {"key": "stage"}, {"run": "another"}])
def test_other_things_are_not_mixed_in(tmp_path: Path, other: dict[str, str]) -> None:
    desk = Desk(tmp_path)
    desk.put()
    desk.put("Something else", **{"key": "camera", **other})
    assert desk.send() == ["Camera silent", "Something else"]


def test_what_waits_for_a_dead_server_is_put_together_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for _ in range(12):
        desk.put()
        desk.clock.go(20)
    assert desk.send() == ["Camera silent (12 times)"]
    assert "12 times since 01:10, last at 01:13." in desk.envelope(desk.sent[0]).text


def test_the_rate_limit_gives_one_notice_then_one_message_and_drops_nothing(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, rate=RATE)
    for n in range(50):
        desk.put(f"Event {n}", key="", kind=MessageKind.EVENT)
    assert desk.send() == ["Event 0", "Event 1", "Event 2", "More messages are held back"]
    for n in range(50, 60):
        desk.clock.go(10)
        desk.put(f"Event {n}", key="", kind=MessageKind.EVENT)
        assert desk.send() == []
    desk.clock.go(600)
    assert desk.send() == ["57 messages that were held back"]
    text = desk.sent[-1].text
    assert "- 01:10 event: Event 3\n" in text
    assert text.endswith("- and 17 more; the service's page has all of them")
    states = [d.state for d in desk.outbox.latest(1000)]
    assert states.count(DeliveryState.COALESCED) == 57
    assert DeliveryState.QUEUED not in states


def test_the_notice_comes_once_an_hour_at_most(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rate=RATE)
    titles = []
    for n in range(6 * 60):
        desk.put(f"Event {n}", key="", kind=MessageKind.EVENT)
        titles += desk.send()
        desk.clock.go(60)
    notices = titles.count("More messages are held back")
    assert 1 <= notices <= 6
    assert len(titles) - notices <= 3 + 6 * 6 + 1


def test_urgent_messages_pass_the_limit_and_the_held_ones(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rate=RATE)
    for n in range(10):
        desk.put(f"Event {n}", key="", kind=MessageKind.EVENT)
    desk.send()
    for n in range(20):
        desk.put(f"Trouble {n}", key="", urgent=True)
    assert desk.send() == [f"Trouble {n}" for n in range(20)]


def test_urgent_ones_overtake_what_waits(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.put("Event", key="", kind=MessageKind.EVENT)
    desk.put("Trouble", key="", urgent=True)
    assert desk.send() == ["Trouble", "Event"]


def test_quiet_hours_hold_all_but_urgent_ones_until_they_end(tmp_path: Path) -> None:
    desk = Desk(tmp_path, quiet_hours={"from": "22:00", "until": "07:00"})
    desk.put("Event", key="", kind=MessageKind.EVENT)
    desk.put("Trouble", key="", urgent=True)
    assert desk.send() == ["Trouble"]
    desk.clock.now = T0.replace(hour=6, minute=59)
    assert desk.send() == []
    desk.clock.now = T0.replace(hour=7, minute=0)
    assert desk.send() == ["Event"]


def test_the_limit_is_remembered_over_a_restart(tmp_path: Path) -> None:
    desk = Desk(tmp_path, rate=RATE)
    for n in range(3):
        desk.put(f"Event {n}", key="")
    desk.send()
    desk.outbox.close()
    again = Desk(tmp_path, rate=RATE)
    again.put("Event 3", key="")
    assert again.send() == ["More messages are held back"]


def test_a_clock_that_was_set_back_lets_nothing_wait_for_hours(tmp_path: Path) -> None:
    clock = TestClock(dt.datetime.now(dt.UTC) + dt.timedelta(hours=5))
    with web_server() as (web, port):
        web.status = 500
        config = settings(
            {"name": "h", "url": f"json://127.0.0.1:{port}"}, retry={"first_s": 30, "most_s": 30}
        )
        with running(config, tmp_path, clock=clock) as messenger:
            messenger.post(say(utc=clock.now))
            until(lambda: messenger.latest()[0].attempts == 1 and messenger.latest()[0].error)
            web.status = 200
            clock.now -= dt.timedelta(hours=5)
            until(lambda: web.posts)


def test_old_messages_are_forgotten_but_none_that_waits(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.put("Sent", key="")
    desk.send()
    desk.put("Waits", key="")
    desk.clock.go(91 * 86_400)
    desk.outbox.recover(desk.clock.now)
    assert [d.title for d in desk.outbox.latest()] == ["Waits"]


def test_the_marks_of_two_outboxes_differ(tmp_path: Path) -> None:
    first, second = Desk(tmp_path / "a"), Desk(tmp_path / "b")
    for desk in (first, second):
        desk.put()
        desk.send()
    marks = {desk.outbox.mark(desk.sent[0]) for desk in (first, second)}
    assert len(marks) == 2
    assert all(re.fullmatch(r"[0-9a-f]{6}-1", mark) for mark in marks)


def test_a_full_disk_keeps_no_message_from_being_sent(tmp_path: Path) -> None:
    with web_server() as (web, port):
        config = settings({"name": "h", "url": f"json://127.0.0.1:{port}"})
        with running(config, tmp_path) as messenger:
            messenger.post(say("Before"))
            until(lambda: messenger.outbox.waiting() == 0)
            _fill(messenger.outbox)
            messenger.post(say("Disk full", "x" * 15_000))
            until(lambda: len(web.posts) == 2)
            until(lambda: messenger.outbox.waiting() == 0)
            assert "cannot be written" in messenger.problems()[0]
            _free(messenger.outbox)
            assert messenger.outbox.store.back_to_disk()
            assert messenger.problems() == []
        with running(config, tmp_path) as messenger:
            assert [d.title for d in messenger.latest()] == ["Disk full", "Before"]
            stays(lambda: len(web.posts) == 2, 0.3)


def _fill(outbox: Outbox) -> None:
    """SQLite's own way to a full disk."""
    db = outbox.store._disk
    assert db is not None
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count={pages}")


def _free(outbox: Outbox) -> None:
    db = outbox.store._disk
    assert db is not None
    db.execute("PRAGMA max_page_count=1000000")


def test_a_broken_file_keeps_no_message_from_being_sent(tmp_path: Path) -> None:
    (tmp_path / "messages.sqlite").write_bytes(b"no database at all, " * 500)
    with web_server() as (web, port):
        config = settings({"name": "h", "url": f"json://127.0.0.1:{port}"})
        with running(config, tmp_path) as messenger:
            messenger.post(say())
            until(lambda: web.posts)
            assert "move the file away" in messenger.problems()[0]


def test_nobody_but_the_owner_reads_the_file(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.put()
    files = sorted(path for path in tmp_path.iterdir())
    assert [path.name for path in files][:2] == ["messages.sqlite", "messages.sqlite-shm"]
    assert [path.stat().st_mode & 0o077 for path in files] == [0] * len(files)
