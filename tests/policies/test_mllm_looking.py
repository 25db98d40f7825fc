"""Images of every kind and size are looked at; what cannot be judged is an abstention."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mllm_tiny import tiny_weights
from numpy.typing import NDArray
from policies_synthetic import frame as frame_of

from policies.mllm.asker import PlainAsker, Reply
from policies.mllm.judge import MllmJudge, attempt, unfit
from policies.mllm.look import half, look, tiles
from policies.mllm.picture import judge_picture
from policies.mllm.weights import load

RNG = np.random.default_rng(1)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def asker(weights: Path) -> PlainAsker:
    return PlainAsker(load(weights))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    "shape", [(40, 40), (33, 61), (8, 97), (64, 48, 1), (40, 41, 3), (9, 8, 4)]
)
@pytest.mark.parametrize("pixel_um", [None, 0.1, 0.5])
def test_every_depth_channel_count_and_size(
    asker: PlainAsker, dtype: type, shape: tuple[int, ...], pixel_um: float | None
) -> None:
    image = RNG.integers(0, np.iinfo(dtype).max, shape, dtype=dtype)
    judged = judge_picture(asker, image, "mitosis", pixel_um)
    assert judged.labels.shape == shape[:2]
    assert judged.verdict.p_target is not None
    reach = np.array(shape[1::-1]) * (pixel_um or 1.0)
    for thing in judged.verdict.objects:
        assert 0 <= thing.x_um <= reach[0]
        assert 0 <= thing.y_um <= reach[1]


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (np.full((1, 1), 7, np.uint8), "at least 8 x 8"),
        (np.full((30, 30), 7, np.uint16), "constant"),
        (np.full((30, 30, 5), 7, np.uint8), "1 to 4 channels"),
        (np.full((30,), 7, np.uint8), "shape"),
        (np.array([[np.nan, 1.0] * 8] * 16, np.float32), "NaN"),
    ],
)
def test_what_is_no_image_is_an_abstention(
    asker: PlainAsker, image: NDArray[Any], says: str
) -> None:
    judged = judge_picture(asker, image, "mitosis", None)
    assert judged.verdict.abstained
    assert says in judged.verdict.why_abstained
    assert not judged.labels.any()


class Forgetful(PlainAsker):
    """Runs out of memory above a tile size."""

    def __init__(self, weights: Path, most_px: int, error: Exception) -> None:
        super().__init__(load(weights))
        self.most_px, self.error = most_px, error
        self.tried: list[int] = []

    def ask(
        self, image: NDArray[Any], text: str, pixel_um: float | None, tile_px: int = 1024
    ) -> Reply:
        self.tried.append(tile_px)
        if tile_px > self.most_px:
            raise self.error
        return super().ask(image, text, pixel_um, tile_px)


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError("CUDA out of memory"), RuntimeError("can't allocate memory: 9")],
)
@pytest.mark.parametrize(("most_px", "tried"), [(512, [1024, 512]), (100, [1024, 512, 256])])
def test_without_memory_tiles_get_smaller_then_it_abstains(
    weights: Path, error: Exception, most_px: int, tried: list[int]
) -> None:
    asker = Forgetful(weights, most_px, error)
    image = RNG.integers(0, 255, (40, 40)).astype(np.uint8)
    judged = judge_picture(asker, image, "mitosis", pixel_um=0.5)
    assert asker.tried == tried
    assert ("out of memory" in judged.verdict.why_abstained) == (most_px == 100)


def test_another_error_is_no_lack_of_memory(weights: Path) -> None:
    asker = Forgetful(weights, 100, RuntimeError("shapes do not fit"))
    with pytest.raises(RuntimeError, match="shapes"):
        attempt(asker, np.zeros((40, 40), np.uint8), "mitosis", None)


@given(h=st.integers(1, 5000), w=st.integers(1, 5000), tile=st.sampled_from([256, 512, 1024]))
@settings(deadline=None)
def test_tiles_fill_the_image_exactly_once(h: int, w: int, tile: int) -> None:
    rows: dict[tuple[int, int], int] = {}
    area = 0
    for one in tiles(h, w, tile):
        assert one.rows.stop - one.rows.start <= tile + 1
        assert one.rows.stop <= h
        assert one.columns.stop <= w
        for own, kept, whole in (
            (one.own_rows, one.kept_rows, one.rows),
            (one.own_columns, one.kept_columns, one.columns),
        ):
            assert whole.start % 2 == own.start % 2 == kept.start % 2 == 0
            assert kept.start >= 0
            assert kept.stop <= whole.stop - whole.start
            assert (own.start - whole.start, own.stop - whole.start) == (kept.start, kept.stop)
            assert half(own).stop - half(own).start == half(kept).stop - half(kept).start
        rows[one.own_rows.start, one.own_columns.start] = 1
        area += (one.own_rows.stop - one.own_rows.start) * (
            one.own_columns.stop - one.own_columns.start
        )
    assert area == h * w
    assert len(rows) == len(list(tiles(h, w, tile)))


def test_seams_of_tiles_do_not_show(asker: PlainAsker) -> None:
    """Away from the image's ends, tiles see what the whole sees."""
    model = asker.reader.loaded.model
    image = RNG.integers(0, 4000, (640, 704)).astype(np.uint16)
    queries = torch.zeros(1, 1, model.config.query_width + 1)
    whole = look(model.pixels, image, queries, scale=1.0)
    cut = look(model.pixels, image, queries, scale=1.0, tile_px=512)
    assert len(cut.sights) == 4
    assert float(np.abs(whole.foreground - cut.foreground).mean()) < 0.01
    assert float(np.abs(whole.heat - cut.heat).max()) < 0.5


def test_the_judge_judges_frames_and_refuses_what_is_unfit(weights: Path) -> None:
    judge = MllmJudge(weights=weights)
    frame = frame_of(RNG.integers(0, 4000, (64, 64)).astype(np.uint16), pixel_um=0.5)
    verdict = judge.judge([frame], target="mitosis")
    assert verdict.count is not None
    unknown = replace(frame, meta=replace(frame.meta, pixel_size_um=float("nan")))
    assert "pixel size" in unfit(unknown)
    assert judge.judge([unknown], target="mitosis").abstained
    with pytest.raises(ValueError, match="no frames"):
        judge.judge([], target="mitosis")
