"""Loads a vision-language model of the Hugging Face kind, and asks it closed questions."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policies.available import is_folder
from policies.judge import JudgeUnavailable
from policies.remote.labels import first_tokens, weigh
from policies.remote.questions import DEFECT, FOCUS, presence

if TYPE_CHECKING:
    from PIL.Image import Image

    from policies.remote.questions import Question

_LONGEST = 200  # characters of a library's reason


class HfModel:
    """A loaded model. Not for several threads at once."""

    def __init__(self, name: str, processor: Any, model: Any) -> None:
        self.name = name
        self._processor = processor
        self._model = model
        self._device = next(model.parameters()).device
        self._dtype = next(model.parameters()).dtype
        self._tokens: dict[tuple[str, ...], dict[str, tuple[int, ...]]] = {}

    def ask(self, image: Image, question: Question) -> tuple[dict[str, float], float]:
        """Each word's share of the next word's probability, and what all of them sum up to.

        One forward pass. Raises ValueError where the tokenizer cannot tell the words apart or the
        model's output is not finite.
        """
        import torch

        words = self._first_tokens(tuple(question.means))
        content = [{"type": "image", "image": image}, {"type": "text", "text": question.text}]
        inputs = self._processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        ).to(self._device, dtype=self._dtype)
        with torch.inference_mode():
            logits = self._model(**inputs).logits[0, -1].float()
            if not bool(torch.isfinite(logits).all()):
                raise ValueError(f"{self.name}: the model's output is not finite")
            log_probs = torch.log_softmax(logits, dim=-1)
            found = {w: float(log_probs[list(t)].logsumexp(0)) for w, t in words.items()}
        return weigh(found)

    def _first_tokens(self, words: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
        if words not in self._tokens:
            tokenizer = self._processor.tokenizer

            def encode(text: str) -> list[int]:
                return list(tokenizer(text, add_special_tokens=False)["input_ids"])

            self._tokens[words] = first_tokens(words, encode, tokenizer.unk_token_id)
        return self._tokens[words]


def load(model: str, adapter: Path | None) -> HfModel:
    """A folder's model, or the hub's of that name, with a PEFT adapter; tried once.

    Weights are read from safetensors only, and no code that comes with a model is run. Raises
    JudgeUnavailable, naming key and remedy.
    """
    from transformers.utils import logging

    log: Any = logging  # transformers is typed in part only
    log.set_verbosity_error()  # else it writes over the run's progress
    log.disable_progress_bar()
    processor, net = _base(model)
    name = f"hf:{Path(model).expanduser().resolve().name if is_folder(model) else model}"
    if adapter is not None:
        net = _adapted(net, adapter)
        name += f"+{_identity(adapter)}"
    loaded = HfModel(name, processor, net.eval())
    try:
        _try(loaded)
    except Exception as error:  # libraries raise anything, and what fails here fails all night
        remedy = "choose a model for image and text that takes a chat"
        raise JudgeUnavailable(
            f"judge.model: {model} does not work ({_why(error)}); {remedy}"
        ) from error
    return loaded


def _base(model: str) -> tuple[Any, Any]:
    import torch
    import transformers

    library: Any = transformers  # typed in part only
    here = is_folder(model)
    source = str(Path(model).expanduser()) if here else model
    on_gpu = torch.cuda.is_available()
    safe: dict[str, Any] = {"local_files_only": here, "trust_remote_code": False}
    try:
        processor = library.AutoProcessor.from_pretrained(source, **safe)
        net = library.AutoModelForImageTextToText.from_pretrained(
            source, dtype=torch.bfloat16 if on_gpu else torch.float32, use_safetensors=True, **safe
        )
    except Exception as error:  # libraries raise anything
        remedy = "name a folder or hub model for image and text, saved with its processor"
        raise JudgeUnavailable(
            f"judge.model: {model} cannot be loaded ({_why(error)}); {remedy}"
        ) from error
    return processor, net.to("cuda" if on_gpu else "cpu")


def _adapted(net: Any, adapter: Path) -> Any:
    from peft import PeftModel

    try:
        with warnings.catch_warnings():
            # an adapter of another model: its weights would be left out with a warning
            warnings.filterwarnings("error", message="Found missing adapter keys")
            # peft 0.21 asks transformers 5 by an old name; nothing that a person could do about it
            warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
            return PeftModel.from_pretrained(net, str(adapter))
    except Exception as error:  # libraries raise anything
        remedy = "name a PEFT adapter that was made for judge.model"
        raise JudgeUnavailable(
            f"judge.adapter: {adapter} cannot be loaded ({_why(error)}); {remedy}"
        ) from error


def _try(model: HfModel) -> None:
    from PIL import Image

    image = Image.new("RGB", (64, 64))
    for question in (presence("a cell"), FOCUS, DEFECT):
        model.ask(image, question)


def _identity(adapter: Path) -> str:
    """The folder's name and eight digits of its weights' digest."""
    with (adapter / "adapter_model.safetensors").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return f"{adapter.resolve().name}-{digest[:8]}"


def _why(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
