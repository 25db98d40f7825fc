"""The doctor names what is missing and how to get it, and imports none of the heavy parts."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata, util
from pathlib import Path
from typing import Any

import pytest

from agent import doctor
from agent.doctor import Diagnosis


def test_everything_is_looked_at_and_whatever_is_wrong_has_a_remedy(tmp_path: Path) -> None:
    found = doctor.diagnose(tmp_path / "runs")
    names = [diagnosis.name for diagnosis in found]
    assert {"Python", "Micro-Manager adapters", "torch", "disk", "memory"} <= set(names)
    for diagnosis in found:
        assert diagnosis.found
        assert (diagnosis.remedy == "") == (diagnosis.ok is True)
    assert not (tmp_path / "runs").exists()


def test_the_demo_configuration_loads_here() -> None:
    demo = {d.name: d for d in doctor.micro_manager()}["demo configuration"]
    assert demo.ok
    assert "DAPI" in demo.found


def answer(monkeypatch: pytest.MonkeyPatch, code: int, out: str, err: str) -> None:
    monkeypatch.setattr(doctor, "_ask", lambda *_: (code, out, err))


def test_without_adapters(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, 0, "\n", "")
    (found,) = doctor.micro_manager()
    assert (found.name, found.ok) == ("Micro-Manager adapters", False)
    assert "pip install mm-test-adapters" in found.remedy


def test_without_pymmcore_plus(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, 1, "", "Traceback\nModuleNotFoundError: No module named 'pymmcore_plus'\n")
    (found,) = doctor.micro_manager()
    assert found.found.startswith("ModuleNotFoundError: No module named 'pymmcore_plus'")


def test_with_adapters_of_another_interface(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, 1, "/adapters\n", "RuntimeError: version mismatch\n")
    adapters, demo = doctor.micro_manager()
    assert adapters.ok
    assert demo == Diagnosis(
        "demo configuration", False, "RuntimeError: version mismatch", demo.remedy
    )
    assert demo.remedy.startswith("pip install mm-test-adapters==")


def test_a_process_that_hangs_or_crashes_is_reported() -> None:
    code, _, err = doctor._ask([sys.executable, "-c", "import time; time.sleep(60)"], 0.2)
    assert code == -1
    assert "timed out" in err
    code, _, _ = doctor._ask([sys.executable, "-c", "import os; os.abort()"], 30)
    assert code != 0
    assert doctor._ask(["/no/such/program"], 1)[0] == -1


def test_what_the_judge_needs_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [look.ok for look in doctor.learning()] == [True, True, True]
    monkeypatch.setattr(util, "find_spec", lambda _: None)
    assert [(look.name, look.ok, look.remedy) for look in doctor.learning()] == [
        (name, False, f"pip install {name}") for name in ("torch", "transformers", "peft")
    ]


HEADER = b'{"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}'
WHOLE = len(HEADER).to_bytes(8, "little") + HEADER + b"1234"


@pytest.mark.parametrize(
    ("tensors", "ok", "found"),
    [
        (WHOLE, True, "MB in"),
        (WHOLE[:-1], False, "cut off or damaged"),
        (WHOLE + b"5", False, "cut off or damaged"),
        (WHOLE[:20], False, "not a safetensors file"),
        (b"", False, "not a safetensors file"),
        (b"PK\x03\x04 a zip file, as torch saves", False, "not a safetensors file"),
        (None, False, "has no model.safetensors"),
    ],
)
def test_weights_of_the_judge_are_looked_at_by_their_size(
    tmp_path: Path, tensors: bytes | None, ok: bool, found: str
) -> None:
    for name in ("config.json", "tokenizer.json", "calibration.json"):
        (tmp_path / name).write_text("{}")
    if tensors is not None:
        (tmp_path / "model.safetensors").write_bytes(tensors)
    look = doctor.judge_weights(tmp_path)
    assert look.ok is ok
    assert found in look.found
    assert bool(look.remedy) is not ok


def test_each_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name in ("langgraph", "useq-schema"):
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    found = doctor.packages()
    assert sorted(d.name for d in found) == ["langgraph", "useq-schema"]
    assert not any(d.ok for d in found)


def test_a_full_disk_and_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.disk(tmp_path).found.endswith(f"free at {tmp_path}")
    monkeypatch.setattr(doctor, "ENOUGH_DISK", float("inf"))
    monkeypatch.setattr(doctor, "ENOUGH_MEMORY", float("inf"))
    for found in (doctor.disk(tmp_path), doctor.memory()):
        assert found.ok is False
        assert found.remedy


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert doctor.writable(tmp_path / "runs").ok
    assert doctor.writable(tmp_path / "file" / "runs").ok is False


def test_an_old_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "NEEDS_PYTHON", (99, 0))
    found = doctor.python()
    assert (found.ok, found.remedy) == (False, "install CPython 3.11 or newer")


def test_the_doctor_imports_neither_torch_nor_micro_manager() -> None:
    code = (
        "import sys; from pathlib import Path; from agent import doctor;"
        "doctor.diagnose(Path('.'));"
        "print([m for m in ('torch', 'pymmcore_plus', 'langgraph', 'skimage')"
        " if m in sys.modules])"
    )
    done: Any = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"
