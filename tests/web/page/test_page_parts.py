"""Parts of the page that need no app: forms, notes, readings, lights, words, drawings."""

from __future__ import annotations

import datetime as dt
import threading
import time
from typing import Any

import pytest

from agent.live import command as live
from agent.report.words import figure
from agent.service.states import Door, ExperimentState, Level
from agent.service.supervisor import INTERRUPTED
from agent.service.views import (
    CheckView,
    ExperimentView,
    HealthView,
    MessageView,
    RunView,
    StatusView,
)
from agent.view.chart import draw
from agent.view.plots import Series
from agent.view.stagemap import FieldState, FieldView, StageMap
from agent.web.pages import glance
from agent.web.pages.forms import command_of, start_of
from agent.web.pages.glance import Glances
from agent.web.pages.lights import SHAPES, lights
from agent.web.pages.notes import MOST, Note, Notes
from agent.web.pages.wording import local, moment, slot_in_words, value_in_words

UTC = dt.datetime(2026, 3, 1, 20, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        ({"command": "pause", "why": ""}, live.Pause()),
        ({"command": "add", "fov": "A1", "delay_min": "2"}, live.Add(fov="A1", delay_s=120.0)),
        ({"command": "skip", "visit": "12"}, live.Skip(visit=12)),
        ({"command": "approve", "ask": "3"}, live.Approve(ask=3)),
        ({"command": "attend", "attended": "0"}, live.Attend(attended=False)),
        (
            {"command": "set_exposure", "channel": "DAPI", "exposure_ms": "12.5", "csrf": "x"},
            live.SetExposure(channel="DAPI", exposure_ms=12.5),
        ),
    ],
)
def test_forms_become_commands(form: dict[str, str], wanted: Any) -> None:
    assert command_of(form) == wanted


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "", "x", "0", "-1"])
def test_an_exposure_that_is_no_length_of_time_is_no_command(text: str) -> None:
    with pytest.raises(ValueError):
        command_of({"command": "set_exposure", "channel": "DAPI", "exposure_ms": text})


def test_a_start_is_local_time_of_this_computer() -> None:
    found = start_of("2026-03-01T20:00")
    assert found is not None
    assert found.astimezone().replace(tzinfo=None) == dt.datetime(2026, 3, 1, 20, 0)
    assert start_of("") is None


def test_a_note_is_told_once_and_notes_do_not_pile_up() -> None:
    notes = Notes()
    notes.put("a", Note("x"))
    assert notes.take("b") is None
    assert notes.take("a") == Note("x")
    assert notes.take("a") is None
    for n in range(MOST + 10):
        notes.put(str(n), Note("x"))
    assert notes.take("0") is None
    assert notes.take(str(MOST)) is not None


