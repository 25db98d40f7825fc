"""From examples to a folder with an adapter in it."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from policies.mllm.adapt import lora
from policies.mllm.adapt.card import Card, fingerprint, write_card
from policies.mllm.adapt.examples import AdaptError, enough
from policies.mllm.adapt.features import asked_map, views_of
from policies.mllm.adapt.memory import write_memory
from policies.mllm.adapt.mix import Mix
from policies.mllm.adapt.slots import Slots
from policies.mllm.adapt.train import Fitted, remember, retrieval, train
from policies.mllm.bricks.questions import normalised
from policies.mllm.weights import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policies.mllm.adapt.examples import Example
    from policies.mllm.adapt.features import View
    from policies.mllm.adapt.train import Schedule
    from policies.mllm.weights import Loaded

NAME = "target"  # of the adapter while it is trained
MOST_VIEWS = 72


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be taught, and into which folder (which must not exist).

    `retrieval_only` keeps the examples and trains nothing; `notes` are licence and source.
    """

    target: str
    out: Path
    seed: int = 0
    notes: str = ""
    retrieval_only: bool = False
    schedule: Schedule | None = None


def build(
    examples: Sequence[Example],
    request: Request,
    weights: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> Card:
    """Teach and write the folder; what its card says.

    Raises AdaptError for unfit examples or a folder that exists, JudgeUnavailable without weights.
    """
    tell = say or (lambda _line: None)
    words = normalised(request.target)
    if not words or len(words) > 80:
        raise AdaptError(
            f"target {request.target!r}: 1 to 80 characters are needed; name it shorter"
        )
    if request.out.exists() or request.out.is_symlink():
        raise AdaptError(f"{request.out}: exists already; choose another folder")
    enough(examples, "examples")
    loaded = load(weights)
    base = fingerprint(loaded)
    copies = 1 if request.retrieval_only else copies_of(len(examples))
    views = []
    for n, example in enumerate(examples):
        views.append(views_of(loaded.model, example, copies))
        tell(f"looked at {n + 1} of {len(examples)} examples")
    names = [example.name for example in examples]
    peft = None
    if request.retrieval_only:
        memory = remember(views, names, loaded.calibration.feature_spread)
        evidence = [base_evidence(loaded, one[0], words) for one in views]
        mix = retrieval(loaded, memory, evidence)
        fitted = Fitted(torch.zeros(0), Mix(), mix, None, memory)
    else:
        peft = lora.wrapped(loaded.model, NAME, request.seed)
        fitted = train(
            loaded, peft, NAME, views, names, words, request.seed, request.schedule, tell
        )
    card = Card(
        target=words,
        kind="retrieval" if peft is None else "lora",
        base=base,
        examples=len(examples),
        positives=sum(example.target for example in examples),
        held_out_accuracy=fitted.held_out_accuracy,
        notes=request.notes,
        seed=request.seed,
        alone=fitted.alone,
        together=fitted.together,
        reach=fitted.memory.reach(),
        query=tuple(fitted.query.tolist()),
        created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    )
    _write(request.out, card, fitted, peft)
    return card


def copies_of(examples: int) -> int:
    """Turned copies of each example, so that few examples go further and many stay cheap."""
    return min(max(MOST_VIEWS // examples, 1), 4)


def base_evidence(loaded: Loaded, view: View, words: str) -> float:
    """Logit of yes over no that the model gives as it is."""
    slots = Slots(loaded)
    query, cache = slots.read(words)
    embed = loaded.model.pixels.dense.embed
    with torch.inference_mode():
        return max(
            slots.evidence(cache, sight, asked_map(embed, maps, query))
            for maps, sight in zip(view.maps, view.sights, strict=True)
        )


def _write(out: Path, card: Card, fitted: Fitted, peft: object) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise AdaptError(f"{out}: {error.strerror}; choose another folder") from None
    try:
        write_memory(part, fitted.memory)
        if peft is not None:
            lora.save(peft, NAME, part)
        write_card(part, card)
        part.chmod(0o755)
        if out.exists():
            raise AdaptError(f"{out}: exists already; choose another folder")
        part.rename(out)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


__all__ = ["Request", "base_evidence", "build", "copies_of"]
