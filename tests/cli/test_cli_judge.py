"""`judge`, `segment`, `bricks build`, `train`: what they print and write, and what they refuse."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from cli_kit import ROOT, here, one_line_each, tree, write_yaml
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(ROOT / "tests" / "policies"))

RNG = np.random.default_rng(0)
SPOTS = 60 + 150 * (np.add.outer(np.arange(64) % 20 > 9, np.arange(80) % 24 > 13) > 1)
GREY = (SPOTS + RNG.integers(0, 20, SPOTS.shape)).astype(np.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from mllm_tiny import tiny_weights

    return tiny_weights(tmp_path_factory.mktemp("weights"))


def ome(path: Path, pixels: NDArray[Any], axes: str) -> None:
    metadata = {"axes": axes, "PhysicalSizeX": 0.65, "PhysicalSizeY": 0.65}
    tifffile.imwrite(path, pixels, ome=True, metadata=metadata)


def pictures(folder: Path) -> list[str]:
    """Every kind of file."""
    Image.fromarray(GREY).save(folder / "grey.png")
    Image.fromarray(np.stack([GREY, GREY // 2, GREY // 3], 2)).save(folder / "colour.jpg")
    Image.fromarray(np.stack([GREY] * 3 + [GREY * 0 + 255], 2)).save(folder / "alpha.png")
    tifffile.imwrite(folder / "deep.tif", GREY.astype(np.uint16) * 100)
    tifffile.imwrite(folder / "rgb.tif", np.stack([GREY] * 3, 2), photometric="rgb")
    ome(folder / "two.ome.tif", np.stack([GREY, GREY // 2]), "CYX")
    ome(folder / "stack.ome.tif", np.stack([GREY] * 3), "ZYX")
    names = ["grey.png", "colour.jpg", "alpha.png", "deep.tif", "rgb.tif"]
    return [*names, "two.ome.tif", "stack.ome.tif"]


def test_every_kind_of_file_gets_a_verdict(folder: Path, weights: Path) -> None:
    names = pictures(folder)
    done = here("judge", *names, "--weights", weights, "--ask", "cell in mitosis", "--json")
    assert done.code == 0, done.err
    told = done.last
    assert (told["model"], len(told["verdicts"])) == ("mllm-1", len(names))
    assert told["latency_s"] >= 0
    for name, verdict in zip(names, told["verdicts"], strict=True):
        known = "ome" in name
        assert verdict["image"] == name
        assert verdict["target"] == "cell in mitosis"
        assert verdict["positions_in"] == ("um" if known else "px")
        assert verdict["pixel_um"] == (0.65 if known else None)
        for thing in verdict["objects"]:
            assert ("x_um" in thing) == known
            assert ("x_px" in thing) != known
    assert "only slice 2 of 3 was looked at" in done.err


def test_a_person_reads_where_it_is_and_in_which_unit(folder: Path, weights: Path) -> None:
    pictures(folder)
    done = here("judge", "grey.png", "--weights", weights, "--explain", "--ask", "</s> a\x1b[31m")
    assert done.code == 0, done.err
    assert done.out.startswith("grey.png: ")
    assert "focus " in done.out
    assert "\x1b" not in done.out
    known = here("judge", "grey.png", "--weights", weights, "--pixel-size", "0.5")
    assert "pixel size unknown" not in known.out


def test_overlays_are_pngs_of_the_same_size(folder: Path, weights: Path) -> None:
    pictures(folder)
    arguments = ("judge", "grey.png", "colour.jpg", "--weights", weights, "--overlay", "seen.png")
    done = here(*arguments)
    assert done.code == 0, done.err
    for name in ("seen-grey.png", "seen-colour.png"):
        with Image.open(folder / name) as drawn:
            assert (drawn.size, drawn.mode) == ((80, 64), "RGB")
    before = tree(folder)
    again = here(*arguments)
    assert again.code == 2
    assert "seen-grey.png: exists already" in again.err
    assert tree(folder) == before
    assert here(*arguments, "--force").code == 0


def test_labels_are_written_whole_and_never_over_others(folder: Path, weights: Path) -> None:
    pictures(folder)
    arguments = ("segment", "two.ome.tif", "-o", "labels.tif", "--weights", weights)
    done = here(*arguments, "--json")
    assert done.code == 0, done.err
    labels = tifffile.imread(folder / "labels.tif")
    assert (labels.shape, labels.dtype) == ((64, 80), np.uint16)
    assert labels.max() == done.last["count"]
    refused = here(*arguments)
    assert refused.code == 2
    assert one_line_each(refused.err) == [
        "labels.tif: exists already; nothing was written; choose another -o, or add --force"
    ]
    assert here(*arguments, "--force", "--ask", "mitosis").code == 0


def test_many_objects_need_32_bits(folder: Path) -> None:
    from agent.commands.segment import write_labels
    from agent.pictures import Picture

    many = np.arange(70_000).reshape(100, 700)
    picture = Picture(Path("x.png"), GREY, False, 0.5)
    write_labels(folder / "many.tif", many, picture)
    assert tifffile.imread(folder / "many.tif").dtype == np.uint32
    assert [path.name for path in folder.iterdir()] == ["many.tif"]


def test_the_classical_judge_looks_too(folder: Path) -> None:
    pictures(folder)
    done = here("judge", "grey.png", "--with", "classical", "--pixel-size", "0.5", "--json")
    assert done.code == 0, done.err
    assert done.last["model"] == "classical-1"
    done = here("segment", "rgb.tif", "-o", "l.tif", "--with", "classical", "--pixel-size", "0.5")
    assert done.code == 0, done.err
    assert tifffile.imread(folder / "l.tif").shape == (64, 80)


REFUSALS: list[tuple[str, list[str], str]] = [
    ("no file", ["judge", "no.png"], "no.png: no such file"),
    ("a folder", ["judge", "."], ".: is a folder"),
    ("no image", ["judge", "plan.yaml"], "plan.yaml: is not an image"),
    ("damaged", ["judge", "cut.png"], "cut.png: PNG file is"),
    ("damaged", ["judge", "cut.jpg"], "cut.jpg: cannot be read"),
    ("fractions", ["judge", "part.tif"], "not camera counts"),
    ("five channels", ["judge", "five.ome.tif"], "5 channels"),
    ("no words", ["judge", "grey.png", "--ask", " "], "--ask: is empty"),
    ("no weights", ["judge", "grey.png", "--weights", "nowhere"], "nowhere: no config.json"),
    ("pixel size", ["judge", "grey.png", "--pixel-size", "0"], "--pixel-size: 0.0 um"),
    ("pixel size", ["judge", "grey.png", "--pixel-size", "nan"], "--pixel-size: nan um"),
    ("who", ["judge", "grey.png", "--with", "magic"], "known: mllm, classical"),
    ("no size", ["judge", "grey.png", "--with", "classical"], "give --pixel-size"),
    (
        "weights of none",
        ["judge", "grey.png", "--with", "classical", "--weights", "x"],
        "--weights: the classical judge has none",
    ),
    ("no png", ["judge", "grey.png", "--overlay", "seen.jpg"], "give --overlay a name in .png"),
    ("no folder", ["judge", "grey.png", "--overlay", "a/b.png"], "there is no folder"),
    ("no tiff", ["segment", "grey.png", "-o", "l.png"], "give -o a name in .tif"),
    ("folder", ["segment", "grey.png", "-o", "taken.tif"], "taken.tif: is a folder"),
    (
        "not installed",
        ["segment", "grey.png", "-o", "l.tif", "--with", "cellpose"],
        "pip install cellpose",
    ),
    (
        "not installed",
        ["segment", "grey.png", "-o", "l.tif", "--with", "stardist"],
        "pip install stardist",
    ),
    ("who", ["segment", "grey.png", "-o", "l.tif", "--with", "celpose"], "mean cellpose?"),
    ("no recipe", ["bricks", "build", "nosuch"], "known: judge"),
    ("bubble", ["bricks", "build", "bubble.yaml"], "bubble.yaml:3: simulator.variety.bubble"),
    ("no sets", ["bricks", "build", "empty.yaml"], "nothing to gather"),
    ("no data", ["bricks", "build", "sets.yaml", "--data", "no"], "no: there is no such folder"),
    ("no table", ["bricks", "build", "sets.yaml", "--data", "taken.tif"], "meta.csv: No such"),
    ("out exists", ["bricks", "build", "sets.yaml", "--out", "taken.tif"], "exists already"),
    ("no bricks", ["train", "judge"], "no bricks in"),
    ("no recipe", ["train", "juge"], "did you mean judge?"),
]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [case[1:] for case in REFUSALS],
    ids=[f"{case[1][0]}: {case[0]}: {case[2][:12]}" for case in REFUSALS],
)
def test_what_cannot_be_done_is_said_in_one_line(
    folder: Path, arguments: list[str], says: str
) -> None:
    Image.fromarray(GREY).save(folder / "grey.png")
    Image.fromarray(GREY).save(folder / "cut.jpg")
    for name, source in (("cut.png", "grey.png"), ("cut.jpg", "cut.jpg")):
        (folder / name).write_bytes((folder / source).read_bytes()[:200])
    tifffile.imwrite(folder / "part.tif", GREY / np.float32(7))
    ome(folder / "five.ome.tif", np.stack([GREY] * 5), "CYX")
    write_yaml(folder / "plan.yaml", {"goal": "x"})
    splits = {"train": {"count": 1, "seed": 1}}
    bubbles: dict[str, Any] = {"variety": {"bubble": 0.1}, "splits": splits}
    write_yaml(folder / "bubble.yaml", {"simulator": bubbles, "out": "x"})
    write_yaml(folder / "empty.yaml", {"out": "x"})
    write_yaml(folder / "sets.yaml", {"out": "x", "sets": [{"folder": "one"}]})
    (folder / "taken.tif").mkdir()
    before = tree(folder)
    done = here(*arguments)
    assert done.code == 2, done.out + done.err
    (line,) = one_line_each(done.err)
    assert says in line
    assert tree(folder) == before


def bricks_config(folder: Path, **changes: Any) -> Path:
    simulator = {
        "splits": {"train": {"count": 3, "seed": 1}, "val": {"count": 2, "seed": 2}},
        "variety": {"height": 64, "width": 64},
    }
    rows = ["image,label,split,licence,modality", "images/a.png,labels/a.png,train,MIT,fluor"]
    rows += ["images/b.png,labels/b.png,test,MIT,fluor"]
    for name in ("images", "labels"):
        (folder / "data/one" / name).mkdir(parents=True, exist_ok=True)
        for stem in ("a", "b"):
            pixels = GREY if name == "images" else (SPOTS > 100).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "data/one" / name / f"{stem}.png")
    (folder / "data/one/meta.csv").write_text("\n".join(rows) + "\n")
    whole = {"out": "bricks", "data": "data", "sets": [{"folder": "one"}], "simulator": simulator}
    return write_yaml(folder / "bricks.yaml", whole | changes)


def test_bricks_are_the_same_again_and_never_of_the_test_split(folder: Path) -> None:
    bricks_config(folder)
    done = here("bricks", "build", "bricks.yaml", "--json")
    assert done.code == 0, done.err
    assert done.last == {"bricks": "bricks", "pictures": 6, "questions": 24}
    assert here("bricks", "build", "bricks.yaml", "--out", "again").code == 0
    assert tree(folder / "bricks") == tree(folder / "again")
    lines = (folder / "bricks/instructions.jsonl").read_text().splitlines()
    items = [json.loads(line) for line in lines]
    assert {item["provenance"]["split"] for item in items} == {"train", "val"}
    assert {item["licence"] for item in items} == {"MIT", "BSD-3-Clause"}
    assert "images/b.png" not in {item["provenance"]["name"] for item in items}
    manifest = json.loads((folder / "bricks/manifest.json").read_text())
    assert sum(row["count"] for row in manifest["pictures"]) == 6
    assert sum(manifest["tasks"].values()) == 24


def test_a_failed_build_leaves_nothing(folder: Path) -> None:
    bricks_config(folder)
    (folder / "data/one/labels/a.png").unlink()
    before = tree(folder)
    done = here("bricks", "build", "bricks.yaml")
    assert done.code == 2
    assert "labels/a.png" in done.err
    assert tree(folder) == before


def test_an_image_in_two_splits_is_refused(folder: Path) -> None:
    bricks_config(folder)
    with (folder / "data/one/meta.csv").open("a") as table:
        table.write("images/b.png,labels/b.png,train,MIT,fluor\n")
    done = here("bricks", "build", "bricks.yaml")
    assert done.code == 2
    assert "images/b.png is in the splits test and train" in done.err


def test_another_recipe_in_the_same_folder_is_refused(folder: Path) -> None:
    bricks_config(folder, sets=[])
    assert here("bricks", "build", "bricks.yaml").code == 0
    stage = {"steps": 1, "batch": 1, "size": 64, "rate": 1e-3, "seed": 1, "workers": 0}
    recipe = {
        "bricks": "bricks",
        "out": "trained",
        "sources": [{"source": "nothing", "pixels": 1, "language": 1}],
        "pixels": stage,
        "language": stage,
    }
    write_yaml(folder / "train.yaml", recipe)
    done = here("train", "train.yaml")
    assert done.code == 2
    assert "no training pictures of nothing" in done.err
    write_yaml(folder / "train.yaml", recipe | {"pixels": stage | {"seed": 2}})
    done = here("train", "train.yaml")
    assert done.code == 2
    assert "was begun with another recipe" in done.err
