"""When messages may go, in time zones and over changes of the clock."""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from message_kit import (
    WITHIN_S,
    TestClock,
    free_port,
    running,
    say,
    settings,
    stays,
    until,
    web_server,
)

from agent.messages.config import QuietHours, RateConfig, RetryConfig
from agent.messages.message import Message, MessageKind
from agent.messages.pace import (
    free_at,
    missed_summary,
    next_summary,
    quiet_until,
    retry_after_s,
    storm_window_s,
)
from agent.messages.sender import Sender

if TYPE_CHECKING:
    from pathlib import Path

ZURICH = ZoneInfo("Europe/Zurich")


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("now", "at", "expected"),
    [
        ("2026-11-25T06:29", "07:30", "2026-11-25T06:30"),
        ("2026-11-25T06:30", "07:30", "2026-11-26T06:30"),  # strictly after
        ("2026-11-25T23:59", "07:30", "2026-11-26T06:30"),
        ("2026-03-28T08:00", "07:30", "2026-03-29T05:30"),  # the night of the change to summer
        ("2026-03-29T06:00", "07:30", "2026-03-30T05:30"),
        ("2026-10-24T08:00", "07:30", "2026-10-25T06:30"),  # and back
        ("2026-03-28T12:00", "02:30", "2026-03-29T01:30"),  # the clock leaps over it: 03:30
        ("2026-03-29T01:30", "02:30", "2026-03-30T00:30"),
        ("2026-10-24T12:00", "02:30", "2026-10-25T00:30"),  # shown twice: the first time
        ("2026-10-25T00:30", "02:30", "2026-10-26T01:30"),  # and not the second
        ("2026-12-31T23:30", "00:00", "2027-01-01T23:00"),
    ],
)
def test_the_next_summary(now: str, at: str, expected: str) -> None:
    assert next_summary(utc(now), dt.time.fromisoformat(at), ZURICH) == utc(expected)


