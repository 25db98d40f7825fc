"""`microscout tell`: what it shows, asks, refuses and writes down; and the run then does it."""

from __future__ import annotations

import json
import sqlite3
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from cli_kit import PLAN, here, plan_with, write_yaml

from agent.commands.tell import EXIT_NOT_CONFIRMED, tell
from agent.finding import ConfigError
from agent.load import load_plan
from agent.plan import Plan

if TYPE_CHECKING:
    import datetime as dt

    from hardware.data import MicroscopeConfig

NIGHT = Path("night")
LONGER: tuple[str, Any] = ("baseline.time_plan", {"interval": 20, "loops": 4})


def rows(query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{NIGHT}/journal.sqlite?mode=ro", uri=True) as database:
        found = database.execute(query).fetchall()
    database.close()
    return found


@pytest.fixture
def run(folder: Path) -> Path:
    """A rehearsal that ended before its first visit, and can be resumed."""
    write_yaml(folder / "plan.yaml", PLAN)
    write_yaml(folder / "longer.yaml", plan_with(LONGER))
    with mock.patch("agent.pump.Pump.next_visit", lambda _: None):
        assert here("rehearse", "plan.yaml", "--out", NIGHT).code == 1
    return NIGHT


@dataclass
class Revised:
    """What a planner makes of words."""

    plan: Plan | None = None
    questions: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    asked: list[Any] = field(default_factory=list)

    def __call__(
        self, plan: Plan, words: str, microscope: MicroscopeConfig, now: dt.datetime
    ) -> Revised:
        self.asked.append((plan, words, microscope.name, now))
        return self


def test_a_plan_file_is_shown_confirmed_and_done(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell(run, plan=Path("longer.yaml"), yes=True) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "change 1: the plan in longer.yaml"
    assert said[1] == (
        "  baseline.time_plan: every 10 s, 2 rounds until 10 s -> every 20 s, 4 rounds until 1 min"
    )
    assert "  effect on rounds left: 1 -> 3" in said
    assert any("J/cm2 -> " in line for line in said)
    assert said[-1].startswith("change 1 is confirmed: applied before the next visit")
    done = here("resume", run, "--json")
    assert done.code == 0, done.err
    assert done.last["visits"]["expected"] == done.last["visits"]["delivered"] == 8
    assert done.last["outcome"] == "complete"
    assert rows("SELECT state FROM changes") == [("applied",)]
    assert "change 1 by" in (run / "report.html").read_text()


def test_words_go_through_the_planner(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planner = Revised(load_plan("longer.yaml").plan)
    assert tell(run, "every 20 s, 4 times", revise=planner, yes=True, json=True) == 0
    ((plan, words, microscope, _),) = planner.asked
    assert (plan, words, microscope) == (load_plan("plan.yaml").plan, "every 20 s, 4 times", "demo")
    told = json.loads(capsys.readouterr().out)
    assert told["state"] == "confirmed" and told["change"] == 1
    assert [d["key"] for d in told["diff"]] == ["baseline.time_plan"]
    assert {"what": "rounds left", "old": "1", "new": "3"} in told["effect"]
    assert rows("SELECT words FROM changes") == [("every 20 s, 4 times",)]


@pytest.mark.parametrize(
    ("planner", "said"),
    [
        (Revised(questions=("which of the channels?",)), "which of the channels?; say which"),
        (Revised(refusals=("60 s of light: the limit is 0.5 s",)), "the limit is 0.5 s"),
        (Revised(), "not understood"),
    ],
)
def test_words_that_leave_something_open_change_nothing(
    run: Path, planner: Revised, said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        tell(run, "brighter", revise=planner, yes=True)
    assert said in str(refused.value)
    assert rows("SELECT * FROM changes") == []


def test_without_a_terminal_nothing_is_confirmed(run: Path) -> None:
    with pytest.raises(ConfigError, match="nobody was there to ask; look at it, then give --yes"):
        tell(run, plan=Path("longer.yaml"))
    assert rows("SELECT state, why FROM changes") == [
        ("refused", "not confirmed: nobody was there to ask")
    ]
    assert here("resume", run, "--json").last["visits"]["expected"] == 4


@pytest.mark.parametrize(
    ("answer", "code", "state"), [(True, 0, "confirmed"), (False, 1, "refused")]
)
def test_at_a_terminal_it_asks(
    run: Path, monkeypatch: pytest.MonkeyPatch, answer: bool, code: int, state: str
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: answer)
    assert tell(run, plan=Path("longer.yaml")) == code
    assert code in (0, EXIT_NOT_CONFIRMED)
    assert rows("SELECT state FROM changes") == [(state,)]


def test_ctrl_c_at_the_question_is_a_no(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", interrupt)
    with pytest.raises(KeyboardInterrupt):
        tell(run, plan=Path("longer.yaml"))
    assert rows("SELECT state FROM changes") == [("refused",)]


def test_what_cannot_be_changed_is_refused_in_one_line_each(run: Path, folder: Path) -> None:
    other = plan_with(("baseline.stage_positions.1.x", 700), ("camera", {"binning": 2}), LONGER)
    write_yaml(folder / "other.yaml", other)
    with pytest.raises(ConfigError) as refused:
        tell(run, plan=Path("other.yaml"), yes=True)
    lines = str(refused.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["camera.binning", "fields[A2]"]
    assert all("another one with that plan" in line for line in lines)
    assert rows("SELECT state FROM changes") == [("refused",)]


def test_one_at_a_time_and_what_waits_can_be_withdrawn(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(run, plan=Path("longer.yaml"), yes=True)
    with pytest.raises(ConfigError, match="is confirmed and not applied yet; wait for the next"):
        tell(run, plan=Path("longer.yaml"), yes=True)
    assert tell(run, undo=True) == 0
    assert "change 1 is withdrawn; it was not applied" in capsys.readouterr().out
    assert here("resume", run, "--json").last["visits"]["expected"] == 4


def test_what_was_applied_can_be_undone(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell(run, plan=Path("longer.yaml"), yes=True)
    with mock.patch("agent.session.run_leg", lambda *_: [RuntimeError("power cut")]):
        here("resume", run)
    assert rows("SELECT state FROM changes") == [("applied",)]
    assert tell(run, undo=True, yes=True) == 0
    assert "-> every 10 s, 2 rounds until 10 s" in capsys.readouterr().out
    assert here("resume", run, "--json").last["visits"]["expected"] == 4
    assert tell(run, history=True, json=True) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["state"], second["state"], second["undoes"]) == ("undone", "applied", 1)
    assert second["words"] == "undo change 1: the plan in longer.yaml"


def test_the_history_says_who_when_and_what_became_of_it(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.commands.tell._who", lambda: "Ada")
    assert tell(run, history=True) == 0
    assert capsys.readouterr().out == "no change was asked for\n"
    tell(run, plan=Path("longer.yaml"), yes=True)
    here("resume", run)
    capsys.readouterr()
    tell(run, history=True)  # of a complete run as well
    first, second = capsys.readouterr().out.splitlines()
    assert ", Ada: the plan in longer.yaml (applied at 0 s of the run)" in first
    assert second.startswith("  baseline.time_plan: ")


@pytest.mark.parametrize("asked", [{}, {"words": " "}, {"words": "so", "undo": True}])
def test_it_wants_just_one_thing(run: Path, asked: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="just one of them"):
        tell(run, **asked)


def test_a_complete_run_is_told_nothing(run: Path) -> None:
    assert here("resume", run).code == 0
    for asked in ({"plan": Path("longer.yaml")}, {"undo": True}):
        with pytest.raises(ConfigError, match="this run is complete"):
            tell(run, yes=True, **asked)  # type: ignore[arg-type]


def test_there_is_nothing_to_undo(run: Path) -> None:
    with pytest.raises(ConfigError, match="no change is in force"):
        tell(run, undo=True, yes=True)


def test_a_folder_without_a_run(folder: Path) -> None:
    with pytest.raises(ConfigError, match="no run here"):
        tell(folder, history=True)
    assert list(folder.iterdir()) == []
