"""Messages arrive once, whatever the servers do meanwhile."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

from message_kit import (
    free_port,
    mail_server,
    running,
    say,
    settings,
    silent_server,
    stays,
    told_times,
    until,
    web_server,
)

from agent.messages.delivery import DeliveryState
from agent.messages.message import MessageKind
from agent.messages.messenger import Messenger
from agent.messages.outbox import Outbox
from agent.plan_options import NotifyConfig

DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0"
    "000003010100c9fe92ef0000000049454e44ae426082"
)


def test_a_mail_arrives_once_in_plain_and_html_with_its_picture(tmp_path: Path) -> None:
    picture = tmp_path / "strip of A1 50 %?.png"
    picture.write_bytes(DOT)
    with mail_server() as (box, server):
        config = settings({"name": "lab", "url": f"{server}&to=ada@lab.test"})
        with running(config, tmp_path) as messenger:
            text = "Nine fields <complete>.\n\n- light: 0.31 J/cm²\n- 5 bursts"
            messenger.post(say("Complete: night", text, run="night", picture=picture))
            until(lambda: box.mails)
            until(lambda: messenger.latest()[0].state is DeliveryState.SENT)
            stays(lambda: len(box.mails) == 1, 0.6)
    mail = box.mails[0]
    assert box.to == [["ada@lab.test"]]
    assert mail["Subject"] == "MicroScout: Complete: night"
    assert mail["X-MicroScout-Message"] in box.text()
    html = mail.get_body(("html",))
    assert html is not None
    assert "Nine fields &lt;complete&gt;." in html.get_content()
    assert "<li>5 bursts</li>" in html.get_content()
    attached = list(mail.iter_attachments())
    assert [part.get_content_type() for part in attached] == ["image/png"]
    assert attached[0].get_content() == DOT


def test_a_web_hook_gets_plain_text_the_picture_and_the_mark(tmp_path: Path) -> None:
    picture = tmp_path / "p.png"
    picture.write_bytes(DOT)
    with web_server() as (web, port):
        config = settings({"name": "hook", "url": f"http://127.0.0.1:{port}/in"})
        with running(config, tmp_path) as messenger:
            messenger.post(say("Held", "Somebody is needed.", picture=picture))
            until(lambda: web.posts)
            mark = messenger.outbox.mark(messenger.latest()[0])
    assert web.texts[0].startswith("Somebody is needed.\n\n-- ")
    assert web.posts[0]["mark"] == mark
    assert mark in web.texts[0]
    assert [a["mimetype"] for a in web.posts[0]["attachments"]] == ["image/png"]


def test_a_picture_that_is_gone_keeps_no_message_from_arriving(tmp_path: Path) -> None:
    with web_server() as (web, port):
        config = settings({"name": "hook", "url": f"json://127.0.0.1:{port}/"})
        with running(config, tmp_path) as messenger:
            messenger.post(say(picture=tmp_path / "deleted.png"))
            until(lambda: web.posts)
    assert "could not be sent" in web.texts[0]


def test_a_server_that_is_down_gets_it_once_when_it_is_up(tmp_path: Path) -> None:
    port = free_port()
    target = {
        "name": "lab",
        "url": f"mailto://127.0.0.1:{port}/?from=s@l.test&mode=insecure&to=a@l.test",
    }
    with running(settings(target), tmp_path) as messenger:
        messenger.post(say())
        until(lambda: messenger.latest()[0].attempts >= 2, "a second try")
        row = messenger.latest()[0]
        assert row.state in (DeliveryState.QUEUED, DeliveryState.SENDING)
        assert "Connection" in messenger.targets()[0].error
        assert "do not arrive" in " ".join(messenger.problems())
        with mail_server(port) as (box, _):
            until(lambda: box.mails)
            stays(lambda: len(box.mails) == 1, 0.8)
        assert messenger.latest()[0].state is DeliveryState.SENT
        assert messenger.problems() == []


def test_an_answer_of_500_is_no_arrival(tmp_path: Path) -> None:
    with web_server() as (web, port):
        web.status = 500
        with running(settings({"name": "h", "url": f"json://127.0.0.1:{port}"}), tmp_path) as m:
            m.post(say())
            until(lambda: m.latest()[0].attempts >= 2)
            assert "500" in m.targets()[0].error
            web.status = 200
            until(lambda: web.posts)
            stays(lambda: len(web.posts) == 1, 0.6)


def test_given_up_after_the_time_and_said_so(tmp_path: Path) -> None:
    target = {"name": "h", "url": f"json://127.0.0.1:{free_port()}"}
    with running(settings(target, retry={"give_up_s": 0.5}), tmp_path) as messenger:
        messenger.post(say())
        until(lambda: messenger.latest()[0].state is DeliveryState.FAILED)
        assert messenger.latest()[0].error


def test_a_hanging_server_delays_nobody_else(tmp_path: Path) -> None:
    with silent_server() as dead, silent_server() as mute, web_server() as (web, port):
        config = settings(
            {"name": "a silent web hook", "url": f"json://127.0.0.1:{dead}/"},
            {
                "name": "a silent mail server",
                "url": f"mailto://127.0.0.1:{mute}/?to=a@b.test&from=a@b.test&mode=insecure",
            },
            {"name": "well", "url": f"json://127.0.0.1:{port}/"},
            retry={"timeout_s": 5.0},
        )
        with running(config, tmp_path) as messenger:
            for n in range(20):
                messenger.post(say(f"Number {n}"))
            until(lambda: len(web.posts) == 20)
            assert {d.state for d in messenger.latest() if d.target == "well"} == {
                DeliveryState.SENT
            }
            assert {d.attempts for d in messenger.latest() if d.target != "well"} == {0, 1}


def test_a_server_that_answers_byte_by_byte_is_given_up_and_nothing_piles_up(
    tmp_path: Path,
) -> None:
    with web_server() as (web, port), web_server() as (other, well):
        web.trickle_s = 8.0
        config = settings(
            {"name": "drip", "url": f"json://127.0.0.1:{port}/"},
            {"name": "well", "url": f"json://127.0.0.1:{well}/"},
            retry={"timeout_s": 0.3},
        )
        with running(config, tmp_path) as messenger:
            messenger.post(say())
            until(lambda: _of(messenger, "drip").attempts == 3)
            assert "no answer" in messenger.targets()[0].error
            stays(lambda: _of(messenger, "drip").attempts == 3, 1.5)
            assert len(other.posts) == 1


def test_given_up_and_arrived_after_all_is_not_sent_again(tmp_path: Path) -> None:
    with web_server() as (web, port):
        web.slowly_s = 1.2
        target = {"name": "slow", "url": f"json://127.0.0.1:{port}/"}
        more = {"timeout_s": 0.4, "first_s": 2.5, "most_s": 2.5}
        with running(settings(target, retry=more), tmp_path) as messenger:
            messenger.post(say())
            until(lambda: messenger.latest()[0].state is DeliveryState.QUEUED)
            until(lambda: "no answer" in messenger.targets()[0].error)
            until(lambda: messenger.latest()[0].state is DeliveryState.SENT)
            stays(lambda: len(web.posts) == 1, 2.6)


def test_what_an_older_try_says_later_changes_nothing(tmp_path: Path) -> None:
    config = settings({"name": "h", "url": "json://127.0.0.1"})
    messenger = Messenger(config, tmp_path / "messages.sqlite", env={})
    messenger.post(say())
    outbox, now = messenger.outbox, say().utc
    first = outbox.claim("h", now)
    assert first is not None
    outbox.failed(first.id, "no answer", now, attempt=1, perhaps=True)
    later = now + dt.timedelta(seconds=60)
    assert outbox.claim("h", later) is not None
    outbox.failed(first.id, "connection lost", later, attempt=1)
    assert outbox.latest()[0].state is DeliveryState.SENDING
    outbox.close()


_HANGS = """
    import sys
    from pathlib import Path
    sys.path.insert(0, {kit!r})
    from message_kit import running, say, settings, until
    config = settings({{"name": "h", "url": "json://127.0.0.1:{port}"}}, retry={{"timeout_s": 300}})
    with running(config, Path({path!r})) as messenger:
        messenger.post(say())
        until(lambda: messenger.latest()[0].attempts == 1)
    print("end")
