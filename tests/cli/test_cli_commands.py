"""The small commands, and what the help says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import useq
import yaml
from cli_kit import PLAN, here, plan_with, write_yaml

from agent.load import load_plan, shipped

COMMANDS = (
    "rehearse",
    "run",
    "replay",
    "resume",
    "check",
    "report",
    "new",
    "schema",
    "export",
    "doctor",
    "bench loop",
    "bench soak",
    "bench crash",
    "bench deadman",
)


def test_without_arguments_it_shows_the_help() -> None:
    done = here()
    assert done.code == 0
    assert "Usage: microscout" in done.out
    for name in COMMANDS:
        assert f" {name.split()[0]} " in done.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_has_an_example(name: str) -> None:
    done = here(*name.split(), "--help")
    assert done.code == 0
    assert f"Example: microscout {name}" in done.out


@pytest.mark.parametrize(
    ("name", "units"),
    [("replay", ("um per pixel", "Seconds between")), ("bench soak", ("Visits",))],
)
def test_numbers_have_units(name: str, units: tuple[str, ...]) -> None:
    text = " ".join(here(*name.split(), "--help").out.replace("│", " ").split())
    for unit in units:
        assert unit in text


def test_version() -> None:
    done = here("--version")
    assert done.code == 0
    assert re.fullmatch(r"microscout \d+\.\d+\.\d+\S*\n", done.out)


@pytest.mark.parametrize("template", ["watch", "timelapse", "replay"])
def test_what_new_writes_passes_check(folder: Path, template: str) -> None:
    done = here("new", "mine", "--template", template)
    assert done.code == 0
    assert done.out.splitlines()[:2] == ["wrote mine/plan.yaml", "wrote mine/microscope.yaml"]
    assert "microscout check mine/plan.yaml" in done.out
    checked = here("check", "mine/plan.yaml", "--json")
    assert checked.code == 0
    assert checked.last["errors"] == 0
    assert not (folder / "runs").exists()


def test_the_watch_template_can_be_rehearsed(folder: Path) -> None:
    here("new", "mine")
    path = folder / "mine" / "plan.yaml"
    plan = yaml.safe_load(path.read_text())
    plan["baseline"]["time_plan"] = {"interval": 300, "duration": 600}
    write_yaml(path, plan)
    done = here("rehearse", "mine/plan.yaml", "--json")
    assert done.code == 0, done.err
    assert done.last["visits"]["delivered"] >= 12
    assert Path(done.last["report"]).is_file()
    assert Path(done.last["run"]).parent == Path("runs")


def test_check_as_json(folder: Path) -> None:
    write_yaml(folder / "good.yaml", PLAN)
    write_yaml(folder / "bad.yaml", plan_with(("baseline.channels.0.config", "GFP")))
    good, bad = here("check", "good.yaml", "--json"), here("check", "bad.yaml", "--json")
    assert (good.code, bad.code) == (0, 2)
    assert good.last["errors"] == 0
    assert bad.last["errors"] == 1
    found = bad.last["findings"][0]
    assert {"file", "key", "level", "message", "remedy", "line"} <= set(found)
    assert (found["level"], found["key"]) == ("error", "baseline.channels[0].config")
    missing = here("check", "nosuch.yaml", "--json")
    assert (missing.code, missing.last["errors"]) == (2, 1)


def test_check_for_people(folder: Path) -> None:
    write_yaml(folder / "good.yaml", PLAN)
    lines = here("check", "good.yaml").out.splitlines()
    assert re.fullmatch(r"0 errors, \d+ warnings or notes; nothing was moved", lines[-1])
    assert all(re.match(r"(warning|note): ", line) for line in lines[:-1])


def test_doctor_as_json() -> None:
    done = here("doctor", "--json")
    assert done.code == (0 if done.last["healthy"] else 1)
    names = {item["name"] for item in done.last["diagnoses"]}
    assert {"Python", "packages", "Micro-Manager adapters", "torch", "disk"} <= names
    for item in done.last["diagnoses"]:
        assert set(item) == {"name", "ok", "found", "remedy"}
        assert item["ok"] is True or item["remedy"]


@pytest.mark.parametrize("name", shipped("experiments"))
def test_export_opens_in_plain_useq(folder: Path, name: str) -> None:
    done = here("export", name, "--out", "plain.yaml")
    assert (done.code, done.out) == (0, "wrote plain.yaml\n")
    plain = useq.MDASequence.from_file("plain.yaml")
    assert list(plain) == list(load_plan(name).plan.baseline)
    assert here("export", name).out == (folder / "plain.yaml").read_text()


def test_schema_is_json() -> None:
    for what in ("plan", "microscope"):
        found = json.loads(here("schema", what).out)
        assert found["title"] == f"MicroScout {what}"
