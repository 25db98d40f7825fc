"""A run of 15,000 visits is looked at as fast as a short one, and does not feel it."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from long_run import CHANNELS, FIELDS, PENDING, VISITS, make_long_run
from page_kit import Site, build

from agent.journal.journal import FILE_NAME
from agent.rundir import RunDir
from agent.service.config import ServiceConfig, SimulatedConfig
from agent.service.home import Home
from agent.service.queue import Queue
from agent.service.service import ServiceCore
from agent.service.states import Door, ExperimentState
from agent.view.frames import latest_shots
from agent.view.journal import looking
from agent.view.looks import Looks
from agent.view.plots import MOST_POINTS, series
from agent.view.stagemap import stage_map
from agent.view.timeline import EVENT_KINDS, timeline
from agent.web.pages import glance
from agent.web.pages.now import MOST_THUMBS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_STEPS = 400_000  # of SQLite, per page, once it has been looked at: some milliseconds
EVERY_STEPS = 100
PAGES = (
    "/",
    "/?fov=F3",
    "/experiments",
    "/experiments/1",
    "/experiments/1?fov=F3",
    "/experiments/1?kind=decision&quiet=1&before=decision-7000",
)


@pytest.fixture(scope="module")
def long_run(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its directory, within a home's `runs`."""
    return make_long_run(finished_run, tmp_path_factory.mktemp("long") / "home" / "runs")


@pytest.fixture(scope="module")
def over_it(long_run: Path) -> Iterator[Site]:
    """The page of a service that holds that run; an operator has logged in."""
    home = Home(long_run.parents[1])
    home.create()
    config = ServiceConfig(simulated=SimulatedConfig(scenario="empty"))
    with contextlib.closing(Queue(home.database)) as queue:
        one = queue.add(
            name="long", goal="a long night", words="", plan=_plan(long_run),
            described=("Image 25 fields.",), who="Ada", door=Door.PAGE, start_utc=None, after=None,
        )  # fmt: skip
        queue.set(one.id, ExperimentState.HELD, "somebody touched the stage", run=long_run.name)
        core = ServiceCore(home, config, queue)
        site = build(home.path, core)  # type: ignore[arg-type]
        with site.client:
            site.log_in()
            yield site


def _plan(run: Path) -> str:
    with contextlib.closing(sqlite3.connect(run / FILE_NAME)) as db:
        return str(db.execute("SELECT value FROM run WHERE key='plan'").fetchone()[0])


