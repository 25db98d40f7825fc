"""What the judge was asked to reach, by part, group and figure, as it is printed."""

from __future__ import annotations

ASKED: dict[str, str] = {
    "segmentation/fluorescence/ap50": "0.83; 0.772 (StarDist)",
    "segmentation/fluorescence/ap75": "0.330 (StarDist)",
    "segmentation/fluorescence/ap": "0.425 (StarDist)",
    "segmentation/fluorescence/count_error": "0.10; 0.09 (StarDist)",
    "segmentation/fluorescence/seconds_per_image": "0.8 (StarDist)",
    "focus/real, blurred on purpose/accuracy_outside_gap": "0.95",
    "focus/real, blurred on purpose/spearman": "0.9",
    "focus/simulator, true z/accuracy_outside_gap": "0.95",
    "focus/simulator, true z/spearman": "0.9",
    "focus/simulator, z sweep/accuracy_outside_gap": "0.95",
    "focus/simulator, z sweep/spearman": "0.9",
    "mitosis/simulator, all/image_ap": "0.9",
    **{
        f"artefacts/fluorescence/{kind}": "0.95"
        for kind in ("saturated", "dim", "uneven", "bubble", "debris", "motion", "empty")
    },
    **{f"artefacts/anomaly/{kind}": "0.9" for kind in ("stripes", "torn", "hot pixels", "fringes")},
    "calibration/target/ece_equal_width": "0.05",
    "calibration/focus/ece_equal_width": "0.05",
    "speed/seconds_to_first_verdict": "20",
    "speed/median_ms": "150",
    "speed/p99_ms": "300",
    "speed/peak_mib": "1536",
    "language/strangers/false_positive_rate": "0.05",
}
