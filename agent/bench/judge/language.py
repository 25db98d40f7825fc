"""Words: the same question in other phrasings, questions for what is not there, and reasons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.bench.judge.fields import USUAL, mosaic_bricks, mosaic_truth, truth_of
from policies.mllm.bricks.questions import (
    HELD_OUT_STRANGERS,
    HELD_OUT_TEMPLATES,
    SYNONYMS,
    normalised,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.bench.judge.bench import Bench

SIMULATED, MOSAICS, CALM, REASONS = 24, 12, 20, 60  # pictures
PER_STRANGER = 4  # pictures each stranger is looked for in
YES = 0.5
WORD = "mitosis"
TRAINED = tuple(SYNONYMS[WORD][n] for n in range(0, 25, 3))  # bare, as trained
CHECKED = replace(USUAL, sharp=1.0, signal_e=(100.0, 2000.0))
NOTHING = replace(CHECKED, dividing=0.0, dead=(0.0, 0.0), debris_per_mm2=(0.0, 0.0))
ABSENT = ("mitosis", "metaphase", "anaphase", "telophase", "dead cell", "debris", "bubble")


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture, its pixel size where it is known, and whether a division is in view."""

    image: NDArray[Any]
    um: float | None
    present: bool


def run(bench: Bench) -> dict[str, Any]:
    """Agreement of phrasings, false alarms, and who wrote the reasons."""
    shown = _shown(bench)
    bench.say(f"{len(shown)} pictures, {len(HELD_OUT_TEMPLATES)} + {len(TRAINED)} phrasings")
    synonyms = SYNONYMS[WORD]
    held_out = [normalised(t.format(synonyms[n])) for n, t in enumerate(HELD_OUT_TEMPLATES)]
    same = [normalised(t.format(WORD)) for t in HELD_OUT_TEMPLATES]
    return {
        "phrasings": {
            "pictures": len(shown),
            "held-out phrasing, one word": agreement(_answers(bench, shown, same), shown),
            "held-out phrasing, other words": agreement(_answers(bench, shown, held_out), shown),
            "trained words": agreement(_answers(bench, shown, list(TRAINED)), shown),
        },
        "absent": _absent(bench, shown),
        "reasons": _reasons(bench),
    }


def agreement(yes: NDArray[np.bool_], shown: list[Shown]) -> dict[str, Any]:
    """Of answers (pictures, phrasings), both at least 1.

    `agreement`: share of phrasings that say what most of them say; `unanimous`: share of pictures
    where all do; `accuracy`: of all answers.
    """
    share = yes.mean(axis=1)
    true = np.array([s.present for s in shown])[:, None]
    return {
        "phrasings": yes.shape[1],
        "agreement": round(float(np.maximum(share, 1 - share).mean()), 4),
        "unanimous": round(float(((share == 0) | (share == 1)).mean()), 4),
        "accuracy": round(float((yes == true).mean()), 4),
    }


def _answers(bench: Bench, shown: list[Shown], questions: list[str]) -> NDArray[np.bool_]:
    p = [[bench.mllm.p_of(s.image, s.um, text) for text in questions] for s in shown]
    return np.array(p) >= YES


def _shown(bench: Bench) -> list[Shown]:
    """Pictures with a clear truth: no division at the border, no prophase alone."""
    from sim.study import study_pictures

    found = []
    wanted = bench.count(SIMULATED)
    for picture in study_pictures(bench.seed + 30, 3 * wanted, variety=CHECKED):
        truth = truth_of(picture)
        if not truth.divisions and (truth.cut or truth.prophases):
            continue
        found.append(Shown(picture.pixels, picture.pixel_um, bool(truth.divisions)))
        if len(found) == wanted:
            break
    for brick in mosaic_bricks(bench, bench.count(MOSAICS)):
        found.append(Shown(brick.image, None, bool(mosaic_truth(brick).divisions)))
    return found


def _absent(bench: Bench, shown: list[Shown]) -> dict[str, Any]:
    """Things nobody taught the model, and things it knows in pictures that lack them."""
    from sim.study import study_pictures

    bench.say(f"{len(HELD_OUT_STRANGERS)} strangers, {len(ABSENT)} absent things")
    alarms, raw, refused = [], [], []
    for n, stranger in enumerate(HELD_OUT_STRANGERS):
        text = normalised(HELD_OUT_TEMPLATES[n % len(HELD_OUT_TEMPLATES)].format(stranger))
        for k in range(PER_STRANGER):
            one = shown[(n * PER_STRANGER + k) % len(shown)]
            look = bench.mllm.asker.ask(one.image, text, one.um)
            alarms.append(look.p_target >= YES)
            raw.append(float(look.answer.fields["target"][1]) >= YES)
            refused.append(not look.taught)
    calm = list(study_pictures(bench.seed + 31, bench.count(CALM), variety=NOTHING))
    known = {}
    for name in ABSENT:
        p = [bench.mllm.p_of(picture.pixels, picture.pixel_um, name) for picture in calm]
        known[name] = round(float(np.mean(np.array(p) >= YES)), 4)
    return {
        "strangers": {
            "questions": len(alarms),
            "false_positive_rate": round(float(np.mean(alarms)), 4),
            "false_positive_rate_before_refusal": round(float(np.mean(raw)), 4),
            "refused_as_untaught": round(float(np.mean(refused)), 4),
        },
        "known_but_absent": {"pictures": len(calm), "false_positive_rate": known},
    }


def _reasons(bench: Bench) -> dict[str, Any]:
    """Sentences written by the decoder, read back against the facts they were made from."""
    from policies.mllm.sayings import faithful, plain

    facts = [field.mllm.facts for field in bench.some(bench.fields, REASONS)]
    bench.say(f"{len(facts)} reasons")
    own = [faithful(bench.mllm.asker.say(one), one) for one in facts]
    final = [ok or faithful(plain(one), one) for ok, one in zip(own, facts, strict=True)]
    return {
        "images": len(facts),
        "written_by_the_decoder": round(float(np.mean(own)), 4),
        "replaced_by_the_plain_sentence": round(1 - float(np.mean(own)), 4),
        "faithful_in_the_verdict": round(float(np.mean(final)), 4),
    }
