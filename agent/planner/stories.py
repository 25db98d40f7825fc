"""Clauses that tell something and wish nothing: how cells grow, when a person is back."""

from __future__ import annotations

import re

_USUAL = (
    r"(?:(?:usually|normally|typically|only|roughly|about|around|generally|often|all|tend to"
    r"|seem to|just|normalerweise"
    r"|üblicherweise|meist|etwa|ungefähr|nur|normalement|environ|généralement|di solito|circa"
    r"|normalmente|en general"
    r"|unas|cerca de)\s+)*"
)
_CELLS = re.compile(
    rf"(?<!\w)(?:(?:my|the|these|our|those|such|hela|die|meine|unsere|diese|mes|les|nos|ces|le mie"
    rf"|le|queste|mis|las|estas|nuestras)\s+)?"
    rf"(?:\w+\s+)?(?:cells|they|zellen|sie|cellules|elles|cellule|células)\s+{_USUAL}"
    rf"(?:(?:divide|double|split|cycle|duplicate)(?:\s+{_USUAL}(?:every|once|each|in))|(?:teilen"
    rf"|verdoppeln) sich\s+{_USUAL}(?:alle|jede|einmal)"
    rf"|se (?:divisent|dédoublent|multiplient)\s+{_USUAL}(?:toutes|tous|chaque|une)|si (?:dividono"
    rf"|duplicano|raddoppiano)\s+{_USUAL}(?:ogni|una)"
    rf"|se (?:dividen|duplican)\s+{_USUAL}(?:cada|una))(?!\w)",
    re.I,
)
_CYCLE = re.compile(
    r"(?<!\w)(?:doubling time|generation time|division time|cell cycle|verdopplungszeit"
    r"|generationszeit|zellzyklus"
    r"|temps de (?:doublement|génération)|cycle cellulaire|tempo di (?:raddoppio|generazione)"
    r"|ciclo cellulare"
    r"|tiempo de (?:duplicación|generación)|ciclo celular)(?!\w)",
    re.I,
)
_TAKES = re.compile(
    rf"(?<!\w)(?:(?:a|the|each|one|eine|die|une|la|una)\s+)?(?:mitosis|division|cell division"
    rf"|cytokinesis|teilung|mitose|zellteilung"
    rf"|division cellulaire|mitosi|divisione|división)\s+{_USUAL}(?:takes|lasts|needs|dauert"
    rf"|braucht|dure|prend|dura|tarda|richiede)(?!\w)",
    re.I,
)
_PERSON = re.compile(
    r"(?<!until )(?<!till )(?<!when )(?<!bis )(?<!quand )(?<!quando )(?<!cuando )(?<!\w)(?:"
    r"i(?:'m| am|'ll be| will be| should be|'ll| will)? (?:back|away|gone|leaving|leave|returning"
    r"|return|be back|coming|come back"
    r"|go home|going home|have (?:a|to)|out of (?:the )?(?:lab|office))"
    r"|ich (?:bin|komme|gehe|muss|werde)(?= .*(?:um|gegen|ab|erst|zurück|wieder|weg))"
    r"|(?:je )?(?:reviens|rentre|repars|repasse)|je (?:pars|serai|dois|suis de retour)|(?:torno"
    r"|rientro|vado via|parto|ripasso|sarò di ritorno|me ne vado)"
    r"|(?:vuelvo|regreso|me voy|salgo|estaré|paso de nuevo))(?!\w)",
    re.I,
)
_BEFORE = re.compile(
    r"(?<!\w)(?:(?:i|we) (?:usually|normally|always) (?:do|use|take|image|did|had|run)|(?:last"
    r"|previous|earlier) (?:week|time|month|run|movie|film|experiment)"
    r"(?:'s)? (?:\w+ )?(?:had|was|were|did|used|took|ran)|from (?:last|the last) (?:week|time"
    r"|month|run) (?:had|was|were|used)"
    r"|(?:i|we) (?:expect|count|saw|see|get|have) (?:about |some |roughly "
    r"|around )?\d+ (?:divisions|mitoses|events|deaths) (?:per|an|in|every|each)"
    r"|(?:sonst|normalerweise|üblicherweise|letztes mal|beim letzten mal"
    r"|gestern) (?:\w+ )?(?:nehme|nahm|mache|machen|hatte|hatten|war|waren)"
    r"|(?:d'habitude|la dernière fois|hier),? (?:je|on|c'était|nous) ?(?:fais|fait|prends|avait"
    r"|avions|faisait)?"
    r"|(?:di solito|l'ultima volta|ieri) (?:faccio|facciamo|era|erano|usavo|abbiamo)"
    r"|(?:normalmente|la última vez|ayer) (?:hago|hacemos|fue|fueron|era|eran|usé))"
    r"(?!\w)",
    re.I,
)
_TOO = re.compile(
    r"(?<!\w)(?:would be|is|are|was|were|wäre|wären|ist|sind|war|serait|seraient|est|sont|sarebbe"
    r"|sarebbero|è|sono|sería|serían|es|son)"
    r" (?:much |far |viel |bien |way )?(?:too|zu|trop|troppo|demasiado) \w+",
    re.I,
)
_OTHERS = re.compile(
    r"(?<!before )(?<!until )(?<!bevor )(?<!bis )(?<!que )(?<!che )(?<!\w)(?:(?:my|a|the"
    r"|our) (?:colleague|boss|student|next user|labmate)|someone(?: else)?|somebody(?: else)?"
    r"|another (?:group|user)"
    r"|(?:mein|eine?) (?:kollege|kollegin)|jemand(?: anderes)?|mon collègue|ma collègue|quelqu'un"
    r"|il mio collega|la mia collega|qualcuno"
    r"|mi compañer[oa]|alguien)\s+(?:\w+ )?(?:needs?|wants?|has|comes|uses?|takes|booked|braucht"
    r"|will|hat|kommt|a besoin|vient|veut|ha bisogno"
    r"|vuole|arriva|necesita|quiere|viene)(?!\w)",
    re.I,
)
_ACTS = re.compile(
    r"(?<!\w)(?:(?:i|we)(?:'ll| will|'m going to| am going to| then| later"
    r"| have to)? (?:myself )?(?:add|change|feed|wash|swap|exchange|inject|treat|take out|put"
    r"|pipette?)"
    r"|(?:gebe|füge|wechsle|tausche|wasche) ich|ich (?:gebe|füge|wechsle|tausche|wasche)|(?:j'"
    r"|je )(?:ajoute|ajouterai|change|changerai|injecte)"
    r"|(?:io )?(?:aggiungo|aggiungerò|cambio|inietto)|(?:yo )?(?:añado|añadiré|cambio"
    r"|inyecto))(?!\w)",
    re.I,
)
_BOOKED = re.compile(
    r"(?<!\w)(?:booking|booked|my slot|reservation|reserved|buchung|gebucht|reserviert|réserv\w+"
    r"|prenot\w+|reserv\w+)(?!\w)",
    re.I,
)


def tells(words: str) -> bool:
    """Whether a clause says how cells grow or what a person does: its times are no wish."""
    if _PERSON.search(words) or _ACTS.search(words):
        return True
    return any(
        pattern.search(words) for pattern in (_CELLS, _CYCLE, _TAKES, _BEFORE, _TOO, _OTHERS)
    )


def booked(words: str) -> bool:
    """Whether a clause says how long the microscope is booked for."""
    return _BOOKED.search(words) is not None


def own_act(words: str, at: int) -> bool:
    """Whether what stands at a place is done by the person, and not asked of the microscope."""
    return any(m.start() <= at < m.end() + 2 for m in _ACTS.finditer(words))
