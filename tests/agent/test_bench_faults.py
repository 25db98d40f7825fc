"""A few cells of `microscout bench faults`, really measured; and the page that is made of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from agent.bench.faults import as_json, catalogue, chosen, measure_all, unexpected
from agent.bench.faults_data import Cell, Mark, Row, When
from agent.bench.faults_page import tables
from agent.finding import ConfigError

if TYPE_CHECKING:
    from agent.bench.faults import Measure

CELLS = (  # fault, state, how its run ends before anything is repaired
    ("camera_hangs", When.ACQUIRING, "failed"),
    ("runner_killed_lit", When.RESUMING, "signal 9"),
    ("hand_light", When.IDLE, "paused"),
)


def test_cells_of_three_kinds_are_as_they_should_be() -> None:
    """A device, a process, a person."""
    every = catalogue()
    picked: dict[str, Row] = {}
    for name, when, _ in CELLS:
        row, _ = every[name]
        others = dict.fromkeys((w for w in When if w is not when), "another test")
        picked[name] = Row(row.name, row.title, row.how, row.group, row.word, skip=others)
    rows = {name: (row, every[name][1]) for name, row in picked.items()}
    cells = measure_all(rows, at_once=len(CELLS))
    measured = {(cell.fault, cell.when): cell for cell in cells if not cell.reason}
    assert len(measured) == len(CELLS)
    for name, when, became in CELLS:
        cell = measured[name, when]
        assert cell.good, cell
        assert cell.became == became, cell
        assert cell.frames is Mark.YES and cell.recovery is Mark.YES


def test_there_are_more_than_25_faults_and_every_cell_left_out_says_why() -> None:
    rows = catalogue()
    assert len(rows) >= 25
    for row, _ in rows.values():
        assert row.title and row.how and row.group
        assert all(row.skip.values()), row.name
        assert set(row.skip) < set(When), f"{row.name} is never measured"


def test_only_takes_names_and_how_they_begin() -> None:
    assert set(chosen("stage_hangs, turret")) == {
        "stage_hangs",
        *("turret_raises", "turret_hangs", "turret_stuck", "turret_lies"),
    }
    with pytest.raises(ConfigError, match="no fault is called 'gremlins'"):
        chosen("gremlins")


def bad(*_: object) -> Cell:
    return Cell("bad", When.IDLE, light=Mark.NO, became="complete", note="it stayed on")


def breaks(*_: object) -> Cell:
    raise RuntimeError("the bench itself")


def test_the_page_says_what_is_not_as_it_should_be_and_what_was_not_measured() -> None:
    rest = dict.fromkeys((When.ACQUIRING, When.REACTING, When.RESUMING), "no other moment")
    rows: dict[str, tuple[Row, Measure]] = {
        "bad": (Row("bad", "lamp: glows", "by hand", "lamps", "", rest, limit="Look."), bad),
        "odd": (Row("odd", "lamp: odd", "by hand", "lamps", "", rest), breaks),
    }
    cells = measure_all(rows, at_once=2)
    assert [cell.fault for cell in unexpected(rows, cells)] == ["odd"]
    result = json.loads(json.dumps(as_json(rows, cells, 3.0, 2)))
    assert (result["cells"], result["measured"], result["good"]) == (8, 2, 0)
    page = tables(result)
    assert "- lamp: glows, idle: light; the run became complete. it stayed on" in page
    assert "- lamp: odd, idle: truth; the run was not measured. RuntimeError: the bench" in page
    assert "- lamp: glows: Look." in page
    assert "- no other moment: lamp: glows (acquiring)" in page
