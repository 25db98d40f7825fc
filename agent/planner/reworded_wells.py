"""Odd but clear wordings of wells, put into the rows, columns and names that they stand for.

"Every other well of row C", "odd columns", "all wells except the corner ones": in all five
languages, where the plate is said.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.reading.names import SHAPES, plate
from agent.planner.reading.wellset import row_name
from agent.planner.reworded_plates import COLUMN, ROW, WELL, plate_named
from agent.planner.well_words import (
    ALL,
    CORNERS,
    EDGE,
    EXCEPT,
    FEW,
    FROM,
    NOUNS,
    NUMBERS,
    OF,
    PURPOSE,
    STEPS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.planner.normal import Normal
    from agent.planner.rewording import Edit


def reworded_wells(text: Normal, language: str) -> Normal:
    """The same text with such wordings replaced, where a plate of a usual size is named."""
    text = plate_named(text, language)
    said = plate(text.text, language)
    if said is None or said.wells not in SHAPES:
        return text
    rules = _Rules(SHAPES[said.wells], said.wells, language)
    for rule in rules.all():
        for _ in range(4):
            edit = rule(text.text)
            if edit is None:
                break
            text = text.edited([edit])
    return text


class _Rules:
    """Rules for one size of plate; each gives one edit of a text, None for none."""

    def __init__(self, shape: tuple[int, int], size: int, language: str) -> None:
        self.rows, self.columns = shape
        self.size, self.language = size, language

    def all(self) -> Sequence[Callable[[str], Edit | None]]:
        """In the order in which they are tried."""
        return (
            self.purpose,
            self.counted,
            self.outermost,
            self.dots,
            self.wells_of_a_row,
            self.numbers_in_a_row,
            self.middle,
            self.lines,
            self.even,
            self.but_edge,
        )

    def purpose(self, text: str) -> Edit | None:
        """ "To test whether the corners are sharp": no wish for the corners."""
        match = PURPOSE.search(text)
        return None if match is None else (*match.span(), "")

    def counted(self, text: str) -> Edit | None:
        """ "All six wells", of six."""
        number = NUMBERS.get(self.size, r"(?!)")
        match = re.search(
            rf"(?<!\w)(?:(?:all|alle|tous les|tutti (?:e|i)|todos los)\s+(?:{number}|{self.size})"
            rf"|(?:the|les|i|los)\s+(?:{number}))"
            rf"\s+{WELL}(?!\w)(?!\s*-?\s*(?:plates?|platten?|plaques?|piastr[ae]|placas?)\b)",
            text,
            re.I,
        )
        return None if match is None else (*match.span(), ALL[self.language])

    def _lines(self, names: Sequence[str], rows: bool) -> str:
        return f"{NOUNS[self.language][0 if rows else 1]} {', '.join(names)}"

    def _names(self, rows: bool) -> list[str]:
        if rows:
            return [row_name(n) for n in range(1, self.rows + 1)]
        return [str(n) for n in range(1, self.columns + 1)]

    def outermost(self, text: str) -> Edit | None:
        """ "The top two rows", "the leftmost columns"."""
        number = "|".join((*FEW, *map(str, range(2, 9))))
        for noun, rows in ((ROW, True), (COLUMN, False)):
            begin = (
                "top|upper(?:most)?|obere[nr]?|oberste[nr]?" if rows else "left(?:most)?|linke[nr]?"
            )
            end = (
                "bottom|lower(?:most)?|untere[nr]?|unterste[nr]?"
                if rows
                else "right(?:most)?|rechte[nr]?"
            )
            match = re.search(
                rf"(?<!\w)(?:the |die )?(?:(?P<begin>{begin})"
                rf"|(?P<end>{end}))\s+(?:(?P<n>{number})\s+)?{noun}(?!\w)",
                text,
                re.I,
            )
            if match is None:
                continue
            word = (match["n"] or "one").lower()
            names, many = self._names(rows), int(word) if word.isdigit() else FEW.get(word, 1)
            kept = names[:many] if match["begin"] else names[-many:]
            return match.start(), match.end(), self._lines(kept, rows)
        return None

    def wells_of_a_row(self, text: str) -> Edit | None:
        """ "Every other well of row C, beginning with C1"."""
        for step, number in STEPS.items():
            yes_no = (
                r"|un(?:o)? {w} s[iì] e un(?:o)? no|un {w} sí y (?:uno|otro) no"
                if step == 2
                else ""
            )
            match = re.search(
                rf"(?<!\w)(?:(?:every|each|jede[rs]?|chaque|ogni|cada)\s+(?:{number})\s+{WELL}"
                rf"|une? {WELL} sur (?:{number})"
                rf"|un {WELL} su (?:{number})"
                rf"|un(?:o)? de cada (?:{number}) {WELL}{yes_no.format(w=WELL)})"
                rf"{OF}(?:{ROW})\s+"
                rf"(?P<row>[A-P])(?!\w)(?:\s+(?:of|in|from) the \w+[ -]?well plate)?{FROM}",
                text,
                re.I,
            )
            if match is None:
                continue
            first = match["first"] or "1"
            begin = re.sub(r"\D", "", first) or "1"
            row = match["row"].upper()
            if not 1 <= int(begin) <= self.columns or first[0].upper() not in f"{row}0123456789":
                return None
            names = [f"{row}{n}" for n in range(int(begin), self.columns + 1, step)]
            kept = re.search(r"(?:of|in|from) the \w+[ -]?well plate", match.group(), re.I)
            tail = f" {kept.group()}" if kept else ""
            return match.start(), match.end(), ", ".join(names) + tail
        return None

    def dots(self, text: str) -> Edit | None:
        """ "E1, E3 ... E11": by steps of two."""
        match = re.search(
            r"(?<!\w)([A-P])(\d{1,2})\s*,\s*\1(\d{1,2})\s*,?\s*(?:\.{2,}|…|etc\.?|usw\.?"
            r"|and so on to|bis)\s*,?\s*\1?(\d{1,2})(?!\w)",
            text,
        )
        if match is None:
            return None
        a, b, c = int(match[2]), int(match[3]), int(match[4])
        if b - a < 2 or (c - a) % (b - a):
            return None
        return (
            match.start(),
            match.end(),
            ", ".join(f"{match[1]}{n}" for n in range(a, c + 1, b - a)),
        )

    def numbers_in_a_row(self, text: str) -> Edit | None:
        """ "Row C, wells 2 to 5"."""
        span = r"(?P<a>\d{1,2})\s*(?:-|to|through|bis|à|a|al|hasta)\s*(?P<b>\d{1,2})"
        many = r"(?P<list>\d{1,2}(?:\s*(?:,|and|und|et|e|y|&)\s*\d{1,2})+)"
        match = re.search(
            rf"(?<!\w){ROW}\s+(?P<row>[A-P])\s*[,:(]?\s*(?:{WELL}|nr\.?|no\.?"
            rf"|numbers?)\s+(?:{span}|{many})(?!\w)(?!\s*-?\s*(?:well|min|h\b|ms|s\b))",
            text,
            re.I,
        )
        if match is None:
            return None
        row = match["row"].upper()
        if match["list"]:
            numbers = [int(n) for n in re.findall(r"\d+", match["list"])]
        else:
            numbers = list(range(int(match["a"]), int(match["b"]) + 1))
        return match.start(), match.end(), ", ".join(f"{row}{n}" for n in numbers)

    def middle(self, text: str) -> Edit | None:
        """ "The two middle columns (2 and 3)": those in the brackets."""
        match = re.search(
            rf"(?<!\w)(?:the |die |les |le |las |los )?(?:\w+ )?(?:middle|central|inner|outer"
            rf"|mittleren|inneren|äußeren|centrales|centrali"
            rf"|du milieu)\s+(?P<noun>{COLUMN}|{ROW})\s*\(\s*(?P<x>[^()]{{1,24}})\)",
            text,
            re.I,
        )
        return None if match is None else (*match.span(), f"{match['noun']} {match['x']}")

    def lines(self, text: str) -> Edit | None:
        """ "Every other column", "jede zweite Reihe", "une colonne sur deux"."""
        for step, number in STEPS.items():
            for rows, noun in ((True, ROW), (False, COLUMN)):
                yes_no = (
                    rf"|una {noun} (?:s[iì] e una no|sí y (?:una|otra) no)" if step == 2 else ""
                )
                match = re.search(
                    rf"(?<!\w)(?:(?:every|each|jede[rs]?|chaque|ogni|cada)\s+(?:{number})\s+{noun}"
                    rf"|une {noun} sur (?:{number})"
                    rf"|una {noun} su (?:{number})|una {noun} de cada (?:{number})"
                    rf"|una de cada (?:{number}) {noun}{yes_no})(?!\w){FROM}",
                    text,
                    re.I,
                )
                if match is None:
                    continue
                names = self._names(rows)
                first = (match["first"] or names[0]).upper()
                first = first if first in names else re.sub(r"\d" if rows else r"\D", "", first)
                if first not in names:
                    return None
                return (
                    match.start(),
                    match.end(),
                    self._lines(names[names.index(first) :: step], rows),
                )
        return None

    def even(self, text: str) -> Edit | None:
        """ "Odd columns", "les colonnes paires"."""
        match = re.search(
            rf"(?<!\w)(?:(?:the |die |all |alle )?(?P<en>even|odd"
            rf"|(?:un)?gerade[nr]?)(?:[- ]numbered)?\s+{COLUMN}"
            rf"|(?:les |le |las )?{COLUMN}\s+(?P<other>(?:im)?paires|pari|dispari"
            rf"|(?:im)?pares))(?!\w)",
            text,
            re.I,
        )
        if match is None:
            return None
        word = (match["en"] or match["other"]).lower()
        odd = word.startswith(("odd", "un", "im", "dis"))
        return (
            match.start(),
            match.end(),
            self._lines(self._names(False)[0 if odd else 1 :: 2], False),
        )

    def but_edge(self, text: str) -> Edit | None:
        """ "All wells except the corner ones"."""
        for words, corners in ((CORNERS, True), (EDGE, False)):
            match = re.search(rf"(?P<but>(?<!\w){EXCEPT}\s+(?:for )?){words}(?!\w)", text, re.I)
            if match is not None:
                ends = [
                    f"{row_name(r)}{c}"
                    for r in range(1, self.rows + 1)
                    for c in range(1, self.columns + 1)
                    if (r in (1, self.rows) and c in (1, self.columns))
                    or (not corners and (r in (1, self.rows) or c in (1, self.columns)))
                ]
                return match.start(), match.end(), f"{match['but']}{', '.join(ends)}"
        return None