"""


def test_a_hanging_server_does_not_keep_the_program_from_ending(tmp_path: Path) -> None:
    with silent_server() as port:
        code = _HANGS.format(kit=str(Path(__file__).parent), port=port, path=str(tmp_path))
        command = [sys.executable, "-c", textwrap.dedent(code)]
        ended = subprocess.run(command, check=False, timeout=60, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "end\n", "")


def test_another_process_may_put_a_message_into_the_outbox(tmp_path: Path) -> None:
    with web_server() as (web, port):
        config = settings({"name": "h", "url": f"json://127.0.0.1:{port}"})
        with running(config, tmp_path):
            other = Outbox(tmp_path / "messages.sqlite", config)
            other.put(say("From elsewhere"), ["h"], say().utc)
            other.close()
            until(lambda: web.posts)
            stays(lambda: len(web.posts) == 1, 0.3)


def _of(messenger: Messenger, target: str):  # type: ignore[no-untyped-def]
    return next(d for d in messenger.latest() if d.target == target)


_DIES = """
    import os, signal, sys, time
    from pathlib import Path
    sys.path.insert(0, {kit!r})
    from message_kit import running, say, settings, until
    config = settings({{"name": "h", "url": "json://127.0.0.1:{port}"}})
    with running(config, Path({path!r})) as messenger:
        for n in range({first}):
            messenger.post(say(f"Number {{n}}"))
        until(lambda: all(d.state == "sent" for d in messenger.latest()))
        messenger._sender._stop = True
        time.sleep(0.3)
        for n in range({first}, {last}):
            messenger.post(say(f"Number {{n}}"))
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_in_the_middle_the_rest_arrives_once_after_the_restart(tmp_path: Path) -> None:
    with web_server() as (web, port):
        kit = str(Path(__file__).parent)
        code = _DIES.format(kit=kit, port=port, path=str(tmp_path), first=4, last=9)
        ended = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
        assert ended.returncode == -signal.SIGKILL
        assert len(web.posts) == 4
        with running(settings({"name": "h", "url": f"json://127.0.0.1:{port}"}), tmp_path) as m:
            until(lambda: len(web.posts) == 9)
            stays(lambda: len(web.posts) == 9, 0.6)
            assert m.outbox.waiting() == 0
    assert sorted(web.titles) == [f"MicroScout: Number {n}" for n in range(9)]


