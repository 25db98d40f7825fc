"""The report as people get it: one file, right numbers, text shown as text."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from report_case import NASTY, Case, frame, write_night
from report_page import Page, page_of

from agent.report import build_report

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_report(write_night(tmp_path_factory.mktemp("runs") / "night"), frame)


@pytest.fixture(scope="module")
def page(night: Path) -> Page:
    return page_of(night)


def report(folder: Path, case: Case, read_frame: Any = lambda *_: None) -> Page:
    return page_of(build_report(write_night(folder, case), read_frame))


def row(page: Page, name: str) -> str:
    """What a table says in the row that begins with `name`."""
    rows = [" ".join(e.text.split()) for e in page.all("tr")]
    (found,) = [text for text in rows if text.startswith(name)]
    return found.removeprefix(name).strip()


def test_nothing_is_fetched_and_nothing_runs(page: Page, night: Path) -> None:
    assert not page.all("script") + page.all("link") + page.all("iframe") + page.all("object")
    for element in page.elements:
        for name, value in element.attrs.items():
            assert not name.startswith("on"), element
            if name == "src":
                assert value.startswith("data:image/"), element
            if name in {"href", "xlink:href"}:
                assert value.startswith("#"), element
            assert not re.search(r"url\((?!#)", value), element
    css = "".join(style.text for style in page.all("style"))
    assert "url(" not in css
    assert "@import" not in css
    assert night.stat().st_size < 2_000_000


def test_links_within_the_page_lead_somewhere(page: Page) -> None:
    ids = [e.attrs["id"] for e in page.elements if "id" in e.attrs]
    assert len(ids) == len(set(ids))
    wanted = {e.attrs["href"][1:] for e in page.all("a")}
    assert "burst-1" in wanted
    assert wanted <= set(ids)


def test_text_of_the_run_is_data(page: Page) -> None:
    shown = "<script>alert('x')</script> $a_{b$"
    assert NASTY.split()[0] in page.text
    assert shown in page.one("decisions").text  # reason and rationale
    assert shown in page.one("account").text  # why a visit was skipped
    assert shown in page.one("trouble").text  # an error's message


def test_nasty_field_names_and_plans_still_draw(tmp_path: Path) -> None:
    names = ("<script>x</script>", "$\\frac{", "日本 & co", "a" * 200)
    page = report(
        tmp_path / "a <b>run", Case(names=names, bursts=2, goal=f"goal: {NASTY!r}"), frame
    )
    assert not page.all("script")
    assert len(page.all("svg", "plot")) >= 5
    assert "a <b>run" in page.text


def test_it_can_be_read_aloud(page: Page) -> None:
    assert page.all("html")[0].attrs["lang"] == "en"
    assert all(image.attrs["alt"] for image in page.all("img"))
    assert all(plot.attrs["aria-label"] for plot in page.all("svg", "plot"))
    assert all(cell.attrs["scope"] in {"row", "col"} for cell in page.all("th"))
    levels = [int(e.tag[1]) for e in page.elements if re.fullmatch(r"h[1-6]", e.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_it_follows_the_colour_scheme(page: Page) -> None:
    css = page.all("style")[0].text
    used = set(re.findall(r"var\(--([a-z-]+)\)", css))
    for element in page.elements:
        used |= set(re.findall(r"var\(--([a-z-]+)\)", element.attrs.get("style", "")))
    for scheme in ("@media (prefers-color-scheme: dark)", "@media print"):
        block = css.split(scheme)[1]
        assert all(f"--{name}:" in block for name in used), scheme
    drawn = [e.attrs.get("style", "") for e in page.elements if e.tag in {"path", "text", "use"}]
    assert not [style for style in drawn if re.search(r"#0[1-9a-f]0[1-9a-f]0[1-9a-f]\b", style)]


def test_the_numbers_of_the_run(page: Page) -> None:
    # 61 rounds x 9 fields, and per burst: suspicion, second look, 20 reactions, 20 cancelled
    expected = 61 * 9 + 5 * 22
    assert f"complete: {expected} of {expected} visits accounted for" in page.text
    assert "Nine fields for 6 h 0 min; 5 bursts" in page.text
    assert row(page, "Expected") == f"{expected}"
    assert row(page, "Delivered, every frame stored") == f"{expected - 2}"
    assert row(page, "Skipped, no frame taken") == "1"
    assert row(page, "Dropped, frames lost on the way") == "1"
    assert row(page, "camera time-out") == "1"
    assert row(page, "of these late") == "1"
    assert row(page, "Cancelled, no longer wanted (not expected)") == "100"
    stored = row(page, "Frames stored, with those of dropped visits")
    assert stored == f"{2 * (expected - 2) + 1:,}"
    assert row(page, "given").startswith(f"{expected - 2}")
    assert row(page, "abstained").startswith("1")
    assert "The account balances" in page.one("account").text
    assert "SIMULATED: no sample and no microscope were involved" in page.text


def test_every_decision_is_shown_or_counted(page: Page) -> None:
    cards = page.all("li", "card")
    assert len(cards) == 5 * 3 + 1
    quiet = sum(int(gap.text.split()[0].replace(",", "")) for gap in page.all("li", "gap"))
    assert quiet == (61 * 9 - 3) + 5 * 19
    burst = next(card for card in cards if "Fast imaging started" in card.text)
    for said in ("0.88", "objects", "in (", "burst of 40 visits", "the burst 0.048 J/cm²"):
        assert said in burst.text


def test_pictures_of_decisions_and_bursts(page: Page) -> None:
    strips = page.all("article", "strip")
    assert len(strips) == 5
    pictures = len(page.all("img"))
    assert pictures == 5 * 8 + 5 * (2 + 3 + 2) + 1  # strips; second look, burst, end; refocus
    assert page.all("circle", "ring target")
    assert {label.text for label in page.all("text", "bar-label")} == {"10 µm"}


def test_troubles_are_grouped_and_counted(page: Page) -> None:
    trouble = " ".join(page.one("trouble").text.split())
    assert "0:06:40 to 0:06:42 3 exposure = 600 ms (limit: 500 ms)" in trouble
    assert "lower the exposure in the plan" in trouble
    assert "z is 3 um, the journal says 1 um" in trouble


def test_the_simulators_truth_only_where_there_is_one(page: Page, tmp_path: Path) -> None:
    truth = " ".join(page.one("truth").text.split())
    assert "(which the agent never saw)" in truth
    assert "Captured 5" in truth
    assert "Recall 83 %" in truth
    real = report(tmp_path / "r", Case(kind="run", bursts=1, hours=1))
    assert "SIMULATED" not in real.text
    assert "DEMO DEVICES" in real.text
    assert "Against the simulator" not in real.text


def test_a_killed_run_renders_and_says_so(tmp_path: Path) -> None:
    page = report(tmp_path / "night-1", Case(outcome=None, summary=False, kind="run"))
    assert "This run has not ended" in page.text
    assert "`microscout resume night-1`" in page.text
    assert "Last sign of life at 6 h 0 min" in page.text
    assert page.all("span", "badge")[0].text == "not ended"


def test_an_empty_journal_renders(tmp_path: Path) -> None:
    import sqlite3

    from agent.journal.schema import DDL

    db = sqlite3.connect(tmp_path / "journal.sqlite")
    db.executescript(DDL)
    db.close()
    page = page_of(build_report(tmp_path))
    assert "No fields for 0 s; no bursts" in page.text
    assert "This run has not ended" in page.text
    assert "No decision in the journal" in page.text


def test_without_calibration_it_counts_seconds(tmp_path: Path) -> None:
    page = report(tmp_path / "r", Case(calibrated=False))
    assert "J/cm²" not in page.text.split("Plan and microscope")[0]
    assert "s of exposure (this microscope's light is not calibrated)" in page.text
    assert "of imaging every field at the reaction rate" in page.text


def test_a_store_without_frames_leaves_the_words(tmp_path: Path) -> None:
    page = report(tmp_path / "r", Case(bursts=1, hours=1))
    assert not page.all("img")
    assert page.text.count("No frame in the store.") == len(page.all("li", "card")) + 1


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((64, 64), np.uint16), np.full((64, 48), 65535, np.uint16),
     np.ones((7, 300), np.uint8), np.zeros((0, 0), np.uint16), np.zeros((4, 4, 3), np.uint8)],
    ids=["black", "white", "a strip", "no pixels", "colour"],
)  # fmt: skip
def test_odd_frames_do_not_stop_the_report(tmp_path: Path, pixels: Any) -> None:
    page = report(tmp_path / "r", Case(bursts=1, hours=1), lambda *_: pixels)
    assert len(page.all("li", "card")) == 4


def test_too_many_decisions_are_counted_by_kind(tmp_path: Path) -> None:
    page = report(tmp_path / "r", Case(bursts=30, hours=1))
    assert len(page.all("li", "card")) == 60
    left = 30 * 3 + 1 - 60
    assert f"Not shown here: {left} decisions" in page.text
    assert len([c for c in page.all("li", "card") if "Fast imaging started" in c.text]) == 30


def test_importing_the_report_loads_nothing_heavy() -> None:
    code = "import sys, agent.report; print(*sorted(sys.modules))"
    names = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"matplotlib", "jinja2", "tensorstore", "PIL", "numpy", "torch"} & set(names)
