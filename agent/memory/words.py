"""Small word lists in English, German, French, Italian and Spanish, folded (see `fold`).

The encoder knows English only. `in_english` adds the English for what a microscopist says most in
the other four languages, so that a question in German finds an English protocol.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"\w+")

_COMMON = (
    # English
    "a an and any are as at be been but by can could did do does for from get had has have how i in"
    " into is it its just like long many me much must my need of on or our please pls say says"
    " settings should so some take taken than that the their them then there these they this to up"
    " us use used using want was we were what when where which who why will with would you your"
    # German
    " ab alle als am an auch auf aus bei bis das dem den der des die ein eine einem einen einer es"
    " fur gilt haben hat ich ihr im in ist lange man mit nach nehmen nicht noch oft oder pro sie"
    " sind so soll um und uns unser unsere unserem unseren unser von vor wann was welche welchem"
    " welchen welcher welches werden wie wieviel wir wird wo zu zum zur"
    # French
    " a au aux avec ce ces cette combien comme comment d dans de des dois du elle en est et faut il"
    " ils je l la le les leur mes mon ne nos notre nous ou par pas pendant plus pour qu quand que"
    " quel quelle quelles quels qui sa se ses son sur toutes tous un une vos votre"
    # Italian
    " ai al alla che chi ci come con cosa da dal dalla degli dei del della delle di e gli ha ho il"
    " io lo nei nel nella noi nostra nostro ogni per piu quale quali quando quanta quante quanti"
    " quanto se si sono su sul tra uno"
    # Spanish
    " como con cual cuales cuando cuanta cuantas cuanto cuantos cada donde el ella en es esta este"
    " hay las los mas mi nuestra nuestro o para pero por que sin sobre su sus unos y"
)
_GENERIC = (
    "protocol protocols sop document recipe method file standard usual normal according follow plan"
    " protokoll protokolle vorschrift anleitung dokument ublich ublichen laut gemass nimm benutze"
    " verwende nutze protocole protocoles document mode operatoire utilise utilisez selon suivre"
    " prends protocollo protocolli documento usa usare secondo segui protocolo protocolos utiliza"
    " usar segun sigue lab labs labor laboratoire laboratorio group image imaging"
)
COMMON = frozenset(_COMMON.split())
GENERIC = frozenset(_GENERIC.split())
_ENGLISH = {
    # English: what people call the usual organisms, and what they are called in protocols
    "fish": "zebrafish", "fly": "drosophila", "flies": "drosophila", "coli": "bacteria",
    "bacterial": "bacteria", "worm": "elegans", "worms": "elegans", "elegans": "worm",
    "plant": "arabidopsis", "plants": "arabidopsis", "arabidopsis": "plant", "gut": "intestinal",
    "drosophila": "fly", "zebrafish": "fish", "cerevisiae": "yeast", "murine": "mouse",
    "scratch": "wound", "apoptosis": "cell death", "mitosis": "cell division",
    # German
    "hefe": "yeast", "zelle": "cell", "zellen": "cells", "zellteilung": "mitosis division",
    "kern": "nucleus", "kerne": "nuclei", "zellkern": "nucleus", "belichtung": "exposure",
    "belichtungszeit": "exposure", "intervall": "interval", "mikrofluidik": "microfluidic",
    "bakterien": "bacteria", "wundheilung": "wound healing", "kratztest": "scratch assay",
    "maus": "mouse", "embryonen": "embryos", "fisch": "fish", "zebrafisch": "zebrafish",
    "nervenzellen": "neurons", "neuronen": "neurons", "wurzel": "root", "wurzelspitze": "root tip",
    "organoide": "organoids", "darm": "intestinal gut", "platte": "plate", "licht": "light",
    "lampe": "lamp", "farbung": "staining", "antikorper": "antibody", "stapel": "stack",
    "ebenen": "planes", "schrittweite": "step", "stunden": "hours", "minuten": "minutes",
    "kugeln": "beads", "woche": "week", "apoptose": "apoptosis", "zelltod": "cell death",
    "lebend": "live", "fixiert": "fixed", "spindel": "spindle", "mitochondrien": "mitochondria",
    "taufliege": "drosophila fly", "wachstum": "growth", "kalzium": "calcium",
    "dauer": "duration", "kanal": "channel", "objektiv": "objective", "bilder": "images",
    "feld": "field", "felder": "fields", "flach": "flat", "ecken": "corners", "dick": "stack",
    "deckglas": "coverslip", "temperatur": "temperature", "verdunnung": "dilution",
    "pflanze": "plant", "puffer": "buffer", "nahrmedium": "medium", "teilung": "division",
    # French
    "champ": "field", "champs": "fields", "lamelle": "coverslip", "milieu": "medium",
    "objectif": "objective", "canal": "channel", "bacteries": "bacteria", "plante": "plant",
    "levure": "yeast", "cellule": "cell", "cellules": "cells", "noyau": "nucleus",
    "noyaux": "nuclei", "pose": "exposure", "frequence": "interval often", "intervalle": "interval",
    "poisson": "fish", "souris": "mouse", "embryon": "embryo", "embryons": "embryos",
    "neurones": "neurons", "racine": "root", "organoides": "organoids", "intestin": "intestinal",
    "plaque": "plate", "lumiere": "light", "pile": "stack", "pas": "step", "filmer": "time lapse",
    "lire": "read", "puits": "well", "cicatrisation": "wound healing", "billes": "beads",
    "mort": "death", "duree": "duration", "heures": "hours",
    "drosophile": "drosophila fly", "croissance": "growth",
    "marquage": "staining", "fixees": "fixed",
    # Italian
    "lievito": "yeast", "cellula": "cell", "nucleo": "nucleus",
    "nuclei": "nuclei", "esposizione": "exposure", "intervallo": "interval", "pesce": "fish",
    "topo": "mouse", "embrioni": "embryos", "neuroni": "neurons", "radice": "root",
    "organoidi": "organoids", "piastra": "plate", "luce": "light", "ferita": "wound healing",
    "batteri": "bacteria", "pozzetto": "well", "durata": "duration", "ore": "hours",
    "moscerino": "drosophila", "crescita": "growth", "sferette": "beads", "fissate": "fixed",
    "campo": "field", "campi": "fields", "vetrino": "coverslip", "terreno": "medium",
    "obiettivo": "objective", "canale": "channel", "pianta": "plant",
    # Spanish
    "campos": "fields", "cubreobjetos": "coverslip", "medio": "medium", "objetivo": "objective",
    "planta": "plant",
    "levadura": "yeast", "celula": "cell", "celulas": "cells", "exposicion": "exposure",
    "pez": "fish", "raton": "mouse", "embriones": "embryos", "neuronas": "neurons",
    "raiz": "root", "placa": "plate", "luz": "light", "herida": "wound healing",
    "bacterias": "bacteria", "pocillo": "well", "duracion": "duration", "horas": "hours",
    "mosca": "drosophila", "crecimiento": "growth", "fijadas": "fixed", "intervalo": "interval",
}  # fmt: skip
_STEM, _COMPOUND = 6, 8  # letters
_BY_STEM = {word[:-1]: said for word, said in _ENGLISH.items() if len(word) >= _STEM}


def fold(text: str) -> str:
    """Lower case, without accents, hyphens and apostrophes as blanks."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in parts if not unicodedata.combining(c))
    return re.sub(r"[-’'‘`´_]", " ", plain)


def content(text: str, *, without: frozenset[str] = COMMON) -> tuple[str, ...]:
    """The folded words that say what is asked for, each once; all words where none is left."""
    words = tuple(dict.fromkeys(_WORD.findall(fold(text))))
    return tuple(word for word in words if word not in without) or words


def in_english(text: str) -> str:
    """English words for the German, French, Italian and Spanish ones in `text`; "" for none.

    Organisms get their other English name.
    """
    found = (_translated(word) for word in _WORD.findall(fold(text)))
    return " ".join(dict.fromkeys(word for word in found if word))


@lru_cache(maxsize=8192)
def _translated(word: str) -> str:
    """Of the word, of its other endings ("lieviti"), or of the parts of a German compound."""
    if word in _ENGLISH or len(word) < _STEM:
        return _ENGLISH.get(word, "")
    if word[:-1] in _BY_STEM:
        return _BY_STEM[word[:-1]]
    if len(word) < _COMPOUND:
        return ""
    parts = (known for known in _ENGLISH if len(known) >= 4 and known != word)
    ends = sorted((k for k in parts if word.startswith(k) or word.endswith(k)), key=len)
    return " ".join(dict.fromkeys(_ENGLISH[known] for known in ends[-2:]))
