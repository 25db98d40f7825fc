"""Which past run or document somebody means; what is open is asked, never guessed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from agent.memory.data import Ambiguous, PastRun
from agent.memory.days import days_in
from agent.memory.past import which_run

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = dt.datetime(2026, 11, 25, 18, 30, tzinfo=dt.UTC)  # a Wednesday


def run(name: str, started: str, goal: str = "") -> PastRun:
    moment = dt.datetime.fromisoformat(started).replace(tzinfo=dt.UTC)
    return PastRun(name, moment, "run", "complete", goal, "goal: x\n", f"/runs/{name}")


RUNS = (
    run("hela-1", "2026-03-12T20:00", "HeLa mitoses"),
    run("yeast-1", "2026-11-09T09:00", "Yeast budding"),
    run("hela-2", "2026-11-17T19:30", "HeLa mitoses"),  # Tuesday of last week
    run("organoid-1", "2026-11-20T10:00", "Organoid growth"),  # Friday
    run("yeast-2", "2026-11-23T08:00", "Yeast in traps"),  # Monday
    run("yeast-3", "2026-11-23T15:00", "Yeast in traps, 3 chips"),
    run("hela-3", "2026-11-24T21:00", "HeLa mitoses"),  # yesterday evening, a Tuesday
)


def meant(words: str, runs: Iterable[PastRun] = RUNS) -> list[str]:
    """The run's name; all of the choices where it is open; nothing for None."""
    found = which_run(words, NOW, runs)
    if isinstance(found, Ambiguous):
        assert len(found.choices) > 1 or "says" in found.why
        return [choice.name for choice in found.choices]
    return [] if found is None else [found.name]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        # English
        ("same as last time but every 3 minutes", ["hela-3"]),
        ("the last run again", ["hela-3"]),
        ("same as before, please", ["hela-3"]),
        ("as before, but dimmer", ["hela-3"]),
        ("the run before last", ["yeast-3"]),
        ("the last yeast run", ["yeast-3"]),
        ("same as last Friday", ["organoid-1"]),
        ("like the one on Friday, every 10 min", ["organoid-1"]),
        ("Friday's run", ["organoid-1"]),
        ("same as last Friay", ["organoid-1"]),
        ("same as last firday", ["organoid-1"]),
        ("repeat yesterday's run", ["hela-3"]),
        ("as yesterdya, but 40x", ["hela-3"]),
        ("the same as last night", ["hela-3"]),
        ("the run from 12 March", ["hela-1"]),
        ("the run from March 12th", ["hela-1"]),
        ("the experiment of the 12th of March 2026", ["hela-1"]),
        ("2026-03-12", ["hela-1"]),
        ("what we did 12.3.", ["hela-1"]),
        ("the run of 12/3/2026", ["hela-1"]),
        ("run organoid-1 once more", ["organoid-1"]),
        ("the run from the 20th", ["organoid-1"]),
        ("the run five days ago", ["organoid-1"]),
        ("in March we had a good time", ["hela-1"]),
        # German
        ("wie letztes Mal, aber alle 3 Minuten", ["hela-3"]),
        ("genau wie gestern", ["hela-3"]),
        ("wie letzten Freitag", ["organoid-1"]),
        ("den Lauf vom 12. März nochmal", ["hela-1"]),
        ("der letzte Yeast-Lauf", ["yeast-3"]),
        ("vor fünf Tagen", ["organoid-1"]),
        ("wie vorgestern", ["yeast-3", "yeast-2"]),
        ("Dienstag letzte Woche", ["hela-2"]),
        # French
        ("comme la dernière fois, toutes les 3 minutes", ["hela-3"]),
        ("pareil qu'hier", ["hela-3"]),
        ("comme vendredi dernier", ["organoid-1"]),
        ("l'acquisition du 12 mars", ["hela-1"]),
        ("il y a cinq jours", ["organoid-1"]),
        # Italian
        ("come l'ultima volta ma ogni 3 minuti", ["hela-3"]),
        ("come ieri", ["hela-3"]),
        ("come venerdì scorso", ["organoid-1"]),
        ("come il 12 marzo", ["hela-1"]),
        # Spanish
        ("igual que la última vez", ["hela-3"]),
        ("como ayer", ["hela-3"]),
        ("como el viernes pasado", ["organoid-1"]),
        ("el experimento del 12 de marzo", ["hela-1"]),
        # open: a question
        ("same as last Tuesday but every 3 minutes", ["hela-3", "hela-2"]),
        ("same as Monday", ["yeast-3", "yeast-2"]),
        ("same as on Monday, the 3 chips run", ["yeast-3"]),
        ("the yeast experiment", ["yeast-3", "yeast-2", "yeast-1"]),
        ("last week's run", ["organoid-1", "hela-2"]),
        ("last week's HeLa run", ["hela-2"]),
        ("the last FRAP run",
         ["hela-3", "yeast-3", "yeast-2", "organoid-1", "hela-2", "yeast-1"]),
        # none
        ("same as last Thursday", []),
        ("the run from 1 May 2019", []),
        ("image my six positions every 4 min", []),
        ("wait for the cells here", []),
        ("every 5 min until Friday 8 am", []),
        ("so wenig Licht wie möglich bis Freitag", []),
        ("I'd like every 5 min for my fields on Friday", []),
        ("run six positions every 4 min until last time point", []),
        ("stop at the last time point", []),
        ("toutes les 5 min jusqu'à vendredi matin, comme d'habitude", []),
        ("start on Monday at 8 am, all positions every 4 min", []),
        ("same as last Friday, but until Tuesday", ["organoid-1"]),
        ("die Zellen hier alle 5 min", []),
        ("", []),
    ],
)  # fmt: skip
def test_which_run_is_meant(words: str, expected: list[str]) -> None:
    assert meant(words) == expected


