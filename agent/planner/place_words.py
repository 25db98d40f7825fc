"""Words for positions, ordinals and exceptions in five languages, as parts of patterns."""

from __future__ import annotations

import re

NOUN = (
    r"(?:(?:stage )?positions?|pos\.?|positionen|posizion[ei]|posición|posiciones"
    r"|fields?(?: of view)?|fovs?|felder?n?"
    r"|champs?|camp[oi]s?|points?|punkte?n?|punt[oi]s?|sites?|spots?|stellen?|sit[oi]s?|locations?)"
)
SIGN = r"(?:no\.?|nr\.?|n°|nº|n\.|numbers?|nummer|numéros?|numer[oi]|números?|#)"
JOIN = (
    r"(?:\s*(?:,|&|\+|/)\s*(?:and |und |et |e |y |plus )?|\s+(?:and|und|et|e|ed|y|plus|sowie)\s+)"
)
ART = r"(?:(?:the|die|der|den|la|le|les|il|lo|i|el|las|los|my|also the|auch die)\s+|l')?"
ORDINALS = {
    1: r"first|1st|erste[nrs]?|première?|prim[ao]|primer[ao]?",
    2: r"second|2nd|zweite[nrs]?|deuxième|seconde?|second[ao]|segund[ao]",
    3: r"third|3rd|dritte[nrs]?|troisième|terz[ao]|tercer[ao]?",
    4: r"fourth|4th|vierte[nrs]?|quatrième|quart[ao]|cuart[ao]",
    5: r"fifth|5th|fünfte[nrs]?|cinquième|quint[ao]",
    6: r"sixth|6th|sechste[nrs]?|sixième|sest[ao]|sext[ao]",
    -1: r"(?:very )?last|letzte[nrs]?|dernière?|ultim[ao]|últim[ao]",
}
ORDINAL = "(?:" + "|".join(ORDINALS.values()) + ")"
EXCEPT = (
    r"(?:except(?: for)?|(?:all |everything )?but(?: not)?|apart from|excluding|without|other than"
    r"|skip(?:ping)?|omit(?:ting)?"
    r"|leaving out|bar|minus|save for|außer|ausser|ohne|bis auf|mit ausnahme von|sauf|excepté"
    r"|hormis|sans|à part"
    r"|à l'exception de|tranne|eccetto|senza|meno|a parte|ad eccezione di|salvo|excepto|menos|sin"
    r"|a excepción de)"
)
ENDS = (
    r"(?=\s*(?:$|[,.;:)\n]|(?:in|at|with|every|each|for|on|mit|im|alle|jede\w*|en|avec|pendant"
    r"|toutes|con|ogni|per"
    r"|nel|cada|durante|und|and|et|e|y)(?!\w)))"
)
ALL = {
    "en": "all positions",
    "de": "alle Positionen",
    "fr": "toutes les positions",
    "it": "tutte le posizioni",
    "es": "todas las posiciones",
}
COUNTS = {
    2: "two|beiden?|zwei|deux|due|dos",
    3: "three|drei|trois|tre|tres",
    4: "four|vier|quatre|quattro|cuatro",
    5: "five|fünf|cinq|cinque|cinco",
    6: "six|sechs|sei|seis",
    7: "seven|sieben|sept|sette|siete",
    8: "eight|acht|huit|otto|ocho",
    9: "nine|neun|neuf|nove|nueve",
    10: "ten|zehn|dix|dieci|diez",
}
REST = re.compile(
    r"(?<!\w)(?:(?:all |to |use |take |only )?(?:the |all )?(?:rest|remaining(?: (?:ones|\w+))?"
    r"|other (?:ones|positions|fields"
    r"|two|three|four|five)|others)|(?:die |alle )?(?:anderen|übrigen|restlichen"
    r"|sonstigen)(?: (?:positionen|felder"
    r"|zwei|drei|vier|fünf))?|(?:toutes )?les (?:\w+ )?autres(?: positions| champs)?|le reste"
    r"|(?:tutte )?le (?:altre|restanti|rimanenti)(?: \w+)?(?: posizioni)?|(?:todas )?las (?:demás"
    r"|otras|restantes)"
    r"(?: \w+)?(?: posiciones)?)" + ENDS,
    re.I,
)
FIRSTS = r"first|ersten|premi(?:ères|ers)|prim[ei]|primer[ao]s"
LASTS = r"last|letzten|derni(?:ères|ers)|ultim[ei]|últim[ao]s"
PLURAL = {
    "en": "positions",
    "de": "Positionen",
    "fr": "positions",
    "it": "posizioni",
    "es": "posiciones",
}
WITHOUT = {"en": "skip", "de": "ohne", "fr": "sans", "it": "senza", "es": "sin"}
USELESS = (
    r"(?:empty|dead|bad|broken|useless|dry|contaminated|unusable|not usable|no good|leer|tot"
    r"|kaputt|unbrauchbar|vide|morte"
    r"|abîmée|inutilisable|vuota|morta|rovinata|inutilizzabile|vacía|muerta|dañada|inservible)"
)
