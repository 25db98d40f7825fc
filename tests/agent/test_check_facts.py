"""Facts are read from the text of the Micro-Manager configuration; nothing is loaded."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from plan_kit import loaded_microscope, loaded_plan

from agent.check import FrameSize, Level, errors, instrument_facts, preflight
from agent.finding import ConfigError
from agent.load import load_microscope, load_plan, shipped

if TYPE_CHECKING:
    from pathlib import Path

CFG = """\
Device,Camera,Maker,Cam
Device,Turret,Maker,Nosepiece
Property,Core,Initialize,1
Property,Core,Camera,Camera
Property,Core,Focus,Z
Label,Turret,0,Plan 10x
Label,Turret,1,Plan 60x
ConfigGroup,Channel,DAPI,Camera,Gain,1
ConfigGroup,Channel,FITC,Camera,Gain,2
ConfigGroup,Objective,10X,Turret,State,0
ConfigGroup,Objective,20X,Turret,State,1
ConfigPixelSize,a,Turret,Label,Plan 10x
PixelSize_um,a,0.65
ConfigPixelSize,b,Turret,Label,Plan 60x
PixelSize_um,b,0.0
{more}"""


def cfg(folder: Path, more: str = "") -> None:
    (folder / "MMConfig_demo.cfg").write_text(CFG.format(more=more))


def test_facts_of_a_configuration_beside_the_yaml(tmp_path: Path) -> None:
    cfg(tmp_path, "ConfigGroup,System,Startup,Turret,Label,Plan 60x\n")
    facts = instrument_facts(loaded_microscope(tmp_path))
    assert facts.mm_config == (tmp_path / "MMConfig_demo.cfg").resolve()
    assert facts.presets["Channel"] == ("DAPI", "FITC")
    assert facts.objective == "20X"  # State 1 is the label that System-Startup sets
    assert facts.pixel_sizes_um == {"10X": 0.65}  # nobody measured the other
    assert facts.frame is None
    assert facts.free_bytes is None


def test_the_objective_is_not_known_when_the_file_does_not_say(tmp_path: Path) -> None:
    cfg(tmp_path)
    assert instrument_facts(loaded_microscope(tmp_path)).objective is None


def test_the_yamls_pixel_size_goes_before_the_configurations(tmp_path: Path) -> None:
    cfg(tmp_path)
    microscope = loaded_microscope(tmp_path, ("objectives.items.10X.pixel_size_um", 0.66))
    assert instrument_facts(microscope).pixel_sizes_um["10X"] == 0.66


def test_the_demo_configuration() -> None:
    facts = instrument_facts(load_microscope("demo"))
    assert facts.objective == "10X"
    assert facts.frame == FrameSize(512, 512, 2)
    assert facts.pixel_sizes_um == {"": 1.0, "10X": 1.0, "20X": 0.5, "40X": 0.25}
    assert {"DAPI", "FITC", "Rhodamine", "Cy5"} == set(facts.presets["Channel"])


def test_a_missing_configuration_names_file_and_key(tmp_path: Path) -> None:
    microscope = loaded_microscope(tmp_path, ("mm_config", "/nowhere/mine.cfg"))
    with pytest.raises(ConfigError) as caught:
        instrument_facts(microscope)
    assert str(caught.value) == (
        f"{microscope.path}:2: mm_config: /nowhere/mine.cfg not found (looked at"
        " /nowhere/mine.cfg); give the path of a Micro-Manager .cfg file; MMConfig_demo.cfg comes"
        " with pip install mm-test-adapters or Micro-Manager"
    )


def test_what_is_no_configuration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "MMConfig_demo.cfg").write_text("hello\n")
    with pytest.raises(ConfigError, match="no Device line"):
        instrument_facts(loaded_microscope(tmp_path))


def test_a_configuration_that_switches_light_on_makes_run_refuse(tmp_path: Path) -> None:
    cfg(tmp_path, "Device,Laser,Maker,Laser\nProperty,Laser,OnOff,On\n")
    (found,) = errors(preflight(loaded_plan(tmp_path), loaded_microscope(tmp_path)))
    assert found.file == str((tmp_path / "MMConfig_demo.cfg").resolve())
    assert found.line == 17
    assert "switches light on" in found.message


def test_findings_carry_lines_of_the_files(tmp_path: Path) -> None:
    plan = loaded_plan(
        tmp_path,
        ("baseline.time_plan", [{"interval": 300, "loops": 2}, {"interval": 1, "loops": 2}]),
    )
    cfg(tmp_path)
    (found,) = errors(preflight(plan, loaded_microscope(tmp_path)))
    assert found.key == "baseline.time_plan[1].interval"
    assert found.line == plan.lines["baseline.time_plan[1].interval"]


@pytest.mark.parametrize("name", shipped("experiments"))
def test_shipped_plans_pass_on_the_demo_microscope(name: str, tmp_path: Path) -> None:
    found = preflight(load_plan(name), load_microscope("demo"), out=tmp_path / "run")
    assert errors(found) == []
    assert [f for f in found if f.level is Level.WARNING and f.file.endswith(f"{name}.yaml")] == []


def test_check_imports_neither_models_nor_the_instrument() -> None:
    code = (
        "import sys; from agent.check import preflight; from agent.load import load_plan;"
        "load_plan('mitosis_watch');"
        "print([m for m in ('torch', 'transformers', 'pymmcore_plus', 'pymmcore', 'skimage',"
        " 'langgraph', 'tensorstore', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
