"""Figures of merit on cases small enough to work out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from policies.measure.calibration import accuracy_at_coverage, expected_calibration_error
from policies.measure.classes import (
    accuracy,
    balanced_accuracy,
    count_error,
    sensitivity,
    specificity,
)
from policies.measure.matching import detection_precision, match
from policies.measure.ranking import auroc, average_precision, spearman
from policies.measure.segmentation import THRESHOLDS, tally
from policies.measure.segmentation import average_precision as segmentation_precision


@pytest.mark.parametrize(
    ("scores", "positive", "expected"),
    [
        ([0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0], 1.0),
        ([0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1], 0.0),
        ([0.9, 0.8, 0.2, 0.1], [1, 0, 1, 0], 0.75),
        ([0.5, 0.5, 0.5], [1, 0, 0], 0.5),
        ([0.5, 0.6], [1, 1], None),
        ([], [], None),
    ],
)
def test_auroc_is_the_chance_that_a_positive_scores_higher(
    scores: list[float], positive: list[int], expected: float | None
) -> None:
    assert auroc(scores, positive) == expected


@pytest.mark.parametrize(
    ("scores", "positive", "missed", "expected"),
    [
        ([0.9, 0.8, 0.2], [1, 1, 0], 0, 1.0),
        ([0.9, 0.8, 0.2], [1, 0, 1], 0, (1 + 2 / 3) / 2),
        ([0.9, 0.8, 0.2], [0, 0, 1], 0, 1 / 3),
        ([0.5, 0.5, 0.5, 0.5], [1, 0, 0, 0], 0, 1 / 4),  # ties are one step, in whatever order
        ([0.5, 0.5, 0.5, 0.5], [0, 0, 0, 1], 0, 1 / 4),
        ([0.9], [1], 1, 0.5),
        ([], [], 2, 0.0),
        ([0.9], [0], 0, None),
    ],
)
def test_average_precision_is_the_mean_precision_at_each_positive(
    scores: list[float], positive: list[int], missed: int, expected: float | None
) -> None:
    assert average_precision(scores, positive, missed) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1, 2, 3], [10, 100, 1000], 1.0),
        ([1, 2, 3], [3, 2, 1], -1.0),
        ([1, 2, 3, 4], [1, 3, 2, 4], 0.8),
        ([1, 2, 2, 3], [1, 2, 2, 3], 1.0),
        ([1, 1, 1], [1, 2, 3], None),
        ([1], [1], None),
    ],
)
def test_rank_correlation(first: list[float], second: list[float], expected: float | None) -> None:
    assert spearman(first, second) == pytest.approx(expected)


def test_balanced_accuracy_counts_every_class_the_same() -> None:
    true, said = ["in"] * 8 + ["out"] * 2, ["in"] * 10
    assert accuracy(said, true) == 0.8
    assert balanced_accuracy(said, true) == 0.5
    assert accuracy([], []) is None
    assert balanced_accuracy([], []) is None


def test_sensitivity_and_specificity_look_at_one_kind_each() -> None:
    called, positive = [True, True, False, True, False], [True, True, True, False, False]
    assert sensitivity(called, positive) == pytest.approx(2 / 3)
    assert specificity(called, positive) == 0.5
    assert sensitivity([True], [False]) is None
    assert specificity([True], [True]) is None


@pytest.mark.parametrize(
    ("predicted", "true", "expected"),
    [([10, 12, 30], [10, 10, 10], 0.2), ([2], [0], 2.0), ([], [], None)],
)
def test_the_count_error_is_that_of_the_median_image(
    predicted: list[int], true: list[int], expected: float | None
) -> None:
    assert count_error(predicted, true) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("probability", "happened", "bins", "equal_mass", "expected"),
    [
        ([0.75] * 4, [1, 1, 1, 0], 15, False, 0.0),
        ([0.9] * 4, [1, 1, 1, 0], 15, False, 0.15),
        ([1.0, 0.0], [1, 0], 15, False, 0.0),
        ([0.1, 0.9], [1, 0], 2, False, 0.9),
        ([0.6, 0.8], [0, 1], 2, False, 0.2),  # one bin of equal width holds both
        ([0.6, 0.8], [0, 1], 2, True, 0.4),  # equal mass parts them
        ([0.4, 0.6], [0, 1], 1, True, 0.0),
        ([], [], 15, False, None),
    ],
)
def test_expected_calibration_error(
    probability: list[float],
    happened: list[int],
    bins: int,
    equal_mass: bool,
    expected: float | None,
) -> None:
    found = expected_calibration_error(probability, happened, bins, equal_mass=equal_mass)
    assert found == pytest.approx(expected)


def test_accuracy_rises_where_the_unsure_are_left_out() -> None:
    sure, right = [0.9, 0.6, 0.8, 0.7], [True, False, True, True]
    assert accuracy_at_coverage(sure, right, (1.0, 0.75, 0.5)) == (0.75, 1.0, 1.0)
    assert accuracy_at_coverage([], [], (1.0, 0.5)) == (None, None)


@pytest.mark.parametrize(
    ("places", "scores", "truths", "ignored", "expected"),
    [
        pytest.param([(0, 0)], [0.9], [[(3, 4)]], [], 1.0, id="within reach"),
        pytest.param([(0, 0)], [0.9], [[(4, 4)]], [], 0.0, id="too far"),
        pytest.param([], [], [[(0, 0)]], [], 0.0, id="nothing found"),
        pytest.param([(0, 0)], [0.9], [], [], None, id="nothing to find"),
        pytest.param([(0, 0), (50, 0)], [0.2, 0.9], [[(0, 0)]], [], 0.5, id="a false one first"),
        pytest.param([(0, 0), (1, 0)], [0.9, 0.8], [[(0, 0)]], [], 1.0, id="twice is once"),
        pytest.param(
            [(0, 0), (1, 0)], [0.9, 0.8], [[(0, 0)], [(1, 0)]], [], 1.0, id="neighbours apart"
        ),
        pytest.param(
            [(0, 0), (9, 0)], [0.9, 0.8], [[(0, 0), (9, 0)]], [], 1.0, id="one thing, two places"
        ),
        pytest.param(
            [(0, 0), (50, 0)], [0.2, 0.9], [[(0, 0)]], [(50, 0)], 1.0, id="not to be judged"
        ),
    ],
)
def test_detections_are_matched_by_distance(
    places: list[tuple[float, float]],
    scores: list[float],
    truths: list[list[tuple[float, float]]],
    ignored: list[tuple[float, float]],
    expected: float | None,
) -> None:
    assert detection_precision([match(places, scores, truths, ignored, reach=5.0)]) == expected


def test_detections_of_several_images_are_ranked_together() -> None:
    sure = match([(0, 0)], [0.9], [], [], 5.0)  # a false one, surer than the true one
    other = match([(0, 0)], [0.5], [[(0, 0)]], [], 5.0)
    assert detection_precision([sure, other]) == 0.5
    assert detection_precision([]) is None


def test_instances_are_matched_by_overlap_and_pooled() -> None:
    true = np.zeros((20, 20), np.uint16)
    true[0:10, 0:10], true[12:20, 12:20] = 1, 2
    predicted = np.zeros_like(true)
    predicted[0:10, 0:8], predicted[0:3, 15:20] = 7, 9  # IoU 0.8 with one; the other is nowhere
    found = dict(zip(THRESHOLDS, segmentation_precision([tally(predicted, true)]), strict=True))
    assert found[0.5] == found[0.8] == pytest.approx(1 / 3)
    assert found[0.85] == 0.0
    assert segmentation_precision([tally(true, true), tally(true, true)]) == (1.0,) * 9
    assert segmentation_precision([]) == (0.0,) * 9
