"""`microscout adapt`: from a folder of labels, or from a run that a person reviewed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from adapt_kit import squares, write_squares
from mllm_tiny import tiny_weights
from useq import MDAEvent

from agent.commands.adapt import adapt, reviewed
from agent.finding import ConfigError
from agent.journal.database import Database
from hardware.data import Frame, FrameKey, FrameMeta
from hardware.store import ImageLayout, ImageStore
from policies.judge import JudgeUnavailable
from policies.mllm.adapt.examples import AdaptError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights(tmp_path_factory.mktemp("base") / "weights")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of eight visits with one frame each, reviewed; visit 0 twice."""
    folder = tmp_path_factory.mktemp("runs") / "night"
    folder.mkdir()
    layout = ImageLayout(("DAPI",), 1, 1.0, 64, 64, "uint16", 0.5, 60.0)
    store = ImageStore(folder, layout, sync=False)
    database = Database(folder / "journal.sqlite", durable=False)
    lines = ['{"visit_id": 0, "target": "no"}']
    for n, one in enumerate(squares(8)):
        meta = FrameMeta(60.0 * n, "", 0.0, 0.0, 0.0, 10.0, "DAPI", "20X", 0.5)
        pixels = one.image[..., 2].astype(np.uint16)
        store.write(Frame(n, 0, FrameKey("A1", n, 0, 0), pixels, MDAEvent(), meta))
        place = (n, 0, "A1", n, 0, 0, "DAPI", 60.0 * n, "", 0, 0, 0, 10, "20X", 0.5)
        database.write(f"INSERT INTO frames VALUES ({', '.join('?' * 15)})", *place)
        lines.append(json.dumps({"visit_id": n, "target": "yes" if one.target else "no"}))
    database.close()
    (folder / "reviews.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_reviewed_visits_become_examples_and_the_last_word_counts(run: Path) -> None:
    found = reviewed(run)
    made = squares(8)
    assert [one.target for one in found] == [one.target for one in made]
    assert found[3].name == "visit 3"
    assert found[3].pixel_um == 0.5
    assert np.array_equal(found[3].image, made[3].image[..., 2])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "reviews.jsonl:1: is not a review"),
        ('{"visit_id": "x", "target": "yes"}', "reviews.jsonl:1: is not a review"),
        ('{"visit_id": 0, "target": "maybe"}', "write yes or no"),
        ('{"visit_id": 99, "target": "yes"}', "visit 99 has no frames"),
    ],
)
def test_an_unfit_review_is_refused_with_its_line(
    tmp_path: Path, run: Path, line: str, words: str
) -> None:
    (tmp_path / "journal.sqlite").write_bytes((run / "journal.sqlite").read_bytes())
    (tmp_path / "reviews.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(AdaptError, match=words):
        reviewed(tmp_path)


@pytest.mark.parametrize("source", ["folder", "run"])
def test_an_adapter_is_written_and_told_of(
    tmp_path: Path, run: Path, weights: Path, capsys: pytest.CaptureFixture[str], source: str
) -> None:
    data = run if source == "run" else write_squares(tmp_path / "data", 8)
    out = tmp_path / "out"
    assert adapt(data, out, "Blue square", weights, 1, json=True, retrieval_only=True) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["adapter"] == str(out)
    assert (told["target"], told["examples"], told["positives"]) == ("blue square", 8, 4)
    assert (out / "memory.npz").is_file()
    other = tmp_path / "other"
    assert adapt(data, other, "blue square", weights, 1, json=False, retrieval_only=True) == 0
    assert "8 examples, 4 of them yes" in capsys.readouterr().out


def test_unfit_input_is_a_config_error_in_one_line(tmp_path: Path, weights: Path) -> None:
    few, out = write_squares(tmp_path / "few", 4), tmp_path / "out"
    table = [
        (tmp_path / "gone", out, "spot", "there is no such folder"),
        (few, few, "spot", "exists already"),
        (few, out, "spot", "4 examples, 8 to 200 are needed"),
        (write_squares(tmp_path / "data", 8), out, " ", "1 to 80 characters"),
        (tmp_path, out, "spot", "labels.csv"),
    ]
    for data, place, target, words in table:
        with pytest.raises(ConfigError) as told:
            adapt(data, place, target, weights, 0, json=False)
        assert words in str(told.value)
        assert "\n" not in str(told.value)
        assert not out.exists()


def test_missing_weights_are_told(tmp_path: Path) -> None:
    data = write_squares(tmp_path / "data", 8)
    with pytest.raises(JudgeUnavailable, match="give a folder of weights"):
        adapt(data, tmp_path / "out", "spot", tmp_path, 0, json=False)
