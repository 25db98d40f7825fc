"""`start_at` from outside: a run waits and can be called off, a rehearsal does not wait."""

from __future__ import annotations

import datetime as dt
import signal
import sqlite3
import subprocess
from typing import TYPE_CHECKING

from cli_kit import command, environment, here, plan_with, tree, write_yaml

if TYPE_CHECKING:
    from pathlib import Path

ONCE = ("baseline.time_plan.loops", 1)


def in_(seconds: float) -> dt.datetime:
    """Local time, as people write it into a plan."""
    then = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(seconds=seconds)
    return then.astimezone().replace(tzinfo=None)


def test_a_run_begins_at_its_time(folder: Path) -> None:
    start = in_(5)
    write_yaml(folder / "plan.yaml", plan_with(ONCE, start_at=start))
    done = here("run", "plan.yaml", "--out", "real", "--json")
    assert done.code == 0, done.err
    assert done.last["outcome"] == "complete"
    with sqlite3.connect("real/journal.sqlite") as db:
        ((first, time_s),) = db.execute("SELECT min(utc), min(time_s) FROM frames")
    assert dt.datetime.fromisoformat(first) >= start.astimezone(dt.UTC)
    assert time_s >= 0, "run time counts from the start"


def test_ctrl_c_while_it_waits_leaves_nothing_behind(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", plan_with(ONCE, start_at=in_(3600)))
    before = tree(folder)
    with subprocess.Popen(
        command("run", "plan.yaml"),
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith("waiting until "):
                break
        running.send_signal(signal.SIGINT)
        try:
            _, rest = running.communicate(timeout=120)
        finally:
            running.kill()  # where Ctrl-C is ignored (nohup), the test fails and does not hang
    assert running.returncode == 130
    assert "ended: Ctrl-C; not begun, nothing was written" in rest
    assert tree(folder) == before


def test_a_time_that_is_over_is_refused_by_run_and_told_by_check(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", plan_with(ONCE, start_at=in_(-120)))
    before = tree(folder)
    done = here("run", "plan.yaml")
    assert done.code == 2 and "start_at: " in done.err and " is over: it is " in done.err
    assert tree(folder) == before
    checked = here("check", "plan.yaml")
    assert checked.code == 0 and "is over: run refuses it" in checked.out


def test_a_rehearsal_starts_at_once_and_says_so(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", plan_with(ONCE, start_at=in_(3600)))
    done = here("rehearse", "plan.yaml", "--out", "night", "--json")
    assert done.code == 0
    assert "note: a rehearsal starts at once; a run would wait until " in done.err


def test_everybody_is_told_that_nobody_is_told(folder: Path) -> None:
    notify = {"on": ["done"], "to": ["me@example.org"]}
    write_yaml(folder / "plan.yaml", plan_with(ONCE, notify=notify))
    for done in (here("rehearse", "plan.yaml", "--json"), here("run", "plan.yaml", "--json")):
        assert done.code == 0
        said = "notify: only the service sends messages: with `run` nobody is told anything"
        assert said in done.err
    assert "notify: only the service sends messages" in here("check", "plan.yaml").out


def test_an_address_with_a_password_is_refused_and_never_shown(folder: Path) -> None:
    notify = {"on": ["done"], "to": ["mailto://me:hunter2@example.org"]}
    write_yaml(folder / "plan.yaml", plan_with(ONCE, notify=notify))
    for verb in ("check", "rehearse", "run"):
        done = here(verb, "plan.yaml")
        assert done.code == 2 and "notify.to[0]" in done.out + done.err
        assert "hunter2" not in done.out + done.err
    assert not (folder / "runs").exists()
