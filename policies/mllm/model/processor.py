"""Images and questions to the model's inputs, as transformers expects of a processor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import BatchFeature, ProcessorMixin
from transformers.image_processing_utils import BaseImageProcessor

from policies.mllm.model.text import image_text, question_text, slots_text
from policies.mllm.model.words import SAY
from policies.mllm.pixels import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

STRIDE = 32


class ScoutImageProcessor(BaseImageProcessor):  # type: ignore[misc]
    """Images (h, w) or (h, w, c), c 1 to 4, uint8 or uint16, to pixels and numbers.

    Images of one call are padded at the bottom and right to the largest, a multiple of 32.
    """

    model_input_names = ["pixel_values", "numbers"]  # noqa: RUF012 - transformers reads the class

    def __init__(self, **rest: Any) -> None:
        super().__init__(**rest)

    def preprocess(
        self, images: Any, pixel_um: float | Sequence[float | None] | None = None, **_: Any
    ) -> BatchFeature:
        """`pixel_values` (b, 5, h, w) float32 and `numbers` (b, 6) float32."""
        many = list(images) if isinstance(images, list | tuple) else [images]
        sizes: list[Any] = (
            list(pixel_um) if isinstance(pixel_um, list | tuple) else [pixel_um] * len(many)
        )
        made = [normalise(np.asarray(one), um) for one, um in zip(many, sizes, strict=True)]
        h = max(-(-pixels.shape[1] // STRIDE) * STRIDE for pixels, _ in made)
        w = max(-(-pixels.shape[2] // STRIDE) * STRIDE for pixels, _ in made)
        out = np.zeros((len(made), made[0][0].shape[0], h, w), np.float32)
        for n, (pixels, _numbers) in enumerate(made):
            out[n, :, : pixels.shape[1], : pixels.shape[2]] = pixels
        return BatchFeature(
            {
                "pixel_values": torch.from_numpy(out),
                "numbers": torch.from_numpy(np.stack([numbers for _, numbers in made])),
            }
        )


class ScoutProcessor(ProcessorMixin):  # type: ignore[misc]
    """Images and a question to `input_ids`, `attention_mask`, `pixel_values`, `numbers`.

    `task` is "fields" (a slot for every enumerated field) or "say" (a sentence follows).
    """

    attributes = ["image_processor", "tokenizer"]  # noqa: RUF012
    image_processor_class = "AutoImageProcessor"
    tokenizer_class = "AutoTokenizer"

    def __init__(
        self, image_processor: Any = None, tokenizer: Any = None, grid: int = 8, **rest: Any
    ) -> None:
        super().__init__(image_processor, tokenizer, **rest)
        self.grid = grid

    def __call__(
        self,
        images: Any = None,
        text: str | list[str] = "",
        *,
        pixel_um: Any = None,
        task: str = "fields",
        **_: Any,
    ) -> BatchFeature:
        """One question per image."""
        seen = self.image_processor.preprocess(images, pixel_um)
        count = len(seen["pixel_values"])
        questions = [text] * count if isinstance(text, str) else list(text)
        end = slots_text() if task == "fields" else SAY
        whole = [question_text(q) + image_text(self.grid**2 + 1) + end for q in questions]
        tokens = self.tokenizer(whole, return_tensors="pt", padding=True, add_special_tokens=False)
        return BatchFeature(
            {
                "input_ids": tokens["input_ids"],
                "attention_mask": tokens["attention_mask"],
                **seen,
            }
        )

    def batch_decode(self, *args: Any, **rest: Any) -> list[str]:
        """Tokens to text."""
        words: list[str] = self.tokenizer.batch_decode(*args, **rest)
        return words
