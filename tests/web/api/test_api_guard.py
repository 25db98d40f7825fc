"""The page's session, forms of other pages, hosts, tokens: what the guard must not let through."""

from __future__ import annotations

import hmac
import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest
from api_kit import BASE, GENEROUS, WRONG, House, build
from fastapi import APIRouter, Request
from standin import CURRENT
from starlette.testclient import TestClient

from agent.finding import ConfigError
from agent.web.guard import Operator, Viewer
from agent.web.settings import WebConfig, WebLimits
from agent.web.tokens import Role, Tokens, clear_file

if TYPE_CHECKING:
    from pathlib import Path

    from standin import StandIn

WHERE = f"/api/v1/experiments/{CURRENT}/commands"
PAUSE = {"command": "pause"}


def csrf_of(house: House) -> str:
    """What a page would put into its forms."""
    session = next(iter(house.guard._sessions._open.values()))
    return session.csrf


# ---------------------------------------------------------------------- sessions and forms


def test_a_session_looks_and_with_our_form_does(house: House) -> None:
    house.log_in()
    assert house.client.get("/api/v1/status").status_code == 200
    sent = house.client.post(WHERE, json=PAUSE, headers={"x-csrf-token": csrf_of(house)})
    assert sent.json()["door"] == "page"
    assert sent.json()["who"] == "Ada"


@pytest.mark.parametrize("given", [None, "", "x" * 43], ids=["none", "empty", "wrong"])
def test_a_cookie_alone_does_nothing(house: House, given: str | None) -> None:
    house.log_in()
    headers = {} if given is None else {"x-csrf-token": given}
    response = house.client.post(WHERE, json=PAUSE, headers=headers)
    assert (response.status_code, response.json()["error"]) == (403, "csrf")
    assert house.client.post("/api/v1/stop", headers=headers).status_code == 403
    assert house.service.stops == 0


def test_forms_send_it_in_a_field(tmp_path: Path, standin: StandIn) -> None:
    router = APIRouter()

    @router.post("/form")
    async def form(request: Request, who: Operator) -> str:
        return str((await request.form()).get("words"))

    house = build(tmp_path, standin, routers=[router])
    with house.client:
        house.log_in()
        fields = {"words": "hello"}
        assert house.client.post("/form", data=fields).status_code == 403
        fields["csrf"] = csrf_of(house)
        assert house.client.post("/form", data=fields).json() == "hello"
        files = {name: (None, value) for name, value in fields.items()}
        assert house.client.post("/form", files=files).json() == "hello"
        broken = {"content-type": "multipart/form-data; boundary=x"}
        response = house.client.post("/form", content=b"--x\r\nnonsense", headers=broken)
        assert response.status_code in (400, 403)


def test_the_cookie_is_for_our_page_only(house: House) -> None:
    form = {"token": house.token(Role.OPERATOR)}
    response = house.client.post("/login", data=form, follow_redirects=False)
    flags = {part.strip().lower() for part in response.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= flags
    assert not any(part.startswith(("domain", "max-age", "expires")) for part in flags)


def test_under_tls_the_cookie_is_secure(tmp_path: Path, standin: StandIn) -> None:
    config = WebConfig(tls_cert=tmp_path / "c", tls_key=tmp_path / "k", limits=GENEROUS)
    house = build(tmp_path, standin, config)
    form = {"token": house.token(Role.VIEWER)}
    response = house.client.post("/login", data=form, follow_redirects=False)
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-microscout=")
    assert "secure" in cookie.lower()


def test_logging_out_ends_the_session_on_the_server(house: House) -> None:
    house.log_in()
    cookie = house.client.cookies["microscout"]
    fields = {"csrf": csrf_of(house)}
    house.client.post("/logout", data=fields, follow_redirects=False)
    stolen = TestClient(house.app, base_url=BASE, headers={"cookie": f"microscout={cookie}"})
    assert stolen.get("/api/v1/status").status_code == 401


def test_a_new_login_closes_the_old_session(house: House) -> None:
    house.log_in(Role.VIEWER)
    first = house.client.cookies["microscout"]
    house.log_in(Role.OPERATOR)
    assert house.client.cookies["microscout"] != first
    old = TestClient(house.app, base_url=BASE, headers={"cookie": f"microscout={first}"})
    assert old.get("/api/v1/status").status_code == 401


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [
        ("/submit?x=1", "/submit?x=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nset-cookie: x=y", "/"),
        ("/" + "x" * 500, "/"),
        ("", "/"),
    ],
)
def test_after_the_login_one_stays_here(house: House, wanted: str, goes: str) -> None:
    form = {"token": house.token(Role.VIEWER), "next": wanted}
    response = house.client.post("/login", data=form, follow_redirects=False)
    if len(wanted) <= 500:
        assert response.headers["location"] == goes
    else:
        assert response.status_code == 422


