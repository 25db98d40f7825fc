"""Words of a document that read like an order to this program, in five languages.

A mark for the person who sees the citation, no defence: a document is never obeyed, marked or not.
"""

from __future__ import annotations

import re
import unicodedata

_IGNORE = (
    r"ignor\w*|disregard\w*|forget|overrid\w+|override|bypass\w*|circumvent\w*|exceed|violat\w+"
    r"|missachte\w*|umgeh\w*|überschreite\w*|vergiss|vergesst|vergessen sie"
    r"|ignorez|oublie[zr]?|outrepasse[zr]?|contourne[zr]?"
    r"|ignora(?:re|te)?|dimentica(?:re|te)?|aggira(?:re|te)?"
    r"|ignore[ns]?|olvid[ae]\w*|elude|omit[ae]\w*|sáltate"
)
_RULE = (
    r"limits?|guards?|gates?|backstops?|safety|safeguards?|interlocks?|budgets?|rules?"
    r"|restrictions?|instructions?|prompts?|refusals?|confirmations?"
    r"|grenzwerte?n?|grenzen|sperren?|regeln?|anweisungen?|beschränkungen|schutz\w*|sicherheit\w*"
    r"|limites?|règles?|consignes?|sécurités?|protections?|garde-fous?"
    r"|limiti?|regole|istruzioni|sicurezz[ae]|protezion[ei]|blocchi"
    r"|watch-?dogs?|dead-?man(?:'?s)?(?: switch)?|alarms?|journals?|ledgers?|wachhund|totmann\w*"
    r"|alarme?|homme mort"
    r"|uomo morto|allarm[ei]|hombre muerto|alarmas?"
    r"|límites?|reglas?|instrucciones|seguridad|protecci(?:ón|ones)"
)
_OFF = (
    r"(?:switch|turn|shut)(?:es|ing|ed)? off|disabl\w+|deactivat\w+|remove|lift"
    r"|schalte\w* \w* ?\w* ?\w* ?(?:ab|aus)|deaktivier\w+|ausschalten|abschalten|entferne\w*"
    r"|désactive[zr]?|coupe[zr]?|supprime[zr]?|enlève\w*|disattiva\w*|disabilita\w*|rimuov\w+"
    r"|desactiv\w+|apaga\w*|quita\w*"
)
_DELETE = (
    r"delet\w+|eras\w+|wip(?:e|ing)|destroy\w*|remove|rm -rf|lösch\w*|vernichte\w*"
    r"|efface[zr]?|supprime[zr]?|cancella\w*|elimina\w*|borra\w*"
)
_DATA = (
    r"runs?|journals?|data|files?|images?|folders?|directory|director(?:ies)|plans?|reports?|disk"
    r"|läufe?|laufs|daten|dateien|bilder|ordner|verzeichnis\w*|pläne|berichte"
    r"|données|fichiers?|dossiers?|acquisitions|plans?|rapports"
    r"|dati|corse|immagini|cartell[ae]|esperimenti|rapporti"
    r"|datos|archivos?|ficheros?|imágenes|carpetas?|experimentos|informes"
)
_SPEAKS = (
    r"system prompt|you are now|as an ai\b|new instructions|previous (?:instructions|prompts?)"
    r"|you (?:must|have to|are required to) (?:obey|comply)"
    r"|do not (?:tell|ask|warn) the (?:user|operator)"
    r"|vorherige\w* anweisungen|instructions précédentes|istruzioni precedenti"
    r"|instrucciones (?:anteriores|previas)|</?(?:system|assistant|user)>|jailbreak|developer mode"
)
_NEAR = r"\b[^.!?;\n]{0,60}?\b"
_PATTERNS = (
    ("asks to ignore limits or instructions", rf"\b(?:{_IGNORE}){_NEAR}(?:{_RULE})\b"),
    ("asks to switch a guard off", rf"\b(?:{_OFF}){_NEAR}(?:{_RULE})\b"),
    (
        "asks to switch a guard off",
        rf"\b(?:{_RULE}){_NEAR}(?:ignorier\w*|umgeh\w*|abschalten|ausschalten|deaktivieren"
        r"|überschreiten|missachten|switched off|disabled|turned off)\b",
    ),
    (
        "asks to switch a guard off",
        rf"\bschalte\w*{_NEAR}(?:{_RULE})\b[^.!?;\n]{{0,20}}\b(?:ab|aus)\b",
    ),
    ("asks to delete data", rf"\b(?:{_DELETE}){_NEAR}(?:{_DATA})\b"),
    ("asks to delete data", rf"\b(?:{_DATA}){_NEAR}(?:löschen|vernichten)\b"),
    ("speaks to a program", rf"(?:{_SPEAKS})"),
)
_COMPILED = tuple((why, re.compile(pattern)) for why, pattern in _PATTERNS)
_NEGATED = re.compile(r"(?:\bnot|\bnever|n't|\bnicht|\bnie|\bne|\bnon|\bno|\bnunca|\bmai)\s*$")


def suspicious(text: str) -> str:
    """Why the text reads like an order to this program; "" where it does not."""
    plain = "".join(
        c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf"
    )
    folded = plain.casefold()
    for why, pattern in _COMPILED:
        for match in pattern.finditer(folded):
            if not _NEGATED.search(folded[max(match.start() - 12, 0) : match.start()]):
                return why
    return ""
