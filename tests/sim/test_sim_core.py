"""The real demo devices with simulated time, light and sample behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import useq
from sim_kit import NINE, demo, exposure, most_dose, scenario

from sim.scope import SimulatedScope, open_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hardware.data import Exposure

    Open = Callable[..., SimulatedScope]


def snap(scope: SimulatedScope) -> NDArray[np.uint16]:
    scope.core.snapImage()
    return scope.core.getImage()


def stack(zs: list[float], channels: tuple[str, ...] = ("DAPI",)) -> list[useq.MDAEvent]:
    return [
        useq.MDAEvent(
            index={"t": 0, "c": c, "z": z},
            x_pos=0.0,
            y_pos=0.0,
            z_pos=zs[z],
            channel={"group": "Channel", "config": channel},
            exposure=20.0,
        )
        for c, channel in enumerate(channels)
        for z in range(len(zs))
    ]


def test_opening_costs_no_time_and_puts_the_objective_in_place(opened: Open) -> None:
    scope = opened()
    assert scope.clock.now() == 0
    assert scope.core.getPixelSizeUm() == 0.5
    assert scope.core.getCurrentConfig("Objective") == "20X"


@pytest.mark.parametrize(
    ("what", "seconds"),
    [
        (lambda core: core.setXYPosition(600.0, 0.0), 600 / 10_000 + 0.05),
        (lambda core: core.setXYPosition("XY", 300.0, 400.0), 500 / 10_000 + 0.05),
        (lambda core: core.setRelativeXYPosition(600.0, 0.0), 600 / 10_000 + 0.05),
        (lambda core: core.setXYPosition(0.0, 0.0), 0.0),
        (lambda core: core.setPosition(10.0), 10 / 1000 + 0.05),
        (lambda core: core.setZPosition(-4.0), 4 / 1000 + 0.05),
        (lambda core: core.setRelativePosition(2.0), 2 / 1000 + 0.05),
        (lambda core: core.setPosition(0.0), 0.0),
        (lambda core: core.setConfig("Channel", "FITC"), 0.1),
        (lambda core: core.setConfig("Channel", "DAPI"), 0.0),
        (lambda core: core.setConfig("Objective", "40X"), 2.0),
        (lambda core: core.setExposure(50.0), 0.0),
        (lambda core: core.snapImage(), 0.01 + 0.02),
        (lambda core: core.setShutterOpen(True), 0.0),
        (lambda core: core.waitForSystem(), 0.0),
    ],
)
def test_what_changes_something_costs_simulated_time(
    opened: Open, what: Callable[[object], None], seconds: float
) -> None:
    scope = opened()
    scope.core.setConfig("Channel", "DAPI")
    before = scope.clock.now()
    what(scope.core)
    assert scope.clock.now() - before == pytest.approx(seconds, abs=2e-6)


def test_the_stage_is_where_it_was_sent_and_idle(opened: Open) -> None:
    core = opened().core
    core.setXYPosition(12_345.0, -6_789.0)
    assert not core.deviceBusy("XY")
    assert core.getXYPosition() == pytest.approx((12_345.0, -6_789.0), abs=0.02)


def test_a_z_stack_is_hardware_sequenced_and_each_frame_is_at_its_z(opened: Open) -> None:
    scope = opened(focus={"drift_um_per_h": 0.0, "wander_um": 0.0})
    core = scope.core
    zs = [-12.0, -6.0, 0.0, 6.0, 12.0]
    frames: list[tuple[NDArray[np.uint16], useq.MDAEvent, dict[str, object]]] = []
    core.mda.events.frameReady.connect(lambda *frame: frames.append(frame))
    core.mda.run(stack(zs, ("DAPI", "FITC")))
    assert [event.z_pos for _, event, _ in frames] == zs + zs
    assert all(meta["hardware_triggered"] for _, _, meta in frames)
    tags = [meta["camera_metadata"] for _, _, meta in frames]
    assert [float(tag["Z_um"]) for tag in tags] == zs + zs
    for channel in (frames[:5], frames[5:]):
        contrast = [np.diff(image.astype(float)).var() for image, _, _ in channel]
        assert np.argmax(contrast) == 2
    ends = [float(tag["RunTime_s"]) for tag in tags]
    assert np.diff(ends[:5]) == pytest.approx([0.04] * 4, abs=1e-5)
    assert ends[-1] == scope.clock.now()
    assert core.getPosition() == zs[-1]
    assert not core.getShutterOpen()


def test_a_snap_after_a_stack_is_at_the_stage_again(opened: Open) -> None:
    scope = opened(focus={"drift_um_per_h": 0.0, "wander_um": 0.0})
    scope.core.mda.run(stack([-12.0, 0.0, 12.0]))
    soft = snap(scope).astype(float)
    scope.core.setPosition(0.0)
    assert np.diff(snap(scope).astype(float)).var() > 1.5 * np.diff(soft).var()


def test_the_shutter_follows_the_camera_only_when_it_is_told_to(opened: Open) -> None:
    scope = opened()
    core = scope.core
    core.setShutterOpen(False)
    lit = snap(scope)
    assert not core.getShutterOpen()
    core.setAutoShutter(False)
    dark = snap(scope)
    assert dark.mean() == pytest.approx(scope.scenario.camera.offset, abs=0.2)
    assert lit.mean() > dark.mean() + 5
    core.setShutterOpen(True)
    assert snap(scope).mean() > dark.mean() + 5


def test_darkness_gives_no_dose_and_light_does(opened: Open) -> None:
    scope = opened()
    scope.core.setAutoShutter(False)
    scope.core.setShutterOpen(False)
    snap(scope)
    assert most_dose(scope) == 0
    scope.core.setShutterOpen(True)
    snap(scope)
    assert most_dose(scope) == pytest.approx(0.04 * 0.01)


def test_bleached_cells_are_dimmer(opened: Open) -> None:
    scope = opened(damage={"lethal_j_cm2": 1e6, "slowing_j_cm2": 1e6})
    core = scope.core
    core.setExposure(20.0)
    before = snap(scope).astype(float)
    for _ in range(15):
        core.setExposure(10_000.0)  # 0.4 J/cm^2 each
        core.snapImage()
    core.setExposure(20.0)
    bright = before > np.percentile(before, 97)
    after = snap(scope).astype(float)
    assert (after[bright].mean() - 100) == pytest.approx(
        (before[bright].mean() - 100) * np.exp(-1), rel=0.25
    )


def test_an_objective_without_a_pixel_size_shows_nothing(opened: Open) -> None:
    scope = opened()
    scope.core.setStateLabel("Objective", "Objective-5")
    assert scope.core.getPixelSizeUm() == 0
    assert snap(scope).mean() == pytest.approx(scope.scenario.camera.offset, abs=0.2)


def test_a_resumed_run_goes_on_with_the_same_pixels() -> None:
    culture = scenario(side=128)
    journal: list[Exposure] = []

    def visit(scope: SimulatedScope, n: int) -> list[NDArray[np.uint16]]:
        core, images = scope.core, []
        scope.clock.sleep_until(360.0 * n)
        core.setXYPosition(NINE[n % 9].x_um, NINE[n % 9].y_um)
        for channel, irradiance in (("DAPI", 0.04), ("FITC", 0.08)):
            core.setConfig("Channel", channel)
            x, y = core.getXYPosition()
            journal.append(
                exposure(
                    scope.clock.now(),
                    x_um=x,
                    y_um=y,
                    channel=channel,
                    irradiance_w_cm2=irradiance,
                    exposure_ms=core.getExposure(),
                )
            )
            images.append(snap(scope))
        return images

    lived = open_scope(demo(), culture, 17)
    lived.core.setExposure(200.0)
    for n in range(20):
        visit(lived, n)
    until_now, light = lived.clock.now(), list(journal)
    x, y = lived.core.getXYPosition()
    expected = [visit(lived, n) for n in range(20, 26)]
    truth, end = lived.truth(NINE, 9000.0), lived.clock.now()
    lived.shutdown()

    resumed = open_scope(demo(), culture, 17)
    resumed.receive(light)
    resumed.restore(
        time_s=until_now,
        x_um=x,
        y_um=y,
        z_um=0.0,
        channel="FITC",
        objective="20X",
        exposure_ms=200.0,
    )
    assert resumed.clock.now() == until_now
    assert resumed.core.getXYPosition() == (x, y)
    assert resumed.core.getCurrentConfig("Channel") == "FITC"
    for n in range(20, 26):
        for image, wanted in zip(visit(resumed, n), expected[n - 20], strict=True):
            assert np.array_equal(image, wanted)
    assert (resumed.truth(NINE, 9000.0), resumed.clock.now()) == (truth, end)
    resumed.shutdown()


def test_another_configuration_is_refused_because_it_could_move_real_hardware() -> None:
    other = demo().model_copy(update={"mm_config": "/etc/nikon.cfg"})
    with pytest.raises(ValueError, match=r"mm_config: a rehearsal runs on MMConfig_demo\.cfg"):
        open_scope(other, scenario(), 17)


def test_an_unknown_objective_group_is_named() -> None:
    objectives = demo().objectives.model_copy(update={"group": "Turret"})
    other = demo().model_copy(update={"objectives": objectives})
    with pytest.raises(ValueError, match=r"objectives\.group: 'Turret'"):
        open_scope(other, scenario(), 17)


def test_light_in_the_journal_of_an_unknown_objective_is_passed_over(opened: Open) -> None:
    scope = opened()
    scope.receive([exposure(0.0, objective="")])
    assert most_dose(scope) == 0