def test_a_wrong_token_opens_no_session(house: House) -> None:
    form = {"token": WRONG}
    response = house.client.post("/login", data=form, follow_redirects=False)
    assert response.headers["location"] == "/login?failed=wrong_token"
    assert "set-cookie" not in response.headers


def test_who_is_not_logged_in_is_sent_to_the_login(tmp_path: Path, standin: StandIn) -> None:
    router = APIRouter()

    @router.get("/")
    async def now(who: Viewer) -> str:
        return who.name

    house = build(tmp_path, standin, routers=[router])
    browser = {"accept": "text/html"}
    response = house.client.get("/", headers=browser, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/login?next=/")
    assert house.client.get("/").status_code == 401


def test_a_session_that_nobody_uses_ends(tmp_path: Path, standin: StandIn) -> None:
    limits = WebLimits(session_idle_s=0.001)
    house = build(tmp_path, standin, WebConfig(limits=limits))
    house.log_in()
    assert house.client.get("/api/v1/status").status_code == 401


# ---------------------------------------------------------------------- pages elsewhere

ELSEWHERE: list[dict[str, str]] = [
    {"origin": "https://evil.example"},
    {"origin": "http://127.0.0.1:9999"},
    {"origin": "http://127.0.0.1.evil.example:8765"},
    {"origin": "null"},
    {"origin": "file://"},
    {"origin": ""},
    {"referer": "https://evil.example/page"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": BASE, "sec-fetch-site": "cross-site"},
]


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
def test_a_page_elsewhere_does_nothing_whatever_it_knows(
    house: House, headers: dict[str, str]
) -> None:
    house.log_in()
    known = headers | {"x-csrf-token": csrf_of(house)}
    for how in (known, headers | house.bearer()):
        response = house.client.post(WHERE, json=PAUSE, headers=how)
        assert (response.status_code, response.json()["error"]) == (403, "origin")
    login = house.client.post("/login", data={"token": house.token(Role.VIEWER)}, headers=headers)
    assert login.status_code == 403
    assert "set-cookie" not in login.headers


@pytest.mark.parametrize(
    "headers",
    [{"origin": BASE}, {"origin": BASE, "sec-fetch-site": "same-origin"}, {"referer": f"{BASE}/"}],
    ids=str,
)
def test_our_own_page_does(house: House, headers: dict[str, str]) -> None:
    assert house.client.post(WHERE, json=PAUSE, headers=headers | house.bearer()).is_success


def test_nothing_is_shared_with_other_origins(house: House) -> None:
    asking = house.bearer() | {"origin": "https://evil.example"}
    preflight = asking | {"access-control-request-method": "POST"}
    for response in (
        house.client.get("/api/v1/status", headers=asking),
        house.client.options("/api/v1/stop", headers=preflight),
    ):
        assert not [name for name in response.headers if name.startswith("access-control")]
        assert response.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:8765", True),
        ("localhost", True),
        ("LOCALHOST:1", True),
        ("[::1]:8765", True),
        ("scope.lab:8765", True),
        ("scope.lab.", True),
        ("evil.example", False),
        ("scope.lab.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("evil.example:127.0.0.1", False),
        ("localhost@evil.example", False),
        ("localhost/x", False),
        ("[::1", False),
        ("192.168.1.7", False),
        ("", False),
    ],
)
def test_a_name_that_was_made_to_point_here_is_not_ours(
    tmp_path: Path, standin: StandIn, host: str, allowed: bool
) -> None:
    config = WebConfig(allowed_hosts=("Scope.lab",), limits=GENEROUS)
    house = build(tmp_path, standin, config)
    response = house.client.get("/health", headers={"host": host})
    assert (response.status_code == 200) is allowed
    if not allowed:
        assert response.json()["error"] == "host"


# ---------------------------------------------------------------------- tokens


def test_tokens_are_made_once_and_kept_as_hashes_that_only_we_can_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    tokens = Tokens(home)
    assert tokens.ensure() == (Role.VIEWER, Role.ASSISTANT, Role.OPERATOR)
    assert Tokens(home).ensure() == ()
    stored = (home / "tokens.json").read_text()
    for role in Role:
        clear = clear_file(home, role).read_text().strip()
        assert len(clear) > 40
        assert clear not in stored
        assert tokens.role_of(clear) is role
    if os.name == "posix":
        for path in home.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert len(list(home.iterdir())) == 4


def test_a_home_of_an_earlier_version_gets_the_token_that_it_lacks(tmp_path: Path) -> None:
    """And keeps those that people have."""
    Tokens(tmp_path).ensure()
    content = json.loads((tmp_path / "tokens.json").read_text())
    del content["sha256"]["assistant"]
    (tmp_path / "tokens.json").write_text(json.dumps(content))
    clear_file(tmp_path, Role.ASSISTANT).unlink()
    kept = {r: clear_file(tmp_path, r).read_text() for r in (Role.VIEWER, Role.OPERATOR)}
    tokens = Tokens(tmp_path)
    assert not tokens.complete
    assert tokens.ensure() == (Role.ASSISTANT,)
    assert (
        tokens.role_of(clear_file(tmp_path, Role.ASSISTANT).read_text().strip()) is Role.ASSISTANT
    )
    for role, text in kept.items():
        assert clear_file(tmp_path, role).read_text() == text
        assert tokens.role_of(text.strip()) is role


def test_an_assistants_token_opens_no_page(house: House) -> None:
    form = {"token": house.token(Role.ASSISTANT)}
    response = house.client.post("/login", data=form, follow_redirects=False)
    assert response.headers["location"] == "/login?failed=role"
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("door", ["", "terminal", "api", "page", "service", "mcp"])
def test_no_header_makes_an_assistant_a_person(
    house: House, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    asked: list[Any] = []
    real = house.service.stop_now

    def watched(who: Any) -> Any:
        asked.append(who)
        return real(who)

    monkeypatch.setattr(house.service, "stop_now", watched)
    headers = house.bearer(Role.ASSISTANT) | {"x-door": door}
    assert house.client.post("/api/v1/stop", headers=headers).status_code == 200
    assert [who.door for who in asked] == ["mcp"]


@pytest.mark.parametrize(
    "token", ["", " ", WRONG, "ü" * 40, "\ud800", "x" * 100_000, "\x00"], ids=repr
)
def test_what_is_no_token_opens_nothing(tmp_path: Path, token: str) -> None:
    tokens = Tokens(tmp_path)
    assert tokens.role_of(token) is None  # before there are any, too
    tokens.ensure()
    assert tokens.role_of(token) is None


def test_tokens_are_compared_in_constant_time_and_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = Tokens(tmp_path)
    tokens.ensure()
    seen: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def watched(one: Any, other: Any) -> bool:
        seen.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr("agent.web.tokens.hmac.compare_digest", watched)
    for role in Role:
        assert tokens.role_of(clear_file(tmp_path, role).read_text().strip()) is role
    assert tokens.role_of("short") is None
    assert seen == [(64, 64)] * 12  # three for each question, hashes of one length


def test_a_replaced_token_opens_nothing_and_closes_what_it_opened(house: House) -> None:
    house.log_in()
    old = house.bearer()
    Tokens(house.home).rotate(Role.OPERATOR)  # by another process
    assert house.client.get("/api/v1/status", headers=old).status_code == 401
    assert house.client.get("/api/v1/status").status_code == 401
    assert house.ask("/status").status_code == 200
    assert house.ask("/status", Role.VIEWER).status_code == 200


def test_a_broken_token_file_is_a_line_not_a_way_in(tmp_path: Path) -> None:
    Tokens(tmp_path).ensure()
    for text in ("", "{}", "[]", '{"sha256": {"admin": "x"}}', json.dumps({"sha256": [1]})):
        (tmp_path / "tokens.json").write_text(text)
        with pytest.raises(ConfigError, match=r"tokens\.json"):
            Tokens(tmp_path).role_of(WRONG)


def test_a_lost_token_file_opens_nothing_new(house: House) -> None:
    """The hashes in memory stay in force; a new start makes new tokens."""
    (house.home / "tokens.json").unlink()
    assert house.ask("/status").status_code == 200
    assert Tokens(house.home).role_of(house.token(Role.OPERATOR)) is None


def test_wrong_tokens_are_counted_and_the_right_one_still_opens(
    tmp_path: Path, standin: StandIn
) -> None:
    """Nobody on this computer can lock an operator out, who may have to stop."""
    limits = WebLimits(failed_logins_per_minute=3)
    house = build(tmp_path, standin, WebConfig(limits=limits))
    wrong = {"authorization": f"Bearer {WRONG}"}
    got = [house.client.get("/api/v1/status", headers=wrong).status_code for _ in range(5)]
    assert got == [401, 401, 401, 429, 429]
    last = house.client.post("/login", data={"token": WRONG}, follow_redirects=False)
    assert last.headers["location"] == "/login?failed=too_many_wrong_tokens"
    assert int(house.client.get("/api/v1/status", headers=wrong).headers["retry-after"]) > 0
    assert house.do("/stop").status_code == 200


def test_metrics_are_open_to_this_computer_only_where_that_is_said(
    tmp_path: Path, standin: StandIn
) -> None:
    config = WebConfig(metrics_open=True, limits=GENEROUS)
    app = build(tmp_path, standin, config).app
    for client, status in (("127.0.0.1", 200), ("::1", 200), ("192.168.1.7", 401)):
        knocking = TestClient(app, base_url=BASE, client=(client, 1))
        assert knocking.get("/metrics").status_code == status
    closed = build(tmp_path, standin).app
    assert TestClient(closed, base_url=BASE, client=("127.0.0.1", 1)).get("/metrics").is_error
