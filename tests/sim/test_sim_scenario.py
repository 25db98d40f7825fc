"""Scenario files: the shipped ones load, and a wrong one says where and how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sim.load import load_scenario, scenario_names

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = ["empty", "faults", "hard_night", "interphase_only", "lost_focus", "mitosis_night"]


def test_every_shipped_scenario_loads_under_its_own_name() -> None:
    assert scenario_names() == SHIPPED
    for name in SHIPPED:
        scenario = load_scenario(name)
        assert scenario.name == name
        assert scenario.description


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: a\nsead: 3", "sead: unknown key; nearest valid key: seed"),
        ("name: a\nspecimen: {densty_per_mm2: 3}", "nearest valid key: density_per_mm2"),
        ("name: a\nspecimen: {cycling: 1.5}", "specimen.cycling"),
        ("name: a\nspecimen: {density_per_mm2: .nan}", "specimen.density_per_mm2"),
        ("name: a\nobjective: 63X", "'63X' is not in optics.objectives (10X, 20X, 40X)"),
        ("name: a\nfaults: [{kind: bubble, from_s: 9, to_s: 3}]", "to_s (3) must be after from_s"),
        ("name: a\nfaults: [{kind: flood, from_s: 0, to_s: 3}]", "faults.0.kind"),
        ("name: [", "not YAML"),
        ("", "`key: value` lines"),
        ("- 1\n- 2", "`key: value` lines"),
    ],
)
def test_a_wrong_file_is_one_line_with_file_and_key(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ValueError) as error:
        load_scenario(path)
    message = str(error.value)
    assert message.startswith(str(path))
    assert says in message
    assert "\n" not in message


def test_an_unknown_name_offers_the_nearest_one() -> None:
    with pytest.raises(ValueError, match="nearest: mitosis_night"):
        load_scenario("mitosis_nihgt")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"gone\.yaml: cannot be read"):
        load_scenario(tmp_path / "gone.yaml")
