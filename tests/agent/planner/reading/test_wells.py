"""Wells, plates and grids in words."""

from __future__ import annotations

import pytest

from agent.planner.reading.names import SHAPES, Block, NoSuchWells, Wells, grid, plate, wells


def block(rows: str, columns: range) -> set[str]:
    return {f"{row}{column}" for row in rows for column in columns}


WHOLE = block("ABCDEFGH", range(1, 13))
ROW_A, ROW_B, ROW_C = (block(row, range(1, 13)) for row in "ABC")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("image A1, B3 and C5 every 5 min", {"A1", "B3", "C5"}),
        ("wells A1, B3, and C5", {"A1", "B3", "C5"}),
        ("A1/B2/C3", {"A1", "B2", "C3"}),
        ("wells: B2 B3 B4", {"B2", "B3", "B4"}),
        ("A01, A02", {"A1", "A2"}),
        ("a1 and b3", {"A1", "B3"}),
        ("A1-A6", block("A", range(1, 7))),
        ("A1-6", block("A", range(1, 7))),
        ("A1 through A6", block("A", range(1, 7))),
        ("A1:A6", block("A", range(1, 7))),
        ("A1 to B3", block("AB", range(1, 4))),
        ("B3 to A1", block("AB", range(1, 4))),
        ("A1 bis B3", block("AB", range(1, 4))),
        ("rows A and B", ROW_A | ROW_B),
        ("row C, 5 min interval", ROW_C),
        ("rows A-C", ROW_A | ROW_B | ROW_C),
        ("rows a to c", ROW_A | ROW_B | ROW_C),
        ("columns 1-3", block("ABCDEFGH", range(1, 4))),
        ("columns 1 and 4, 5 min interval", block("ABCDEFGH", range(1, 5, 3))),
        ("column 12", block("ABCDEFGH", range(12, 13))),
        ("the first two rows of the plate", ROW_A | ROW_B),
        ("the last column", block("ABCDEFGH", range(12, 13))),
        ("row A, columns 1-6", block("A", range(1, 7))),
        ("columns 1-3 of rows A and B", block("AB", range(1, 4))),
        ("row A and column 3", ROW_A | block("ABCDEFGH", range(3, 4))),
        ("each well of row A", ROW_A),
        ("all wells from A1 to A6", block("A", range(1, 7))),
        ("Reihen A und B", ROW_A | ROW_B),
        ("Zeile A", ROW_A),
        ("lignes A et B", ROW_A | ROW_B),
        ("lignes A à C", ROW_A | ROW_B | ROW_C),
        ("righe A e B", ROW_A | ROW_B),
        ("filas A y B", ROW_A | ROW_B),
        ("every well", WHOLE),
        ("the whole plate", WHOLE),
        ("the entire 96-well plate", WHOLE),
        ("all 96 wells", WHOLE),
        ("the 96 well plate, all of it", WHOLE),
        ("everything but C3", WHOLE - {"C3"}),
        ("everything except wells C3 and C4", WHOLE - {"C3", "C4"}),
        ("all but C3", WHOLE - {"C3"}),
        ("all wells except row H", WHOLE - block("H", range(1, 13))),
        ("all 96 wells without D4, D5 and row H", WHOLE - {"D4", "D5"} - block("H", range(1, 13))),
        ("skip C3, image rows A-C", (ROW_A | ROW_B | ROW_C) - {"C3"}),
        ("columns 4 and 7, both w/o row A", block("BCDEFGH", range(4, 8, 3))),
        ("alle Wells außer C3", WHOLE - {"C3"}),
        ("alle Näpfchen außer Reihe A", WHOLE - ROW_A),
        ("die ganze Platte ohne A1", WHOLE - {"A1"}),
        ("tous les puits sauf C3 et D4", WHOLE - {"C3", "D4"}),
        ("toute la plaque sauf la colonne 12", WHOLE - block("ABCDEFGH", range(12, 13))),
        ("tutti i pozzetti tranne la riga A", WHOLE - ROW_A),
        ("todos los pocillos excepto la fila A", WHOLE - ROW_A),
    ],
)
def test_wells_of_a_96_well_plate(text: str, expected: set[str]) -> None:
    found = wells(text)
    assert found is not None
    assert not found.unclear
    names = found.on(8, 12)
    assert isinstance(names, tuple), names
    assert set(names) == expected
    assert all(0 <= s.start < s.end <= len(text) for s in found.spans)


