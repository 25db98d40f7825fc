"""After training: temperatures, thresholds and spreads, fitted on validation pictures only."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.optimize import minimize

from policies.measure.segmentation import average_precision, tally
from policies.mllm.asker import evidence
from policies.mllm.bricks.questions import SYNONYMS, TEMPLATES, question, strange_question
from policies.mllm.bricks.sample import Recipe
from policies.mllm.calibration import Calibration
from policies.mllm.concepts import CONCEPTS
from policies.mllm.instances import Cut, instances
from policies.mllm.look import look
from policies.mllm.model.words import FIELDS
from policies.mllm.reader import Reader
from policies.mllm.train.language import LEAST_PX, LanguageTraining, ask, slot_logits, truths
from policies.mllm.train.stream import Samples, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from policies.mllm.bricks.sample import Prepared
    from policies.mllm.weights import Loaded

ABSTAIN_BELOW = 0.6
BATCHES = 60  # of degraded samples
FIRST = Cut()  # what the search begins with
MOST_WHOLE = 400  # pictures looked at whole


@dataclass(frozen=True, slots=True)
class Sure:
    """Logits (n, labels) of one field and the right labels (n,)."""

    logits: NDArray[np.float64]
    truth: NDArray[np.int64]


def temperature(sure: Sure, *, with_bias: bool) -> tuple[float, float]:
    """Temperature, and bias of the last label, of least negative log likelihood."""

    def loss(free: NDArray[np.float64]) -> float:
        scaled = sure.logits / np.exp(free[0])
        scaled[:, -1] += free[1] if with_bias else 0.0
        scaled -= scaled.max(1, keepdims=True)
        log_p = scaled - np.log(np.exp(scaled).sum(1, keepdims=True))
        prior = 0.5 * (free[0] ** 2 / 4 + free[1] ** 2 / 4)  # few pictures do not say much
        return float(-log_p[np.arange(len(log_p)), sure.truth].sum() + prior)

    best = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    return float(np.clip(np.exp(best[0]), 0.2, 10)), float(best[1]) if with_bias else 0.0


def fit_from(found: dict[str, Sure]) -> tuple[dict[str, float], dict[str, float]]:
    """Temperatures and biases of every field with at least 20 pictures and both answers."""
    temperatures, biases = {}, {}
    for field, sure in found.items():
        if len(sure.truth) < 20 or len(np.unique(sure.truth)) < 2:
            continue
        two = sure.logits.shape[1] == 2
        temperatures[field], bias = temperature(sure, with_bias=two)
        if two:
            biases[field] = bias
    return temperatures, biases


def best_cut(loaded: Loaded, pictures: Sequence[Prepared], first: Cut = FIRST) -> Cut:
    """Thresholds with the best mean AP on outlined pictures, one parameter after the other."""
    queries = loaded.model.queries[:, :1]
    maps = [
        (look(loaded.model.pixels, p.brick.image, queries, p.brick.pixel_um), p.brick.labels)
        for p in pictures
        if p.brick.labels is not None
    ]

    def score(cut: Cut) -> float:
        tallies = [
            tally(instances(seen.foreground, seen.offset, cut), labels) for seen, labels in maps
        ]
        ap = average_precision(tallies)
        return ap[0] + ap[5] + sum(ap) / len(ap)

    best, best_score = first, score(first)
    choices = {
        "foreground": (0.4, 0.45, 0.5, 0.55, 0.6),
        "smooth": (0.12, 0.16, 0.2, 0.25, 0.3),
        "peak": (0.2, 0.35, 0.5, 0.7, 1.0),
        "least_px": (10, 15, 20, 30, 40),
    }
    for name, value in itertools.chain.from_iterable(
        ((name, value) for value in values)
        for name, values in (*choices.items(), ("peak", choices["peak"]))
    ):
        tried = replace(best, **{name: value})  # type: ignore[arg-type]
        got = score(tried)
        if got > best_score:
            best, best_score = tried, got
    return best


def familiar_within(reader: Reader, seed: int = 5) -> float:
    """Distance of queries that separates words the model was taught from others.

    Midway between the far end of taught questions and the near end of strange ones.
    """
    rng = np.random.default_rng(seed)
    taught = [
        reader.distance(question(name, rng, TEMPLATES)) for name in SYNONYMS for _ in range(12)
    ]
    strange = [reader.distance(strange_question(rng)) for _ in range(150)]
    return float((np.quantile(taught, 0.98) + np.quantile(strange, 0.03)) / 2)


def spread_of(features: Sequence[NDArray[np.float32]]) -> tuple[float, ...]:
    """Standard deviation of each pooled feature."""
    return tuple(round(float(s), 6) for s in np.std(np.stack(features), axis=0))


def calibrate(loaded: Loaded, pictures: Sequence[Prepared], seed: int = 11) -> Calibration:
    """Everything, from validation pictures of all sources.

    Fields are fitted on degraded samples; the target on those and on whole pictures, asked for a
    mitosis as a run would; the cut on outlined fluorescence.
    """
    outlined = [
        p
        for p in pictures
        if p.brick.labels is not None
        and p.brick.provenance.source != "simulator"
        and p.brick.modality == "fluorescence"
    ]
    cut = best_cut(loaded, outlined)
    reader = Reader(loaded)
    found = _from_samples(loaded, pictures, seed)
    whole = _from_whole(reader, pictures)
    found["target"] = Sure(
        np.concatenate([found["target"].logits, whole.target.logits]),
        np.concatenate([found["target"].truth, whole.target.truth]),
    )
    temperatures, biases = fit_from(found)
    return Calibration(
        temperatures=temperatures,
        biases=biases,
        mix=fit_mix(whole.evidence, whole.target.truth),
        foreground=cut.foreground,
        smooth=cut.smooth,
        peak=cut.peak,
        least_px=cut.least_px,
        abstain_below=ABSTAIN_BELOW,
        familiar_within=familiar_within(reader),
        feature_spread=spread_of(whole.features),
    )


@torch.inference_mode()
def _from_samples(loaded: Loaded, pictures: Sequence[Prepared], seed: int) -> dict[str, Sure]:
    """Every field's logits and right labels over degraded samples."""
    by_source: dict[str, list[Prepared]] = {}
    for picture in pictures:
        by_source.setdefault(picture.brick.provenance.source, []).append(picture)
    sources = [Source(name, found, 1.0) for name, found in by_source.items()]
    samples = Samples(sources, Recipe(size=256), seed, 8, 0, BATCHES)
    rng = np.random.default_rng(seed)
    rows: dict[str, list[tuple[NDArray[np.float64], int]]] = {field: [] for field in FIELDS}
    for number in range(BATCHES):
        batch = samples[number]
        asked = ask(batch, list(loaded.model.config.concepts), rng, LanguageTraining().strange)
        logits, _, _ = slot_logits(loaded.model, loaded.tokenizer, batch, asked.texts)
        right = truths(batch, asked)
        for place, field in enumerate(FIELDS):
            own = loaded.tokenizer.convert_tokens_to_ids(list(FIELDS[field]))
            for n in np.flatnonzero(right[field].numpy() >= 0):
                values = logits[n, place, own].double().numpy()
                rows[field].append((values, int(right[field][n])))
    return {
        field: Sure(np.stack([v for v, _ in kept]), np.array([t for _, t in kept]))
        for field, kept in rows.items()
        if kept
    }


