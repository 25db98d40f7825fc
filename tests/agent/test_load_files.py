"""Files that are no plan at all, names that do not exist, and where files are looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from plan_kit import PLAN, plan_file

from agent.load import ConfigError, load_microscope, load_plan, locate, shipped

if TYPE_CHECKING:
    from pathlib import Path

BY_HAND = "check indentation, colons and brackets near there"

FILES: list[tuple[bytes, int | None, str, str, str]] = [
    (b"", None, "", "the file is empty", "microscout new DIR writes one to edit"),
    (b"# nothing yet\n", None, "", "the file is empty", "microscout new DIR writes one to edit"),
    (b"\x89PNG\r\n\x1a\n\0\0", None, "", "not a text file", "name a YAML file, saved as UTF-8"),
    (b"goal: \xff\xfe", None, "", "not a text file", "name a YAML file, saved as UTF-8"),
    (b"- 1\n- 2\n", 1, "", "[1, 2] is not keys with values",
     "start with the keys goal, microscope, scenario"),
    (b"hello", 1, "", "'hello' is not keys with values",
     "start with the keys goal, microscope, scenario"),
    (b"goal: a\nbaseline:\n  x: [1, 2\n", 4, "",
     "not valid YAML: expected ',' or ']', but got '<stream end>'", BY_HAND),
    (b"goal: a\n\tbaseline: b\n", 2, "",
     "not valid YAML: found character '\\t' that cannot start any token", BY_HAND),
    (b"goal: a\ngoal: b\n", 2, "goal", "written twice (first in line 1)", "keep one of the two"),
    (b"goal: a\nbaseline:\n  z_plan: {step: 1, step: 2}\n", 3, "baseline.z_plan.step",
     "written twice (first in line 3)", "keep one of the two"),
    (b"on: 3\n", 1, "on",
     "the key 'on' is read as a number, date or true/false, not text", 'write "on" in quotes'),
    (b"? [a]\n: 3\n", 1, "", "not valid YAML: a key is not text", BY_HAND),
    (b"goal: &x [*x]\n", 1, "",
     "not valid YAML: an alias that contains itself, or nests without end", BY_HAND),
    (b"goal: *nobody\n", 1, "", "not valid YAML: found undefined alias 'nobody'", BY_HAND),
    (b"goal: !!python/object:os.system x\n", 1, "", "not valid YAML: could not determine a"
     " constructor for the tag 'tag:yaml.org,2002:python/object:os.system'", BY_HAND),
    (b"goal: 2023-99-99\n", None, "", "not valid YAML: month must be in 1..12",
     "check dates, numbers and nesting"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "line", "key", "message", "remedy"), FILES)
def test_a_file_that_is_no_plan_is_one_line(
    tmp_path: Path, content: bytes, line: int | None, key: str, message: str, remedy: str
) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_plan(path)
    (finding,) = caught.value.findings
    assert (finding.line, finding.key, finding.message, finding.remedy) == (
        line, key, message, remedy,
    )  # fmt: skip
    assert finding.file == str(path)
    assert "\n" not in str(caught.value)


def test_a_nest_of_aliases_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    path.write_text("\n".join(lines))
    with pytest.raises(ConfigError, match="nests without end"):
        load_plan(path)


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("[" * 20_000)
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_plan(path)


def test_lines_point_into_the_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(
        "# a comment\ngoal: x\n\nbaseline:\n  channels: [{config: DAPI, exposure: 0}]\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_plan(path)
    assert [(f.line, f.key) for f in caught.value.findings] == [
        (5, "baseline.channels[0].exposure")
    ]


def test_a_name_that_is_not_shipped_gets_the_nearest() -> None:
    with pytest.raises(ConfigError) as caught:
        load_plan("mitosis_wach")
    assert str(caught.value) == (
        "mitosis_wach: no plan of this name, and no such file; did you mean mitosis_watch?"
    )
    with pytest.raises(ConfigError) as caught:
        load_microscope("demoo")
    assert str(caught.value) == (
        "demoo: no microscope of this name, and no such file; did you mean demo?"
    )


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mitosis_watch.yaml: no such file; did you mean mito"):
        load_plan(tmp_path / "mitosis_watch.yaml")
    with pytest.raises(ConfigError, match="is not a file; name a YAML file"):
        load_plan(tmp_path)


@pytest.mark.parametrize("name", shipped("experiments"))
def test_every_shipped_plan_loads_by_its_name(name: str) -> None:
    loaded = load_plan(name)
    assert loaded.path.name == f"{name}.yaml"
    assert loaded.lines["baseline"] > 1
    assert load_microscope(loaded.plan.microscope or "demo").config.channels


def test_shipped_files_are_named() -> None:
    assert {"mitosis_watch", "timelapse_fixed"} <= set(shipped("experiments"))
    assert "demo" in shipped("microscopes")


def test_a_microscope_is_looked_for_beside_the_plan(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("x: 1\n")
    assert locate("microscopes", "mine.yaml", beside=tmp_path) == tmp_path / "mine.yaml"
    with pytest.raises(ConfigError, match="no such file"):
        locate("microscopes", "mine.yaml")


def test_a_file_goes_before_a_shipped_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mitosis_watch").write_bytes(plan_file(tmp_path).read_bytes())
    assert load_plan("mitosis_watch").plan.goal == PLAN["goal"]
