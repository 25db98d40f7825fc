"""Teaches a target from what the tower saw of the examples: first where it is, then the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional as F

from policies.mllm.adapt import lora
from policies.mllm.adapt.features import asked_map
from policies.mllm.adapt.memory import Near, memory_of
from policies.mllm.adapt.mix import Mix, fit
from policies.mllm.adapt.phrases import phrasing, with_neighbours
from policies.mllm.adapt.point import balanced, fit_query, pointed
from policies.mllm.adapt.slots import TARGET, Slots

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from policies.mllm.adapt.features import View
    from policies.mllm.adapt.memory import Memory
    from policies.mllm.model.sight import Sight
    from policies.mllm.weights import Loaded

PRIOR_ALONE = Mix(temperature=2.0)
PRIOR_TOGETHER = Mix(temperature=2.0, memory=0.3)
PRIOR_RETRIEVAL = Mix(temperature=5.0, memory=0.8)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast. `checks` times per fold the held-out loss is looked at."""

    point_steps: int = 120
    answer_steps: int = 45
    batch: int = 8
    rate: float = 1e-3
    folds: int = 2
    checks: int = 3
    hold_out_from: int = 16  # examples; with fewer nothing is held out
    replay: float = 0.5  # weight of the other fields' answers staying as they were
    query: float = 0.2  # weight of the question's own query


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained adapter (switched on in `peft`), its query (q + 1,), and how it is read."""

    query: Tensor
    alone: Mix
    together: Mix
    held_out_accuracy: float | None
    memory: Memory


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the second half of a training needs of one view.

    `asked` is the heat (1, h, w) on the tile where it is hottest, `tile` that tile's index.
    `usual` are the base model's log probabilities of every field.
    """

    view: View
    near: Near
    tile: int
    asked: Tensor
    usual: list[Tensor]


def remember(
    examples: Sequence[Sequence[View]], names: Sequence[str], spread: tuple[float, ...]
) -> Memory:
    """The memory of examples, each given as its views, the first of them unturned."""
    return memory_of(
        np.stack([views[0].features for views in examples]),
        np.array([views[0].target for views in examples]),
        tuple(names),
        spread,
    )


def train(
    loaded: Loaded,
    peft: Any,
    name: str,
    examples: Sequence[Sequence[View]],
    names: Sequence[str],
    target: str,
    seed: int = 0,
    schedule: Schedule | None = None,
    say: Callable[[str], None] | None = None,
) -> Fitted:
    """Train the adapter `name` of `peft` from scratch. Deterministic on one thread.

    From `Schedule.hold_out_from` examples on, parts of them are left out in turn to choose the
    number of steps and to fit the probability.
    """
    plan = Schedule() if schedule is None else schedule
    tell = say or (lambda _line: None)
    memory = remember(examples, names, loaded.calibration.feature_spread)
    near = memory.others()
    pupil = Pupil(loaded, peft, name, target, plan)
    steps, alone, together = plan.answer_steps, PRIOR_ALONE, PRIOR_TOGETHER
    accuracy = None
    if len(examples) >= plan.hold_out_from:
        held = _held_out(pupil, examples, near, seed, tell)
        best = int(np.argmin(held.losses))
        steps = held.steps[best]
        truth = [views[0].target for views in examples]
        plain, helped = held.plain[best], held.helped[best]
        logits = [one.logit for one in near]
        alone = fit(plain, logits, truth, PRIOR_ALONE)
        together = fit(helped, logits, truth, PRIOR_TOGETHER)
        accuracy = balanced_accuracy(
            truth, [together.probability(z, n) for z, n in zip(helped, logits, strict=True)]
        )
    tell("all examples: training")
    query = pupil.learn(examples, near, seed, [steps], lambda _step: None)
    return Fitted(query, alone, together, accuracy, memory)


def retrieval(loaded: Loaded, memory: Memory, evidence: Sequence[float]) -> Mix:
    """How the base model's evidence on the examples and the memory go together, nothing trained."""
    logits = [near.logit for near in memory.others()]
    return fit(evidence, logits, [bool(t) for t in memory.targets], PRIOR_RETRIEVAL)


def balanced_accuracy(truth: Sequence[bool], p: Sequence[float]) -> float:
    """Mean of the shares of yes and of no that are right at 0.5; both are needed."""
    wanted, said = np.asarray(truth, bool), np.asarray(p) >= 0.5
    return float((said[wanted].mean() + (~said[~wanted]).mean()) / 2)


def combined(slots: Slots, cache: Any, sights: Sequence[Sight], asked: Sequence[Tensor]) -> float:
    """Evidence of an image: the answer's logit (of the tile most for yes) plus the heat's."""
    pairs = zip(sights, asked, strict=True)
    return max(slots.evidence(cache, sight, one) for sight, one in pairs) + pointed(asked)


