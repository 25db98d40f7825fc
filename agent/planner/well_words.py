"""Words for rows, columns, corners and edges of plates in five languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.reworded_plates import COLUMN, ROW, WELL

if TYPE_CHECKING:
    pass

STEPS = {
    2: r"other|second|2nd|zweite[nrs]?|deux(?:ième)?|due|second[oa]|dos|segund[oa]",
    3: r"third|3rd|dritte[nrs]?|trois(?:ième)?|tre|terz[oa]|tres|tercer[oa]?",
}


FROM = (
    r"(?:,?\s*(?:starting|beginning|start|begin|beginnend|angefangen|en commençant|a partire"
    r"|partendo|comenzando|empezando"
    r"|from|ab|à partir|a partir)\s*(?:with|at|from|in|mit|bei|par|de|da|con|por|en)?\s*(?:the "
    r"|la |le )?"
    rf"(?:{ROW}|{COLUMN}|{WELL})?\s*(?P<first>[A-P]?\d{{1,2}}|[A-P])(?!\w))?"
)


OF = r"\s+(?:of|in|from|von|der|in der|aus|de|dans|della|nella|de la|en)?\s*(?:the |la |le )?"


NUMBERS = {
    6: "six|sechs|sei|seis",
    12: "twelve|zwölf|douze|dodici|doce",
    24: "twenty-?four|vierundzwanzig|vingt-quatre|ventiquattro|veinticuatro",
    48: "forty-?eight|achtundvierzig|quarante-huit|quarantotto|cuarenta y ocho",
    96: "ninety-?six|sechsundneunzig|quatre-vingt-seize|novantasei|noventa y seis",
}


FEW = {"two": 2, "three": 3, "four": 4, "zwei": 2, "drei": 3, "vier": 4, "beiden": 2}


ALL = {
    "en": "all wells",
    "de": "alle Wells",
    "fr": "tous les puits",
    "it": "tutti i pozzetti",
    "es": "todos los pocillos",
}


NOUNS = {  # of rows, of columns
    "en": ("rows", "columns"),
    "de": ("Reihen", "Spalten"),
    "fr": ("lignes", "colonnes"),
    "it": ("righe", "colonne"),
    "es": ("filas", "columnas"),
}


EXCEPT = (
    r"(?:except(?: for)?|but(?: not)?|apart from|excluding|without|other than|außer|ausser|ohne"
    r"|bis auf|sauf|excepté|hormis|sans"
    r"|tranne|eccetto|senza|salvo|excepto|menos|sin)"
)


CORNERS = (
    r"(?:the |die |den |les |i |gli |las |los )?(?:four |4 |vier |quatre |quattro "
    r"|cuatro )?(?:outer |äußeren )?"
    r"(?:corner (?:ones|wells|positions)|corners|ecken|eckwells|puits d(?:e|es) coins?|coins"
    r"|pozzetti (?:d'angolo|agli angoli)|angoli"
    r"|pocillos de (?:las )?esquinas?|esquinas)"
)


EDGE = (
    r"(?:the |die |den |le |les |il |i |el |los )?(?:(?:outer|outermost|edge|border|äußeren"
    r"|äußerste) (?:ones|wells|ring|row of wells|reihe)"
    r"|edges?|border|rand(?:wells)?|bords?|puits du bord|bordo|pozzetti (?:del|sul) bordo|bordes?"
    r"|pocillos del borde)"
)


PURPOSE = re.compile(
    r",?\s*(?:just |only )?(?:(?:in order )?to (?:see|test|check|learn|find out|know"
    r"|make sure) (?:whether|if|how|that)"
    r"|um zu (?:sehen|prüfen|testen|schauen),? ob|pour (?:voir|tester|savoir|vérifier) si"
    r"|per (?:vedere|capire|controllare) se"
    r"|para (?:ver|comprobar|saber) si)\s+[^.,;:!?\n\d]*(?:corner|edge|border|ecken|rand|coins"
    r"|bord|angol|esquina|borde)"
    r"[^.,;:!?\n\d]*(?=[.,;:!?\n]|$)",
    re.I,
)
