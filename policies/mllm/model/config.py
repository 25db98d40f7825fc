"""The configuration of the model: sizes of its parts."""

from __future__ import annotations

from typing import Any

from transformers import PretrainedConfig

from policies.mllm.concepts import CONCEPT_NAMES, FLAGS, FOCUS_STATES, MODALITIES

CHANNELS = 4  # linear slots for image channels; one more holds the compressed brightness
NUMBERS = 6  # numeric facts about the image that its normalisation takes away


class ScoutConfig(PretrainedConfig):  # type: ignore[misc]
    """Sizes of the tower, the dense head, the connector and the decoder.

    `tower_widths` are the channels at strides 2, 4, 8, 16, 32; `tower_blocks` the residual blocks
    at strides 4, 8, 16, 32. `cell_query` is the query that any cell is found with. `grid` x `grid`
    image tokens go to the decoder.
    """

    model_type = "microscout"
    attribute_map = {  # noqa: RUF012 - the names that transformers' caches ask for
        "num_hidden_layers": "layers",
        "num_attention_heads": "heads",
        "num_key_value_heads": "heads",
    }

    def __init__(
        self,
        tower_widths: tuple[int, ...] = (32, 64, 96, 160, 256),
        tower_blocks: tuple[int, ...] = (2, 2, 2, 2),
        neck_width: int = 64,
        head_width: int = 48,
        query_width: int = 32,
        grid: int = 8,
        hidden_size: int = 256,
        layers: int = 6,
        heads: int = 8,
        intermediate_size: int = 688,
        vocab_size: int = 1024,
        max_tokens: int = 320,
        image_token_id: int = 5,
        cell_query: list[float] | None = None,
        **rest: Any,
    ) -> None:
        self.tower_widths = tuple(tower_widths)
        self.tower_blocks = tuple(tower_blocks)
        self.neck_width = neck_width
        self.head_width = head_width
        self.query_width = query_width
        self.grid = grid
        self.hidden_size = hidden_size
        self.layers = layers
        self.heads = heads
        self.intermediate_size = intermediate_size
        self.vocab_size = vocab_size
        self.max_tokens = max_tokens
        self.image_token_id = image_token_id
        self.cell_query = cell_query or []
        self.concepts = list(rest.pop("concepts", CONCEPT_NAMES))
        self.focus_states = list(rest.pop("focus_states", [s.value for s in FOCUS_STATES]))
        self.flags = list(rest.pop("flags", [f.value for f in FLAGS]))
        self.modalities = list(rest.pop("modalities", MODALITIES))
        super().__init__(**rest)
