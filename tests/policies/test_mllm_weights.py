"""Weights: what is saved is what is loaded; whatever is not right is said in one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mllm_tiny import tiny_weights
from safetensors.torch import load_file, save_file

from policies.judge import JudgeUnavailable
from policies.mllm.asker import PlainAsker
from policies.mllm.calibration import Calibration, read_calibration, write_calibration
from policies.mllm.look import native_bf16
from policies.mllm.model.auto import register
from policies.mllm.weights import load

Harm = Callable[[Path], object]
IMAGE = np.random.default_rng(0).integers(0, 255, (50, 70)).astype(np.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights(tmp_path_factory.mktemp("weights"))


def test_a_folder_has_safetensors_only(weights: Path) -> None:
    assert {path.suffix for path in weights.iterdir()} == {".json", ".safetensors"}


def test_saved_and_loaded_answer_alike_fused_or_not(weights: Path, tmp_path: Path) -> None:
    first = load(weights, fused=False)
    first.model.save_pretrained(tmp_path)
    for name in ("tokenizer.json", "calibration.json"):
        shutil.copy(weights / name, tmp_path)
    answers = [
        PlainAsker(loaded).ask(IMAGE, "any mitosis?", 0.5).answer
        for loaded in (first, load(tmp_path, fused=False), load(tmp_path))
    ]
    rounding = 2e-2 if native_bf16() else 1e-4  # folding a batch norm rounds other numbers
    for answer, tolerance in zip(answers[1:], (0.0, rounding), strict=True):
        np.testing.assert_allclose(answer.seen.heat, answers[0].seen.heat, atol=tolerance)
        for field, p in answer.fields.items():
            np.testing.assert_allclose(p, answers[0].fields[field], atol=tolerance)


def test_transformers_loads_it_and_generates(weights: Path) -> None:
    from transformers import AutoModelForImageTextToText, AutoProcessor

    register()
    model = AutoModelForImageTextToText.from_pretrained(weights, local_files_only=True).eval()
    processor = AutoProcessor.from_pretrained(weights, local_files_only=True)
    inputs = processor(images=[IMAGE, IMAGE[:33]], text=["mitosis", "is there any bubble?"])
    with torch.no_grad():
        assert torch.isfinite(model(**inputs).logits).all()
    said = processor(images=[IMAGE], text="any cells?", task="say")
    with torch.no_grad():
        out = model.generate(**said, max_new_tokens=4, do_sample=False)
    assert out.shape[1] <= said["input_ids"].shape[1] + 4
    assert len(processor.batch_decode(out)) == 1


def _cut_off(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


def _foreign(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["something.else"] = tensors.pop("queries")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _not_finite(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["queries"][0, 0, 0] = float("nan")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _other_sizes(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"head_width": 16}))


def text(name: str, words: str) -> Harm:
    return lambda folder: (folder / name).write_text(words)


HARMS: list[tuple[str, Harm, str]] = [
    ("no tensors", lambda folder: (folder / "model.safetensors").unlink(), "no model.safetensors"),
    ("no tokenizer", lambda folder: (folder / "tokenizer.json").unlink(), "no tokenizer.json"),
    ("cut off", _cut_off, "cannot be loaded"),
    ("empty", text("model.safetensors", ""), "cannot be loaded"),
    ("another model", _foreign, "is not a model of this version"),
    ("other sizes", _other_sizes, "copy it again"),
    ("not finite", _not_finite, "not finite"),
    ("no tokens", text("tokenizer.json", "{}"), "tokenizer.json"),
    ("no json", text("config.json", "{"), "cannot be loaded"),
    ("no calibration", lambda folder: (folder / "calibration.json").unlink(), "no calibration"),
]


@pytest.mark.parametrize(("harm", "says"), [h[1:] for h in HARMS], ids=[h[0] for h in HARMS])
def test_harmed_weights_are_refused_in_one_line(
    weights: Path, tmp_path: Path, harm: Harm, says: str
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(weights, folder)
    harm(folder)
    with pytest.raises(JudgeUnavailable) as refused:
        load(folder)
    said = str(refused.value)
    assert "\n" not in said
    assert says in said
    assert str(folder) in said


@pytest.mark.parametrize(
    "written",
    ["", "[]", '{"temprature": 1}', '{"temperatures": {"focus": 0}}', '{"peak": NaN}'],
)
def test_an_unfit_calibration_is_refused_in_one_line(tmp_path: Path, written: str) -> None:
    (tmp_path / "calibration.json").write_text(written)
    with pytest.raises(JudgeUnavailable, match=r"calibration\.json: .*; copy the file again") as no:
        read_calibration(tmp_path)
    assert "\n" not in str(no.value)


def test_a_calibration_comes_back(tmp_path: Path) -> None:
    fitted = Calibration(temperatures={"focus": 1.5}, biases={"dim": -0.2}, feature_spread=(1, 2))
    write_calibration(tmp_path, fitted)
    assert read_calibration(tmp_path) == fitted
    with pytest.raises(JudgeUnavailable):
        read_calibration(tmp_path / "nowhere")