@dataclass(frozen=True, slots=True)
class Whole:
    """Whole pictures as they were taken, asked for a mitosis.

    `evidence` (n, 2) as `policies.mllm.asker.evidence`, `truth` (n,), where phases are known;
    `features` of all.
    """

    target: Sure
    evidence: NDArray[np.float64]
    features: list[NDArray[np.float32]]


def _from_whole(reader: Reader, pictures: Sequence[Prepared]) -> Whole:
    logits, seen, truth, features = [], [], [], []
    mitotic = [int(part) for part in CONCEPTS["mitosis"]]
    for picture in list(pictures)[:: max(1, len(pictures) // MOST_WHOLE)]:
        brick = picture.brick
        answer = reader.ask(brick.image, "mitosis", brick.pixel_um)
        features.append(answer.features)
        if brick.phases_known:
            logits.append(answer.logits["target"])
            seen.append(evidence(answer))
            truth.append(int(np.isin(brick.classes, mitotic).sum() >= LEAST_PX))
    known = np.stack(logits) if logits else np.zeros((0, len(FIELDS["target"])))
    found = np.array(seen) if seen else np.zeros((0, 2))
    return Whole(Sure(known, np.array(truth, np.int64)), found, features)


def fit_mix(
    evidence: NDArray[np.float64], truth: NDArray[np.int64]
) -> tuple[float, float, float] | None:
    """Logistic regression of the truth on slot and object evidence; None where it cannot be fitted.

    Neither weight may be negative: more evidence never lowers the probability.
    """
    if len(truth) < 20 or len(np.unique(truth)) < 2:
        return None
    sign = 2.0 * truth - 1

    def loss(free: NDArray[np.float64]) -> float:
        logit = np.abs(free[0]) * evidence[:, 0] + np.abs(free[1]) * evidence[:, 1] + free[2]
        return float(np.logaddexp(0, -sign * logit).sum() + 0.1 * (free**2).sum())

    best = minimize(loss, np.array([0.3, 1.0, 0.0]), method="Nelder-Mead").x
    return float(abs(best[0])), float(abs(best[1])), float(best[2])