class Pupil:
    """One adapter that is trained, as often as asked."""

    def __init__(self, loaded: Loaded, peft: Any, name: str, target: str, plan: Schedule) -> None:
        self.slots, self.peft, self.name = Slots(loaded), peft, name
        self.model: Any = loaded.model  # transformers leaves most of it untyped
        self.target, self.plan = target, plan
        self.query: Tensor = torch.zeros(1)

    def learn(
        self,
        examples: Sequence[Sequence[View]],
        near: Sequence[Near],
        seed: int,
        stops: Sequence[int],
        check: Callable[[int], None],
    ) -> Tensor:
        """Train from scratch up to the last of `stops`; `check` is called at each of them."""
        lora.renew(self.peft, self.name, seed)
        rng = np.random.default_rng([seed, 11])
        torch.manual_seed(seed)
        views = [view for one in examples for view in one]
        self.model.eval()
        embed = self.model.pixels.dense.embed
        self.query = fit_query(embed, views, self.plan.point_steps, rng, self.plan.batch)
        lessons = [self._lesson(view, near[n]) for n, one in enumerate(examples) for view in one]
        embed.requires_grad_(False)
        learned = [p for p in self.peft.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(learned, self.plan.rate, weight_decay=0.01)
        for step in range(1, stops[-1] + 1):
            optimizer.param_groups[0]["lr"] = self.plan.rate * min(1, step / 5)
            self.model.train()
            self.model.pixels.eval()
            picked = [lessons[n] for n in balanced(views, self.plan.batch, rng)]
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(self._loss(picked, rng))
            torch.nn.utils.clip_grad_norm_(learned, 1.0)
            optimizer.step()
            self.model.eval()
            if step in stops:
                check(step)
        return self.query

    def evidence(self, view: View, near: Near | None) -> float:
        """For an image, see `combined`; with the neighbours told where they are given."""
        text = self.target
        if near is not None:
            text = with_neighbours(text, near.yes, near.count)
        _, cache = self.slots.read(text)
        with torch.inference_mode():
            asked = [self._asked(maps) for maps in view.maps]
            return combined(self.slots, cache, view.sights, asked)

    def _asked(self, maps: Tensor) -> Tensor:
        return asked_map(self.model.pixels.dense.embed, maps, self.query[None, None])

    @torch.no_grad()
    def _lesson(self, view: View, near: Near) -> Lesson:
        asked = [self._asked(maps) for maps in view.maps]
        tile = int(np.argmax([float(one.max()) for one in asked]))
        with self.peft.disable_adapter():
            tokens = self.slots.tokens(view.sights[tile], asked[tile])
            fields, _ = self.slots.answer([self.target], tokens)
        usual = [F.log_softmax(field, 1) for field in fields]
        return Lesson(view, near, tile, asked[tile], usual)

    def _loss(self, lessons: Sequence[Lesson], rng: np.random.Generator) -> Tensor:
        texts = []
        for one in lessons:
            text = phrasing(self.target, rng)
            if rng.random() < 0.5:
                text = with_neighbours(text, one.near.yes, one.near.count)
            texts.append(text)
        tokens = [self.slots.tokens(one.view.sights[one.tile], one.asked) for one in lessons]
        fields, queries = self.slots.answer(texts, torch.cat(tokens))
        truth = torch.tensor([int(one.view.target) for one in lessons])
        loss = F.cross_entropy(fields[TARGET], truth, label_smoothing=0.05)
        kept = [
            F.kl_div(
                F.log_softmax(field, 1),
                torch.cat([one.usual[n] for one in lessons]),
                log_target=True,
                reduction="batchmean",
            )
            for n, field in enumerate(fields)
            if n != TARGET
        ]
        pointed = F.smooth_l1_loss(queries, self.query.expand_as(queries))
        return loss + self.plan.replay * torch.stack(kept).mean() + self.plan.query * pointed


@dataclass(frozen=True, slots=True)
class Held:
    """At each number of `steps`: evidence on every example while it was left out, and its loss."""

    steps: list[int]
    plain: list[list[float]]
    helped: list[list[float]]
    losses: list[float]


def _held_out(
    pupil: Pupil,
    examples: Sequence[Sequence[View]],
    near: Sequence[Near],
    seed: int,
    tell: Callable[[str], None],
) -> Held:
    plan = pupil.plan
    steps = [max(1, round(plan.answer_steps * (n + 1) / plan.checks)) for n in range(plan.checks)]
    steps = sorted(set(steps))
    plain = [[0.0] * len(examples) for _ in steps]
    helped = [[0.0] * len(examples) for _ in steps]
    part = _parts([views[0].target for views in examples], plan.folds, seed)
    for fold in range(plan.folds):
        tell(f"part {fold + 1} of {plan.folds}: training without it")
        inside = [n for n in range(len(examples)) if part[n] != fold]
        outside = [n for n in range(len(examples)) if part[n] == fold]

        def check(step: int, outside: list[int] = outside) -> None:
            row = steps.index(step)
            for n in outside:
                plain[row][n] = pupil.evidence(examples[n][0], None)
                helped[row][n] = pupil.evidence(examples[n][0], near[n])

        pupil.learn([examples[n] for n in inside], [near[n] for n in inside], seed, steps, check)
    sign = np.array([1.0 if views[0].target else -1.0 for views in examples])
    losses = [float(np.logaddexp(0, -sign * np.array(row)).mean()) for row in plain]
    return Held(steps, plain, helped, losses)


def _parts(targets: Sequence[bool], folds: int, seed: int) -> list[int]:
    """For each example its part, either answer spread evenly over the parts."""
    rng = np.random.default_rng([seed, 12])
    part = [0] * len(targets)
    for answer in (True, False):
        own = [n for n, target in enumerate(targets) if target is answer]
        for place, n in enumerate(rng.permutation(own)):
            part[int(n)] = place % folds
    return part
