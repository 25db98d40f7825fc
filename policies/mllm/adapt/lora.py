"""Low-rank adapters (Hu et al., ICLR 2022) on the parts that answer; the tower stays as it is."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import torch

from policies.judge import JudgeUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from policies.mllm.model.scout import ScoutForConditionalGeneration

PARTS = (
    r"pixels\.dense\.embed|point|connector\.(cell|image)\.[02]"
    r"|decoder\.model\.layers\.\d+\.self_attn\.(q|v|o)_proj"
)
RANK = 8
NAME = "adapter_model.safetensors"


def config() -> Any:
    """A new LoraConfig."""
    from peft import LoraConfig

    return LoraConfig(
        r=RANK,
        lora_alpha=2 * RANK,
        lora_dropout=0.05,
        target_modules=PARTS,
        base_model_name_or_path="microscout",
    )


def wrapped(model: ScoutForConditionalGeneration, name: str, seed: int) -> Any:
    """A PeftModel around `model` (changed in place) with one new adapter, deterministic."""
    from peft import get_peft_model

    torch.manual_seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return get_peft_model(model, config(), adapter_name=name)


def renew(peft: Any, name: str, seed: int) -> None:
    """Put an untrained adapter in the place of the one called `name`, and use it."""
    if name in peft.peft_config:
        peft.delete_adapter(name)
    torch.manual_seed(seed)
    peft.add_adapter(name, config())
    peft.set_adapter(name)


def loaded(model: ScoutForConditionalGeneration, folder: Path, name: str, peft: Any = None) -> Any:
    """An adapter from a folder onto `model`, or beside those that `peft` has.

    Raises JudgeUnavailable where it cannot be loaded.
    """
    from peft import PeftModel

    if not (folder / NAME).is_file():
        raise JudgeUnavailable(f"{folder}: no {NAME}; copy the adapter again")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if peft is None:
                peft = PeftModel.from_pretrained(model, folder, adapter_name=name)
            else:
                peft.load_adapter(folder, adapter_name=name)
    except Exception as error:  # safetensors, json, peft and torch each have errors of their own
        first = " ".join(str(error).split())[:120]
        raise JudgeUnavailable(f"{folder}: cannot be loaded ({first}); copy it again") from None
    own = [p for n, p in peft.named_parameters() if f".{name}." in n]
    if not own or not all(bool(torch.isfinite(p).all()) for p in own):
        raise JudgeUnavailable(f"{folder}: weights are missing or not finite; copy it again")
    return peft


def save(peft: Any, name: str, folder: Path) -> None:
    """`adapter_model.safetensors` and `adapter_config.json`, straight into `folder`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peft.save_pretrained(folder, selected_adapters=[name])
    inner = folder / name
    if inner.is_dir():
        for path in inner.iterdir():
            path.replace(folder / path.name)
        inner.rmdir()
    (folder / "README.md").unlink(missing_ok=True)
