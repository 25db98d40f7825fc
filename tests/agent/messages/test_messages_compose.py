"""What messages say of a run is what its journal says."""

from __future__ import annotations

import datetime as dt
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorstore
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from report_case import EDGE, Case, frame, write_night

from agent.messages.compose import (
    done_message,
    event_message,
    milestone_message,
    question_message,
    trouble_message,
)
from agent.messages.message import MessageKind
from agent.messages.overnight import morning_summary, night_of
from agent.messages.picture import picture_of
from agent.report.read import read_run

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = dt.datetime(2026, 11, 23, 6, 30, tzinfo=dt.UTC)
EVENING = dt.datetime(2026, 11, 22, 18, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_night(tmp_path_factory.mktemp("runs") / "night", Case(kind="run"))


def one(run_dir: Path, sql: str) -> Any:
    with sqlite3.connect(run_dir / "journal.sqlite") as db:
        ((value,),) = db.execute(sql).fetchall()
    db.close()
    return value


def change(run_dir: Path, *statements: str) -> None:
    with sqlite3.connect(run_dir / "journal.sqlite") as db:
        for sql in statements:
            db.execute(sql)
    db.close()


def store_images(run_dir: Path, fov: str, times: Iterable[int], length: int) -> None:
    """Some frames of a field, as the store keeps them."""
    path = run_dir / "images" / f"{fov}.ome.zarr" / "0"
    array = tensorstore.open(
        {"driver": "zarr3", "kvstore": {"driver": "file", "path": str(path)}},
        create=True,
        dtype=tensorstore.uint16,
        shape=[length, 2, 1, EDGE, EDGE],
        chunk_layout=tensorstore.ChunkLayout(chunk_shape=[1, 1, 1, EDGE, EDGE]),
    ).result()
    for t in times:
        array[t, 0, 0] = frame(fov, t, 0, 0)


def test_the_end_of_a_run_in_words(night: Path) -> None:
    message = done_message(night, now=NOW, link="http://127.0.0.1:8765/run/3")
    visits = one(night, "SELECT count(*) FROM visits WHERE state!='cancelled'")
    assert message.kind is MessageKind.DONE
    assert message.title == "Complete: night"
    assert message.run == "night"
    assert not message.urgent
    assert f"{visits} of {visits} visits accounted for" in message.text
    assert "5 bursts" in message.text
    assert "light: the busiest field, A1, got 0.199 J/cm²" in message.text
    assert "- A1 at 0:20:21 for 20 min; 3 of 4 looks below 0.40" in message.text
    assert "- visits: 1 skipped, 1 without all their frames, 1 late" in message.text
    assert "TimeoutError: no image after 10 s" in message.text
    assert "(3 times)" in message.text
    assert message.text.endswith("Report: http://127.0.0.1:8765/run/3")


@pytest.mark.parametrize(
    ("case", "kind", "title", "urgent"),
    [
        (Case(outcome="stopped"), MessageKind.DONE, "Stopped before its end: run", True),
        (Case(outcome="failed"), MessageKind.TROUBLE, "Failed: run", True),
        (Case(outcome=None), MessageKind.TROUBLE, "Interrupted: run", True),
    ],
)
def test_a_run_that_did_not_end_well_is_urgent(
    tmp_path: Path, case: Case, kind: MessageKind, title: str, urgent: bool
) -> None:
    case.hours, case.bursts = 1.0, 0
    message = done_message(write_night(tmp_path / "run", case), now=NOW)
    assert (message.kind, message.title, message.urgent) == (kind, title, urgent)


def test_an_account_that_does_not_balance_is_urgent_and_said(tmp_path: Path) -> None:
    run = write_night(tmp_path / "run", Case(hours=1, bursts=0))
    change(run, "UPDATE visits SET state='pending' WHERE id=5")
    message = done_message(run, now=NOW)
    assert message.urgent
    assert "does NOT balance" in message.text


@pytest.mark.parametrize("broken", ["gone", "torn", "empty"])
def test_an_unreadable_journal_is_a_message_all_the_same(tmp_path: Path, broken: str) -> None:
    run = tmp_path / "run"
    run.mkdir()
    if broken != "gone":
        (run / "journal.sqlite").write_bytes(b"" if broken == "empty" else b"torn" * 999)
    message = done_message(run, now=NOW, pictures=tmp_path)
    assert message.urgent
    assert message.kind is MessageKind.TROUBLE
    assert "cannot be read" in message.text
    assert "cannot be read" in event_message(run, 1, now=NOW).text
    found = morning_summary([run], EVENING, NOW)
    assert found is not None
    assert "cannot be read" in found.text


def test_simulated_runs_say_so(tmp_path: Path) -> None:
    run = write_night(tmp_path / "run", Case(hours=1, bursts=1))
    assert done_message(run, now=NOW).text.startswith("SIMULATED")
    assert event_message(run, 1, now=NOW).text.startswith("SIMULATED")
    found = morning_summary([run], EVENING, NOW)
    assert found is not None
    assert "SIMULATED" in found.text


def test_a_burst_is_told_with_its_reason(night: Path) -> None:
    message = event_message(night, 2, now=NOW)
    assert message.title == "Burst in B2: night"
    assert "mitosis in 2 of the last 3 looks" in message.text
    assert "40 min at most" in message.text


def test_a_film_strip_of_the_burst_goes_with_the_end(tmp_path: Path) -> None:
    run = write_night(tmp_path / "run", Case(hours=1.5, bursts=1))
    length = one(run, "SELECT max(t)+1 FROM frames WHERE fov='A1'")
    store_images(run, "A1", range(length), length)
    message = done_message(run, now=NOW, pictures=tmp_path / "pictures")
    assert message.picture == tmp_path / "pictures" / "run-done.png"
    with Image.open(message.picture) as image:
        assert image.format == "PNG"
        pixels = np.asarray(image.convert("L"))
    assert pixels.shape[1] == 4 * 240 + 5 * 4
    cells = [pixels[60:280, 4 + n * 244 : 240 + n * 244] for n in range(4)]
    assert all(cell.max() > 200 and cell.min() < 60 for cell in cells)


def test_without_bursts_the_surest_look_is_shown(tmp_path: Path) -> None:
    run = write_night(tmp_path / "run", Case(hours=1, bursts=0))
    change(
        run,
        "UPDATE verdicts SET verdict=json_set(verdict, '$.p_target', 0.97) WHERE visit ="
        " (SELECT visit FROM frames WHERE fov='B2' AND t=3 LIMIT 1)",
    )
    store_images(run, "B2", [3], 20)
    found = picture_of(read_run(run), tmp_path / "p.png")
    assert found is not None
    with Image.open(found) as image:
        assert image.size[0] == 720 + 8


def test_no_pixels_is_no_picture_and_no_fault(night: Path, tmp_path: Path) -> None:
    assert done_message(night, now=NOW, pictures=tmp_path).picture is None
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_cannot_be_written_keeps_no_message_back(tmp_path: Path) -> None:
    run = write_night(tmp_path / "run", Case(hours=1, bursts=0))
    store_images(run, "A1", range(11), 11)
    (tmp_path / "pictures").write_text("a file where the folder should be")
    message = done_message(run, now=NOW, pictures=tmp_path / "pictures")
    assert message.picture is None
    assert message.title == "Complete: run"


# ---------------------------------------------------------------------- the morning


def test_the_numbers_of_the_morning_are_those_of_the_journal(night: Path) -> None:
    message = morning_summary([night], EVENING, NOW)
    assert message is not None
    visits = one(night, "SELECT count(*) FROM visits WHERE state='delivered'")
    assert message.kind is MessageKind.SUMMARY
    assert message.title == f"The night: {visits} visits, 5 bursts; 4 things need attention"
    assert f"- {visits} visits delivered" in message.text
    spent = one(
        night,
        "SELECT sum(exposure_ms / 1000 * irradiance_w_cm2) FROM exposures",
    )
    assert f"light: {spent:.3g} J/cm² over all fields" in message.text
    assert "A1, has had 0.199 J/cm² of 0.6 J/cm²" in message.text


def test_only_what_happened_since_the_last_summary_counts(night: Path) -> None:
    since = dt.datetime(2026, 11, 22, 22, 30, tzinfo=dt.UTC)  # three hours after the start
    found = night_of(night, since, NOW)
    assert found is not None
    visits = "SELECT count(*) FROM visits WHERE state='delivered' AND started_s>=10800"
    assert found.visits == one(night, visits)
    assert found.bursts == one(night, "SELECT count(*) FROM bursts WHERE start_s>=10800")
    assert found.attention == ()  # the troubles came in the first three hours


@pytest.mark.parametrize(
    ("since", "now"),
    [
        (NOW - dt.timedelta(hours=1), NOW),  # over long before
        (EVENING - dt.timedelta(days=1), EVENING),  # began after
    ],
)
def test_a_run_of_another_time_is_left_out(
    night: Path, since: dt.datetime, now: dt.datetime
) -> None:
    assert night_of(night, since, now) is None
    assert morning_summary([night], since, now) is None


def test_when_nothing_ran_only_what_needs_somebody_is_said(night: Path) -> None:
    assert morning_summary([], EVENING, NOW) is None
    message = morning_summary([], EVENING, NOW, needs=["an experiment is held: the stage moved"])
    assert message is not None
    assert message.title == "The night: nothing ran; 1 thing needs attention"
    assert "- an experiment is held: the stage moved" in message.text


def test_a_run_that_still_goes_on_says_when_it_was_last_alive(tmp_path: Path) -> None:
    run = write_night(tmp_path / "run", Case(hours=2, bursts=0, outcome=None, kind="run"))
    message = morning_summary([run], EVENING, NOW)
    assert message is not None
    assert "goes on or was interrupted; last sign of life at" in message.text


def test_all_is_well_is_said_when_it_is(tmp_path: Path) -> None:
    run = write_night(tmp_path / "run", Case(hours=0.3, bursts=0, kind="run"))
    change(run, "DELETE FROM errors", "DELETE FROM refusals")
    message = morning_summary([run], EVENING, NOW)
    assert message is not None
    assert message.title.endswith("; all is well")
    assert "Nothing needs attention." in message.text


def test_a_judge_that_fails_all_night_needs_attention(tmp_path: Path) -> None:
    run = write_night(tmp_path / "run", Case(hours=0.3, bursts=0))
    change(run, "UPDATE verdicts SET state='failed'")
    looks = one(run, "SELECT count(*) FROM verdicts")
    assert f"- the judge failed at {looks} of {looks} looks" in done_message(run, now=NOW).text


# ---------------------------------------------------------------------- the others


def test_trouble_says_what_how_the_light_stands_and_what_to_do() -> None:
    message = trouble_message(
        "Camera silent",
        "No image for 10 s at A1.",
        now=NOW,
        key="camera",
        run="night",
        light="off, read back",
        remedy="check the cable, then microscout resume night",
    )
    assert message.urgent
    assert message.kind is MessageKind.TROUBLE
    assert message.text == (
        "No image for 10 s at A1.\nLight: off, read back.\n"
        "What to do: check the cable, then microscout resume night"
    )


def test_a_question_says_what_happens_without_an_answer() -> None:
    message = question_message(
        "night",
        "turn to 40X",
        "mitosis in A1",
        ask=7,
        default="it stays at 20X",
        expires=NOW + dt.timedelta(minutes=10),
        now=NOW,
        zone=dt.UTC,
    )
    assert message.urgent
    assert "Without an answer until 06:40: it stays at 20X" in message.text
    other = question_message(
        "night", "a", "b", ask=8, default="c", expires=NOW, now=NOW, zone=dt.UTC
    )
    assert message.key != other.key  # two questions never become one


def test_a_milestone_is_not_urgent() -> None:
    assert not milestone_message("night", "Half time", "3 of 6 h.", now=NOW).urgent
