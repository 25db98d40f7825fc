"""A vision-language model of a few thousand weights, written and read as a real one is."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

WORDS = (
    *("yes", "no", "clear", "soft", "blurred", "empty", "none", "overexposed", "faint", "uneven"),
    *("bubble", "debris", "motion", "image", "shows", "mitosis", "User", "Assistant"),
)
MARKS = ("<unk>", "<pad>", "<s>", "</s>", "<image>", "<fake_token_around_image>")
MARKS += ("<global-img>", "<end_of_utterance>")
TEMPLATE = (
    "{% for message in messages %}User {% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}<end_of_utterance>{% endfor %}"
    "{% if add_generation_prompt %}Assistant{% endif %}"
)
SIDE, PATCH, SCALE, WIDTH = 32, 8, 2, 16
IMAGE_TOKENS = (SIDE // PATCH) ** 2 // SCALE**2


def save_model(folder: Path, *, fillers: int = 0) -> Path:
    """A SmolVLM with random weights, and its processor. `fillers` more words in its vocabulary
    make it less likely that it says one of those that are asked for."""
    import torch
    from transformers import SmolVLMConfig, SmolVLMForConditionalGeneration

    processor = _processor(fillers)
    ids = processor.tokenizer.convert_tokens_to_ids
    torch.manual_seed(0)
    config = SmolVLMConfig(
        image_token_id=ids("<image>"),
        scale_factor=SCALE,
        vision_config={
            "hidden_size": WIDTH, "intermediate_size": WIDTH, "num_hidden_layers": 1,
            "num_attention_heads": 2, "image_size": SIDE, "patch_size": PATCH,
            "initializer_range": 0.5,
        },
        text_config={
            "model_type": "llama", "vocab_size": len(processor.tokenizer), "hidden_size": WIDTH,
            "intermediate_size": 2 * WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2,
            "num_key_value_heads": 2, "pad_token_id": ids("<pad>"), "bos_token_id": ids("<s>"),
            "eos_token_id": ids("</s>"), "max_position_embeddings": 256, "initializer_range": 0.1,
        },
    )  # fmt: skip
    SmolVLMForConditionalGeneration(config).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def save_adapter(base: Path, folder: Path, *, taught: bool) -> Path:
    """A LoRA adapter of a saved model; one that was not taught changes nothing."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForImageTextToText

    torch.manual_seed(1)
    config = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
        model = get_peft_model(AutoModelForImageTextToText.from_pretrained(base), config)
    if taught:
        with torch.no_grad():
            for name, weights in model.named_parameters():
                if "lora_B" in name:
                    weights.normal_(0, 1)
    model.save_pretrained(folder)
    return folder


def _processor(fillers: int) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import Idefics3ImageProcessorPil, Idefics3Processor, PreTrainedTokenizerFast

    more = [f"w{number}" for number in range(fillers)]
    vocabulary = {word: number for number, word in enumerate((*MARKS, *WORDS, *more))}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        unk_token="<unk>",
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        additional_special_tokens=list(MARKS[4:]),
    )
    images = Idefics3ImageProcessorPil(
        size={"longest_edge": SIDE},
        max_image_size={"longest_edge": SIDE},
        do_image_splitting=False,
    )
    return Idefics3Processor(images, tokenizer, image_seq_len=IMAGE_TOKENS, chat_template=TEMPLATE)
