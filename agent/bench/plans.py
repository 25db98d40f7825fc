"""Plans that benchmarks run: many small visits, nothing to wait for."""

from __future__ import annotations

from agent.plan import Plan


def busy_plan(
    *, fields: int, rounds: int, interval_s: float, exposure_ms: float = 10.0, watch: bool = False
) -> Plan:
    """`fields` x `rounds` visits of two channels, 100 um apart (the demo stage's shortest move)."""
    channels = [
        {"group": "Channel", "config": name, "exposure": exposure_ms} for name in ("DAPI", "FITC")
    ]
    return Plan.model_validate(
        {
            "goal": "benchmark",
            "baseline": {
                "axis_order": "tpcz",
                "stage_positions": [
                    {"name": f"p{i:02d}", "x": 100.0 * (i % 6), "y": 100.0 * (i // 6), "z": 0.0}
                    for i in range(fields)
                ],
                "channels": channels,
                "time_plan": {"interval": interval_s, "loops": rounds},
            },
            "judge": {"kind": "none", "latency_s": 0.0},
            "decide": {"policy": "watch" if watch else "fixed"},
            "trouble": {"overtaken": "image_late", "late_after_s": 1e6},
        }
    )
