"""When the dead-man acts: never on time alone, always when the ward is silent or light overruns."""

from __future__ import annotations

import json

import pytest

from hardware.deadman.watch import Cause, Patience, Watch

PATIENCE = Patience(silence_s=1.0, silence_dark_s=15.0, grace_s=1.5)


def beat(n: int = 1, light_until_s: object = 0) -> bytes:
    return json.dumps({"beat": n, "light_until_s": light_until_s}).encode()


def looks(watch: Watch, from_s: float, to_s: float) -> Cause | None:
    """Look every 50 ms, as the dead-man does."""
    now_s = from_s
    while now_s <= to_s:
        if (alarm := watch.look(now_s)) is not None:
            return alarm.cause
        now_s = round(now_s + 0.05, 6)
    return None


SILENT = {
    # light announced (s; 0: dark) -> silence that is borne, silence that is not
    "with light on": (60.0, 0.95, 1.1),
    "in the dark": (0, 14.9, 15.1),
}


@pytest.mark.parametrize(("light_s", "borne_s", "too_long_s"), SILENT.values(), ids=SILENT)
def test_silence_is_borne_longer_in_the_dark(
    light_s: float, borne_s: float, too_long_s: float
) -> None:
    for silence_s, cause in ((borne_s, None), (too_long_s, Cause.SILENT)):
        watch = Watch(PATIENCE, 0.0)
        assert watch.hear(beat(1, light_s), 0.0) == 1
        assert looks(watch, 0.0, silence_s) is cause


def test_beats_keep_the_peace() -> None:
    watch = Watch(PATIENCE, 0.0)
    for i in range(200):
        assert watch.hear(beat(i, 60 - i / 10), i / 10) == i
        assert watch.look(i / 10) is None


def test_light_longer_than_announced_is_overdue_however_lively_the_ward() -> None:
    watch = Watch(PATIENCE, 0.0)
    watch.hear(beat(1, 0.5), 0.0)
    for i in range(1, 19):
        watch.hear(beat(i, 0.5 - i / 10 or -0.001), i / 10)
        assert watch.look(i / 10) is None
    watch.hear(beat(30, -1.55), 2.05)
    alarm = watch.look(2.05)
    assert alarm is not None
    assert (alarm.cause, alarm.what) == (Cause.OVERDUE, "light on 1.55 s longer than announced")


def test_dark_in_time_takes_the_announcement_back() -> None:
    watch = Watch(PATIENCE, 0.0)
    watch.hear(beat(1, 0.5), 0.0)
    watch.hear(beat(2, 0), 0.7)
    assert not watch.lit
    assert looks(watch, 0.7, 10.0) is None


NO_BEAT = {
    "no JSON": b"beat",
    "not an object": b"17",
    "no number": b'{"beat": "x", "light_until_s": 0}',
    "no light": b'{"beat": 1}',
    "not a number": b'{"beat": 1, "light_until_s": NaN}',
    "for ever": b'{"beat": 1, "light_until_s": Infinity}',
    "no text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("line", NO_BEAT.values(), ids=NO_BEAT)
def test_what_cannot_be_read_is_no_sign_of_life(line: bytes) -> None:
    watch = Watch(PATIENCE, 0.0)
    watch.hear(beat(1, 60), 0.0)
    assert looks(watch, 0.0, 0.85) is None
    assert watch.hear(line, 0.9) is None
    assert looks(watch, 0.9, 1.1) is Cause.SILENT


def test_an_announcement_without_an_end_has_one() -> None:
    watch = Watch(PATIENCE, 0.0)
    watch.hear(beat(1, 1e12), 0.0)
    for now_s in range(0, 3600):
        watch._heard_s = float(now_s)
        assert watch.look(float(now_s)) is None
    watch._heard_s = 3700.0
    alarm = watch.look(3700.0)
    assert alarm is not None and alarm.cause is Cause.OVERDUE


def test_time_in_which_the_dead_man_itself_stood_still_is_forgiven_once() -> None:
    watch = Watch(PATIENCE, 0.0)
    watch.hear(beat(1, 0.5), 0.0)
    assert watch.look(0.0) is None
    assert watch.look(30.0) is None  # a suspended machine: what was said meanwhile is unread
    watch.hear(beat(2, 0), 30.01)
    assert looks(watch, 30.01, 40.0) is None
    unheard = Watch(PATIENCE, 0.0)
    unheard.hear(beat(1, 60), 0.0)
    unheard.look(0.0)
    assert looks(unheard, 30.0, 30.95) is None
    assert looks(unheard, 31.0, 31.1) is Cause.SILENT  # it had its second


def test_a_machine_that_only_stutters_does_not_put_the_alarm_off_for_ever() -> None:
    watch = Watch(PATIENCE, 0.0)
    watch.hear(beat(1, 60), 0.0)
    now_s, alarm = 0.0, None
    while alarm is None and now_s < 60:
        now_s += 0.4  # every look comes late
        alarm = watch.look(now_s)
    assert now_s <= PATIENCE.silence_s + 3 * 0.4


@pytest.mark.parametrize("lit", [True, False])
def test_a_bye_with_light_that_was_not_announced_is_no_end_in_order(lit: bool) -> None:
    watch = Watch(PATIENCE, 0.0)
    watch.hear(beat(1, 0.5), 0.0)
    watch.hear(beat(2, 0), 0.7)
    assert watch.hear(json.dumps({"bye": True, "lit": lit}).encode(), 5.0) is None
    assert watch.bye and watch.lit is lit
