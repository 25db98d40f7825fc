"""What the report reads, counts and says, without the page."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from report_case import Case, frame, nuclei, write_night

from agent.report import ReportError, build_report, headline, read_run, unfinished
from agent.report.account import account_of, balance_line, disagreements
from agent.report.cards import Card, cards_of
from agent.report.choose import Quiet, choose
from agent.report.desk import lay_out
from agent.report.frames import frames_of
from agent.report.light import light_of
from agent.report.pictures import FIELD_EDGE, pick, picture
from agent.report.planfacts import plan_facts
from agent.report.read import read_seen, read_shots
from agent.report.record import Tally
from agent.report.strips import strips_of
from agent.report.words import amount, at, duration, figure, many, percent

if TYPE_CHECKING:
    from pathlib import Path

    from agent.report import Record


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return read_run(write_night(tmp_path_factory.mktemp("runs") / "night"))


def change(run_dir: Path, sql: str, *values: object) -> Path:
    db = sqlite3.connect(run_dir / "journal.sqlite")
    db.execute(sql, values)
    db.commit()
    db.close()
    return run_dir


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (duration(21600), "6 h 0 min"), (duration(3599.6), "1 h 0 min"),
        (duration(260), "4 min 20 s"), (duration(719), "12 min"), (duration(3569), "59 min"),
        (duration(60), "1 min"), (duration(0), "0 s"), (duration(0.25), "0.2 s"),
        (duration(None), "unknown"), (duration(360000), "100 h 0 min"),
        (at(8045.9), "2:14:05"), (at(-3), "0:00:00"),
        (many(0, "burst"), "no bursts"), (many(1, "burst"), "1 burst"),
        (many(1234, "v"), "1,234 vs"),
        (percent(0.18), "18 %"), (percent(0.004), "0.4 %"), (percent(0), "0 %"),
        (percent(None), "–"),
        (figure(0.312345), "0.312"), (figure(1234.5), "1,234"), (figure(0), "0"),
        (figure(2e-6), "2.0e-06"), (amount(None, "s"), "unknown"),
    ],
)  # fmt: skip
def test_numbers_in_words(said: str, expected: str) -> None:
    assert said == expected


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("complete", "; complete: "),
        ("stopped", "; stopped before its end: "),
        ("failed", "; failed (TimeoutError: no image after 10 s"),
        ("running", "; not ended (still going on, or killed): "),
        ("exploded", "; not ended (still going on, or killed): "),
        (None, "; not ended (still going on, or killed): "),
    ],
)
def test_the_headline_says_how_it_ended(tmp_path: Path, outcome: str | None, expected: str) -> None:
    run_dir = write_night(tmp_path / "r", Case(outcome=outcome, hours=1, bursts=0))
    line = headline(run_dir)
    assert expected in line
    assert "\n" not in line
    assert line.startswith("Nine fields for 1 h 0 min; no bursts")
    assert bool(unfinished(read_run(run_dir))) == (outcome not in {"complete", "stopped", "failed"})


def test_the_headline_names_the_light(record: Record) -> None:
    light = light_of(record, plan_facts(record.run.plan))
    assert light.busiest is not None
    fov, most = light.busiest
    # one burst (22 looks of 0.0024 J/cm2 each) and 61 baseline looks
    assert (fov, round(most, 4)) == ("A1", round(0.0024 * (61 + 22), 4))
    assert light.uses["A3"]["focus"] == pytest.approx(9 * 0.0008)
    assert light.total == pytest.approx(sum(light.per_field.values()))
    assert light.fixed_total == 8.0
    assert f"got {most:.3g} J/cm²; all fields together {100 * light.total / 8:.0f} %" in headline(
        record
    )


def test_the_fixed_plan_is_worked_out_when_the_summary_is_missing(record: Record) -> None:
    plan = plan_facts(record.run.plan)
    light = light_of(replace(record, run=replace(record.run, summary={})), plan)
    assert light.fixed_total == pytest.approx(9 * 361 * 0.0024)
    unplanned = light_of(replace(record, run=replace(record.run, summary={})), plan_facts("{"))
    assert unplanned.fixed_total is None


@pytest.mark.parametrize(
    ("tally", "balances", "said"),
    [
        ({"delivered": 9, "skipped": 1, "cancelled": 5}, True, "balances: 9 delivered + 1 skipped"),
        ({"delivered": 9, "pending": 2}, False, "NOT balance: 2 visits of 11 never came to an end"),
        ({"delivered": 9, "running": 1}, False, "1 visit of 10 never"),
        ({"delivered": 9, "exploded": 1}, False, "1 visit of 10 never"),
        ({}, True, "= 0 expected"),
    ],
)
def test_the_account(record: Record, tally: dict[str, int], balances: bool, said: str) -> None:
    account = account_of(replace(record, tally=Tally(tally, {}, {}, {}, 0, {}, 0, 18, 18, 0)))
    assert account.balances is balances
    assert said in balance_line(account)


def test_a_lost_frame_breaks_the_account(tmp_path: Path) -> None:
    run_dir = write_night(tmp_path / "r", Case(hours=1, bursts=0))
    change(run_dir, "DELETE FROM frames WHERE visit = 3 AND idx = 1")
    record = read_run(run_dir)
    assert not account_of(record).balances
    assert "1 delivered visit without exactly the frames expected" in headline(record)


def test_a_summary_that_disagrees_with_the_journal_is_shown(record: Record) -> None:
    lying = {"visits": {"expected": 1, "delivered": record.tally.states["delivered"]}}
    record = replace(record, run=replace(record.run, summary=lying))
    assert disagreements(record, account_of(record)) == (
        "expected: 1 in the summary, 659 in the journal",
    )


def test_decisions_are_chosen_by_weight_and_shown_in_time_order(record: Record) -> None:
    chosen = choose(record, most=7)
    assert [d.time_s for d in chosen.shown] == sorted(d.time_s for d in chosen.shown)
    names = [d.acts[0].name for d in chosen.shown]
    assert names.count("burst") == 5
    assert dict(chosen.left_out) == {"revisit": 5, "end_burst": 3, "refocus": 1}
    quiet = [item.looks for item in chosen.items if isinstance(item, Quiet)]
    assert sum(quiet) == len(record.quiet_s)


def test_marks_lie_on_the_objects(record: Record) -> None:
    decision = next(d for d in record.decisions if d.acts[0].name == "burst")
    shot = pick(read_shots(record.run_dir, [decision.visit])[decision.visit], "DAPI")
    seen = read_seen(record.run_dir, [decision.visit])[decision.visit]
    assert shot is not None
    assert shot.channel == "DAPI"
    pixels = frame(shot.fov, shot.t, shot.c, shot.z)
    shown = picture(pixels, shot, edge=FIELD_EDGE, alt="", caption="", seen=seen, enter=0.6)
    target = next(mark for mark in shown.marks if mark.target)
    row, column = np.unravel_index(np.argmax(pixels), pixels.shape)
    scale = FIELD_EDGE / pixels.shape[0]
    assert (target.x, target.y) == pytest.approx((column * scale, row * scale), abs=3 * scale)
    assert len(shown.marks) == len(nuclei(shot.fov))
    assert shown.bar_label == "10 µm"
    assert shown.bar == pytest.approx(20 * scale)


def test_the_default_reader_reads_the_store_and_nothing_outside(tmp_path: Path) -> None:
    import tensorstore

    def write(path: Path, value: int) -> None:
        shape = [2, 2, 1, 4, 4]
        metadata = {"shape": shape, "data_type": "uint16"}
        kvstore = {"driver": "file", "path": str(path)}
        spec = {"driver": "zarr3", "kvstore": kvstore, "metadata": metadata}
        array = tensorstore.open(spec, create=True).result()
        array[1, 0, 0] = np.full((4, 4), value, np.uint16)

    write(tmp_path / "run" / "images" / "A1.ome.zarr" / "0", 7)
    write(tmp_path / "other.ome.zarr" / "0", 9)
    read = frames_of(tmp_path / "run")
    pixels = read("A1", 1, 0, 0)
    assert pixels is not None
    assert (pixels == 7).all()
    for fov, t in (
        ("A1", 5),
        ("B9", 0),
        ("../../other", 1),
        (str(tmp_path / "other"), 1),
        ("\0", 0),
    ):
        assert read(fov, t, 0, 0) is None, fov


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "no journal here; give the folder"),
        (lambda path: path.write_bytes(b""), "killed before it began"),
        (lambda path: path.write_bytes(b"not a database" * 100), "not a readable journal"),
        (lambda path: path.mkdir(), "no journal here"),
    ],
    ids=["missing", "empty", "corrupt", "a folder"],
)
def test_no_journal_is_one_line_with_a_remedy(tmp_path: Path, make: object, said: str) -> None:
    make(tmp_path / "journal.sqlite")  # type: ignore[operator]  # the table's lambdas
    with pytest.raises(ReportError) as caught:
        build_report(tmp_path)
    assert said in str(caught.value)
    assert str(tmp_path / "journal.sqlite") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "statements",
    [
        ("UPDATE verdicts SET verdict = '{'", "UPDATE decisions SET decision = 'nonsense'"),
        ("UPDATE verdicts SET verdict = '[1, 2]'", "UPDATE decisions SET applied = '{'"),
        (
            """UPDATE verdicts SET verdict = '{"count": "many", "objects": [1, {"x_um": "a"}]}'""",
            "UPDATE decisions SET decision = '{\"actions\": [7]}'",
        ),
        (
            """UPDATE verdicts SET verdict = '{"focus": 3, "flags": 7, "p_target": 1e999}'""",
            'UPDATE decisions SET decision = \'{"actions": [{}], "cites": [99, "a"]}\'',
        ),
        (
            "UPDATE run SET value = '[' WHERE key = 'summary'",
            "UPDATE run SET value = 'x' WHERE key = 'ended_s'",
            "UPDATE run SET value = '{: ' WHERE key = 'plan'",
            "UPDATE run SET value = '- a' WHERE key = 'microscope'",
            "UPDATE run SET value = 'yesterday' WHERE key = 'started_utc'",
            "UPDATE run SET value = '{\"numpy\": 2}' WHERE key = 'version'",
        ),
        (
            "UPDATE run SET value = '[1]' WHERE key = 'summary'",
            "UPDATE run SET value = 'goal: 3' WHERE key = 'plan'",
            "UPDATE run SET value = '' WHERE key = 'microscope'",
        ),
        ("DELETE FROM visits",),
        ("DELETE FROM fovs",),
        ("DELETE FROM frames", "DELETE FROM exposures"),
        (
            "UPDATE frames SET pixel_size_um = 0",
            "UPDATE errors SET message = x'ff00fe'",
            "UPDATE bursts SET ended_s = NULL, until_s = 1e9",
        ),
    ],
)
def test_odd_rows_do_not_stop_the_report(tmp_path: Path, statements: tuple[str, ...]) -> None:
    run_dir = write_night(tmp_path / "r", Case(fields=2, hours=1, bursts=1, kind="run"))
    for sql in statements:
        change(run_dir, sql)
    assert build_report(run_dir, frame).stat().st_size > 10_000


@pytest.mark.parametrize(
    ("applied", "expected"),
    [
        (["done", "refused: too bright"], ["done", "refused: too bright"]),
        (
            [{"became": "done"}, {"state": "refused", "why": "too bright"}],
            ["done", "refused: too bright"],
        ),
        ({"actions": ["done", "late"]}, ["done", "late"]),
        ("both done", ["", "both done"]),
        ([], ["", ""]),
        ([None, 3], ["", "3"]),
    ],
)
def test_what_became_of_an_action(tmp_path: Path, applied: object, expected: list[str]) -> None:
    run_dir = write_night(tmp_path / "r", Case(hours=1, bursts=1))
    two = json.dumps({"actions": [{"action": "refocus"}, {"action": "stop"}]})
    change(run_dir, "UPDATE decisions SET decision = ?, applied = ?", two, json.dumps(applied))
    assert [act.became for act in read_run(run_dir).decisions[0].acts] == expected


def test_a_decision_about_another_field_shows_that_field(tmp_path: Path) -> None:
    run_dir = write_night(tmp_path / "r", Case(hours=1, bursts=1))
    cause = read_run(run_dir).bursts[0].cause
    cites = (cause, 20, 11)
    fovs = {visit.id: visit.fov for visit in read_run(run_dir).visits}
    other = fovs[20]
    decision = {"actions": [{"action": "burst", "fov": other}], "cites": cites}
    change(
        run_dir, "UPDATE decisions SET decision = ? WHERE visit = ?", json.dumps(decision), cause
    )
    change(run_dir, "UPDATE bursts SET fov = ?", other)
    change(run_dir, "UPDATE visits SET fov = ? WHERE burst = 1", other)
    change(run_dir, "UPDATE visits SET state = 'skipped' WHERE burst = 1 AND id % 2")
    record = read_run(run_dir)
    chosen, plan = choose(record), plan_facts(record.run.plan)
    desk = lay_out(record, light_of(record, plan), chosen, plan, frame)
    (card,) = [card for card in cards_of(desk, chosen) if isinstance(card, Card) and card.burst]
    assert (card.fov, card.after) == (other, "A1")
    assert card.acts[0].what == f"burst {other}"
    assert card.pictures[0].alt.startswith(f"Field {other} at ")
    (strip,) = strips_of(desk, chosen)
    assert "10 visits" in strip.facts
    assert strip.pictures


def test_the_report_never_writes_to_the_journal(tmp_path: Path) -> None:
    run_dir = write_night(tmp_path / "r", Case(hours=1, bursts=1))
    writer = sqlite3.connect(run_dir / "journal.sqlite")  # the run is still going on
    writer.execute("INSERT INTO notes (time_s, kind, text) VALUES (1, 'x', 'not yet committed')")
    before = (run_dir / "journal.sqlite").read_bytes()
    page = build_report(run_dir).read_text("utf-8")
    assert "not yet committed" not in page
    assert (run_dir / "journal.sqlite").read_bytes() == before
    writer.close()


def test_a_report_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    run_dir = write_night(tmp_path / "r", Case(hours=1, bursts=0))
    (run_dir / "report.html").mkdir()
    with pytest.raises(ReportError, match="cannot be written"):
        build_report(run_dir)
    assert not [path for path in run_dir.iterdir() if "tmp" in path.name]
