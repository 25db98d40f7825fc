"""The judge's benchmark: its truths, its counts and its tables. No model is loaded here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.bench.judge import PARTS, bench_judge, render
from agent.bench.judge.bench import Bench
from agent.bench.judge.fields import Truth, mosaic_truth, truth_of
from agent.bench.judge.lookers import classical_labels
from agent.bench.judge.night import Night, equal_light, night_of, plan_with, together
from agent.bench.page import render as page
from agent.finding import ConfigError
from agent.plan import Plan
from policies.mllm.bricks.brick import Brick, Provenance
from policies.mllm.concepts import PixelClass
from sim.study import StudyObject, StudyPicture

UM = 0.5  # pixel size of the pictures here: 8 um are 16 px, the border is 12 px wide


def picture(*objects: tuple[str, float, float]) -> StudyPicture:
    blank = np.zeros((200, 200), np.uint16)
    things = tuple(StudyObject(row, column, phase, 0, 50.0) for phase, row, column in objects)
    return StudyPicture(
        pixels=blank,
        labels=blank,
        objects=things,
        pixel_um=UM,
        channel="DAPI",
        objective="20X",
        defocus_um=0.0,
        bubble=False,
        seed=1,
        scenario="test",
        exposure_ms=10.0,
        irradiance_w_cm2=0.1,
    )


@pytest.mark.parametrize(
    ("objects", "divisions", "cut", "prophases"),
    [
        pytest.param([("interphase", 100, 100), ("dead", 50, 50)], 0, 0, 0, id="nothing"),
        pytest.param([("metaphase", 100, 100)], 1, 0, 0, id="a plate"),
        pytest.param([("metaphase", 100, 100), ("metaphase", 110, 100)], 2, 0, 0, id="two plates"),
        pytest.param([("anaphase", 100, 100), ("anaphase", 120, 100)], 1, 0, 0, id="sisters"),
        pytest.param([("telophase", 100, 100), ("telophase", 160, 100)], 2, 0, 0, id="strangers"),
        pytest.param([("anaphase", 100, 100), ("telophase", 110, 100)], 2, 0, 0, id="two phases"),
        pytest.param([("metaphase", 11, 100)], 0, 1, 0, id="at the top"),
        pytest.param([("metaphase", 100, 189)], 0, 1, 0, id="at the right"),
        pytest.param([("metaphase", 13, 187)], 1, 0, 0, id="just inside"),
        pytest.param([("prophase", 100, 100)], 0, 0, 1, id="about to"),
    ],
)
def test_what_counts_as_a_division_in_a_simulated_field(
    objects: list[tuple[str, float, float]], divisions: int, cut: int, prophases: int
) -> None:
    truth = truth_of(picture(*objects))
    found = (len(truth.divisions), len(truth.cut), len(truth.prophases))
    assert found == (divisions, cut, prophases)
    assert truth.reach_px == 16.0


def test_the_places_of_a_mosaic_are_the_middles_of_its_cells() -> None:
    labels, classes = np.zeros((30, 30), np.uint16), np.zeros((30, 30), np.uint8)
    for label, (row, kind) in enumerate(
        [(2, PixelClass.CELL), (12, PixelClass.ANAPHASE), (22, PixelClass.PROPHASE)], start=1
    ):
        labels[row : row + 4, 4:8], classes[row : row + 4, 4:8] = label, kind
    where = Provenance("ifc_cell_cycle", "mosaic", "test", "", "")
    brick = Brick(
        labels, labels, classes, "fluorescence", None, 5.0, None, True, where
    )  # fmt: skip
    assert mosaic_truth(brick) == Truth((((14.0, 6.0),),), (), ((24.0, 6.0),), ((4.0, 6.0),), 5.0)


@pytest.mark.parametrize(
    ("share", "usual", "count"), [(1.0, 240, 240), (0.1, 240, 24), (0.001, 240, 4), (0.1, 2, 2)]
)
def test_a_share_shrinks_the_benchmark_to_a_few_pictures(
    share: float, usual: int, count: int
) -> None:
    bench = Bench(None, None, 1, share)
    assert bench.count(usual) == count
    some = bench.some(list(range(usual)))
    assert len(some) == len(set(some)) == count
    assert bench.some([]) == []


def test_classical_labels_lie_where_the_nucleus_is() -> None:
    rows, columns = np.mgrid[:131, :130]
    inside = (rows - 50) ** 2 + (columns - 70) ** 2 < 14**2
    noise = np.random.default_rng(0).normal(0, 3, inside.shape)
    labels = classical_labels((100 + 200 * inside + noise).astype(np.uint16), um=0.45)  # binned
    assert labels.shape == inside.shape
    assert np.sum((labels > 0) & inside) / np.sum((labels > 0) | inside) > 0.85


def test_sets_that_are_not_there_are_left_out_and_named(tmp_path: Path) -> None:
    bench = Bench(tmp_path, None, 1, 1.0)
    assert [*bench.bricks("dsb2018"), *bench.mosaics, *bench.blurred] == []
    assert bench.missing >= {"dsb2018", "ifc_cell_cycle", "bbbc006_focus"}


@pytest.mark.parametrize(
    ("data", "parts", "words"),
    [(Path("/no/such/folder"), ["speed"], "no such folder"), (None, ["sped"], "no part 'sped'")],
)
def test_what_does_not_exist_is_refused_before_anything_is_loaded(
    data: Path | None, parts: list[str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        bench_judge(data, parts, None, json=True)


def result() -> dict[str, Any]:
    told = {"accuracy_everywhere": 0.9, "spearman": 0.8}
    ece = {
        "images": 5,
        "ece_equal_width": 0.02,
        "ece_equal_mass": 0.03,
        "accuracy_at_coverage": [0.9],
    }
    ap = {"ap50": 0.81, "count_error": 0.05}
    parts: dict[str, Any] = {name: {"not_run": "needs --data"} for name in PARTS}
    parts["segmentation"] = {
        "groups": {
            "fluorescence": {"images": 3, "objects": 9, "mllm": ap, "classical": {"ap50": 0.6}},
            "histology": {"images": 1, "objects": 2, "mllm": ap, "classical": None},
        }
    }
    parts["focus"] = {
        "groups": {"simulator": {"images": 2, "mllm": told, "classical": told}},
        "without_data": "the simulator's pictures only",
    }
    parts["calibration"] = {
        "bins": 15,
        "coverage": [1.0],
        "mllm": {"target": ece, "focus": ece},
        "classical": {"target": ece},
    }
    span = {"mean": 0.7, "lowest": 0.6, "highest": 0.8}
    parts["adaptation"] = {
        "target": "platelet",
        "test_images": 72,
        "rows": [{"way": "LoRA", "examples": 8, "balanced_accuracy": span, "auroc": span}],
        "seconds_per_lora": {"8": span},
    }
    parts["adaptation"]["old_splits"] = {
        "adapter": "platelet, 32 examples",
        "mitosis_pictures": 80,
        "outlined_pictures": 30,
        "without": {"mitosis_ap": 0.97, "outlines_ap50": 0.8},
        "with": {"mitosis_ap": 0.96, "outlines_ap50": 0.8},
        "routed_to_adapter": 0.1,
        "false_positive_rate": 0.02,
    }
    rows = [
        {"judge": name, "enter": 0.9, "leave": 0.6, **together([Night(11, n, n // 5, light)])}
        for name, n, light in (("mllm", 10, 0.2), ("classical", 3, 0.1), ("classical", 5, 0.25))
    ]
    parts["night"] = {
        "plan": "hard_night",
        "seeds": [3101],
        "rows": rows,
        "equal_light": equal_light(rows),
    }
    return {
        "machine": {"cpus": 2},
        "threads": 2,
        "model": "mllm-1",
        "seed": 3000,
        "share": 0.1,
        "seconds": {"focus": 3.2},
        "missing_sets": ["yeast_movie"],
        "parts": parts,
    }


@pytest.mark.parametrize(
    "line",
    [
        "| fluorescence (3 images, 9 objects): AP at IoU 0.5 | "
        "0.83; 0.772 (StarDist) | 0.81 | 0.6 |",
        "| histology (1 images, 2 objects): AP at IoU 0.5 |  | 0.81 |  |",
        "Only in part: the simulator's pictures only.",
        "| target (5 images): accuracy of the surest 100% |  | 0.9 | 0.9 |",
        "| focus (5 images): expected calibration error, 15 bins of equal width | 0.05 | 0.02 |  |",
        "| platelet, LoRA, 8 examples (72 test images): auroc |  | 0.7 (0.6 to 0.8) |  |",
        "| mitosis ap (80 pictures) | 0.97 | 0.96 |",
        "| classical | 0.9, 0.6 | 5 of 11 | 5/11 | 1 | 25.0% |",
        "- mllm 10 of 11 at 20.0%; classical 5 at 25.0%",
        "Not run: needs --data.",
        "With 10% of the pictures only.",
        "Ran on: cpus 2.",
        "Sets that were not there: yeast_movie.",
    ],
)
def test_tables_show_both_judges_and_what_was_asked(line: str) -> None:
    assert line in render(result())
    assert line in page({"judge": result()})


def test_a_judge_that_never_spends_as_much_is_said_to() -> None:
    rows = [
        {"judge": name, "enter": 0.9, "leave": 0.6, **together([Night(11, n, 0, light)])}
        for name, n, light in (("mllm", 10, 0.2), ("classical", 3, 0.1))
    ]
    (only,) = equal_light(rows)
    assert only["classical"] is None
    assert only["most"]["captured"] == 3


def test_nights_are_summed_and_their_light_averaged() -> None:
    found = together([Night(11, 10, 1, 0.2), Night(9, 5, 2, 0.3)])
    assert (found["captured"], found["total"], found["false_reactions"]) == (15, 20, 3)
    assert found["light"] == 0.25
    assert found["by_seed"] == ["10/11", "5/9"]


def test_the_night_differs_in_judge_and_thresholds_only() -> None:
    mllm = plan_with("mllm", 0.8, 0.5, None)
    classical = plan_with("classical", 0.2, 0.1, Path("weights"))
    assert mllm["decide"]["enter"] == 0.8
    assert classical["judge"] == {"kind": "classical", "channel": mllm["judge"]["channel"]}
    assert Plan.model_validate(classical).decide != Plan.model_validate(mllm).decide
    for plan in (mllm, classical):
        del plan["judge"], plan["decide"]["enter"], plan["decide"]["leave"]
    assert mllm == classical


def test_a_night_is_read_from_what_a_rehearsal_prints() -> None:
    summary = {
        "events": {"total": 15, "captured": 14, "false_reactions": 2},
        "dose": {"total_j_cm2": 1.5, "fixed_plan_j_cm2": 6.0},
    }
    assert night_of(summary) == Night(15, 14, 2, 0.25)