@pytest.mark.parametrize("path", PAGES)
def test_a_page_reads_as_much_of_a_long_run_as_of_a_short_one(
    over_it: Site, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in steps of SQLite, which are the same on every machine."""
    over_it.text(path)  # sums and numbers that never change are kept from here on
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += EVERY_STEPS
        return 0

    def counted(*args: Any, **options: Any) -> sqlite3.Connection:
        db = connect(*args, **options)
        db.set_progress_handler(count, EVERY_STEPS)
        return db

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", counted)
    monkeypatch.setattr(glance, "FRESH_S", -1.0)  # read, not remembered
    over_it.text(path)
    assert steps < MOST_STEPS


def test_all_of_it_is_there(over_it: Site) -> None:
    page = over_it.text("/")
    assert f"<dd>{VISITS}</dd>" in page
    assert f"<dd>{PENDING}</dd>" in page
    assert page.count('class="field ') == FIELDS


def test_who_looks_does_not_hold_up_who_writes(over_it: Site, long_run: Path) -> None:
    with contextlib.closing(
        sqlite3.connect(long_run / FILE_NAME, isolation_level=None, timeout=0.0)
    ) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO notes (time_s, kind, text) VALUES (9e5, 'test', 'unfinished')")
        assert "unfinished" not in over_it.text("/")
        writer.execute("COMMIT")
        assert "unfinished" in over_it.text("/")
        writer.execute("DELETE FROM notes WHERE kind='test'")


@pytest.mark.parametrize("kinds", [EVENT_KINDS, ("error",)])
def test_paging_shows_each_event_once_in_order(long_run: Path, kinds: tuple[str, ...]) -> None:
    seen, before = [], None
    while True:
        page = timeline(long_run, before=before, kinds=kinds, limit=40)
        seen += page.events
        if page.older is None:
            break
        before = page.older
    assert len({event.id for event in seen}) == len(seen)
    times = [event.time_s for event in seen]
    assert times == sorted(times, reverse=True)
    assert sum(event.kind == "error" for event in seen) == 30
    back = timeline(long_run, after=seen[-1].id, kinds=kinds, limit=40)
    assert list(back.events) == seen[-41:-1][-40:] if len(seen) > 40 else seen[:-1]


def test_plots_are_thinned_out_and_keep_the_peaks(long_run: Path) -> None:
    found = {drawn.name: drawn for drawn in series(long_run)}
    assert all(1 < len(drawn.points) <= MOST_POINTS for drawn in found.values())
    assert found["focus"].every == -(-VISITS // MOST_POINTS)
    one = {drawn.name: drawn for drawn in series(long_run, "F3")}
    assert 1 < len(one["focus"].points) <= MOST_POINTS


def test_what_is_kept_of_a_visit_does_not_make_a_service_grow(long_run: Path) -> None:
    """Bytes, not objects: after three days there are ten thousand of them."""
    series(long_run)
    tracemalloc.start()
    try:
        with looking(long_run) as rows:
            looks = Looks()
            looks.catch_up(rows)
            looks.read_verdicts(rows, looks.places(None))
        kept_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(looks.visit) > VISITS - 10
    assert kept_bytes < 100 * VISITS


def test_a_visit_under_way_is_shown_when_it_is_as_whole_as_the_one_before(long_run: Path) -> None:
    assert [shot.visit for shot in latest_shots(long_run)] == [VISITS, VISITS]
    with contextlib.closing(sqlite3.connect(long_run / FILE_NAME, isolation_level=None)) as db:
        db.execute("UPDATE visits SET state='running' WHERE id=?", (VISITS,))
        assert [shot.visit for shot in latest_shots(long_run)] == [VISITS, VISITS]
        db.execute("UPDATE frames SET visit=0 WHERE visit=? AND idx=1", (VISITS,))
        assert [shot.visit for shot in latest_shots(long_run)] == [VISITS - 1, VISITS - 1]
        db.execute("UPDATE visits SET state='delivered' WHERE id=?", (VISITS,))
        assert [shot.visit for shot in latest_shots(long_run)] == [VISITS]
        db.execute("UPDATE frames SET visit=? WHERE visit=0", (VISITS,))


def test_light_is_in_seconds_as_soon_as_some_of_it_is_not_known(
    long_run: Path, tmp_path: Path
) -> None:
    shutil.copy(long_run / FILE_NAME, tmp_path)
    seconds = VISITS // FIELDS * len(CHANNELS) * 0.02
    known = stage_map(tmp_path)
    assert known.unit == "J/cm2"
    assert known.fields[3].light == pytest.approx(seconds * 0.04)
    with contextlib.closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as db:
        db.execute(
            "INSERT INTO exposures SELECT id+1, visit, idx+1, purpose, 'F3', channel, 20, NULL,"
            " time_s, x_um, y_um, z_um, objective, done FROM exposures ORDER BY id DESC LIMIT 1"
        )
    unknown = stage_map(tmp_path)
    assert unknown.unit == "s"
    assert unknown.fields[3].light == pytest.approx(seconds + 0.02)


def test_a_run_without_a_journal_shows_nothing_and_does_not_fail(tmp_path: Path) -> None:
    assert timeline(tmp_path).events == ()
    assert stage_map(tmp_path).fields == ()
    assert series(tmp_path) == ()
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 100)
    assert timeline(tmp_path).events == ()
    assert stage_map(tmp_path).fields == ()
    assert not RunDir(tmp_path).report.exists()


def test_pictures_of_the_fields_stay_where_they_are(over_it: Site) -> None:
    """In the order of the plan, not of the visits: each visit would move them about."""
    shown = re.findall(r'href="/\?fov=(F\d+)#live"><span class="frame">', over_it.text("/"))
    assert shown == [f"F{n}" for n in range(MOST_THUMBS)]
