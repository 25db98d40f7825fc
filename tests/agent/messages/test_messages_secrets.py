"""No secret in a message, the log, the file, an error or a repr."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import pytest
from message_kit import (
    free_port,
    mail_server,
    running,
    say,
    settings,
    silent_server,
    until,
    web_server,
)

from agent.finding import ConfigError
from agent.load import load_config
from agent.messages.address import AddressBook
from agent.messages.config import MessagesConfig
from agent.messages.redact import Redactor, holds_secret, secrets_in
from agent.messages.trial import send_test
from agent.plan_options import NotifyConfig

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "grey+Heron/42"
QUOTED = "grey%2BHeron%2F42"
TOKEN = "AbCdEf0123456789GhIjKl"
TELEGRAM = "123456789:AABBccddee_ffgghhiijjkkllmmnnoopp"
PARTS = (PASSWORD, QUOTED, TOKEN, TELEGRAM, "Z3JleStIZXJvbi80Mg", "c2NvcGU6Z3JleStIZXJvbi80Mg")


def no_secret(text: str) -> None:
    for part in PARTS:
        assert part not in text, f"{part} in {text[:300]}"


@pytest.mark.parametrize(
    "said",
    [
        f"cannot log in as scope:{PASSWORD}@mail",
        f"GET https://scope:{QUOTED}@mail.lab.test/inbox failed",
        f"POST /bot{TELEGRAM}/sendMessage",
        "Authorization: Basic c2NvcGU6Z3JleStIZXJvbi80Mg==",
        f"authorization=Bearer {TOKEN}",
        f"token={TOKEN}&x=1",
        f'{{"api_key": "{TOKEN}"}}',
        f"hook https://hooks.slack.com/services/T1/B2/{TOKEN}",
        f"MICROSCOUT_PASSWORD={PASSWORD}",
        f"{TELEGRAM}\n{PASSWORD}",
    ],
)
def test_taken_out_of_what_is_said(said: str) -> None:
    redactor = Redactor(secrets_in(f"mailtos://scope:{QUOTED}@mail.lab.test?to=a@lab.test"))
    no_secret(redactor(said))
    assert "***" in redactor(said)


@pytest.mark.parametrize(
    "said",
    [
        "runs/mitosis_watch-20261125-183000-2/report.html is ready",
        "Experiment_HeLa_H2B_mCherry_20261125_Plate3_Replicate12 complete",
        "ask ada@lab.test; see https://scope.lab.test/run/17?tab=light",
        "C:\\Users\\Ada\\runs\\night1, 12 visits at 02:10:05, light 0.31 J/cm²",
        "microscout resume night-20261125-183000",
        "The key is under the mat: it is 3 µm lower. Basic imaging, bearer of news.",
        "A1, B2: 1234567890 counts; device /dev/ttyUSB0; 0.1.0+g3f9a1c2",
    ],
)
def test_what_is_no_secret_stays(said: str) -> None:
    redactor = Redactor(secrets_in("mailto://mail.lab.test?to=ada@lab.test&from=scope@lab.test"))
    assert redactor(said) == said


@pytest.mark.parametrize(
    "url",
    [
        f"mailtos://scope:{QUOTED}@mail.lab.test?to=a@lab.test",
        f"json://u:{QUOTED}@127.0.0.1/in",
        f"https://hooks.slack.com/services/T0ABCDEF/B0ABCDEF/{TOKEN}",
        f"tgram://{TELEGRAM}/12345",
        "ntfys://tk_abcdef0123456789abcdef@ntfy.lab.test/scope",
        f"jsons://lab.test/in?token={TOKEN}",
        f"jsons://lab.test/in?+Authorization=Bearer%20{TOKEN}",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
    ],
)
def test_an_address_with_a_secret_is_refused_in_the_file(tmp_path: Path, url: str) -> None:
    assert holds_secret(url)
    path = tmp_path / "messages.yaml"
    path.write_text(f"targets:\n  - name: lab\n    url: '{url}'\n")
    with pytest.raises(ConfigError) as caught:
        load_config(MessagesConfig, path)
    line = str(caught.value)
    no_secret(line)
    assert url not in line
    assert "url_env" in line
    assert "targets[0].url" in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "url",
    [
        "mailto://mail.lab.test?to=ada@lab.test&from=scope@lab.test",
        "mailto://127.0.0.1:2525/?to=a@lab.test&mode=insecure",
        "json://127.0.0.1:8080/in",
        "https://example.org/hook",
        "ntfy://microscope",
    ],
)
def test_an_address_without_one_may_stand_there(url: str) -> None:
    MessagesConfig.model_validate({"targets": [{"name": "lab", "url": url}]})


def test_nothing_leaks_while_servers_fail(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with silent_server() as dead, web_server() as (refusing, port), web_server() as (web, well):
        refusing.status = 403
        env = {
            "MAIL": f"mailto://scope:{QUOTED}@127.0.0.1:{free_port()}/?to=a@l.test&from=s@l.test&mode=insecure",
            "DEAD": f"json://scope:{QUOTED}@127.0.0.1:{dead}/{TOKEN}",
            "NO": f"json://scope:{QUOTED}@127.0.0.1:{port}/{TOKEN}?+Authorization=Bearer%20{TOKEN}",
            "WELL": f"json://scope:{QUOTED}@127.0.0.1:{well}/{TOKEN}",
        }
        config = settings(*({"name": name.lower(), "url_env": name} for name in env))
        with running(config, tmp_path, env=env) as messenger:
            said = f"The server said: {env['NO']} {env['MAIL']} {PASSWORD} {TOKEN} {TELEGRAM}"
            messenger.post(say(f"Trouble {PASSWORD}", said, key="k", run="night"))
            until(lambda: web.posts)
            until(lambda: all(d.attempts >= 2 or d.target == "well" for d in messenger.latest()))
            messenger.post(say(f"Trouble {PASSWORD}", f"{said} again", key="k", run="night"))
            for thing in (messenger, messenger.book, messenger.book.targets, config):
                no_secret(repr(thing))
            no_secret(repr(messenger.latest()) + repr(messenger.targets()))
            no_secret(str(messenger.problems()))
        for result in send_test(config, env):
            no_secret(repr(result))
    no_secret(str(web.posts))
    assert "***" in web.titles[0]
    no_secret(caplog.text)
    no_secret("".join(capfd.readouterr()))
    for path in tmp_path.iterdir():
        no_secret(path.read_bytes().decode("latin-1"))
    assert "403" in caplog.text


def test_a_wrong_password_is_told_without_it(tmp_path: Path) -> None:
    with mail_server() as (_, server):
        url = server.replace("://", f"://scope:{QUOTED}@") + "&to=a@lab.test"
        config = settings({"name": "lab", "url_env": "MAIL"})
        with running(config, tmp_path, env={"MAIL": url}) as messenger:
            messenger.post(say())
            until(lambda: messenger.targets()[0].error)
            error = messenger.targets()[0].error
    no_secret(error)
    assert "AUTH" in error


@pytest.mark.parametrize(
    ("target", "env", "said"),
    [
        ({"url_env": "GONE"}, {}, "the environment variable GONE is not set"),
        ({"url_env": "BAD"}, {"BAD": f"grey://{TOKEN}"}, "nothing here can send to grey"),
        ({"url_env": "BAD"}, {"BAD": PASSWORD}, "nothing here can send to such"),
        ({"url_file": "gone"}, {}, "cannot be read: No such file"),
        ({"url_file": "open"}, {}, "can be read by others (mode 644)"),
        ({"url_file": "two"}, {}, "does not hold one address on one line"),
    ],
)
def test_an_address_that_cannot_be_used_is_one_line_before_anything_starts(
    tmp_path: Path, target: dict[str, str], env: dict[str, str], said: str
) -> None:
    for name, text, mode in (("open", f"json://{TOKEN}", 0o644), ("two", "a\nb", 0o600)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    with pytest.raises(ConfigError) as caught:
        AddressBook(settings({"name": "lab", **target}), env, folder=tmp_path)
    (finding,) = caught.value.findings
    assert said in str(finding)
    assert finding.key.startswith("messages.targets[0]")
    assert finding.remedy
    no_secret(str(finding))


def test_a_secret_file_that_only_its_owner_reads_is_used(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text(f"https://lab.test/{TOKEN}\n")
    (tmp_path / "hook").chmod(0o600)
    book = AddressBook(settings({"name": "lab", "url_file": "hook"}), {}, folder=tmp_path)
    assert book.targets[0].url == f"jsons://lab.test/{TOKEN}"
    assert TOKEN not in repr(book.targets[0])


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("ada@lab.test", "no mail server"),
        (f"json://u:{QUOTED}@lab.test/", "plans are shown to people"),
        (f"https://lab.test/{TOKEN}", "plans are shown to people"),
        ("grey://there", "nothing here can send to grey"),
        ("lap", "did you mean lab?"),
    ],
)
def test_an_address_of_a_plan_that_cannot_be_used_is_found_before_the_run(
    to: str, said: str
) -> None:
    book = AddressBook(settings({"name": "lab", "url": "json://127.0.0.1"}), {})
    (finding,) = book.check(NotifyConfig(to=("lab", "https://example.org/hook", to)), "night.yaml")
    assert said in str(finding)
    assert finding.key == "notify.to[2]"
    no_secret(str(finding))


def test_a_plan_that_nobody_hears_of_is_warned_about() -> None:
    book = AddressBook(settings(), {})
    (finding,) = book.check(NotifyConfig())
    assert "nobody is told" in str(finding)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("targets: [{name: a}]", "exactly one of url, url_env and url_file"),
        ("targets: [{name: a, url_env: 'json://u:p@h'}]", "not the name of an environment"),
        ("targets: [{name: a, url_env: A}, {name: a, url_env: B}]", "two targets are called a"),
        ("targets: [{name: a, url_env: A, kinds: [troubel]}]", "trouble"),
        ("morning_summary: 7.30", "text"),
        ("morning_summary: '7:30'", "no time of day"),
        ("quiet_hours: {from: '22:00', until: '25:00'}", "no time of day"),
        ("timezone: Zurich", "no time zone"),
        ("timezone: ../../etc/passwd", "no time zone"),
        ("rate: {burst: 0}", "at least 1"),
        ("coalesce_s: .nan", "finite"),
        ("retries: 3", "unknown key"),
    ],
)
def test_a_fault_of_the_file_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "messages.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(MessagesConfig, path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_try_says_of_each_target_whether_it_works() -> None:
    with web_server() as (web, port), silent_server() as dead:
        config = settings(
            {"name": "well", "url": f"json://127.0.0.1:{port}"},
            {"name": "mute", "url": f"json://127.0.0.1:{dead}"},
            {"name": "off", "url": f"json://127.0.0.1:{free_port()}"},
        )
        found = {result.name: result for result in send_test(config, os.environ)}
    assert [found[name].ok for name in ("well", "mute", "off")] == [True, False, False]
    assert found["off"].error
    assert web.titles == ["MicroScout: test message"]
