"""What `check` says of search, stop, repeat, follow, start and messages that do not go together."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from plan_kit import GONE, findings

from agent.check import Level

FIXED = (("decide", {"policy": "fixed"}), ("reaction", GONE), ("autofocus", GONE))
BEST = {"best": 2}
HF = ("judge", {"kind": "hf", "model": "owner/name", "channel": "DAPI"})
CHAT = ("judge", {"kind": "chat", "model": "ollama:x", "channel": "DAPI"})
NONE = ("judge", {"kind": "none"})
SOON = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=3)).astimezone().replace(tzinfo=None)

CASES: list[tuple[tuple[tuple[str, Any], ...], str, str, str]] = [
    # changes, level and key of the finding, words of it
    ((("search", BEST), *FIXED), "error", "search.by", "the plan names none"),
    ((("search", BEST), NONE), "error", "search", "nobody looks at the frames"),
    ((("search", BEST | {"by": "count"}), NONE, *FIXED), "error", "search", "nobody looks"),
    ((("search", BEST | {"by": "count"}), HF), "error", "search.by", "hf judge does not report"),
    ((("search", BEST | {"by": "confluence"}), CHAT), "error", "search.by", "does not report"),
    ((("search", {"best": 3}),), "warning", "search.best", "3 of 3 fields"),
    ((("search", {"best": 9}),), "warning", "search.best", "9 of 3 fields"),
    ((("search", BEST | {"rounds": 10}),), "error", "search.rounds", "10 of 10 rounds"),
    ((("stop", {"after_events": 2}), *FIXED), "error", "stop.after_events", "never reached"),
    ((("stop", {"confluence": 0.5}), HF), "error", "stop.confluence", "reports no confluence"),
    ((("stop", {"confluence": 0.5}), NONE, *FIXED), "error", "stop.confluence", "no confluence"),
    ((("reaction.follow", True), FIXED[0]), "warning", "reaction.follow", "starts no burst"),
    ((("reaction.repeat", "once"), FIXED[0]), "warning", "reaction.repeat", "starts no burst"),
    ((("reaction.follow", True), HF), "error", "reaction.follow", "where the target is"),
    ((("reaction.follow", True), CHAT), "error", "reaction.follow", "where the target is"),
    (
        (("reaction.repeat", "once"), ("stop", {"after_events": 2})),
        "warning",
        "stop.after_events",
        "makes 1 at most",
    ),
    (
        (("reaction.repeat", "once_per_field"), ("stop", {"after_events": 4})),
        "warning",
        "stop.after_events",
        "makes 3 at most",
    ),
    (
        (
            ("reaction.repeat", "once_per_field"),
            ("search", BEST),
            ("stop", {"after_events": 3}),
        ),
        "warning",
        "stop.after_events",
        "makes 2 at most",
    ),
    ((("start_at", SOON - dt.timedelta(days=1)),), "warning", "start_at", "run refuses it"),
    ((("start_at", SOON + dt.timedelta(days=400)),), "warning", "start_at", "400 days ahead"),
    ((("notify", {"on": ["done"]}),), "warning", "notify", "only the service sends messages"),
    ((("notify", {"to": ["a@b.c"]}),), "warning", "notify", "only the service sends messages"),
]


@pytest.mark.parametrize(("changes", "level", "key", "words"), CASES)
def test_what_does_not_go_together(
    changes: tuple[tuple[str, Any], ...], level: str, key: str, words: str
) -> None:
    found = [f for f in findings(*changes) if f.key == key and words in f.message]
    assert [str(f.level) for f in found] == [level]
    assert found[0].remedy


@pytest.mark.parametrize(
    "changes",
    [
        (("search", BEST),),
        (("search", BEST | {"by": "count", "rounds": 3}), *FIXED),
        (("search", BEST | {"by": "confluence"}), ("stop", {"confluence": 0.8})),
        (("reaction.follow", True), ("reaction.repeat", "once_per_field")),
        (("stop", {"after_events": 3}), ("reaction.repeat", "once_per_field")),
        (("stop", {"after_events": 1}), ("reaction.repeat", "once")),
        (("start_at", SOON),),
        (("start_at", SOON.astimezone()),),
    ],
)
def test_what_goes_together(changes: tuple[tuple[str, Any], ...]) -> None:
    assert findings(*changes) == []


def test_following_on_a_microscope_of_glass_asks_for_a_look_at_the_camera() -> None:
    here = (("mm_config", "/opt/scope.cfg"),)
    found = [f for f in findings(("reaction.follow", True), microscope=here) if "follow" in f.key]
    assert [f.level for f in found] == [Level.WARNING]
    assert "the image must move as the stage does" in found[0].message


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("me@example.org", False),
        ("mailto:me@example.org", False),
        ("https://chat.example.org/hook", False),
        ("https://me@example.org", False),
        ("https://me:hunter2@example.org/x", True),
        ("mailto://me:hunter2@example.org", True),
        ("https://me:@example.org/x", True),
        ("https://example.org/hook?token=hunter2", True),
        ("https://example.org/hook?API_KEY=hunter2&x=1", True),
        ("https://[::1:hunter2@example.org", True),
    ],
)
def test_an_address_with_a_secret_is_refused_without_being_quoted(
    address: str, secret: bool
) -> None:
    found = findings(("notify", {"on": ["done"], "to": ["a@b.c", address]}))
    errors = [f for f in found if f.level is Level.ERROR]
    assert [f.key for f in errors] == (["notify.to[1]"] if secret else [])
    assert all("hunter2" not in str(f) for f in found)
