"""Measured gauges learn from pictures spoiled on purpose; what was made once is not made again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from mllm_tiny import tiny_weights
from test_mllm_bricks import brick

from policies.mllm.bricks.brick import Provenance
from policies.mllm.bricks.sample import prepare, spoil
from policies.mllm.measures import measure
from policies.mllm.model.focus_gauge import with_gauges
from policies.mllm.sharpness import SHARPNESS_NAMES
from policies.mllm.train import gauge_examples, gauges
from policies.mllm.train.focus import train_focus
from policies.mllm.train.gauge_examples import AS_IT_IS, FOCUS, Examples, drawn, examples, recipe_of
from policies.mllm.train.gauges import train_gauges
from policies.mllm.weights import Loaded, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    return load(tiny_weights(tmp_path / "tiny"), fused=False)


def count_of(loaded: Loaded) -> int:
    """Features of an image: the focus gauge reads blur and four states besides."""
    return len(loaded.model.focused.mean) - 5


def test_examples_are_made_once_and_kept(
    loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauge_examples, "CHUNK", 2)
    pictures = [prepare(brick(seed)) for seed in range(2)]
    whole = examples(loaded, pictures, 5, folder=tmp_path / "kept")
    assert whole.features.shape == (5, count_of(loaded))
    assert len(list((tmp_path / "kept").iterdir())) == 3
    (tmp_path / "kept" / "gauges-4-0001.npz").unlink()  # as if it had been interrupted
    monkeypatch.setattr(gauge_examples, "measure", _once_more(measure, most=2))
    again = examples(loaded, pictures, 5, folder=tmp_path / "kept")
    for name in ("features", "blur", "focus", "flags"):
        torch.testing.assert_close(
            getattr(again, name), getattr(whole, name), rtol=0, atol=0, equal_nan=True
        )


def _once_more(measured: Callable[..., Any], most: int) -> Callable[..., Any]:
    left = [most]

    def counted(*args: Any) -> Any:
        left[0] -= 1
        assert left[0] >= 0, "looked at a picture that was kept"
        return measured(*args)

    return counted


def test_a_picture_taken_out_of_focus_is_often_left_as_it_is() -> None:
    rng = np.random.default_rng(0)
    recorded = replace(brick(), relative_blur=0.2)
    found = [recipe_of(rng, recorded) for _ in range(300)]
    plain = [r for r in found if replace(r, size=AS_IT_IS.size, scale=AS_IT_IS.scale) == AS_IT_IS]
    assert 0.25 < len(plain) / 300 < 0.5
    for one in plain[:3]:
        sample = spoil(prepare(recorded), rng, one).sample
        assert sample.blur == pytest.approx(0.2)
    assert all(r.plain != AS_IT_IS.plain for r in (recipe_of(rng, brick()) for _ in range(100)))


def test_most_blurs_for_focus_lie_near_the_bounds() -> None:
    rng = np.random.default_rng(1)
    sharp = prepare(replace(brick(), relative_blur=0.0))
    recipe = replace(FOCUS, size=64, scale=(1.0, 1.0))
    blurs = np.array([spoil(sharp, rng, recipe).sample.blur for _ in range(150)])
    assert ((blurs > 0.05) & (blurs < 0.32)).mean() > 0.6
    assert (blurs == 0).mean() < 0.2


def test_kinds_are_drawn_in_their_shares_however_many_pictures_they_have() -> None:
    def of(source: str, modality: str) -> object:
        where = Provenance(source, "one", "train", "", "")
        return prepare(replace(brick(), provenance=where, modality=modality, phases_known=False))

    many = [of("simulator", "fluorescence") for _ in range(20)]
    pictures = [*many, of("real", "fluorescence"), of("real", "histology")]
    one = drawn(pictures, np.random.default_rng(3))  # type: ignore[arg-type]
    got = [one().brick for _ in range(600)]
    simulated = np.mean([b.provenance.source == "simulator" for b in got])
    lit = np.mean([b.provenance.source == "real" and b.modality == "fluorescence" for b in got])
    assert simulated == pytest.approx(gauge_examples.SHARES[1], abs=0.07)
    assert lit == pytest.approx(gauge_examples.SHARES[0], abs=0.07)


def made_up(count: int) -> tuple[Examples, np.ndarray]:
    """Features whose first and last columns say the blur, the second one a flag."""
    torch.manual_seed(5)
    features = torch.randn(600, count)
    relative = (0.5 * torch.sigmoid(features[:, 0] + 2 * features[:, -1])).numpy()
    state = np.digitize(relative, (0.1, 0.24))
    focus = torch.from_numpy(np.where(np.arange(600) % 10 == 0, -1, state))
    flags = torch.full((600, 7), -1.0)
    flags[:, 2] = (features[:, 1] > 0).float()
    blur = torch.from_numpy(np.log2(relative + 0.03)).float()
    blur[::7] = torch.nan
    return Examples(features, blur, focus, flags), state


def test_gauges_learn_flags_and_the_focus_gauge_what_they_cannot_see(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauges, "EPOCHS", 10)
    found, state = made_up(count_of(loaded))
    model = loaded.model
    train_gauges(loaded, found)
    train_focus(loaded, found, epochs=25)
    with torch.no_grad():
        first = model.measured(found.features)
        said = model.focused(with_gauges(found.features, first))
    flagged = found.features[:, 1] > 0
    assert ((first.flags[:, 2] > 0) == flagged).float().mean() > 0.75
    right = (said.focus.argmax(1).numpy() == state).mean()
    assert right > (first.focus.argmax(1).numpy() == state).mean()
    assert right > 0.8
    known = ~torch.isnan(found.blur)
    assert float((said.blur - found.blur)[known].abs().mean()) < 0.5
    assert bool((said.spread > 0).all())


def test_sharpness_is_for_the_focus_gauge_alone(loaded: Loaded) -> None:
    """Flags were fitted without it, and must not move with it."""
    found, _ = made_up(count_of(loaded))
    model = loaded.model
    own = len(model.measured.mean)
    other = found.features.clone()
    other[:, own:] += 1
    assert other.shape[1] - own == len(SHARPNESS_NAMES)
    with torch.no_grad():
        first, second = model.measured(found.features), model.measured(other)
        near = [model.focused(with_gauges(f, first)).focus for f in (found.features, other)]
    torch.testing.assert_close(first.flags, second.flags)
    assert not torch.allclose(near[0], near[1])


def test_what_nobody_knows_teaches_nothing(loaded: Loaded) -> None:
    found, _ = made_up(count_of(loaded))
    nobody = replace(found, blur=found.blur * torch.nan, focus=torch.full((600,), -1))
    train_focus(loaded, nobody, epochs=1)
    assert all(bool(torch.isfinite(p).all()) for p in loaded.model.focused.parameters())