def test_last_tuesday_with_one_run_on_either_tuesday_is_that_run() -> None:
    for left in ("hela-2", "hela-3"):
        runs = [r for r in RUNS if r.name in (left, "organoid-1")]
        assert meant("same as last Tuesday but every 3 minutes", runs) == [left]


def test_nothing_learned_means_no_run() -> None:
    assert meant("same as last time", []) == []


def test_a_run_that_has_not_begun_yet_is_not_meant() -> None:
    assert meant("last time", [*RUNS, run("ahead", "2026-11-26T10:00")]) == ["hela-3"]


def test_the_day_is_the_local_one() -> None:
    """22:30 UTC on Monday is Tuesday in Berlin."""
    berlin = dt.timezone(dt.timedelta(hours=1))
    late = run("late", "2026-11-16T23:30")
    found = which_run("Dienstag letzte Woche", NOW.astimezone(berlin), [late])
    assert isinstance(found, PastRun)
    assert which_run("Montag letzte Woche", NOW.astimezone(berlin), [late]) is None


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("last Tuesday", "Tue 24 Nov 2026, Tue 17 Nov 2026"),
        ("last Friday", "Fri 20 Nov 2026"),
        ("on Wednesday", "Wed 18 Nov 2026"),
        ("last week", "Mon 16 Nov 2026 to Sun 22 Nov 2026"),
        ("le mois dernier", "Thu 1 Oct 2026 to Sat 31 Oct 2026"),
        ("3/4", "Fri 3 Apr 2026, Wed 4 Mar 2026"),
        ("31.2.2026", ""),
        ("the 31st", "Sat 31 Oct 2026"),
        ("28 December", "Sun 28 Dec 2025"),
        ("29 February", "Thu 29 Feb 2024"),
        ("a week ago", "Wed 18 Nov 2026"),
        ("99 weeks ago", "Wed 1 Jan 2025"),
        ("every 20 s for 3 hours", ""),
        ("0000-00-00", ""),
    ],
)
def test_the_days_that_words_name(words: str, shown: str) -> None:
    assert ", ".join(str(period) for period in days_in(words, NOW)) == shown
