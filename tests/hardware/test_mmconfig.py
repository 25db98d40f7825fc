"""The .cfg is read as text: what it holds, what loading it would do, and where it is."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hardware.mmconfig import (
    Device,
    Level,
    MMConfigError,
    PixelSize,
    Setting,
    find,
    findings,
    parse,
)

if TYPE_CHECKING:
    from pathlib import Path

BENCH = """\
# a bench
Property,Core,Initialize,0
Device,COM3,SerialManager,COM3
Device,Z,NikonTi2,ZDrive
Device,XY,NikonTi2,XYStage
Device,Nosepiece,NikonTi2,Nosepiece
Device,DiaLamp,NikonTi2,DiaLamp
Device,LED,DemoCamera,DStateDevice
Device,Path,DemoCamera,DLightPath
Device,Engine,LumencorSpectra,Spectra
Device,Spinning,CrestOptics,Disk
Property,XY,Port,COM3
Property,Core,Initialize,1
Delay,DiaLamp,12.5
FocusDirection,Z,1
Property,Core,Focus,Z
Property,Core,AutoShutter,1
Label,LED,0,470nm
Label,LED,3,Closed
ConfigGroup,Empty
ConfigGroup,Channel,DAPI,LED,Label,470nm
ConfigGroup,Channel,DAPI,Core,Shutter,DiaLamp
ConfigGroup,Channel,Dark,LED,Comment,
ConfigPixelSize,Res10x,Nosepiece,State,1
PixelSize_um,Res10x,0.65
PixelSizeAffine,Res10x,1,0,0,0,1,0
"""


def write(folder: Path, text: str, name: str = "bench.cfg") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_everything_the_text_says_is_read(tmp_path: Path) -> None:
    cfg = parse(write(tmp_path, BENCH))
    assert cfg.devices["Z"] == Device("Z", "NikonTi2", "ZDrive")
    assert len(cfg.devices) == 9
    assert cfg.groups["Empty"] == {}
    assert cfg.groups["Channel"] == {
        "DAPI": (Setting("LED", "Label", "470nm", 21), Setting("Core", "Shutter", "DiaLamp", 22)),
        "Dark": (Setting("LED", "Comment", "", 23),),
    }
    assert cfg.pixel_sizes == {"Res10x": PixelSize(0.65, (Setting("Nosepiece", "State", "1", 24),))}
    assert cfg.pre_init == (Setting("XY", "Port", "COM3", 12),)
    assert [s.prop for s in cfg.at_load] == ["Focus", "AutoShutter"]
    assert cfg.focus_directions == {"Z": 1}
    assert cfg.delays_ms == {"DiaLamp": 12.5}
    assert cfg.labels == {"LED": {0: "470nm", 3: "Closed"}}
    assert (cfg.core("Focus"), cfg.core("Camera")) == ("Z", "")


def test_a_quiet_configuration_has_no_findings(tmp_path: Path) -> None:
    assert findings(parse(write(tmp_path, BENCH)), "increasing") == []


STARTUP = "ConfigGroup,System,Startup,"


@pytest.mark.parametrize(
    ("line", "level", "what"),
    [
        (
            STARTUP + "DiaLamp,State,1",
            Level.ERROR,
            "DiaLamp-State = 1: switches light on when the file is loaded",
        ),
        (
            "Property,DiaLamp,OnOff,On",
            Level.ERROR,
            "DiaLamp-OnOff = On: switches light on when the file is loaded",
        ),
        (
            STARTUP + "Engine,Cyan_Enable,1",
            Level.ERROR,
            "Engine-Cyan_Enable = 1: switches light on when the file is loaded",
        ),
        (
            STARTUP + "Engine,Cyan_Level,80",
            Level.WARNING,
            "Engine-Cyan_Level = 80: sets the power of a light source when the file is loaded",
        ),
        (
            STARTUP + "DiaLamp,Power,On",
            Level.ERROR,
            "DiaLamp-Power = On: switches light on when the file is loaded",
        ),
        (
            STARTUP + "LED,State,0",
            Level.WARNING,
            "LED-State = 0: selects 470nm of a light source when the file is loaded",
        ),
        (
            STARTUP + "LED,Label,470nm",
            Level.WARNING,
            "LED-Label = 470nm: selects 470nm of a light source when the file is loaded",
        ),
        (
            STARTUP + "Nosepiece,State,2",
            Level.WARNING,
            "Nosepiece-State = 2: turns the objective turret when the file is loaded,"
            " wherever z stands",
        ),
        (
            STARTUP + "Z,Position,100",
            Level.WARNING,
            "Z-Position = 100: moves Z when the file is loaded",
        ),
        (
            STARTUP + "Laser,State,0",
            Level.ERROR,
            "Laser-State = 0: there is no device Laser, so loading will fail",
        ),
    ],
)
def test_what_loading_would_do_is_said_with_its_line(
    tmp_path: Path, line: str, level: Level, what: str
) -> None:
    (finding,) = findings(parse(write(tmp_path, BENCH + line + "\n")))
    assert (finding.level, finding.what, finding.line) == (level, what, 27)
    assert finding.remedy


@pytest.mark.parametrize(
    "line",
    [
        STARTUP + "DiaLamp,State,0",
        STARTUP + "DiaLamp,OnOff,Off",
        STARTUP + "Engine,Cyan_Enable,0",
        STARTUP + "Engine,Cyan_Level,0.0",
        STARTUP + "LED,State,3",
        STARTUP + "LED,Label,Closed",
        STARTUP + "Path,State,2",
        STARTUP + "Spinning,State,1",
        STARTUP + "Core,Shutter,DiaLamp",
        "ConfigGroup,System,Shutdown,DiaLamp,State,1",
        "# " + STARTUP + "DiaLamp,State,1",
    ],
)
def test_dark_and_harmless_settings_are_no_findings(tmp_path: Path, line: str) -> None:
    assert findings(parse(write(tmp_path, BENCH + line + "\n"))) == []


@pytest.mark.parametrize(
    ("old", "new", "level", "what"),
    [
        ("FocusDirection,Z,1\n", "", Level.NOTE, "FocusDirection of Z is unknown"),
        ("FocusDirection,Z,1", "FocusDirection,Z,0", Level.NOTE, "FocusDirection of Z is unknown"),
        (
            "FocusDirection,Z,1",
            "FocusDirection,Z,-1",
            Level.ERROR,
            "FocusDirection of Z is -1, but stage.toward_sample in the microscope's YAML is"
            " increasing",
        ),
        (
            "Property,Core,Focus,Z\n",
            "",
            Level.WARNING,
            "no Property,Core,Focus: Micro-Manager picks a focus drive itself",
        ),
        (
            "PixelSize_um,Res10x,0.65",
            "PixelSize_um,Res10x,0.0",
            Level.WARNING,
            "PixelSize_um of Res10x is 0 um",
        ),
        (
            "PixelSize_um,Res10x,0.65\n",
            "",
            Level.WARNING,
            "PixelSize_um of Res10x is 0 um",
        ),
        (
            "ConfigPixelSize,Res10x,Nosepiece,State,1\nPixelSize_um,Res10x,0.65\n",
            "",
            Level.WARNING,
            "no PixelSize_um: Micro-Manager will say 0.0 um",
        ),
        (
            "AutoShutter,1",
            "AutoShutter,0",
            Level.WARNING,
            "Core-AutoShutter = 0: an open shutter stays open between exposures, and that light"
            " is in no ledger",
        ),
        (
            "# a bench",
            "#py pyDevice,Camera,lab.cameras,Camera",
            Level.WARNING,
            "device Camera: loading runs the Python module lab.cameras",
        ),
    ],
)
def test_what_the_file_leaves_unsaid_is_said(
    tmp_path: Path, old: str, new: str, level: Level, what: str
) -> None:
    (finding,) = findings(parse(write(tmp_path, BENCH.replace(old, new))), "increasing")
    assert (finding.level, finding.what) == (level, what)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Device,Z,NikonTi2", 'line 1: "Device,Z,NikonTi2" is no Device command'),
        ("\nPixelSize_um,Res,wide", 'line 2: "PixelSize_um,Res,wide" is no PixelSize_um command'),
        ("PixelSize_um,Res,nan", 'line 1: "PixelSize_um,Res,nan" is no PixelSize_um command'),
        ("FocusDirection,Z,up", 'line 1: "FocusDirection,Z,up" is no FocusDirection command'),
        ("ConfigGroup,G,P,Z", 'line 1: "ConfigGroup,G,P,Z" is no ConfigGroup command'),
        ("", "no Device line: this is no Micro-Manager configuration"),
        ("name: demo\nchannels: {}", "no Device line: this is no Micro-Manager configuration"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(MMConfigError) as error:
        parse(file)
    assert str(error.value).startswith(f"{file}: {complaint}.")
    assert "\n" not in str(error.value)


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    noise = tmp_path / "noise.cfg"
    noise.write_bytes(bytes(range(256)) * 10)
    for path in (noise, tmp_path / "none.cfg", tmp_path):
        with pytest.raises(MMConfigError) as error:
            parse(path)
        assert str(error.value).startswith(f"{path}: ")
        assert str(error.value).endswith("Name a .cfg file in mm_config.")


def test_old_files_in_another_encoding_are_read(tmp_path: Path) -> None:
    file = tmp_path / "old.cfg"
    file.write_bytes(b"\xef\xbb\xbfDevice,Z,Lib,Stage\r\nLabel,Z,0,5 \xb5m\r\nDelay,Z,1\r\n")
    assert parse(file).devices["Z"].name == "Stage"


def test_the_demo_configuration_is_found_read_and_judged() -> None:
    cfg = parse(find("MMConfig_demo.cfg", None))
    assert set(cfg.groups["Channel"]) == {"DAPI", "FITC", "Rhodamine", "Cy5"}
    assert {p.um for p in cfg.pixel_sizes.values()} == {1.0, 0.5, 0.25}
    assert [(f.level, f.what) for f in findings(cfg, "increasing")] == [
        (
            Level.WARNING,
            "Objective-Label = Nikon 10X S Fluor: turns the objective turret when the file is"
            " loaded, wherever z stands",
        ),
        (Level.NOTE, "FocusDirection of Z is unknown"),
    ]


def test_a_file_is_found_beside_the_yaml_before_among_the_adapters(tmp_path: Path) -> None:
    file = write(tmp_path, BENCH, "MMConfig_demo.cfg")
    assert find("MMConfig_demo.cfg", tmp_path) == file
    assert find(str(file), None) == file
    assert find("MMConfig_demo.cfg", tmp_path / "elsewhere").parent != tmp_path


def test_a_file_that_is_nowhere_is_missed_with_every_place_looked_at(tmp_path: Path) -> None:
    with pytest.raises(MMConfigError) as error:
        find("mine.cfg", tmp_path)
    said = str(error.value)
    assert said.startswith(f"mm_config: mine.cfg not found (looked at {tmp_path / 'mine.cfg'}, ")
    assert "pip install mm-test-adapters or Micro-Manager" in said
    with pytest.raises(MMConfigError) as error:
        find(str(tmp_path / "mine.cfg"), tmp_path)
    assert f"(looked at {tmp_path / 'mine.cfg'})" in str(error.value)


def test_missing_device_adapters_are_missed_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pymmcore_plus.find_micromanager", lambda: None)
    with pytest.raises(MMConfigError) as error:
        find("MMConfig_demo.cfg", None)
    assert str(error.value) == (
        "mm_config: MMConfig_demo.cfg not found, and no Micro-Manager device adapters are"
        " installed. Install them (pip install mm-test-adapters for the demo devices, or"
        " Micro-Manager itself), or give an absolute path."
    )


def test_reading_the_text_does_not_import_micro_manager(tmp_path: Path) -> None:
    file = write(tmp_path, BENCH)
    code = (
        "import sys; from pathlib import Path; from hardware.mmconfig import *\n"
        f"findings(parse(find({str(file)!r}, None)))\n"
        "import hardware.gate, hardware.ledger\n"
        "assert not {'pymmcore_plus', 'pymmcore', 'numpy', 'useq'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
