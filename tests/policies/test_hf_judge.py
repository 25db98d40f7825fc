"""The judge of a Hugging Face model: a tiny one, saved to and loaded from a folder as real ones."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hf_tiny import save_adapter, save_model
from policies_synthetic import Scene, frame

from policies.judge import JudgeUnavailable
from policies.judge_config import HfJudgeConfig
from policies.registry import make_judge
from policies.remote.hf import HfJudge
from policies.remote.labels import MIN_MASS, first_tokens, weigh
from policies.remote.questions import DEFECT, FOCUS, presence

SCENE = Scene()
SCENE.blob(40, 60, 12, 9, 900)
FRAME = frame(SCENE.image())
OTHER = frame(SCENE.image()[::-1].copy() // 3)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("tiny") / "smol")


@pytest.fixture(scope="module")
def taught(model: Path) -> Path:
    return save_adapter(model, model.parent / "mitosis-lora", taught=True)


def test_the_probability_is_measured_and_depends_on_the_picture(model: Path) -> None:
    judge = make_judge(HfJudgeConfig(model=str(model)), "DAPI")
    said = judge.judge([FRAME], target="mitosis")
    assert judge.name == said.judge == "hf:smol"
    assert (said.visit_id, said.fov, said.target) == (7, "A1", "mitosis")
    assert said.p_target is not None and 0.001 <= said.p_target <= 0.999
    assert not said.abstained and said.count is None and said.objects == ()
    assert said == judge.judge([FRAME], target="mitosis")
    assert said.p_target != judge.judge([OTHER], target="mitosis").p_target
    assert "mitosis: yes 0." in said.rationale


def test_an_adapter_changes_the_verdict_and_is_named_in_it(model: Path, taught: Path) -> None:
    plain = HfJudge(str(model)).judge([FRAME], target="mitosis")
    idle = save_adapter(model, model.parent / "idle", taught=False)
    same = HfJudge(str(model), adapter=idle).judge([FRAME], target="mitosis")
    other = make_judge(HfJudgeConfig(model=str(model), adapter=str(taught)))
    changed = other.judge([FRAME], target="mitosis")
    assert same.p_target == plain.p_target != changed.p_target
    assert changed.judge.startswith("hf:smol+mitosis-lora-")
    assert same.judge.startswith("hf:smol+idle-")
    assert changed.judge.rpartition("-")[2] != same.judge.rpartition("-")[2]


def test_a_model_that_says_something_else_abstains(tmp_path: Path) -> None:
    judge = HfJudge(str(save_model(tmp_path / "chatty", fillers=400)))
    said = judge.judge([FRAME], target="mitosis")
    assert said.abstained and said.p_target is None
    assert said.why_abstained == "unsure whether mitosis is in view"
    assert (said.focus.state, said.flags) == ("unknown", ())


@pytest.mark.parametrize(
    ("pixels", "channel", "target", "why"),
    [
        (FRAME.pixels, "FITC", "mitosis", "no frame of channel FITC in this visit (it has DAPI)"),
        (np.full((40, 40), 7, np.uint16), None, "mitosis", "the image is constant"),
        (np.zeros((4, 4), np.uint8), None, "mitosis", "the image is 4 x 4 pixels"),
        (FRAME.pixels, None, "", "there is no target"),
    ],
    ids=["channel", "constant", "small", "no target"],
)  # fmt: skip
def test_what_cannot_be_judged_is_an_abstention(
    model: Path, pixels: np.ndarray, channel: str | None, target: str, why: str
) -> None:
    said = HfJudge(str(model), channel=channel).judge([frame(pixels)], target=target)
    assert said.abstained and said.why_abstained.startswith(why)


def test_without_frames_it_raises(model: Path) -> None:
    with pytest.raises(ValueError, match="no frames"):
        HfJudge(str(model)).judge([], target="mitosis")


def test_output_that_is_not_finite_is_a_failure(model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    broken = shutil.copytree(model, tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    weights["lm_head.weight"].fill_(float("nan"))
    save_file(weights, broken / "model.safetensors", {"format": "pt"})
    with pytest.raises(JudgeUnavailable, match=r"does not work .*not finite"):
        HfJudge(str(broken))


def _no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _no_processor(folder: Path) -> None:
    for name in ("processor_config.json", "tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()


def _no_template(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()


def _half_words(folder: Path) -> None:
    text = (folder / "tokenizer.json").read_text()
    (folder / "tokenizer.json").write_text(text.replace('"yes"', '"yeah"'))


def _own_code(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Config"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "mine.py").write_text("raise SystemExit('code of a model was run')")


@pytest.mark.parametrize(
    "breaks", [_no_weights, _pickled, _no_processor, _no_template, _half_words, _own_code]
)
def test_a_folder_that_is_no_whole_model_is_one_line(
    model: Path, tmp_path: Path, breaks: object
) -> None:
    broken = shutil.copytree(model, tmp_path / "broken")
    assert callable(breaks)
    breaks(broken)
    with pytest.raises(JudgeUnavailable) as caught:
        make_judge(HfJudgeConfig(model=str(broken)))
    text = str(caught.value)
    assert text.startswith("judge.model: ") and len(text.splitlines()) == 1


def test_an_adapter_of_another_model_is_refused(model: Path, taught: Path, tmp_path: Path) -> None:
    adapter = shutil.copytree(taught, tmp_path / "foreign")
    config = json.loads((adapter / "adapter_config.json").read_text())
    config["target_modules"] = ["q_proj", "o_proj"]
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(JudgeUnavailable, match=r"judge\.adapter: .*missing adapter keys"):
        HfJudge(str(model), adapter=adapter)


def test_importing_the_judge_imports_no_heavy_library() -> None:
    code = (
        "import sys, policies.remote.hf, policies.remote.chat, policies.fallback;"
        "print([m for m in ('torch', 'transformers', 'peft', 'langchain', 'openai', 'scipy')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---------------------------------------------------------------------- words and their tokens


def test_shares_are_those_of_the_words_and_the_mass_is_of_all() -> None:
    shares, mass = weigh({"yes": float(np.log(0.3)), "no": float(np.log(0.1))})
    assert shares == pytest.approx({"yes": 0.75, "no": 0.25})
    assert mass == pytest.approx(0.4)
    assert weigh({"yes": -1000.0, "no": -1001.0})[1] < MIN_MASS
    assert weigh({"yes": -np.inf, "no": -np.inf}) == ({"yes": 0.5, "no": 0.5}, 0.0)


def test_a_words_tokens_are_those_of_all_spellings_but_no_shared_ones() -> None:
    letters = first_tokens(("yes", "no"), lambda text: [ord(c) for c in text])
    assert letters == {"yes": (ord("Y"), ord("y")), "no": (ord("N"), ord("n"))}
    known = {"yes": 1, "no": 2}
    words = first_tokens(("yes", "no"), lambda text: [known.get(text.strip(), 0)], unknown=0)
    assert words == {"yes": (1,), "no": (2,)}
    with pytest.raises(ValueError, match="cannot tell debris, dim apart"):
        first_tokens(("debris", "dim"), lambda text: [ord(c) for c in text])


@pytest.mark.parametrize("question", [FOCUS, DEFECT, presence("mitosis")])
def test_the_words_of_a_question_begin_with_different_letters(question: object) -> None:
    means = getattr(question, "means")  # noqa: B009
    assert len({word[0] for word in means}) == len(means)