def test_what_was_under_way_at_the_death_comes_again_with_its_mark_and_says_so(
    tmp_path: Path,
) -> None:
    with web_server() as (web, port):
        config = settings({"name": "h", "url": f"json://127.0.0.1:{port}"})
        dead = Messenger(config, tmp_path / "messages.sqlite", env={})
        posted = dead.post(say())
        claimed = dead.outbox.claim("h", say().utc)
        assert claimed is not None
        assert claimed.message == posted.message
        mark = dead.outbox.mark(claimed)
        dead.outbox.close()
        with running(config, tmp_path):
            until(lambda: web.posts)
            stays(lambda: len(web.posts) == 1, 0.4)
    assert web.posts[0]["mark"] == mark
    assert "may be the second time" in web.texts[0]


def test_the_end_sends_what_it_can_within_its_bound_and_counts_the_rest(tmp_path: Path) -> None:
    with silent_server() as dead, web_server() as (web, port):
        config = settings(
            {"name": "dead", "url": f"json://127.0.0.1:{dead}/"},
            {"name": "well", "url": f"json://127.0.0.1:{port}/"},
            retry={"timeout_s": 30.0},
        )
        messenger = Messenger(config, tmp_path / "messages.sqlite", env={})
        messenger.start()
        for _ in range(5):
            messenger.post(say(key="same"))
        assert messenger.close(3.0) >= 1
    assert told_times(web.titles) == 5


def test_only_kinds_that_a_target_wants_and_the_plans_own_addresses(tmp_path: Path) -> None:
    notify = NotifyConfig(on=("event",), to=("ada@lab.test",))
    with mail_server() as (box, server), web_server() as (web, port):
        config = settings(
            {"name": "h", "url": f"json://127.0.0.1:{port}", "kinds": ["trouble"]},
            mail_server_env="MAIL",
        )
        with running(config, tmp_path, env={"MAIL": server}) as messenger:
            messenger.post(say("Burst in A1", kind=MessageKind.EVENT), notify)
            messenger.post(say("Trouble"), notify)
            messenger.post(say("Half time", kind=MessageKind.MILESTONE), notify)
            until(lambda: box.mails and web.posts)
            until(lambda: messenger.outbox.waiting() == 0)
            told = {(d.title, d.target): d.state for d in messenger.latest()}
    assert told == {
        ("Burst in A1", "ada@lab.test"): DeliveryState.SENT,
        ("Trouble", "h"): DeliveryState.SENT,
        ("Half time", ""): DeliveryState.SUPPRESSED,
    }
    assert box.to == [["ada@lab.test"]]


def test_it_is_told_what_was_sent_to_whom(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    with web_server() as (_, port):
        config = settings({"name": "h", "url": f"json://127.0.0.1:{port}"})
        with running(config, tmp_path, on_sent=lambda d, _: told.append((d.run, d.target))) as m:
            m.post(say(run="night"))
            until(lambda: told)
    assert told == [("night", "h")]
