"""What a judge needs before it can be made, looked for without importing anything heavy."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from policies.classical.judge import TARGETS
from policies.judge_config import (
    ChatJudgeConfig,
    ClassicalJudgeConfig,
    HfJudgeConfig,
    MllmJudgeConfig,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.judge_config import JudgeConfig

HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")  # as PEFT saves them
PROVIDERS = {  # LangChain's provider -> its package, and where its key is read from ("": no key)
    "anthropic": ("langchain_anthropic", "ANTHROPIC_API_KEY"),
    "google_genai": ("langchain_google_genai", "GOOGLE_API_KEY"),
    "groq": ("langchain_groq", "GROQ_API_KEY"),
    "mistralai": ("langchain_mistralai", "MISTRAL_API_KEY"),
    "ollama": ("langchain_ollama", ""),
    "openai": ("langchain_openai", "OPENAI_API_KEY"),
    "xai": ("langchain_xai", "XAI_API_KEY"),
}


@dataclass(frozen=True, slots=True)
class Lack:
    """Something missing: the judge's key that asks for it, what is wrong, what to do."""

    key: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"judge.{self.key}: {self.message}; {self.remedy}"


def lacks(config: JudgeConfig) -> tuple[Lack, ...]:
    """Everything that keeps this judge from being made, as far as a quick look can tell."""
    if isinstance(config, MllmJudgeConfig):
        return (*_folder("weights", config.weights), *_folder("adapter", config.adapter))
    if isinstance(config, HfJudgeConfig):
        return tuple(_hf(config))
    if isinstance(config, ChatJudgeConfig):
        return tuple(_chat(config))
    return ()


def targets(config: JudgeConfig) -> tuple[str, ...] | None:
    """The targets that a judge knows; None where it takes free words."""
    return TARGETS if isinstance(config, ClassicalJudgeConfig) else None


def reports(config: JudgeConfig) -> frozenset[str]:
    """What a judge's verdicts have beside focus and target: count, confluence, objects."""
    if isinstance(config, ClassicalJudgeConfig | MllmJudgeConfig):
        return frozenset({"count", "confluence", "objects"})
    return frozenset({"count"} if isinstance(config, ChatJudgeConfig) else ())


def is_folder(model: str) -> bool:
    """Whether a Hugging Face model is a folder here."""
    return Path(model).expanduser().is_dir()


def is_on_hub(model: str) -> bool:
    """Whether a Hugging Face model is no folder here, but may be a name on the hub."""
    return not is_folder(model) and HUB_NAME.fullmatch(model) is not None


def server(config: ChatJudgeConfig) -> str:
    """Who gets the frames: the host of `base_url`, or the provider."""
    if config.base_url is None:
        return config.model.partition(":")[0]
    return urlsplit(config.base_url).hostname or ""


def _folder(key: str, name: str | None, files: tuple[str, ...] = ()) -> Iterator[Lack]:
    if name is None:
        return
    folder = Path(name).expanduser()
    if not folder.is_dir():
        yield Lack(key, f"there is no folder {folder.absolute()}", "correct the path")
        return
    missing = [file for file in files if not (folder / file).is_file()]
    if missing:
        remedy = "name a folder that PEFT's save_pretrained has written"
        yield Lack(key, f"{folder.absolute()} has no {' and no '.join(missing)}", remedy)


def _hf(config: HfJudgeConfig) -> Iterator[Lack]:
    if is_folder(config.model):
        yield from _folder("model", config.model, ("config.json",))
    elif not is_on_hub(config.model):
        message = f"there is no folder {Path(config.model).expanduser().absolute()}"
        yield Lack("model", message, "correct the path, or give a name of the hub (owner/name)")
    yield from _folder("adapter", config.adapter, ADAPTER_FILES)
    needed = ["torch", "transformers", *(["peft"] if config.adapter else [])]
    yield from _packages("kind", needed)


def _chat(config: ChatJudgeConfig) -> Iterator[Lack]:
    provider = config.model.partition(":")[0]
    package, variable = PROVIDERS.get(provider, ("", ""))
    yield from _packages("model", ["langchain", *([package] if package else [])])
    if variable and not os.environ.get(variable, "").strip():
        remedy = f"export {variable}=... before the run"
        if config.base_url is not None:
            remedy += " (any text where your server wants none)"
        yield Lack("model", f"{variable} is not set in the environment", remedy)


def _packages(key: str, names: list[str]) -> Iterator[Lack]:
    missing = [name for name in names if util.find_spec(name) is None]
    if missing:
        shown = " ".join(name.replace("_", "-") for name in missing)
        yield Lack(key, f"not installed: {', '.join(missing)}", f"pip install {shown}")
