"""Which calls of Micro-Manager's core are commands, and what to ask the gate before each."""

from __future__ import annotations

FILES = ("hardware/microscope/*.py", "hardware/engine.py", "hardware/deadman/lamp_only.py")
"""Where commands to the instrument may stand at all."""

XY, Z = frozenset(("xy",)), frozenset(("z", "z_stack"))
LIGHT = frozenset(("exposure", "exposures", "dark_frame"))
PRESET, PROPERTY = frozenset(("channel", "objective")), frozenset(("device_property",))
NOTHING_FITS: frozenset[str] = frozenset()

COMMANDS: dict[str, frozenset[str]] = {
    # command (a pattern) -> what to ask the gate for it; nothing fits: the command is not for us
    "setXYPosition": XY,
    "setRelativeXYPosition": NOTHING_FITS,  # relative to what? the gate checks places
    "setRelativeXYZPosition": NOTHING_FITS,
    "setRelativePosition": NOTHING_FITS,
    "setPosition": Z,
    "setZPosition": Z,
    "loadStageSequence": Z,
    "startStageSequence": Z,
    "loadXYStageSequence": NOTHING_FITS,
    "startXYStageSequence": NOTHING_FITS,
    "setStageLinearSequence": NOTHING_FITS,
    "setConfig": PRESET,
    "setProperty": PROPERTY,
    "load*Sequence": PROPERTY,
    "start*Sequence": PROPERTY,
    "setState": PROPERTY,
    "setStateLabel": PROPERTY,
    "setExposure": LIGHT,
    "setSLM*": LIGHT,
    "displaySLMImage": LIGHT,
    "snapImage": LIGHT,
    "startSequenceAcquisition": LIGHT,
    "startContinuousSequenceAcquisition": NOTHING_FITS,  # light without an end
    "prepareSequenceAcquisition": LIGHT,
    "setShutterOpen": LIGHT,
    "setAutoShutter": LIGHT,
    "pointGalvoAndFire": NOTHING_FITS,
    "setGalvo*": NOTHING_FITS,
    "*Galvo*Polygon*": NOTHING_FITS,
    "runGalvoSequence": NOTHING_FITS,
    "fullFocus": NOTHING_FITS,  # moves z by itself, without steps
    "incrementalFocus": NOTHING_FITS,
    "enableContinuousFocus": NOTHING_FITS,
    "setAutoFocusOffset": NOTHING_FITS,
    "setROI": NOTHING_FITS,  # changes what a field of view is
    "setMultiROI": NOTHING_FITS,
    "clearROI": NOTHING_FITS,
    "setBinning": NOTHING_FITS,
    "setOrigin*": NOTHING_FITS,  # shifts what the limits mean
    "setAdapterOrigin*": NOTHING_FITS,
    "setFocusDirection": NOTHING_FITS,
    "set*Device": NOTHING_FITS,  # changes which device the commands reach
    "define*Config*": NOTHING_FITS,
    "definePixelSizeConfig": NOTHING_FITS,
    "setPixelSize*": NOTHING_FITS,
    "loadDevice": NOTHING_FITS,
    "loadPyDevice": NOTHING_FITS,
    "initialize*Device*": NOTHING_FITS,
    "loadSystemConfiguration": NOTHING_FITS,
    "loadSystemState": NOTHING_FITS,
    "setSystemState": NOTHING_FITS,
    "setSerialPortCommand": NOTHING_FITS,
    "writeToSerialPort": NOTHING_FITS,
    "setPump*": NOTHING_FITS,
    "pumpStart": NOTHING_FITS,
    "pumpDispense*": NOTHING_FITS,
    "pressurePump*": NOTHING_FITS,
    "volumetricPump*": NOTHING_FITS,
    "invertPumpDirection": NOTHING_FITS,
    "getDeviceObject": NOTHING_FITS,  # objects whose attributes are commands
    "getPropertyObject": NOTHING_FITS,
    "getConfigGroupObject": NOTHING_FITS,
    "run_mda": NOTHING_FITS,  # the stock engine
}
OF_A_CORE = {"snap": LIGHT, "home": NOTHING_FITS, "setContext": NOTHING_FITS}
"""Names that others use too: commands only when called on something named like a core."""

INHERITED = ("setup_sequence", "setup_event", "exec_event", "teardown_event", "teardown_sequence")
"""What the stock engine does behind the gate's back: overridden, and never called."""

START_UP = {
    # loading the file is how the devices come to be; its text was read first (hardware.mmconfig)
    "hardware/microscope/loading.py load_core": frozenset(("loadSystemConfiguration",)),
    # a configuration with the lamp only, after the program that had a gate has died
    "hardware/deadman/lamp_only.py close_lamp": frozenset(("loadSystemConfiguration",)),
}
"""File and function -> commands that it may send before there is a gate."""
