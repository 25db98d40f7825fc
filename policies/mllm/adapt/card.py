"""What an adapter's folder says of itself."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from policies.judge import JudgeUnavailable
from policies.mllm.adapt.mix import Mix

if TYPE_CHECKING:
    from policies.mllm.weights import Loaded

FILE = "adapter.json"


class Card(BaseModel):
    """Stored as `adapter.json`.

    Attributes
    ----------
    target : the words that were taught.
    kind : "lora", or "retrieval" where only the memory speaks.
    base : SHA-256 of the base model's `model.safetensors`.
    examples, positives : how many frames it was taught from, and how many of them say yes.
    held_out_accuracy : balanced, on examples that were left out; None where there were too few.
    notes : licence and source of the examples, in the user's words.
    alone, together : how the answer becomes a probability without and with the memory.
    reach : distance of an image to the nearest example up to which the adapter answers.
    query : the target's query of the dense head, bias last.
    created : UTC, ISO 8601.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    target: Annotated[str, Field(min_length=1, max_length=80)]
    kind: Literal["lora", "retrieval"]
    base: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    examples: int
    positives: int
    held_out_accuracy: FiniteFloat | None = None
    notes: str = ""
    seed: int
    alone: Mix
    together: Mix
    reach: Annotated[FiniteFloat, Field(gt=0)]
    query: tuple[FiniteFloat, ...] = ()
    created: str


def fingerprint(loaded: Loaded) -> str:
    """SHA-256 of the weights that were loaded."""
    path = Path(str(loaded.model.name_or_path)) / "model.safetensors"
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise JudgeUnavailable(
            f"{path}: {error.strerror}; give the folder of weights again"
        ) from None


def write_card(folder: Path, card: Card) -> None:
    """To `adapter.json`."""
    (folder / FILE).write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_card(folder: Path) -> Card:
    """JudgeUnavailable where the file is missing or unfit."""
    path = folder / FILE
    try:
        return Card.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise JudgeUnavailable(f"{path}: {error.strerror}; give an adapter's folder") from None
    except (ValueError, ValidationError) as error:
        first = " ".join(str(error).split())[:120]
        raise JudgeUnavailable(f"{path}: {first}; copy the adapter again") from None
