"""Odd but clear wordings of wells, put into the rows, columns and names that they stand for.

"Every other well of row C", "odd columns", "all six wells", "all wells except the corner ones": in all
five languages, where the plate is said.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.reading.names import SHAPES, plate
from agent.planner.reading.wellset import row_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.planner.normal import Normal

    Edit = tuple[int, int, str]

_ROW = r"(?:rows?|reihen?|zeilen?|rangées?|lignes?|rig(?:a|he)|fil[ae]s?|filas?)"
_COLUMN = r"(?:columns?|cols?|spalten?|colonn(?:es?|a|e)|columnas?)"
_WELL = r"(?:wells?|näpfchen|vertiefung(?:en)?|puits|pozzett[oi]|pocillos?|pozos?)"
_STEPS = {
    2: r"other|second|2nd|zweite[nrs]?|deux(?:ième)?|due|second[oa]|dos|segund[oa]",
    3: r"third|3rd|dritte[nrs]?|trois(?:ième)?|tre|terz[oa]|tres|tercer[oa]?",
}
_FROM = (
    r"(?:,?\s*(?:starting|beginning|start|begin|beginnend|angefangen|en commençant|a partire|partendo|comenzando|empezando"
    r"|from|ab|à partir|a partir)\s*(?:with|at|from|in|mit|bei|par|de|da|con|por|en)?\s*(?:the |la |le )?"
    rf"(?:{_ROW}|{_COLUMN}|{_WELL})?\s*(?P<first>[A-P]?\d{{1,2}}|[A-P])(?!\w))?"
)
_OF = r"\s+(?:of|in|from|von|der|in der|aus|de|dans|della|nella|de la|en)?\s*(?:the |la |le )?"
_NUMBERS = {
    6: "six|sechs|sei|seis",
    12: "twelve|zwölf|douze|dodici|doce",
    24: "twenty-?four|vierundzwanzig|vingt-quatre|ventiquattro|veinticuatro",
    48: "forty-?eight|achtundvierzig|quarante-huit|quarantotto|cuarenta y ocho",
    96: "ninety-?six|sechsundneunzig|quatre-vingt-seize|novantasei|noventa y seis",
}
_FEW = {"two": 2, "three": 3, "four": 4, "zwei": 2, "drei": 3, "vier": 4, "beiden": 2}
_ALL = {
    "en": "all wells",
    "de": "alle Wells",
    "fr": "tous les puits",
    "it": "tutti i pozzetti",
    "es": "todos los pocillos",
}
_NOUNS = {  # of rows, of columns
    "en": ("rows", "columns"),
    "de": ("Reihen", "Spalten"),
    "fr": ("lignes", "colonnes"),
    "it": ("righe", "colonne"),
    "es": ("filas", "columnas"),
}
_EXCEPT = (
    r"(?:except(?: for)?|but(?: not)?|apart from|excluding|without|other than|außer|ausser|ohne|bis auf|sauf|excepté|hormis|sans"
    r"|tranne|eccetto|senza|salvo|excepto|menos|sin)"
)
_CORNERS = (
    r"(?:the |die |den |les |i |gli |las |los )?(?:four |4 |vier |quatre |quattro |cuatro )?(?:outer |äußeren )?"
    r"(?:corner (?:ones|wells|positions)|corners|ecken|eckwells|puits d(?:e|es) coins?|coins|pozzetti (?:d'angolo|agli angoli)|angoli"
    r"|pocillos de (?:las )?esquinas?|esquinas)"
)
_EDGE = (
    r"(?:the |die |den |le |les |il |i |el |los )?(?:(?:outer|outermost|edge|border|äußeren|äußerste) (?:ones|wells|ring|row of wells|reihe)"
    r"|edges?|border|rand(?:wells)?|bords?|puits du bord|bordo|pozzetti (?:del|sul) bordo|bordes?|pocillos del borde)"
)
_PURPOSE = re.compile(
    r",?\s*(?:just |only )?(?:(?:in order )?to (?:see|test|check|learn|find out|know|make sure) (?:whether|if|how|that)"
    r"|um zu (?:sehen|prüfen|testen|schauen),? ob|pour (?:voir|tester|savoir|vérifier) si|per (?:vedere|capire|controllare) se"
    r"|para (?:ver|comprobar|saber) si)\s+[^.,;:!?\n\d]*(?:corner|edge|border|ecken|rand|coins|bord|angol|esquina|borde)"
    r"[^.,;:!?\n\d]*(?=[.,;:!?\n]|$)",
    re.I,
)


_SIZES = r"(?P<n>6|12|24|48|96|384)"
_PLATES = (
    re.compile(
        rf"(?<![\w.,-]){_SIZES}\s?(?:er|w)(?=[\s,;:.)]|$)(?!\s*(?:-|well|platte|objektiv))", re.I
    ),
    re.compile(
        rf"(?<!\w)(?:plates?|platten?|plaques?|piastr[ae]|placas?)\s*\(\s*{_SIZES}\s*(?:wells?)?\s*\)",
        re.I,
    ),
    re.compile(rf"(?<!\w)multi-?well\s+{_SIZES}(?!\w)", re.I),
    re.compile(
        rf"(?<!\w)(?:boîte|boite|cassette|scatola|caja|box|dish)\s+(?:de|à|da|of|with)\s+{_SIZES}\s+{_WELL}",
        re.I,
    ),
)
_PLATE = {
    "en": "{n}-well plate",
    "de": "{n}-Well-Platte",
    "fr": "plaque de {n} puits",
    "it": "piastra da {n} pozzetti",
    "es": "placa de {n} pocillos",
}
_WELLS_NAMED = re.compile(
    rf"(?<!\w)(?:{_ROW}|{_COLUMN}|{_WELL}|plates?|platte)(?!\w)|(?<!\w)[A-P]\d{{1,2}}(?!\w)", re.I
)


def _plate_named(text: Normal, language: str) -> Normal:
    """ "96er", "multi-well 48", "plate (96)": in the words that are read as a plate."""
    if plate(text.text, language) is not None or _WELLS_NAMED.search(text.text) is None:
        return text
    for pattern in _PLATES:
        match = pattern.search(text.text)
        if match is not None:
            words = _PLATE[language].format(n=match["n"])
            return text.edited([(match.start(), match.end(), words)])
    return text


def reworded_wells(text: Normal, language: str) -> Normal:
    """The same text with such wordings replaced, where a plate of a usual size is named."""
    text = _plate_named(text, language)
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
        match = _PURPOSE.search(text)
        return None if match is None else (*match.span(), "")

    def counted(self, text: str) -> Edit | None:
        """ "All six wells", of six."""
        number = _NUMBERS.get(self.size, r"(?!)")
        match = re.search(
            rf"(?<!\w)(?:(?:all|alle|tous les|tutti (?:e|i)|todos los)\s+(?:{number}|{self.size})|(?:the|les|i|los)\s+(?:{number}))"
            rf"\s+{_WELL}(?!\w)(?!\s*-?\s*(?:plates?|platten?|plaques?|piastr[ae]|placas?)\b)",
            text,
            re.I,
        )
        return None if match is None else (*match.span(), _ALL[self.language])

    def _lines(self, names: Sequence[str], rows: bool) -> str:
        return f"{_NOUNS[self.language][0 if rows else 1]} {', '.join(names)}"

    def _names(self, rows: bool) -> list[str]:
        if rows:
            return [row_name(n) for n in range(1, self.rows + 1)]
        return [str(n) for n in range(1, self.columns + 1)]

    def outermost(self, text: str) -> Edit | None:
        """ "The top two rows", "the leftmost columns"."""
        number = "|".join((*_FEW, *map(str, range(2, 9))))
        for noun, rows in ((_ROW, True), (_COLUMN, False)):
            begin = (
                "top|upper(?:most)?|obere[nr]?|oberste[nr]?" if rows else "left(?:most)?|linke[nr]?"
            )
            end = (
                "bottom|lower(?:most)?|untere[nr]?|unterste[nr]?"
                if rows
                else "right(?:most)?|rechte[nr]?"
            )
            match = re.search(
                rf"(?<!\w)(?:the |die )?(?:(?P<begin>{begin})|(?P<end>{end}))\s+(?:(?P<n>{number})\s+)?{noun}(?!\w)",
                text,
                re.I,
            )
            if match is None:
                continue
            word = (match["n"] or "one").lower()
            names, many = self._names(rows), int(word) if word.isdigit() else _FEW.get(word, 1)
            kept = names[:many] if match["begin"] else names[-many:]
            return match.start(), match.end(), self._lines(kept, rows)
        return None

    def wells_of_a_row(self, text: str) -> Edit | None:
        """ "Every other well of row C, beginning with C1"."""
        for step, number in _STEPS.items():
            yes_no = (
                r"|un(?:o)? {w} s[iì] e un(?:o)? no|un {w} sí y (?:uno|otro) no"
                if step == 2
                else ""
            )
            match = re.search(
                rf"(?<!\w)(?:(?:every|each|jede[rs]?|chaque|ogni|cada)\s+(?:{number})\s+{_WELL}|une? {_WELL} sur (?:{number})"
                rf"|un {_WELL} su (?:{number})|un(?:o)? de cada (?:{number}) {_WELL}{yes_no.format(w=_WELL)}){_OF}(?:{_ROW})\s+"
                rf"(?P<row>[A-P])(?!\w)(?:\s+(?:of|in|from) the \w+[ -]?well plate)?{_FROM}",
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
            r"(?<!\w)([A-P])(\d{1,2})\s*,\s*\1(\d{1,2})\s*,?\s*(?:\.{2,}|…|etc\.?|usw\.?|and so on to|bis)\s*,?\s*\1?(\d{1,2})(?!\w)",
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
            rf"(?<!\w){_ROW}\s+(?P<row>[A-P])\s*[,:(]?\s*(?:{_WELL}|nr\.?|no\.?|numbers?)\s+(?:{span}|{many})(?!\w)(?!\s*-?\s*(?:well|min|h\b|ms|s\b))",
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
            rf"(?<!\w)(?:the |die |les |le |las |los )?(?:\w+ )?(?:middle|central|inner|outer|mittleren|inneren|äußeren|centrales|centrali"
            rf"|du milieu)\s+(?P<noun>{_COLUMN}|{_ROW})\s*\(\s*(?P<x>[^()]{{1,24}})\)",
            text,
            re.I,
        )
        return None if match is None else (*match.span(), f"{match['noun']} {match['x']}")

    def lines(self, text: str) -> Edit | None:
        """ "Every other column", "jede zweite Reihe", "une colonne sur deux"."""
        for step, number in _STEPS.items():
            for rows, noun in ((True, _ROW), (False, _COLUMN)):
                yes_no = (
                    rf"|una {noun} (?:s[iì] e una no|sí y (?:una|otra) no)" if step == 2 else ""
                )
                match = re.search(
                    rf"(?<!\w)(?:(?:every|each|jede[rs]?|chaque|ogni|cada)\s+(?:{number})\s+{noun}|une {noun} sur (?:{number})"
                    rf"|una {noun} su (?:{number})|una {noun} de cada (?:{number})|una de cada (?:{number}) {noun}{yes_no})(?!\w){_FROM}",
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
            rf"(?<!\w)(?:(?:the |die |all |alle )?(?P<en>even|odd|(?:un)?gerade[nr]?)(?:[- ]numbered)?\s+{_COLUMN}"
            rf"|(?:les |le |las )?{_COLUMN}\s+(?P<other>(?:im)?paires|pari|dispari|(?:im)?pares))(?!\w)",
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
        for words, corners in ((_CORNERS, True), (_EDGE, False)):
            match = re.search(rf"(?P<but>(?<!\w){_EXCEPT}\s+(?:for )?){words}(?!\w)", text, re.I)
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
