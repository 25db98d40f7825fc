"""The instrument: the only place that moves, exposes or switches, always behind the gate."""

from hardware.microscope.camera_format import BINNING
from hardware.microscope.loading import load_core, unload
from hardware.microscope.microscope import Microscope
from hardware.microscope.reading import Image, InstrumentState, Light

__all__ = ["BINNING", "Image", "InstrumentState", "Light", "Microscope", "load_core", "unload"]
