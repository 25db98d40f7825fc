"""What the microscope's file may say of the dead-man, and what is told and kept of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from rig import config as microscope

from hardware.data.dead_man_config import DeadManConfig
from hardware.deadman.account import last_alarm
from hardware.deadman.hello import DeadManUnusable, hello
from hardware.deadman.trial import try_switches
from hardware.deadman.ward import DeadMan, unwatched

TCP = {"kind": "tcp", "address": "127.0.0.1:4001", "send": "OFF\r\n", "expect": "OFF"}
HTTP = {"kind": "http", "url": "http://127.0.0.1:9/off"}

BAD: dict[str, dict[str, Any]] = {
    "silence of no beat": {"silence_s": 0.1},
    "silence for ever": {"silence_s": 600},
    "an unknown key": {"silence": 1},
    "an unknown kind": {"switches": [{"kind": "wish"}]},
    "tcp without a port": {"switches": [TCP | {"address": "127.0.0.1"}]},
    "tcp without an answer": {"switches": [TCP | {"expect": ""}]},
    "a command of nothing": {"switches": [{"kind": "command", "argv": []}]},
    "another scheme": {"switches": [HTTP | {"url": "file:///etc/passwd"}]},
    "a password in the file": {"switches": [HTTP | {"url": "http://me:secret@127.0.0.1/off"}]},
    "no shutter": {"switches": [{"kind": "micro_manager", "mm_config": "a.cfg", "shutters": []}]},
}


@pytest.mark.parametrize("section", BAD.values(), ids=BAD)
def test_a_section_that_would_not_help_is_refused(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DeadManConfig.model_validate(section)


def test_the_microscopes_file_has_the_section_or_says_that_nobody_watches() -> None:
    assert microscope().dead_man is None
    for config in (None, DeadManConfig()):
        said = unwatched(config)
        assert said is not None and "NOTHING switches the light off" in said
    given = microscope().model_validate(
        microscope().model_dump() | {"dead_man": {"switches": [TCP]}}
    )
    assert given.dead_man is not None
    assert unwatched(given.dead_man) is None


def test_secrets_come_from_the_environment_and_stay_out_of_the_record(tmp_path: Path) -> None:
    config = DeadManConfig.model_validate(
        {"switches": [HTTP | {"headers_from_env": {"Authorization": "LAMP_TOKEN"}}]}
    )
    assert "s3cret" not in config.model_dump_json()
    said = hello(config, 0.5, tmp_path, {"LAMP_TOKEN": "s3cret"})
    assert said["switches"][0]["headers"] == {"Authorization": "s3cret"}
    assert said["grace_s"] == 1.5
    with pytest.raises(DeadManUnusable, match="LAMP_TOKEN is not set") as caught:
        hello(config, 0.5, tmp_path, {})
    assert "headers_from_env.Authorization" in str(caught.value)


def test_a_lamp_file_lies_beside_the_microscopes_file(tmp_path: Path) -> None:
    section = {"kind": "micro_manager", "mm_config": "lamp.cfg", "shutters": ["Lamp"]}
    config = DeadManConfig.model_validate({"switches": [section]})
    with pytest.raises(DeadManUnusable, match=r"switches\[0\].mm_config: no such file"):
        hello(config, 0.5, tmp_path)
    with pytest.raises(DeadManUnusable):
        DeadMan(config, None, beside=tmp_path).start()
    (tmp_path / "lamp.cfg").touch()
    assert hello(config, 0.5, tmp_path)["switches"][0]["mm_config"] == str(tmp_path / "lamp.cfg")


def test_switches_can_be_tried_beforehand() -> None:
    config = DeadManConfig.model_validate(
        {
            "switches": [
                TCP | {"address": "127.0.0.1:9"},
                {"kind": "command", "argv": ["/bin/true"]},
            ]
        }
    )
    found = try_switches(config)
    assert found["command /bin/true"] is None
    assert "refused" in (found["tcp 127.0.0.1:9"] or "")


ALARM = {"event": "alarm", "utc": "2026-01-01T03:00:00+00:00", "cause": "silent", "ward": 7}
ALARM |= {"what": "no sign of life for 1.02 s with light on"}
END = {"took_s": 0.25, "not_confirmed": [], "switches": 1}
TOLD: dict[str, tuple[list[dict[str, Any]], str | None]] = {
    "nothing happened": ([{"event": "watching"}, {"event": "bye"}], None),
    "off": ([ALARM, {"event": "killed"}, {"event": "dark"} | END], "confirmed off 0.25 s later"),
    "under way": ([ALARM, {"event": "killed"}], "NOT confirmed off yet"),
    "not off": (
        [ALARM, {"event": "not_dark"} | END | {"not_confirmed": ["tcp a:1"]}],
        "STILL BE ON: not confirmed by tcp a:1",
    ),
    "no switch": (
        [ALARM, {"event": "not_dark"} | END | {"switches": 0}],
        "STILL BE ON: no switch is configured",
    ),
    "of an earlier leg": (
        [ALARM, {"event": "watching"}, {"event": "dark"} | END],
        "NOT confirmed off yet",  # that end was not its own
    ),
}


@pytest.mark.parametrize(("events", "said"), TOLD.values(), ids=TOLD)
def test_what_it_did_is_told_truthfully(
    events: list[dict[str, Any]], said: str | None, tmp_path: Path
) -> None:
    record = tmp_path / "r.jsonl"
    record.write_text("".join(f"{json.dumps(event)}\n" for event in events), encoding="utf-8")
    account = last_alarm(record)
    if said is None:
        assert account is None
    else:
        assert said in str(account)
        assert str(account).startswith(
            "2026-01-01T03:00:00+00:00: the program (process 7): no sign"
        )