def test_many_who_look_cost_one_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glance, "FRESH_S", 60.0)
    readings = Glances()
    made: list[int] = []

    def read() -> int:
        time.sleep(0.05)
        made.append(1)
        return len(made)

    threads = [threading.Thread(target=lambda: readings.at("now", read)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    readings.forget()
    assert readings.at("now", read) == 2


def test_a_reading_that_failed_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glance, "FRESH_S", 60.0)
    readings = Glances()

    def broken() -> int:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        readings.at("now", broken)
    assert readings.at("now", lambda: 7) == 7


def _status(**changed: Any) -> StatusView:
    known: dict[str, Any] = {
        "utc": UTC,
        "version": "0",
        "microscope": "demo",
        "simulated": True,
        "attended": False,
        "level": Level.GOOD,
        "headline": "x",
        "current": None,
        "run": None,
        "waiting": (),
        "asks": (),
        "problems": (),
    }
    return StatusView(**known | changed)


def _field(name: str = "A1", *, verdict: str = "given", focus: str = "in") -> FieldView:
    return FieldView(
        name=name, x_um=0, y_um=0, state=FieldState.IDLE, why="", visits=1, pending=1,
        last_visit=1, last_s=1.0, next_due_s=2.0, bursts=0, verdict=verdict, focus=focus, light=0.1,
    )  # fmt: skip


def _by_name(
    *checks: CheckView, fields: tuple[FieldView, ...] = (), messages: tuple[MessageView, ...] = ()
) -> dict[str, str]:
    health = HealthView(level=Level.GOOD, checks=checks)
    found = lights(_status(), health, StageMap(fields=fields), messages)
    return {light.name: light.colour for light in found}


def test_nothing_known_is_grey_not_green() -> None:
    found = _by_name()
    assert [found[name] for name in ("Light", "Focus", "Judge", "Messages")] == ["none"] * 4


@pytest.mark.parametrize(
    ("fields", "focus", "judge"),
    [
        ((_field(),), "good", "good"),
        ((_field(), _field("A2", focus="soft")), "warning", "good"),
        ((_field(), _field("A2", focus="out")), "warning", "good"),
        ((_field(focus="out"),), "bad", "good"),
        ((_field(verdict="abstained"),), "good", "warning"),
        ((_field(verdict="failed"), _field("A2", verdict="unjudged")), "good", "bad"),
        ((_field(verdict="failed"), _field("A2")), "good", "warning"),
    ],
)
def test_focus_and_judge_show_the_worst_news(
    fields: tuple[FieldView, ...], focus: str, judge: str
) -> None:
    found = _by_name(fields=fields)
    assert (found["Focus"], found["Judge"]) == (focus, judge)


@pytest.mark.parametrize("name", ["light", "messages", "judge"])
def test_a_bad_check_makes_its_light_red(name: str) -> None:
    check = CheckView(name=name, level=Level.BAD, text="broken")
    assert _by_name(check, fields=(_field(),))[name.capitalize()] == "bad"


@pytest.mark.parametrize(
    ("state", "why", "said", "light"),
    [
        (ExperimentState.RUNNING, "", "on", ("good", "on")),
        (ExperimentState.RUNNING, "", "off", ("good", "off")),
        (ExperimentState.HELD, INTERRUPTED, "unknown", ("bad", "unknown")),
        (ExperimentState.STARTING, "comparing", "on", ("warning", "not known yet")),
        (ExperimentState.HELD, "1 difference; light off", "unknown", ("good", "off")),
    ],
)
def test_the_light_is_dark_only_when_somebody_has_looked(
    state: ExperimentState, why: str, said: Any, light: tuple[str, str]
) -> None:
    run = RunView(
        experiment=1, time_s=1, end_s=2, simulated=True, light=said, visits={}, late=0, bursts=(),
        held={}, exposures_set={}, dose_max_fov=0, dose_total=0, dose_unit="s", errors=0,
        refusals=0, last_visit=None, next_due_s=None,
    )  # fmt: skip
    one = ExperimentView(
        id=1, name="x", goal="", who="Ada", door=Door.PAGE, submitted_utc=UTC, state=state, why=why
    )
    health = HealthView(level=Level.GOOD, checks=())
    found = lights(_status(current=one, run=run), health, StageMap(), ())
    assert [(x.colour, x.word) for x in found if x.name == "Light"] == [light]


def test_lights_differ_by_shape() -> None:
    assert len(set(SHAPES.values())) == len(SHAPES)


def test_times_are_local_with_utc_in_the_title() -> None:
    shown = str(local(UTC))
    assert 'title="2026-03-01 20:00:00 UTC"' in shown
    assert UTC.astimezone().strftime("%H:%M") in shown
    assert "2:00:00" in str(moment(7200.0))
    assert "22:00" in str(moment(7200.0, "2026-03-01T20:00:00+00:00")) or dt.datetime.now(
        dt.UTC
    ).astimezone().utcoffset() != dt.timedelta(0)
    assert str(moment(None)) == "–"


def test_slots_are_read_without_their_units() -> None:
    assert slot_in_words("reaction.interval_s") == "reaction: interval"
    assert slot_in_words("exposure_ms.DAPI") == "exposure: DAPI"
    assert slot_in_words("budget.dose_per_fov_j_cm2") == "budget: dose per fov"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("43200 s", "12 h"),
        ("5400 s", "1 h 30 min"),
        ("120 s", "2 min"),
        ("20 s", "20 s"),
        ("3601 s", "3601 s"),
        ("7.5 s", "7.5 s"),
        ("DAPI", "DAPI"),
        ("5 ms", "5 ms"),
    ],
)
def test_long_times_are_said_in_hours(value: str, said: str) -> None:
    assert value_in_words(value) == said


@pytest.mark.parametrize(
    ("highest", "top"), [(99.9, 100.0), (13.6, 15.0), (37.0, 40.0), (0.7, 0.8), (1e-3, 1e-3)]
)
def test_axes_end_at_numbers_that_are_easily_read(highest: float, top: float) -> None:
    drawn = draw(Series("focus", "x", "y", ((1.0, highest),)), 10.0, line=False)
    assert drawn is not None
    assert [tick.label for tick in drawn.y_ticks] == [figure(v) for v in (0, top / 2, top)]
    assert drawn.y_ticks[-1].at < drawn.y_ticks[0].at
