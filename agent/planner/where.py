"""Where an instruction wants to look: positions, wells of a plate, grids."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from agent.planner.draft import No
from agent.planner.reading.names import (
    SHAPES,
    Block,
    NoSuchWells,
    Said,
    grid,
    numbered,
    plate,
    wells,
)
from agent.planner.reading.quantity import Kind
from agent.planner.reading.wellset import row_name
from agent.planner.sparse import sparse
from agent.planner.where_positions import read_positions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from agent.planner.clause import Clause
    from agent.planner.found import Found
    from agent.planner.nearby import Nearby
    from agent.planner.reading.kinds import Span
    from agent.planner.reading.names import Grid, Numbered, Plate, Wells
    from agent.planner.reading.quantity import Quantity


@dataclass(frozen=True, slots=True)
class Places:
    """Everything in a text that says where."""

    positions: tuple[Numbered, ...]
    wells: Wells | None
    plate: Plate | None
    grid: Grid | None

    @property
    def spans(self) -> list[Span]:
        """Their words."""
        spans = [p.span for p in self.positions]
        spans += self.wells.spans if self.wells is not None else ()
        spans += [self.plate.span] if self.plate is not None else []
        if self.grid is not None:
            spans.append(self.grid.span)
            spans += [self.grid.overlap_span] if self.grid.overlap_span is not None else []
        return spans


def places(text: str, language: str, names: Collection[str]) -> Places:
    """Read a normal text; `names` are those of the microscope's marked positions."""
    return Places(
        tuple(_mentions(text, language, tuple(names))),
        wells(text, language),
        plate(text, language),
        grid(text, language),
    )


_SENTENCE = re.compile(r"(?<=[.!?])(?<![Pp]os\.)(?<!\b[Nn][or]\.)\s|\n|\)")


def _mentions(text: str, language: str, names: tuple[str, ...]) -> Iterator[Numbered]:
    """Mentions of positions, sentence by sentence: a list does not go on in the next line."""
    edges = [0, *(m.end() for m in _SENTENCE.finditer(text)), len(text)]
    for a, b in pairwise(edges):
        for one in numbered(text[a:b], language, names):
            span = replace(one.span, start=one.span.start + a, end=one.span.end + a)
            yield replace(one, span=span)


def corrected_plate(where: Places, text: str, at: int, language: str) -> Places:
    """ "A 6-well, sorry, 24-well plate": the one that is named after the correction."""
    later = plate(" " * at + text[at:], language)
    return where if later is None else replace(where, plate=later)


def read_overlap(pairs: Sequence[tuple[Quantity, Clause]], near: Nearby, found: Found) -> None:
    """ "10 % overlap" of a grid whose size is still to be asked for."""
    for q, _ in pairs:
        a, b = q.span.start, q.span.end
        beside = near.near(a, b, "overlap", words=1) is not None
        if q.kind is Kind.PERCENT and beside and "grid.overlap_percent" not in found.said:
            found.say("grid.overlap_percent", round(q.value * 100, 9), a, b)


def read_where(
    where: Places,
    known: Collection[str],
    clause_of: Callable[[int], Clause],
    near: Nearby,
    found: Found,
) -> None:
    """Give positions, wells, plate and grid their slots."""
    marked = _as_positions(where, tuple(known))
    by_rule = sparse(near.text, tuple(known)) if where.plate is None else None
    if by_rule is not None:
        names, a, b = by_rule
        found.say("positions", names, a, b, "positions")
        found.used.append((a, b - 1))  # the words in between are used as well
        if where.grid is not None:
            _grid(where.grid, clause_of, found)
        return
    if marked is not None:
        names, a, b = marked
        if names:
            found.say("positions", names, a, b, "positions")
    else:
        _wells(where, known, near, found)
    if where.grid is not None:
        _grid(where.grid, clause_of, found)
    if marked is None and (
        where.wells is None
        or not where.wells.spans
        or any(
            p.said in (Said.NAMES, Said.NUMBERS) and set(p.names) <= set(known)
            for p in where.positions
        )
    ):
        read_positions(where.positions, tuple(known), clause_of, near, found)


def _as_positions(where: Places, known: tuple[str, ...]) -> tuple[tuple[str, ...], int, int] | None:
    """Positions that are named like wells (A1, B3), where no plate is spoken of."""
    said = where.wells
    if where.plate is not None or said is None or not said.spans or said.unclear:
        return None
    largest = max(SHAPES.values())
    parts: list[tuple[str, ...]] = []
    for blocks in (said.included, said.excluded):
        if not blocks:
            parts.append(())
            continue
        named = replace(said, included=blocks, excluded=()).on(*largest)
        if isinstance(named, NoSuchWells) or not set(named) <= set(known):
            return None
        parts.append(named)
    inside, outside = parts
    names = tuple(n for n in (inside or known) if n not in outside)
    return names, said.spans[0].start, said.spans[-1].end


def _wells(where: Places, known: Collection[str], near: Nearby, found: Found) -> None:
    said, its_plate = where.wells, where.plate
    if its_plate is not None:
        a, b = its_plate.span.start, its_plate.span.end
        found.say("plate", its_plate.name, a, b)
    if said is None or not said.spans:
        if its_plate is not None and its_plate.wells in SHAPES:
            _whole_plate(its_plate, near, found)
        return
    a, b = said.spans[0].start, said.spans[-1].end
    if its_plate is not None and said.excluded and not said.included and not said.unclear:
        said = replace(said, included=(Block(),))  # "everything but", "skip C3"
    if said.unclear or not (said.included or said.excluded):
        found.unclear += [(s.start, s.end) for s in said.unclear]
        return
    if its_plate is None or its_plate.wells not in SHAPES:
        named = said.on(*max(SHAPES.values()))
        explicit = all(x.rows is not None and x.columns is not None for x in said.included)
        if explicit and said.included and not isinstance(named, NoSuchWells):
            found.say("wells", named, a, b)  # whether the plate has them is seen when it is known
        else:
            found.open_wells = (said, a, b)
        return
    named = said.on(*SHAPES[its_plate.wells])
    if isinstance(named, NoSuchWells):
        also = [n for n in known if re.search(rf"(?<!\w){re.escape(n)}(?!\w)", named.reason)]
        if also:  # "wells A1-A3 and P2", which is a marked position
            found.left_over.append(("wells", a, b))
            return
        words = found.words(a, b)
        found.refused.append(No("wells", str(words), named.reason, named.remedy))
        return
    found.say("wells", named, a, b)


def _whole_plate(said: Plate, near: Nearby, found: Found) -> None:
    """ "The whole 96-well plate"."""
    a, b = said.span.start, said.span.end
    mark = near.near(a, b, "whole", words=1)
    if mark is not None:
        rows, columns = SHAPES[said.wells]
        names = tuple(
            f"{row_name(r)}{c}" for r in range(1, rows + 1) for c in range(1, columns + 1)
        )
        found.say("wells", names, min(a, mark.start), max(b, mark.end))


def _grid(said: Grid, clause_of: Callable[[int], Clause], found: Found) -> None:
    a, b = said.span.start, said.span.end
    found.say("grid.rows", said.rows, a, b)
    found.say("grid.columns", said.columns, a, b)
    if said.overlap is not None:
        c, d = (said.overlap_span.start, said.overlap_span.end) if said.overlap_span else (a, b)
        found.say("grid.overlap_percent", round(said.overlap * 100, 9), c, d)
