"""Questions about pictures in many words, and words for things the model does not know.

`HELD_OUT_*` are never trained on: they measure whether another phrasing gets the same answer.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.random import Generator

SYNONYMS: dict[str, tuple[str, ...]] = {
    "mitosis": (
        "mitosis",
        "mitoses",
        "a mitosis",
        "mitotic cell",
        "mitotic cells",
        "dividing cell",
        "dividing cells",
        "cell division",
        "cell divisions",
        "a cell in mitosis",
        "cells in mitosis",
        "cell in mitosis",
        "a cell that divides",
        "cells that are dividing",
        "mitotic figure",
        "mitotic figures",
        "division",
        "a division",
        "m phase",
        "cell in m phase",
        "a dividing cell",
        "a cell in division",
        "nuclear division",
        "dividing nucleus",
        "mitotic nuclei",
    ),
    "prophase": (
        "prophase",
        "a prophase",
        "cell in prophase",
        "cells in prophase",
        "prophase nucleus",
        "prophase cells",
        "condensing chromatin",
    ),
    "metaphase": (
        "metaphase",
        "a metaphase",
        "cell in metaphase",
        "cells in metaphase",
        "metaphase plate",
        "metaphase plates",
        "aligned chromosomes",
    ),
    "anaphase": (
        "anaphase",
        "an anaphase",
        "cell in anaphase",
        "cells in anaphase",
        "separating chromosomes",
        "anaphase cells",
    ),
    "telophase": (
        "telophase",
        "a telophase",
        "cell in telophase",
        "cells in telophase",
        "telophase cells",
        "late division",
    ),
    "dead cell": (
        "dead cell",
        "dead cells",
        "a dead cell",
        "dying cell",
        "apoptotic cell",
        "apoptotic cells",
        "apoptosis",
        "pyknotic nucleus",
        "pyknotic nuclei",
        "fragmented nucleus",
        "cell death",
        "apoptotic bodies",
    ),
    "debris": (
        "debris",
        "dirt",
        "dust",
        "a speck",
        "specks",
        "particles",
        "fibre",
        "fibres",
        "foreign particle",
        "contamination by dust",
    ),
    "bubble": (
        "bubble",
        "bubbles",
        "an air bubble",
        "air bubble",
        "air bubbles",
        "air in the dish",
    ),
    "cell layer": (
        "cell layer",
        "monolayer",
        "confluent layer",
        "cell sheet",
        "covered area",
        "confluence",
        "layer of cells",
    ),
    "cell": (
        "cell",
        "cells",
        "a cell",
        "nucleus",
        "nuclei",
        "a nucleus",
        "any cells",
        "cell nuclei",
        "cell bodies",
        "objects",
        "any nuclei",
    ),
}
TEMPLATES = (
    "{}",
    "{}?",
    "any {}?",
    "is there {}?",
    "is there any {}?",
    "is there {} in view?",
    "are there {}?",
    "are there any {} here?",
    "do you see {}?",
    "do you see any {}?",
    "can you see {}?",
    "show me {}",
    "find {}",
    "find the {}",
    "find all {}",
    "look for {}",
    "search for {}",
    "where is {}?",
    "where are the {}?",
    "does this image show {}?",
    "does the image contain {}?",
    "does this field contain {}?",
    "is {} visible?",
    "is {} present in this field of view?",
    "point to {}",
    "point at {}",
    "segment {}",
    "segment all {}",
    "mark {}",
    "mark every {}",
    "i am looking for {}",
    "please find {}",
    "tell me whether there is {}",
    "tell me if you see {}",
    "check for {}",
    "watch for {}",
    "detect {}",
    "image {} when you see it",
    "how likely is {}?",
    "what about {}?",
    "field with {}",
    "an image of {}",
    "count {}",
    "how many {} are there?",
    "target: {}",
)
HELD_OUT_TEMPLATES = (
    "would you say that {} can be seen here?",
    "has this picture got {}?",
    "locate {}",
    "tell me about {} in the frame",
    "please check whether {} occurs",
    "spot {}",
    "i want to see {}",
    "does anything here look like {}?",
    "{} in this frame?",
    "let me know if {} shows up",
)
# Things that a picture may show and this model was never taught, and things no picture shows.
STRANGERS = (
    "bacteria",
    "a bacterium",
    "yeast",
    "budding yeast",
    "spores",
    "sperm",
    "neuron",
    "axons",
    "dendrites",
    "mitochondria",
    "mitochondrion",
    "lysosomes",
    "golgi",
    "endoplasmic reticulum",
    "actin",
    "actin filaments",
    "stress fibers",
    "microtubules",
    "tubulin",
    "vesicles",
    "lipid droplets",
    "vacuole",
    "cilia",
    "flagella",
    "red blood cell",
    "erythrocyte",
    "white blood cell",
    "leukocyte",
    "platelets",
    "platelet",
    "lymphocyte",
    "macrophage",
    "neutrophil",
    "parasite",
    "plasmodium",
    "malaria",
    "trypanosome",
    "amoeba",
    "algae",
    "diatom",
    "pollen",
    "plant cell",
    "stomata",
    "chloroplast",
    "xylem",
    "leaf",
    "root tip",
    "embryo",
    "blastocyst",
    "zebrafish",
    "larva",
    "worm",
    "c. elegans",
    "drosophila",
    "fly",
    "mosquito",
    "tumor",
    "tumour",
    "carcinoma",
    "gland",
    "muscle fibre",
    "collagen",
    "bone",
    "cartilage",
    "blood vessel",
    "capillary",
    "artery",
    "glomerulus",
    "retina",
    "rod photoreceptors",
    "villi",
    "organoid",
    "spheroid",
    "colony",
    "plaque",
    "virus",
    "phage",
    "crystal",
    "crystals",
    "bead",
    "beads",
    "fluorescent beads",
    "quantum dots",
    "scale bar",
    "ruler",
    "text",
    "letters",
    "a giraffe",
    "elephant",
    "cat",
    "dog",
    "a car",
    "bicycle",
    "house",
    "tree",
    "airplane",
    "a person",
    "face",
    "hand",
    "cup",
    "table",
    "banana",
    "pizza",
    "ship",
    "bridge",
    "mountain",
    "cloud",
    "moon",
    "star",
    "galaxy",
    "planet",
    "guitar",
    "piano",
    "phone",
    "keyboard",
    "robot",
    "syncytium",
    "fused cells",
    "cell fusion",
    "filopodia",
    "lamellipodia",
    "phagocytosis",
    "wound",
    "needle",
    "pipette",
    "electrode",
    "microneedle",
    "fibroblast",
    "keratinocyte",
    "hepatocyte",
    "oocyte",
    "egg",
    "polar body",
    "binucleate cell",
    "micronuclei",
    "giant cell",
)
HELD_OUT_STRANGERS = (
    "astrocyte",
    "a zebra",
    "toxoplasma",
    "peroxisomes",
    "pancreas islet",
    "sea urchin",
    "train",
    "nematode",
    "platelet clump",
    "eosinophil",
    "hyphae",
    "paramecium",
    "umbrella",
    "violin",
    "candida",
    "osteoclast",
    "hair cell",
    "snowflake",
    "tardigrade",
    "rotifer",
)


def question(concept: str, rng: Generator, templates: tuple[str, ...] = TEMPLATES) -> str:
    """One of many ways to ask for a known concept."""
    words = SYNONYMS[concept]
    return _spoken(str(rng.choice(templates)).format(words[int(rng.integers(len(words)))]), rng)


def strange_question(rng: Generator) -> str:
    """A question for something that the model was never taught; sometimes no word at all."""
    if rng.random() < 0.25:
        letters = rng.choice(list(string.ascii_lowercase), size=int(rng.integers(4, 11)))
        thing = "".join(letters)
    else:
        thing = str(rng.choice(STRANGERS))
    return _spoken(str(rng.choice(TEMPLATES)).format(thing), rng)


# Words that only frame a question. Around a known thing they may be left out; any other word may
# change what is meant ("plant cell" is no cell that the model was taught).
# fmt: off
FRAME = frozenset((
    "a", "about", "an", "any", "anything", "appear", "appears", "are", "around", "at", "be",
    "been", "being", "by", "can", "check", "contain", "contains", "could", "detect", "do", "does",
    "every", "field", "find", "for", "frame", "get", "got", "has", "have", "here", "how", "i",
    "if", "image", "in", "into", "is", "it", "just", "know", "let", "like", "likely", "locate",
    "look", "looking", "looks", "many", "mark", "may", "me", "micrograph", "might", "occur",
    "occurs", "of", "on", "one", "or", "out", "picture", "please", "point", "present", "scan",
    "say", "search", "see", "seeing", "seen", "segment", "segmented", "show", "showing", "shown",
    "shows", "so", "some", "spot", "tell", "that", "the", "them", "then", "there", "these",
    "they", "this", "to", "up", "us", "view", "visible", "want", "was", "watch", "we", "what",
    "when", "where", "whether", "which", "with", "would", "you", "your", "all", "count",
))
# fmt: on


def plain_words(question: str) -> str:
    """The known thing in a question if all else only frames it, else the question as it is.

    So that no turn of phrase changes the answer: "has this picture got mitosis?" -> "mitosis".
    """
    words = "".join(c if c.isalnum() or c in "-." else " " for c in question.lower()).split()
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length + 1):
            thing = " ".join(words[start : start + length]).rstrip(".")
            rest = [word.rstrip(".") for word in words[:start] + words[start + length :]]
            if thing in KNOWN and all(word in FRAME for word in rest):
                return thing
    return question


KNOWN = frozenset(word for words in SYNONYMS.values() for word in words)


def normalised(words: str) -> str:
    """A question as the model reads it: lower case, single spaces, no closing full stop."""
    return " ".join(words.lower().split()).rstrip(". ")


def _spoken(words: str, rng: Generator) -> str:
    if rng.random() < 0.2:
        words = words.rstrip("?")
    if rng.random() < 0.1:
        words = "please " + words
    return normalised(words)