@pytest.mark.parametrize(
    "text",
    [
        "every 5 min at P1 and P4",
        "stop everything",
        "cells in G1",
        "arrested in G2/M",
        "Alexa 488, Cy5, H2B-GFP, A549, MCF-7, HEK293",
        "3 rows and 4 columns",
        "5 righe e 2 colonne",
        "image every 5 min for 12 h",
    ],
)
def test_other_names_are_no_wells(text: str) -> None:
    assert wells(text) is None


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("well Z99", ("Z99",)),
        ("well A13", ("A13",)),
        ("well A0", ("A0",)),
        ("row K of the plate", ("row K",)),
        ("column 13", ("column 13",)),
        ("all wells except J4", ("J4",)),
        ("G11 to H13", ("G13", "H13")),
    ],
)
def test_wells_that_the_plate_lacks_are_refused(text: str, missing: tuple[str, ...]) -> None:
    found = wells(text)
    assert found is not None
    refusal = found.on(8, 12)
    assert isinstance(refusal, NoSuchWells)
    assert refusal.names == missing
    assert "A1 to H12" in refusal.reason
    assert refusal.remedy


@pytest.mark.parametrize(
    "text",
    [
        "control wells",
        "all wells but the treated wells",
        "every other well",
        "left half of the plate",
    ],
)
def test_wells_that_no_words_settle_are_unclear(text: str) -> None:
    found = wells(text)
    assert found is not None
    assert found.unclear


def test_a_plate_without_wells_left_is_refused() -> None:
    found = wells("A1 but not A1")
    assert found is not None
    assert isinstance(found.on(8, 12), NoSuchWells)


def test_wells_come_row_by_row() -> None:
    assert Wells((Block(columns=(2, 1)),), (), ()).on(2, 3) == ("A1", "A2", "B1", "B2")


@pytest.mark.parametrize(("count", "last"), [(6, "B3"), (96, "H12"), (384, "P24"), (1536, "AF48")])
def test_shapes_of_usual_plates(count: int, last: str) -> None:
    names = Wells((Block(),), (), ()).on(*SHAPES[count])
    assert isinstance(names, tuple)
    assert len(names) == count
    assert names[-1] == last


@pytest.mark.parametrize(
    ("text", "name", "known"),
    [
        ("96-well", "96-well", True),
        ("A1 in a 96 well plate", "96-well", True),
        ("96wp", "96-well", True),
        ("all 96 wells", "96-well", True),
        ("six-well plate", "6-well", True),
        ("384 plate", "384-well", True),
        ("plate: 384", "384-well", True),
        ("96er-Platte", "96-well", True),
        ("96-Well-Platte", "96-well", True),
        ("Sechs-Well-Platte", "6-well", True),
        ("plaque 96 puits", "96-well", True),
        ("plaque de 96 puits", "96-well", True),
        ("piastra da 24 pozzetti", "24-well", True),
        ("placa de 96 pocillos", "96-well", True),
        ("ibidi 8-well slide", "8-well", False),
        ("7-well plate", "7-well", False),
    ],
)
def test_plates(text: str, name: str, known: bool) -> None:
    found = plate(text)
    assert found is not None
    assert (found.name, found.known) == (name, known)
    assert str(found.wells) in text or not text[0].isdigit()


@pytest.mark.parametrize(
    "text",
    ["in 8 wells", "24 wells", "96 images", "laser at 384", "plate 3", "5 wells of the plate"],
)
def test_numbers_that_are_no_plates(text: str) -> None:
    assert plate(text) is None


@pytest.mark.parametrize(
    ("text", "rows", "columns", "overlap"),
    [
        ("3x3 grid", 3, 3, None),
        ("3 by 4 tiles", 3, 4, None),
        ("three by three grid", 3, 3, None),
        ("a 2 x 5 mosaic with 10 % overlap", 2, 5, 0.1),
        ("tile scan 4×4", 4, 4, None),
        ("grid of 3 x 3 with an overlap of 5%", 3, 3, 0.05),
        ("5x5 tile scan without overlap", 5, 5, 0.0),
        ("a grid of 3 rows and 4 columns", 3, 4, None),
        ("a grid of 4 columns and 3 rows", 3, 4, None),
        ("binning 2x2, grid 3x3", 3, 3, None),
        ("Raster 3x3 mit 10% Überlapp", 3, 3, 0.1),
        ("Raster drei mal vier ohne Überlappung", 3, 4, 0.0),
        ("grille 3x3", 3, 3, None),
        ("mosaïque de 3 par 4", 3, 4, None),
        ("griglia 2x2 con sovrapposizione del 15 %", 2, 2, 0.15),
        ("cuadrícula de 3x3", 3, 3, None),
    ],
)
def test_grids(text: str, rows: int, columns: int, overlap: float | None) -> None:
    found = grid(text)
    assert found is not None
    assert (found.rows, found.columns, found.overlap) == (rows, columns, overlap)


@pytest.mark.parametrize("text", ["3x3", "2x2 binning", "binning 2x2", "40x", "a grid"])
def test_pairs_that_are_no_grids(text: str) -> None:
    assert grid(text) is None
