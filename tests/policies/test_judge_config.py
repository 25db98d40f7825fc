"""Judges as plans name them: what is taken, what is refused, and what is missing before a run."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from policies.available import ADAPTER_FILES, Lack, is_folder, is_on_hub, lacks, server, targets
from policies.judge import JudgeUnavailable
from policies.judge_config import (
    ChatJudgeConfig,
    ClassicalJudgeConfig,
    HfJudgeConfig,
    JudgeConfig,
    MllmJudgeConfig,
    NoJudgeConfig,
)
from policies.registry import make_judge

ADAPTER: TypeAdapter[JudgeConfig] = TypeAdapter(JudgeConfig)
CHAT = {"kind": "chat", "model": "openai:gpt-5-mini"}


@pytest.mark.parametrize(
    ("data", "config"),
    [
        ({}, ClassicalJudgeConfig()),
        ({"channel": "DAPI"}, ClassicalJudgeConfig(channel="DAPI")),
        ({"kind": "none", "latency_s": 0}, NoJudgeConfig(latency_s=0.0)),
        ({"kind": "mllm"}, MllmJudgeConfig()),
        (
            {"kind": "mllm", "adapter": "mine/été", "explain": True, "fallback": "classical"},
            MllmJudgeConfig(adapter="mine/été", explain=True, fallback="classical"),
        ),
        ({"kind": "hf", "model": "owner/name"}, HfJudgeConfig(model="owner/name")),
        (CHAT, ChatJudgeConfig(model="openai:gpt-5-mini")),
        (
            CHAT | {"base_url": "http://[::1]:8000/v1", "max_calls": 5},
            ChatJudgeConfig(
                model="openai:gpt-5-mini", base_url="http://[::1]:8000/v1", max_calls=5
            ),
        ),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, dict) else "",
)  # fmt: skip
def test_what_a_plan_may_say(data: dict[str, Any], config: JudgeConfig) -> None:
    read = ADAPTER.validate_python(data)
    assert read == config
    assert read.fallback == data.get("fallback")
    assert ADAPTER.validate_python(read.model_dump()) == read


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"kind": "oracle"}, "does not match any of the expected tags"),
        ({"model": "owner/name"}, "Unable to extract tag"),
        ({"kind": "classical", "adapter": "x"}, "Extra inputs"),
        ({"kind": "hf"}, "Field required"),
        ({"kind": "hf", "model": ""}, "should match pattern"),
        ({"kind": "hf", "model": "a\nb"}, "should match pattern"),
        ({"kind": "mllm", "fallback": "none"}, "should be 'classical'"),
        (CHAT | {"model": "gpt-5-mini"}, "is not provider:model"),
        (CHAT | {"model": "openai:"}, "is not provider:model"),
        (CHAT | {"api_key": "sk-secret"}, "Extra inputs"),
        (CHAT | {"base_url": "localhost:8000"}, "must be an address"),
        (CHAT | {"base_url": "file:///etc/passwd"}, "must be an address"),
        (CHAT | {"base_url": "http://host:port/"}, "must be an address"),
        (CHAT | {"base_url": "http://me:secret@host/v1"}, "no password or key"),
        (CHAT | {"base_url": "http://host/v1?key=secret"}, "no password or key"),
        (CHAT | {"max_calls": 0}, "greater than or equal to 1"),
        (CHAT | {"timeout_s": 0}, "greater than 0"),
    ],
    ids=lambda value: str(value)[-40:] if isinstance(value, dict) else "",
)
def test_what_a_plan_may_not_say(data: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        ADAPTER.validate_python(data)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a model's folder, a whole adapter and half of one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-dummy")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    for folder, names in (("model", ["config.json"]), ("whole", ADAPTER_FILES),
                          ("half", ADAPTER_FILES[:1]), ("empty", [])):  # fmt: skip
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("config", "missing"),
    [
        (ClassicalJudgeConfig(), []),
        (NoJudgeConfig(), []),
        (MllmJudgeConfig(), []),
        (MllmJudgeConfig(weights="model", adapter="empty"), []),
        (
            MllmJudgeConfig(weights="nowhere", adapter="model/config.json"),
            [("weights", "there is no folder {}/nowhere"),
             ("adapter", "there is no folder {}/model/config.json")],
        ),
        (HfJudgeConfig(model="model", adapter="whole"), []),
        (HfJudgeConfig(model="owner/name"), []),
        (HfJudgeConfig(model="empty"), [("model", "{}/empty has no config.json")]),
        (HfJudgeConfig(model="./nowhere/it"), [("model", "there is no folder {}/nowhere/it")]),
        (HfJudgeConfig(model="nowhere"), [("model", "there is no folder {}/nowhere")]),
        (
            HfJudgeConfig(model="owner/name", adapter="half"),
            [("adapter", "{}/half has no adapter_model.safetensors")],
        ),
        (HfJudgeConfig(model="model", adapter="owner/lora"),
         [("adapter", "there is no folder {}/owner/lora")]),
        (ChatJudgeConfig(model="openai:gpt-5-mini"), []),
        (
            ChatJudgeConfig(model="anthropic:claude"),
            [("model", "not installed: langchain_anthropic"),
             ("model", "ANTHROPIC_API_KEY is not set in the environment")],
        ),
        (ChatJudgeConfig(model="somebody:new"), []),
    ],
    ids=lambda value: f"{value.kind}" if isinstance(value, JudgeConfig.__origin__) else "",
)  # fmt: skip
def test_what_is_missing_is_told_with_its_key(
    folders: Path, config: JudgeConfig, missing: list[tuple[str, str]]
) -> None:
    found = lacks(config)
    where = [(key, message.format(folders)) for key, message in missing]
    assert [(lack.key, lack.message) for lack in found] == where
    assert all(lack.remedy for lack in found)
    if found:
        with pytest.raises(JudgeUnavailable) as caught:
            make_judge(config)
        assert str(caught.value) == str(found[0])
        assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("key", ["", "  "])
@pytest.mark.parametrize("url", [None, "http://localhost:8000/v1"])
def test_a_chat_model_needs_its_key_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, key: str, url: str | None
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    (lack,) = lacks(ChatJudgeConfig(model="openai:gpt-5-mini", base_url=url))
    assert lack.message == "OPENAI_API_KEY is not set in the environment"
    assert lack.remedy.startswith("export OPENAI_API_KEY=... before the run")
    assert ("your server" in lack.remedy) is (url is not None)


def test_a_lack_reads_as_one_line() -> None:
    said = str(Lack("adapter", "there is no folder x", "correct the path"))
    assert said == "judge.adapter: there is no folder x; correct the path"


def test_a_folder_here_goes_before_a_name_on_the_hub(folders: Path) -> None:
    (folders / "owner" / "name").mkdir(parents=True)
    assert is_folder("owner/name") and not is_on_hub("owner/name")
    assert is_on_hub("owner/other") and not is_on_hub("../other")


@pytest.mark.parametrize(
    ("config", "known"),
    [
        (ClassicalJudgeConfig(), ("mitosis",)),
        (MllmJudgeConfig(), None),
        (HfJudgeConfig(model="x/y"), None),
        (ChatJudgeConfig(model="openai:x"), None),
    ],
)
def test_only_the_classical_judge_has_a_list_of_targets(
    config: JudgeConfig, known: tuple[str, ...] | None
) -> None:
    assert targets(config) == known


@pytest.mark.parametrize(
    ("url", "host"),
    [(None, "openai"), ("https://me.example:8443/v1", "me.example"), ("http://[::1]/", "::1")],
)
def test_who_gets_the_frames(url: str | None, host: str) -> None:
    assert server(ChatJudgeConfig(model="openai:x", base_url=url)) == host


def test_our_own_model_is_imported_only_when_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, folders: Path
) -> None:
    made: list[dict[str, Any]] = []
    module = types.ModuleType("policies.mllm.judge")
    module.MllmJudge = lambda **keys: made.append(keys)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "policies.mllm.judge", module)
    make_judge(MllmJudgeConfig(adapter="whole", explain=True, channel="FITC"), "DAPI")
    make_judge(MllmJudgeConfig(weights="model"), "DAPI")
    assert made == [
        {"channel": "FITC", "weights": None, "adapter": Path("whole"), "explain": True},
        {"channel": "DAPI", "weights": Path("model"), "adapter": None, "explain": False},
    ]


def test_looking_for_what_is_missing_imports_nothing_heavy() -> None:
    code = (
        "import sys; from policies.available import lacks; from policies.judge_config import *;"
        "lacks(HfJudgeConfig(model='a/b', adapter='x')); lacks(ChatJudgeConfig(model='openai:x'));"
        "lacks(MllmJudgeConfig(adapter='x'));"
        "print([m for m in ('torch', 'transformers', 'peft', 'langchain', 'openai', 'scipy',"
        " 'policies.mllm.judge') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
