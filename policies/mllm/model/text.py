"""Question text to tokens: the tokenizer, and the sequences that the decoder reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policies.mllm.bricks.questions import normalised
from policies.mllm.model.words import (
    ASK,
    BEGIN,
    END,
    IMAGE,
    PAD,
    POINT,
    SAY,
    SLOTS,
    SPECIAL,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transformers import PreTrainedTokenizerFast


def make_tokenizer(corpus: Iterable[str], vocab_size: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE (Sennrich et al., ACL 2016) trained on `corpus`; reads any text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(corpus, trainer)
    return wrap(core)


def wrap(core: Any) -> PreTrainedTokenizerFast:
    """A `tokenizers` object as a transformers tokenizer, padding on the left."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token=BEGIN,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=list(SPECIAL),
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )


def question_text(question: str, most_characters: int = 160) -> str:
    """A question up to <point>. Special tokens in it are taken for what they are: plain text."""
    safe = normalised(question).replace("<", "(").replace(">", ")")[:most_characters]
    return f"{BEGIN}{ASK}{safe}{POINT}"


def image_text(tokens: int) -> str:
    """Places for the image tokens."""
    return IMAGE * tokens


def slots_text() -> str:
    """Every field's slot, in order."""
    return "".join(SLOTS.values())


def facts_text(words: str) -> str:
    """Facts, after which the decoder writes its sentence."""
    return f"{BEGIN}{words}{SAY}"
