"""Random plans within what a visit can be, for Hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from agent.plan import Plan

um = st.floats(-1e4, 1e4, allow_nan=False).map(lambda v: round(v, 3))
small_um = st.floats(0.25, 5).map(lambda v: round(v, 2))
names = st.text("ABCxyz 09/é._-", min_size=1, max_size=8)
channel_sets = st.lists(st.sampled_from(["DAPI", "FITC", "Cy5"]), min_size=1, unique=True)


@st.composite
def channel_lists(draw: st.DrawFn, with_z: bool) -> list[dict[str, Any]]:
    """Channels with exposures, some without a stack or with an offset."""
    listed = []
    for name in draw(channel_sets):
        channel: dict[str, Any] = {"config": name, "exposure": draw(st.integers(1, 500))}
        if with_z:
            channel |= draw(
                st.fixed_dictionaries(
                    {}, optional={"do_stack": st.booleans(), "z_offset": small_um}
                )
            )
        listed.append(channel)
    return listed


def _phase() -> st.SearchStrategy[dict[str, Any]]:
    seconds = st.floats(1, 900).map(lambda v: round(v, 2))
    return st.one_of(
        st.fixed_dictionaries({"interval": seconds, "loops": st.integers(1, 4)}),
        st.fixed_dictionaries({"duration": seconds, "loops": st.integers(2, 4)}),
        st.fixed_dictionaries({"interval": st.just(60.0), "duration": st.integers(1, 200)}),
    )


time_plans = st.one_of(st.none(), _phase(), st.lists(_phase(), min_size=1, max_size=3))
relative_z = st.one_of(
    st.fixed_dictionaries({"range": small_um, "step": small_um}),
    st.fixed_dictionaries({"above": small_um, "below": small_um, "step": small_um}),
    st.fixed_dictionaries({"relative": st.lists(um, min_size=1, max_size=4)}),
)
absolute_z = st.one_of(
    st.fixed_dictionaries({"bottom": st.just(0), "top": small_um, "step": small_um}),
    st.fixed_dictionaries({"absolute": st.lists(um, min_size=1, max_size=4)}),
)
fov = {"fov_width": small_um, "fov_height": small_um}
relative_grids = st.one_of(
    st.fixed_dictionaries(
        {
            "rows": st.integers(1, 3),
            "columns": st.integers(1, 3),
            "mode": st.sampled_from(["row_wise", "spiral", "column_wise_snake"]),
            "overlap": st.sampled_from([0, 10, [5, 20]]),
        }
        | fov
    ),
    st.fixed_dictionaries(
        {
            "num_points": st.integers(1, 4),
            "max_width": small_um,
            "max_height": small_um,
            "random_seed": st.integers(0, 9),
        }
    ),
)
absolute_grids = st.fixed_dictionaries(
    {"top": st.just(5), "left": st.just(0), "bottom": st.just(-5), "right": st.just(9)}
    | {"fov_width": st.just(4), "fov_height": st.just(6)}
)


@st.composite
def positions(draw: st.DrawFn, absolute_grid: bool, absolute_planes: bool) -> list[dict[str, Any]]:
    """Positions, named or not. Under an absolute grid one gives the z, and planes may instead."""
    fixed = {"z": um} if absolute_grid else {"x": um, "y": um, "z": um}
    one = st.fixed_dictionaries(fixed, optional={"name": names})
    fewest, most = (0 if absolute_planes else 1, 1) if absolute_grid else (1, 4)
    return draw(
        st.lists(one, min_size=fewest, max_size=most, unique_by=lambda p: p.get("name", id(p)))
    )


@st.composite
def plates(draw: st.DrawFn, absolute_z: bool) -> dict[str, Any]:
    """Some wells of a plate."""
    wells = draw(st.integers(1, 3))
    plate: dict[str, Any] = {
        "plate": draw(st.sampled_from(["96-well", 24])),
        "a1_center_xy": [draw(um), draw(um)],
        "rotation": draw(st.sampled_from([None, 3.5])),
        "selected_wells": [list(range(wells)), [1] * wells],
    }
    if not absolute_z:
        plate["well_points_plan"] = {"x": draw(um), "y": 0, "z": draw(um)}
    elif draw(st.booleans()):
        plate["well_points_plan"] = draw(relative_grids)
    return plate


@st.composite
def baselines(draw: st.DrawFn) -> dict[str, Any]:
    """A baseline that `agent.check` has nothing against."""
    z = draw(st.sampled_from(["none", "relative", "absolute"]))
    grid = draw(st.sampled_from(["none", "none", "relative", "absolute"]))
    plate = grid == "none" and draw(st.booleans()) and z != "none"
    baseline: dict[str, Any] = {
        "axis_order": draw(st.sampled_from(["tpgcz", "tpgzc", "tgpcz"])),
        "channels": draw(channel_lists(with_z=z != "none")),
        "stage_positions": draw(
            plates(z == "absolute") if plate else positions(grid == "absolute", z == "absolute")
        ),
        "metadata": {"note": "x", "list": [1, 2.5]},
    }
    if z != "none":
        baseline["z_plan"] = {
            **draw(relative_z if z == "relative" else absolute_z),
            "go_up": draw(st.booleans()),
        }
    if grid != "none":
        baseline["grid_plan"] = draw(relative_grids if grid == "relative" else absolute_grids)
    times = draw(time_plans)
    if times is not None:
        baseline["time_plan"] = times
    return baseline


common = {
    "channel": st.sampled_from(["DAPI", "FITC"]),
    "latency_s": st.floats(0, 90),
    "deadline_s": st.floats(0.5, 90),
    "fallback": st.just("classical"),
}
paths = st.sampled_from(["/nowhere/model", "model d'été", "owner/name"])
judges = st.one_of(
    st.fixed_dictionaries({}, optional=common),
    st.fixed_dictionaries({"kind": st.sampled_from(["classical", "none"])}, optional=common),
    st.fixed_dictionaries(
        {"kind": st.just("mllm")},
        optional=common | {"weights": paths, "adapter": paths, "explain": st.booleans()},
    ),
    st.fixed_dictionaries(
        {"kind": st.just("hf"), "model": paths}, optional=common | {"adapter": paths}
    ),
    st.fixed_dictionaries(
        {"kind": st.just("chat"), "model": st.sampled_from(["openai:x", "somebody:new/x:y"])},
        optional=common
        | {"base_url": st.just("http://localhost:8000/v1"), "max_calls": st.integers(1, 9)},
    ),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A whole plan."""
    baseline = draw(baselines())
    data: dict[str, Any] = {
        "goal": draw(st.text(min_size=1, max_size=20)),
        "baseline": baseline,
        "judge": draw(judges),
        "decide": draw(st.sampled_from([{"policy": "fixed"}, {"policy": "watch"}])),
        "reaction": {
            "interval_s": draw(st.floats(0.5, 900)),
            "channels": draw(st.just([]) | channel_lists(with_z="z_plan" in baseline)),
        },
        "budget": draw(
            st.fixed_dictionaries({}, optional={"dose_per_fov_j_cm2": st.floats(1e-9, 1e9)})
        ),
        "coupling": draw(st.sampled_from(["free_run", "synchronized"])),
    }
    if draw(st.booleans()):
        data["autofocus"] = {"channel": "DAPI", "exposure_ms": draw(st.floats(0.1, 100))}
    plan = Plan.model_validate(data)
    z_plan = plan.baseline.z_plan
    if z_plan is not None:  # useq may count a plane more than it takes; `agent.check` refuses that
        assume(z_plan.num_positions() == len(tuple(z_plan)))
    return plan
