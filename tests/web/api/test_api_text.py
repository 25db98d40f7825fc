"""What people, plans and clients write is data: never a script, never a path, never a secret."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from api_kit import BASE, BODIES, House, filled
from short_run import HOSTILE
from standin import CURRENT, HOSTILE_NAME
from starlette.testclient import TestClient

from agent.web.app import described
from agent.web.redact import LOGGERS, WebFilter, keep_secrets_out, redacted
from agent.web.sessions import Sessions
from agent.web.tokens import Role, clear_file

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = f"/experiments/{CURRENT}"
SCRIPT = "<script>alert(1)</script>"
ATTACKS = (
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/tokens.json",
    "....//....//tokens.json",
    "..\\..\\tokens.json",
    "%00",
    "1%00.png",
    "/etc/passwd",
    "file:///etc/passwd",
    "C:\\tokens.json",
    "A1.ome.zarr/zarr.json",
    "journal.sqlite",
)


def everything(house: House) -> Iterator[Any]:
    """An answer of every route but the endless one, to an operator, a viewer and a stranger."""
    wrong = house.bearer() | {"authorization": "Bearer mso_nonsense"}
    for headers in (house.bearer(), house.bearer(Role.VIEWER), wrong, {}):
        for route in house.routes():
            if not route.path.endswith("/events"):
                client = TestClient(house.app, base_url=BASE)
                body = BODIES.get(route.path)
                yield client.request(
                    route.method, filled(route), json=body, headers=headers, follow_redirects=False
                )


# ---------------------------------------------------------------------- scripts


def test_scripts_in_names_goals_and_notes_come_back_as_text(house: House) -> None:
    sent = house.do(f"{HERE}/commands", {"command": "pause", "why": SCRIPT})
    told = house.do(f"{HERE}/changes", {"words": SCRIPT})
    name = {"thread": house.do("/proposals", {"words": SCRIPT}).json()["thread"], "name": SCRIPT}
    made = house.do("/experiments", name)
    for response, place in ((sent, "command"), (told, "words"), (made, "words"), (made, "name")):
        said = response.json()[place]
        assert SCRIPT in (said["why"] if place == "command" else said)
    shown = house.ask("/status").json()["current"]
    assert shown["name"] == HOSTILE_NAME
    assert HOSTILE in shown["goal"]


def test_what_is_not_ours_is_never_html(house: House) -> None:
    """JSON, a picture, plain text; the report alone is HTML: sandboxed, to be saved, not shown."""
    for response in everything(house):
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"] or (
            "sandbox" in response.headers["content-security-policy"]
        )
        assert "unsafe" not in response.headers["content-security-policy"]
        assert response.headers["x-frame-options"] == "DENY"
        assert response.headers["cache-control"] in ("no-store", "private, max-age=3600")
        kind = response.headers.get("content-type", "").partition(";")[0]
        if kind == "text/html":
            assert response.headers["content-disposition"].startswith("attachment")
        else:
            assert kind in ("application/json", "image/png", "text/plain", ""), response.url


def test_an_error_does_not_say_back_what_was_sent(house: House) -> None:
    for path, body in (
        ("/proposals", {"words": 7, SCRIPT: SCRIPT}),
        (f"{HERE}/commands", {"command": SCRIPT}),
        ("/attend", SCRIPT),
    ):
        response = house.do(path, body)
        assert response.status_code == 422
        assert response.headers["content-type"] == "application/json"
    token = house.token(Role.OPERATOR)
    assert token not in house.do("/attend", {"attended": token}).text


# ---------------------------------------------------------------------- paths


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_part_of_a_path_comes_from_a_request(house: House, attack: str) -> None:
    secret = (house.home / "tokens.json").read_text()
    for where in (
        f"/experiments/{attack}",
        f"/experiments/{attack}/report",
        f"{HERE}/picture?visit={attack}",
        f"{HERE}/picture?visit=1&index={attack}",
        f"{HERE}/frames?before={attack}",
        f"{HERE}/{attack}",
        f"/{attack}",
        f"{HERE}/report/{attack}",
    ):
        response = house.ask(where)
        assert response.status_code in (404, 422), where
        assert response.headers["content-type"] == "application/json"
        assert secret not in response.text
        assert "root:" not in response.text


# ---------------------------------------------------------------------- secrets


def secrets_of(house: House) -> list[str]:
    hashes = json.loads((house.home / "tokens.json").read_text())["sha256"].values()
    tokens = [clear_file(house.home, role).read_text().strip() for role in Role]
    return [*tokens, *hashes, str(house.home)]


def test_no_answer_log_or_description_holds_a_secret(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    keep_secrets_out()
    house.log_in()
    secrets = [*secrets_of(house)[:-1], next(iter(house.guard._sessions._open.values())).csrf]
    texts = [response.text for response in everything(house)]
    texts += [json.dumps(described(house.app)), repr(house.guard), repr(house.tokens)]
    texts.append(repr(house.guard._sessions._open))
    texts += [record.getMessage() for record in caplog.records if record.name in LOGGERS]
    for secret in secrets:
        assert not [text for text in texts if secret in text]
    assert not [r.url for r in everything(house) if str(house.home) in r.text]


@pytest.mark.parametrize("role", Role)
def test_a_token_that_stands_in_a_log_line_is_taken_out(
    caplog: pytest.LogCaptureFixture, role: Role
) -> None:
    keep_secrets_out()
    keep_secrets_out()
    token = f"ms{role[0]}_" + "aB3-_" * 9
    log = logging.getLogger("agent.web")
    assert len([f for f in log.filters if isinstance(f, WebFilter)]) == 1
    log.warning("asked with %s and %d", token, 7)
    try:
        raise ValueError(token)
    except ValueError:
        log.exception("a fault")
    text = caplog.text
    assert token not in text
    assert "asked with *** and 7" in text
    assert "ValueError: ***" in text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer ***"),
        ("cookie: microscout=" + "x" * 43, "cookie: microscout=***"),
        ("csrf=" + "x" * 43 + "&words=hello", "csrf=***&words=hello"),
        ("msv_short and mso_lecular", "msv_short and mso_lecular"),
        ("experiment 2 of Ada", "experiment 2 of Ada"),
    ],
)
def test_what_is_taken_out(text: str, left: str) -> None:
    assert redacted(text) == left


def test_callers_and_sessions_show_no_secret_in_a_traceback() -> None:
    id_, session = Sessions(10, lambda: 0.0).open("Ada", Role.VIEWER, "stamp0123")
    assert session.csrf not in repr(session)
    assert "stamp0123" not in repr(session)
    assert id_ not in repr(session)
