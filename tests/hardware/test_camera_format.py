"""Binning, and the pixel sizes that follow from it and from the objective."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rig import Rig, light

from hardware.data import Permit, Refusal, Rule
from hardware.fault import InstrumentFault
from hardware.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Callable

    Open = Callable[..., Rig]


def allowed(rig: Rig) -> Rig:
    """With a gate that lets the binning through, as a run's does."""
    gate = Gate(
        rig.config,
        rig.ledger,
        rig.budget,
        now=rig.clock.now,
        on_refusal=rig.refused.append,
        allowed_properties=(("Camera", "Binning"),),
    )
    rig.microscope._format._gate = gate
    return rig


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_image_and_pixel_size_follow_the_binning(real: Open, sim: Open, factor: int) -> None:
    for rig, side in ((real(), 512), (sim(side=128), 128)):
        before_um = rig.microscope.pixel_size_um()
        assert isinstance(allowed(rig).microscope.set_binning(factor), Permit)
        height, width, dtype = rig.microscope.image_format()
        assert (height, width, dtype) == (side // factor, side // factor, "uint16")
        assert rig.microscope.pixel_size_um() == before_um * factor
        assert rig.microscope.pixel_size_um("40X") == 0.25 * factor
        rig.microscope.set_channel("DAPI")
        image = rig.microscope.snap(light())
        assert not isinstance(image, Refusal)
        assert image.pixels.shape == (height, width)


def test_a_pixel_size_written_in_the_yaml_is_that_of_one_camera_pixel(real: Open) -> None:
    items = {"10X": {"z_um": [-200, 200], "pixel_size_um": 0.65}, "40X": {"z_um": [-100, 100]}}
    rig = allowed(real(objectives={"items": items}))
    rig.microscope.set_binning(2)
    assert rig.microscope.pixel_size_um() == 1.3
    assert rig.microscope.read().pixel_size_um == 1.3


def test_the_pixel_size_of_an_objective_nobody_measured_is_unknown(real: Open) -> None:
    rig = real()
    assert rig.microscope.pixel_size_um("60X") == 0.0
    rig.core.deletePixelSizeConfig("Res40x")
    assert rig.microscope.pixel_size_um("40X") == 0.0


def test_a_binning_that_the_camera_does_not_list_is_refused(real: Open, sim: Open) -> None:
    for rig, factor, listed in ((real(), 3, "1, 2, 4, 8"), (sim(), 8, "1, 2, 4")):
        refused = allowed(rig).microscope.set_binning(factor)
        assert isinstance(refused, Refusal)
        assert (refused.rule, refused.what) == (Rule.PROPERTY, f"binning {factor}")
        assert refused.limit == f"binning that Camera lists: {listed}"
        assert rig.core.getProperty("Camera", "Binning") in ("1", 1)


def test_binning_passes_the_gate(real: Open) -> None:
    rig = real()  # whose gate lets no property through
    refused = rig.microscope.set_binning(2)
    assert isinstance(refused, Refusal)
    assert refused.limit == "allowed properties: none"
    assert rig.core.getProperty("Camera", "Binning") == "1"
    assert isinstance(rig.microscope.set_binning(1), Permit)  # as it is: nothing to send


def test_a_binning_that_did_not_take_is_not_confirmed(real: Open) -> None:
    rig = allowed(real())
    rig.core.setProperty = lambda *_: None
    with pytest.raises(InstrumentFault, match="asked for binning 2, reads 1"):
        rig.microscope.set_binning(2)


def test_a_binning_that_reads_nonsense_leaves_the_pixel_size_unknown(real: Open) -> None:
    items = {"10X": {"z_um": [-200, 200], "pixel_size_um": 0.65}}
    rig = real(objectives={"items": items}, start=False)
    really = rig.core.getProperty
    rig.core.getProperty = lambda d, p: "2x1" if p == "Binning" else really(d, p)
    rig.microscope.start()
    assert rig.microscope.pixel_size_um() == 0.0
