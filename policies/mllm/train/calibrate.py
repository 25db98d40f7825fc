"""After training: temperatures, thresholds and spreads, fitted on validation pictures only."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import log_softmax

from policies.measure.segmentation import average_precision, tally
from policies.mllm.asker import evidence, p_out
from policies.mllm.bricks.questions import SYNONYMS, TEMPLATES, question, strange_question
from policies.mllm.bricks.sample import Recipe, spoil
from policies.mllm.calibration import Calibration
from policies.mllm.concepts import CONCEPTS, FLAGS
from policies.mllm.instances import Cut, instances
from policies.mllm.look import look
from policies.mllm.model.words import FIELDS
from policies.mllm.reader import Reader
from policies.mllm.train.gauge_examples import recipe_of
from policies.mllm.train.language import LEAST_PX, LanguageTraining, ask, slot_logits, truths
from policies.mllm.train.stream import Samples, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from policies.mllm.bricks.sample import Prepared
    from policies.mllm.weights import Loaded

ABSTAIN_BELOW = 0.6
BATCHES = 60  # of degraded samples
SPOILED = 600  # pictures looked at for focus and flags
FIRST = Cut(alone_px=16)  # what the search begins with
MOST_WHOLE = 400  # pictures looked at whole


BORDER_PX = 12  # a target only so near to the border is a matter of taste


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
        "alone_px": (12, 16, 20, 30),  # never 0: plates among large nuclei would be lost
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

    Focus and flags are fitted on spoiled pictures that are looked at as the judge does it; other
    fields on degraded samples; the target on those and on whole pictures, asked for a mitosis as a
    run would; the cut on outlined fluorescence.
    """
    outlined = [
        p
        for p in pictures
        if p.brick.labels is not None
        and p.brick.provenance.source != "simulator"
        and p.brick.modality == "fluorescence"
    ]
    cut = best_cut(loaded, outlined)
    reader = Reader(replace(loaded, calibration=with_cut(loaded.calibration, cut)))
    found = _from_samples(loaded, pictures, seed)
    blends, gauged = fit_blends(*_from_spoiled(reader, pictures, seed))
    weighed = reader.loaded.calibration.model_copy(update={"blends": blends, "biases": gauged})
    reader = Reader(replace(loaded, calibration=weighed))
    whole = _from_whole(reader, pictures)
    found["target"] = Sure(
        np.concatenate([found["target"].logits, whole.target.logits]),
        np.concatenate([found["target"].truth, whole.target.truth]),
    )
    mix, mix_out = fit_mix(whole.evidence, whole.out, whole.target.truth) or (None, None)
    temperatures, biases = fit_from({k: v for k, v in found.items() if k not in blends})
    return Calibration(
        temperatures=temperatures,
        biases=biases | gauged,
        blends=blends,
        mix=mix,
        mix_out=mix_out,
        foreground=cut.foreground,
        smooth=cut.smooth,
        peak=cut.peak,
        least_px=cut.least_px,
        alone_px=cut.alone_px,
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

    `evidence` (n, 2) as `policies.mllm.asker.evidence`, `out` (n,) the probability of a frame out
    of focus, `truth` (n,), where phases are known; `features` of all.
    """

    target: Sure
    evidence: NDArray[np.float64]
    out: NDArray[np.float64]
    features: list[NDArray[np.float32]]


def _from_whole(reader: Reader, pictures: Sequence[Prepared]) -> Whole:
    logits, seen, out, truth, features = [], [], [], [], []
    mitotic = [int(part) for part in CONCEPTS["mitosis"]]
    for picture in list(pictures)[:: max(1, len(pictures) // MOST_WHOLE)]:
        brick = picture.brick
        answer = reader.ask(brick.image, "mitosis", brick.pixel_um)
        features.append(answer.features)
        present = shows(brick.classes, mitotic) if brick.phases_known else None
        if present is not None:
            logits.append(answer.logits["target"])
            seen.append(evidence(answer))
            out.append(p_out(answer))
            truth.append(present)
    known = np.stack(logits) if logits else np.zeros((0, len(FIELDS["target"])))
    found = np.array(seen) if seen else np.zeros((0, 2))
    return Whole(Sure(known, np.array(truth, np.int64)), found, np.array(out), features)


def shows(classes: NDArray[np.uint8], parts: Sequence[int]) -> int | None:
    """1 where pixels of these classes are in view, 0 where none are.

    None where only a few are, or only at the border: nobody is asked then.
    """
    mine = np.isin(classes, parts)
    inside = mine[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX]
    if int(inside.sum()) >= LEAST_PX:
        return 1
    return None if mine.any() else 0


def with_cut(calibration: Calibration, cut: Cut) -> Calibration:
    """The calibration with other thresholds for instances."""
    return calibration.model_copy(
        update={
            "foreground": cut.foreground,
            "smooth": cut.smooth,
            "peak": cut.peak,
            "least_px": cut.least_px,
            "alone_px": cut.alone_px,
        }
    )


def _from_spoiled(
    reader: Reader, pictures: Sequence[Prepared], seed: int
) -> tuple[dict[str, Sure], dict[str, Sure]]:
    """Slots' and measured gauges' logits of focus and flags, with the right labels."""
    rng = np.random.default_rng([seed, 1])
    rows: dict[str, list[tuple[NDArray[np.float64], NDArray[np.float64], int]]] = {}
    by_source = sorted({p.brick.provenance.source for p in pictures})
    groups = [[p for p in pictures if p.brick.provenance.source == name] for name in by_source]
    for number in range(SPOILED):
        group = groups[number % len(groups)]
        picture = group[int(rng.integers(len(group)))]
        spoiled = spoil(picture, rng, recipe_of(rng, picture.brick))
        image = spoiled.image if spoiled.image.shape[2] > 1 else spoiled.image[..., 0]
        answer = reader.ask(image, "mitosis", spoiled.pixel_um)
        right = {"focus": spoiled.sample.focus}
        right |= {f.value: int(v) for f, v in zip(FLAGS, spoiled.sample.flags, strict=True)}
        for field, label in right.items():
            if label >= 0:
                rows.setdefault(field, []).append(
                    (answer.logits[field], answer.gauged[field], label)
                )
    slots, gauged = {}, {}
    for field, kept in rows.items():
        truth = np.array([label for _, _, label in kept])
        slots[field] = Sure(np.stack([slot for slot, _, _ in kept]), truth)
        gauged[field] = Sure(np.stack([own for _, own, _ in kept]), truth)
    return slots, gauged


def fit_blends(
    slots: dict[str, Sure], gauged: dict[str, Sure]
) -> tuple[dict[str, tuple[float, float]], dict[str, float]]:
    """Weights of slot and gauge, and biases of two-label fields, of least negative log likelihood.

    A flag's two answers weigh the same, however rare the fault is among the pictures: how rare it
    is on a microscope nobody knows, and at even odds 0.5 is the place to raise it.
    """
    blends, biases = {}, {}
    for field, sure in slots.items():
        if len(sure.truth) < 20 or len(np.unique(sure.truth)) < 2:
            continue
        two = sure.logits.shape[1] == 2
        weight = np.ones(len(sure.truth))
        if two:
            share = sure.truth.mean()
            weight = np.where(sure.truth == 1, 0.5 / share, 0.5 / (1 - share))
        first, second = log_softmax(sure.logits, 1), log_softmax(gauged[field].logits, 1)
        truth = sure.truth

        def loss(
            free: NDArray[np.float64],
            first: NDArray[np.float64] = first,
            second: NDArray[np.float64] = second,
            truth: NDArray[np.int64] = truth,
            weight: NDArray[np.float64] = weight,
            two: bool = two,
        ) -> float:
            scaled = abs(free[0]) * first + abs(free[1]) * second
            scaled[:, -1] += free[2] if two else 0.0
            said = log_softmax(scaled, 1)[np.arange(len(truth)), truth]
            prior = 0.5 * ((free[0] - 0.3) ** 2 + (free[1] - 0.7) ** 2 + free[2] ** 2 / 4)
            return float(-(said * weight).sum() + prior)

        best = minimize(loss, np.array([0.3, 0.7, 0.0]), method="Nelder-Mead").x
        blends[field] = (float(abs(best[0])), float(abs(best[1])))
        if two:
            biases[field] = float(best[2])
    return blends, biases


Weights = tuple[float, float, float]


def fit_mix(
    evidence: NDArray[np.float64], out: NDArray[np.float64], truth: NDArray[np.int64]
) -> tuple[Weights, Weights] | None:
    """Logistic regression of the truth on slot and object evidence; None where it cannot be fitted.

    One for frames in focus and one for frames out of it, where objects say little; `out` (n,) says
    how much of each a frame is. No weight may be negative: more evidence never lowers the
    probability.
    """
    if len(truth) < 20 or len(np.unique(truth)) < 2:
        return None
    sign = 2.0 * truth - 1

    def logit(free: NDArray[np.float64]) -> NDArray[np.float64]:
        inside, outside = (
            np.abs(part[0]) * evidence[:, 0] + np.abs(part[1]) * evidence[:, 1] + part[2]
            for part in (free[:3], free[3:])
        )
        return np.asarray((1 - out) * inside + out * outside)

    def loss(free: NDArray[np.float64]) -> float:
        return float(np.logaddexp(0, -sign * logit(free)).sum() + 0.1 * (free**2).sum())

    starts = ([0.3, 1.0, 0.0, 0.3, 0.3, 0.0], [0.05, 1.0, 0.0, 0.1, 0.2, -0.5])
    options = {"maxiter": 6000, "maxfev": 6000}
    tried = [
        minimize(loss, np.array(start), method="Nelder-Mead", options=options) for start in starts
    ]
    best = min(tried, key=lambda one: float(one.fun)).x
    return _weights(best[:3]), _weights(best[3:])


def _weights(free: NDArray[np.float64]) -> Weights:
    return float(abs(free[0])), float(abs(free[1])), float(free[2])
