"""Clauses that tell something and wish nothing: how cells grow, when a person is back."""

from __future__ import annotations

import re

_USUAL = (
    r"(?:(?:usually|normally|typically|only|roughly|about|around|generally|often|all|tend to|seem to|just|normalerweise"
    r"|üblicherweise|meist|etwa|ungefähr|nur|normalement|environ|généralement|di solito|circa|normalmente|en general"
    r"|unas|cerca de)\s+)*"
)
_CELLS = re.compile(
    rf"(?<!\w)(?:(?:my|the|these|our|those|such|hela|die|meine|unsere|diese|mes|les|nos|ces|le mie|le|queste|mis|las|estas|nuestras)\s+)?"
    rf"(?:\w+\s+)?(?:cells|they|zellen|sie|cellules|elles|cellule|células)\s+{_USUAL}"
    rf"(?:(?:divide|double|split|cycle|duplicate)(?:\s+{_USUAL}(?:every|once|each|in))|(?:teilen|verdoppeln) sich\s+{_USUAL}(?:alle|jede|einmal)"
    rf"|se (?:divisent|dédoublent|multiplient)\s+{_USUAL}(?:toutes|tous|chaque|une)|si (?:dividono|duplicano|raddoppiano)\s+{_USUAL}(?:ogni|una)"
    rf"|se (?:dividen|duplican)\s+{_USUAL}(?:cada|una))(?!\w)",
    re.I,
)
_CYCLE = re.compile(
    r"(?<!\w)(?:doubling time|generation time|division time|cell cycle|verdopplungszeit|generationszeit|zellzyklus"
    r"|temps de (?:doublement|génération)|cycle cellulaire|tempo di (?:raddoppio|generazione)|ciclo cellulare"
    r"|tiempo de (?:duplicación|generación)|ciclo celular)(?!\w)",
    re.I,
)
_TAKES = re.compile(
    rf"(?<!\w)(?:(?:a|the|each|one|eine|die|une|la|una)\s+)?(?:mitosis|division|cell division|cytokinesis|teilung|mitose|zellteilung"
    rf"|division cellulaire|mitosi|divisione|división)\s+{_USUAL}(?:takes|lasts|needs|dauert|braucht|dure|prend|dura|tarda|richiede)(?!\w)",
    re.I,
)
_PERSON = re.compile(
    r"(?<!until )(?<!till )(?<!when )(?<!bis )(?<!quand )(?<!quando )(?<!cuando )(?<!\w)(?:"
    r"i(?:'m| am|'ll be| will be| should be|'ll| will)? (?:back|away|gone|leaving|leave|returning|return|be back|coming|come back"
    r"|go home|going home|have (?:a|to)|out of (?:the )?(?:lab|office))"
    r"|ich (?:bin|komme|gehe|muss|werde)(?= .*(?:um|gegen|ab|erst|zurück|wieder|weg))"
    r"|(?:je )?(?:reviens|rentre|repars|repasse)|je (?:pars|serai|dois|suis de retour)|(?:torno|rientro|vado via|parto|ripasso|sarò di ritorno|me ne vado)"
    r"|(?:vuelvo|regreso|me voy|salgo|estaré|paso de nuevo))(?!\w)",
    re.I,
)
_BOOKED = re.compile(
    r"(?<!\w)(?:booking|booked|my slot|reservation|reserved|buchung|gebucht|reserviert|réserv\w+|prenot\w+|reserv\w+)(?!\w)",
    re.I,
)


def tells(words: str) -> bool:
    """Whether a clause says how cells grow or what a person does: its times are no wish."""
    if _PERSON.search(words):
        return True
    return any(pattern.search(words) for pattern in (_CELLS, _CYCLE, _TAKES))


def booked(words: str) -> bool:
    """Whether a clause says how long the microscope is booked for."""
    return _BOOKED.search(words) is not None
