"""The whole model: a question is read, the image is looked at with it, the answer is read off.

    <s><ask> question <point>  |  image tokens  |  slots, or <say> and a sentence
         |                          ^
         +-- query -> heat map -----+

The question's last token becomes the query of the dense head, so that the image tokens carry the
evidence for what was asked. Each enumerated field has a slot token; the label whose probability is
highest at the slot is the answer, all fields in one forward pass. Nothing is generated for that.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import GenerationMixin, LlamaConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast
from transformers.models.llama.modeling_llama import LlamaForCausalLM

from policies.mllm.measures import PLAIN_NAMES
from policies.mllm.model.config import NUMBERS, ScoutConfig
from policies.mllm.model.connector import Connector
from policies.mllm.model.dense import heat
from policies.mllm.model.focus_gauge import FocusGauge
from policies.mllm.model.measured import MeasuredGauges
from policies.mllm.model.object_head import ObjectHead
from policies.mllm.model.pixel_model import PixelModel
from policies.mllm.model.sight import Sight
from policies.mllm.sharpness import SHARPNESS_NAMES


class ScoutForConditionalGeneration(PreTrainedModel, GenerationMixin):  # type: ignore[misc]
    """Pixel model, connector and decoder.

    `queries` holds one learned query per concept (1, concepts, q + 1); `point` maps the decoder's
    hidden state at <point> to a query.
    """

    config_class = ScoutConfig
    main_input_name = "pixel_values"
    _tied_weights_keys = {"decoder.lm_head.weight": "decoder.model.embed_tokens.weight"}  # noqa: RUF012
    _no_split_modules = ["LlamaDecoderLayer"]  # noqa: RUF012

    def __init__(self, config: ScoutConfig) -> None:
        super().__init__(config)
        self.pixels = PixelModel(config)
        self.objects = ObjectHead(config.tower_widths, config.query_width)
        self.measured = MeasuredGauges(
            NUMBERS,
            len(PLAIN_NAMES),
            len(config.focus_states),
            len(config.flags),
            len(config.modalities),
        )
        self.focused = FocusGauge(
            len(self.measured.mean) + len(SHARPNESS_NAMES), len(config.focus_states)
        )
        self.connector = Connector(config)
        self.decoder = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=config.vocab_size,
                hidden_size=config.hidden_size,
                intermediate_size=config.intermediate_size,
                num_hidden_layers=config.layers,
                num_attention_heads=config.heads,
                num_key_value_heads=config.heads,
                max_position_embeddings=config.max_tokens,
                tie_word_embeddings=True,
                attn_implementation="sdpa",
            )
        )
        self.point = nn.Linear(config.hidden_size, config.query_width + 1)
        self.queries = nn.Parameter(torch.zeros(1, len(config.concepts), config.query_width + 1))
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Parts initialise themselves."""

    def get_input_embeddings(self) -> nn.Module:
        """Of the decoder."""
        table: nn.Module = self.decoder.get_input_embeddings()
        return table

    def get_output_embeddings(self) -> nn.Module:
        """Of the decoder (tied to the input's)."""
        table: nn.Module = self.decoder.get_output_embeddings()
        return table

    def see(self, pixel_values: Tensor, numbers: Tensor) -> Sight:
        """Pixels (b, 5, h, w) and numbers (b, 6) -> what is there, whatever is asked."""
        features, dense, readings = self.pixels(pixel_values, numbers)
        return Sight(features, dense, readings, numbers)

    def read_question(
        self, input_ids: Tensor, attention_mask: Tensor | None = None
    ) -> tuple[Tensor, Any]:
        """Question tokens (b, n) ending in <point> -> query (b, 1, q + 1), and the cache of it."""
        out = self.decoder.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=True)
        return self.point(out.last_hidden_state[:, -1:]), out.cache

    def image_tokens(self, sight: Sight, query: Tensor) -> Tensor:
        """Tokens (b, grid^2 + 1, hidden) of what was seen, with the evidence for `query`."""
        asked = heat(sight.dense.embedding, query)[:, 0]
        tokens: Tensor = self.connector(
            sight.features, sight.dense.foreground, asked, sight.readings, sight.numbers
        )
        return tokens

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        pixel_values: Tensor | None = None,
        numbers: Tensor | None = None,
        cache: Any = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        **kwargs: Any,
    ) -> CausalLMOutputWithPast:
        """Logits (b, n, vocabulary) for sequences as in the module's text, left-padded.

        `input_ids` has one <image> token per image token. With a cache, pixels were seen already.
        """
        if inputs_embeds is None and input_ids is not None:
            inputs_embeds = self.get_input_embeddings()(input_ids)
            if pixel_values is not None and bool((input_ids == self.config.image_token_id).any()):
                inputs_embeds = self._with_image(
                    input_ids, attention_mask, inputs_embeds, pixel_values, numbers
                )
        out: CausalLMOutputWithPast = self.decoder(
            inputs_embeds=inputs_embeds,
            attention_mask=attention_mask,
            cache=cache,
            use_cache=use_cache,
            labels=labels,
            **kwargs,
        )
        return out

    def _with_image(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None,
        embeds: Tensor,
        pixel_values: Tensor,
        numbers: Tensor | None,
    ) -> Tensor:
        where = input_ids == self.config.image_token_id
        first = int(where[0].int().argmax())
        if numbers is None:
            numbers = pixel_values.new_zeros(len(pixel_values), 6)
        mask = None if attention_mask is None else attention_mask[:, :first]
        query, _ = self.read_question(input_ids[:, :first], mask)
        tokens = self.image_tokens(self.see(pixel_values, numbers), query)
        return embeds.masked_scatter(where[..., None].expand_as(embeds), tokens.to(embeds.dtype))

    def prepare_inputs_for_generation(
        self,
        input_ids: Tensor,
        cache: Any = None,
        pixel_values: Tensor | None = None,
        numbers: Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Pixels go in with the first step only."""
        inputs: dict[str, Any] = super().prepare_inputs_for_generation(
            input_ids, cache=cache, **kwargs
        )
        seen = cache is not None and cache.get_seq_length() > 0
        inputs["pixel_values"] = None if seen else pixel_values
        inputs["numbers"] = None if seen else numbers
        return inputs
