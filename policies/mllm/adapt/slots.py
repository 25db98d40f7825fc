"""The decoder's slots for images that were seen before: batches of questions, logits of labels."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from policies.mllm.model.text import question_text, slots_text
from policies.mllm.model.words import FIELDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.mllm.model.sight import Sight
    from policies.mllm.weights import Loaded

FIELD_NAMES = tuple(FIELDS)
TARGET = FIELD_NAMES.index("target")


class Slots:
    """One model; adapters on it are used as they are switched on."""

    def __init__(self, loaded: Loaded) -> None:
        self.model: Any = loaded.model  # transformers leaves most of it untyped
        self.tokenizer = loaded.tokenizer
        ask = loaded.tokenizer(slots_text(), return_tensors="pt", add_special_tokens=False)
        self.slots: Tensor = ask["input_ids"]
        self.labels = [loaded.tokenizer.convert_tokens_to_ids(list(v)) for v in FIELDS.values()]

    def tokens(self, sight: Sight, asked: Tensor) -> Tensor:
        """Image tokens (1, n, hidden) with the heat (1, h, w) of what is asked for."""
        tokens: Tensor = self.model.connector(
            sight.features, sight.dense.foreground, asked, sight.readings, sight.numbers
        )
        return tokens

    def answer(self, texts: Sequence[str], tokens: Tensor) -> tuple[list[Tensor], Tensor]:
        """Questions and image tokens (b, n, hidden) -> each field's logits (b, labels), and the
        questions' queries (b, q + 1).
        """
        prefix = self.tokenizer(
            [question_text(text) for text in texts],
            return_tensors="pt",
            padding=True,
            add_special_tokens=False,
        )
        mask = prefix["attention_mask"]
        query, cache = self.model.read_question(prefix["input_ids"], mask)
        embed = self.model.get_input_embeddings()
        rest = torch.cat([tokens, embed(self.slots.expand(len(tokens), -1))], 1)
        whole_mask = torch.cat([mask, mask.new_ones(len(tokens), rest.shape[1])], 1)
        place = (whole_mask.cumsum(1) - 1).clamp(min=0)[:, -rest.shape[1] :]
        out = self.model.decoder(
            inputs_embeds=rest, attention_mask=whole_mask, position_ids=place, cache=cache
        )
        at = out.logits[:, -self.slots.shape[1] :].float()
        return [at[:, n][:, own] for n, own in enumerate(self.labels)], query[:, 0]

    @torch.inference_mode()
    def read(self, text: str) -> tuple[Tensor, Any]:
        """A question's query (1, 1, q + 1), and its cache, for `evidence`."""
        tokens = self.tokenizer(question_text(text), return_tensors="pt", add_special_tokens=False)
        read: tuple[Tensor, Any] = self.model.read_question(tokens["input_ids"])
        return read

    @torch.inference_mode()
    def evidence(self, cache: Any, sight: Sight, asked: Tensor) -> float:
        """Logit of yes over no at the target's slot for one tile; `cache` is left as it is."""
        embed = self.model.get_input_embeddings()
        rest = torch.cat([self.tokens(sight, asked), embed(self.slots)], 1)
        out = self.model.decoder(inputs_embeds=rest, cache=copy.deepcopy(cache))
        no, yes = out.logits[0, -self.slots.shape[1] + TARGET, self.labels[TARGET]].double()
        return float(yes - no)