@given(
    st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 12, 1)),
    st.times(timezones=st.none()),
    st.sampled_from(["Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_once_a_day_whatever_the_clock_does(now: dt.datetime, at: dt.time, zone: str) -> None:
    at = at.replace(second=0, microsecond=0)
    first = next_summary(now.replace(tzinfo=dt.UTC), at, ZoneInfo(zone))
    second = next_summary(first, at, ZoneInfo(zone))
    assert 0 < (first - now.replace(tzinfo=dt.UTC)).total_seconds() <= 25 * 3600
    assert 23 * 3600 <= (second - first).total_seconds() <= 25 * 3600
    days = [moment.astimezone(ZoneInfo(zone)).date() for moment in (first, second)]
    assert days[1] - days[0] == dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("last", "now", "missed"),
    [
        ("2026-11-24T06:30", "2026-11-25T06:29", False),
        ("2026-11-24T06:30", "2026-11-25T06:30", True),
        ("2026-11-25T06:30", "2026-11-25T06:31", False),  # sent
        ("2026-11-24T06:30", "2026-11-25T09:00", True),  # the service came up late
        ("2026-11-24T06:30", "2026-11-25T12:00", False),  # too late to be of use
        (None, "2026-11-25T06:31", True),
    ],
)
def test_a_missed_summary_is_sent_late_but_not_too_late(
    last: str | None, now: str, missed: bool
) -> None:
    before = None if last is None else utc(last)
    at = dt.time(7, 30)
    assert missed_summary(before, utc(now), at, ZURICH, 4 * 3600) is missed


@pytest.mark.parametrize(
    ("now", "hours", "until_"),
    [
        ("2026-11-25T20:59", ("22:00", "07:00"), None),
        ("2026-11-25T21:00", ("22:00", "07:00"), "2026-11-26T06:00"),
        ("2026-11-26T02:00", ("22:00", "07:00"), "2026-11-26T06:00"),
        ("2026-11-26T06:00", ("22:00", "07:00"), None),
        ("2026-03-28T23:00", ("22:00", "07:00"), "2026-03-29T05:00"),
        ("2026-11-25T11:30", ("12:00", "13:00"), "2026-11-25T12:00"),
        ("2026-11-25T12:00", ("12:00", "13:00"), None),
    ],
)
def test_quiet_hours(now: str, hours: tuple[str, str], until_: str | None) -> None:
    quiet = QuietHours.model_validate({"from": hours[0], "until": hours[1]})
    expected = None if until_ is None else utc(until_)
    assert quiet_until(utc(now), quiet, ZURICH) == expected
    assert quiet_until(utc(now), None, ZURICH) is None


def test_tries_wait_longer_and_longer_up_to_a_quarter_of_an_hour() -> None:
    waits = [retry_after_s(n, RetryConfig()) for n in range(1, 10)]
    assert waits == [10, 30, 60, 120, 300, 600, 900, 900, 900]


def test_a_storm_is_collected_longer_and_longer() -> None:
    assert [storm_window_s(n, 300) for n in (0, 1, 2, 5, 6, 99)] == [
        300, 600, 1200, 9600, 9600, 9600,
    ]  # fmt: skip


@given(
    st.lists(st.floats(0, 86_400), max_size=60),
    st.integers(1, 8),
    st.floats(0.5, 100),
)
def test_who_waits_as_told_never_exceeds_the_rate(
    asked: list[float], burst: int, per_hour: float
) -> None:
    start, rate = utc("2026-11-25T00:00"), RateConfig(burst=burst, per_hour=per_hour)
    sent: list[dt.datetime] = []
    for second in sorted(asked):
        now = max([start + dt.timedelta(seconds=second), *sent])
        sent.append(free_at(sent, now, rate) + dt.timedelta(milliseconds=1))
        assert sent[-1] >= now
    for i in range(len(sent)):
        for j in range(i + burst, len(sent)):
            hours = (sent[j] - sent[i]).total_seconds() / 3600
            assert j - i + 1 <= burst + hours * per_hour + 1e-6


def test_the_morning_summary_is_sent_once_and_not_again_after_a_restart(tmp_path: Path) -> None:
    clock = TestClock(utc("2026-11-25T05:00"))
    asked: list[tuple[dt.datetime, dt.datetime]] = []

    def summary(since: dt.datetime, now: dt.datetime) -> Message:
        asked.append((since, now))
        return say("The night", kind=MessageKind.SUMMARY, utc=now)

    with web_server() as (web, port):
        config = settings(
            {"name": "h", "url": f"json://127.0.0.1:{port}"},
            morning_summary="07:30",
            timezone="Europe/Zurich",
        )
        with running(config, tmp_path, clock=clock, summary=summary) as messenger:
            messenger._sender.wake()
            stays(lambda: not asked, 0.3)
            clock.go(1.5 * 3600)
            messenger._sender.wake()
            until(lambda: web.posts)
            messenger._sender.wake()
            stays(lambda: len(web.posts) == 1, 0.5)
        with running(config, tmp_path, clock=clock, summary=summary):
            stays(lambda: len(web.posts) == 1, 0.5)
        clock.go(86_400)
        with running(config, tmp_path, clock=clock, summary=summary):
            until(lambda: len(web.posts) == 2)
    assert asked == [
        (utc("2026-11-25T05:00"), utc("2026-11-25T06:30")),
        (utc("2026-11-25T06:30"), utc("2026-11-26T06:30")),
    ]


def test_a_summary_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    clock = TestClock(utc("2026-11-25T05:00"))

    def summary(since: dt.datetime, now: dt.datetime) -> Message:
        raise RuntimeError("token=abcdefgh12345678 is wrong")

    with web_server() as (web, port):
        config = settings(
            {"name": "h", "url": f"json://127.0.0.1:{port}"},
            morning_summary="07:30",
            timezone="Europe/Zurich",
        )
        with running(config, tmp_path, clock=clock, summary=summary) as messenger:
            clock.go(2 * 3600)
            messenger._sender.wake()
            until(lambda: web.posts)
    assert web.titles == ["MicroScout: The morning summary could not be made"]
    assert "abcdefgh12345678" not in web.texts[0]


def test_a_target_that_takes_nothing_is_told_to_the_others_once(tmp_path: Path) -> None:
    clock = TestClock()
    with web_server() as (web, port), web_server() as (refusing, bad):
        refusing.status = 500
        config = settings(
            {"name": "well", "url": f"json://127.0.0.1:{port}"},
            {"name": "lab mail", "url": f"json://127.0.0.1:{bad}"},
            timezone="UTC",
        )
        with running(config, tmp_path, clock=clock) as messenger:
            messenger.post(say(utc=clock.now))
            until(lambda: messenger.targets()[0].failing_utc and len(web.posts) == 1)
            for _ in range(5):
                clock.go(300)
                messenger._sender.wake()
                stays(lambda: True, 0.15)
            until(lambda: len(web.posts) == 2)
            stays(lambda: len(web.posts) == 2, 0.3)
    assert web.titles[1] == "MicroScout: Messages to lab mail do not arrive"
    assert "Since 01:10" in web.texts[1]


def test_a_summary_that_the_end_overtakes_comes_after_the_restart(tmp_path: Path) -> None:
    clock, go_on = TestClock(utc("2026-11-25T05:00")), threading.Event()

    def slow(since: dt.datetime, now: dt.datetime) -> Message:
        go_on.wait(WITHIN_S)
        return say("The night", kind=MessageKind.SUMMARY, utc=now)

    with web_server() as (web, port):
        config = settings(
            {"name": "h", "url": f"json://127.0.0.1:{port}"},
            morning_summary="07:30",
            timezone="Europe/Zurich",
        )
        with running(config, tmp_path, clock=clock, summary=slow) as messenger:
            clock.go(2 * 3600)
            messenger._sender.wake()
            until(messenger._busy)
        go_on.set()
        until(lambda: not messenger._busy())
        assert web.posts == []
        with running(config, tmp_path, clock=clock, summary=slow):
            until(lambda: web.posts)
    assert web.titles == ["MicroScout: The night"]


def test_after_the_end_nothing_is_taken_that_nobody_would_send(tmp_path: Path) -> None:
    with running(settings(), tmp_path) as messenger:
        pass
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        messenger.post(say())


@pytest.mark.parametrize("arrives", [True, False])
def test_a_try_that_outlives_its_sender_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, arrives: bool
) -> None:
    """The next start sends it again; an error in the log would send people looking for one."""
    tried, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    real = Sender._attempt

    def slow(*_: object) -> None:
        tried.set()
        go_on.wait(WITHIN_S)
        if not arrives:
            raise OSError("no route")

    def watched(self: Sender, attempt: Any) -> None:
        real(self, attempt)
        ended.set()

    monkeypatch.setattr("agent.messages.sender.send", slow)
    monkeypatch.setattr(Sender, "_attempt", watched)
    target = {"name": "h", "url": f"json://127.0.0.1:{free_port()}"}
    config = settings(target, retry={"timeout_s": 30.0})
    with running(config, tmp_path) as messenger:
        messenger.post(say())
        until(tried.is_set)
    go_on.set()
    until(ended.is_set)
    assert [r.getMessage() for r in caplog.records if r.levelname == "ERROR"] == []
