"""`microscout token rotate`: a token that was seen by the wrong eyes is replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli_kit import here

from agent.cli.token import Whose
from agent.web.tokens import Role, Tokens, clear_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("role", Role)
def test_the_old_token_opens_nothing_also_where_a_service_runs(folder: Path, role: Role) -> None:
    running = Tokens(folder)
    running.ensure()
    old = clear_file(folder, role).read_text(encoding="utf-8").strip()
    done = here("token", "rotate", str(role), "--home", str(folder))
    new = clear_file(folder, role).read_text(encoding="utf-8").strip()
    assert done.code == 0 and new not in done.out and str(clear_file(folder, role)) in done.out
    assert (running.role_of(old), running.role_of(new)) == (None, role)


def test_a_place_without_a_service_gets_no_tokens(folder: Path) -> None:
    done = here("token", "rotate", "viewer", "--home", str(folder / "elsewhere"))
    assert done.code == 2 and "has no tokens" in done.err and done.err.count("\n") == 1
    assert not (folder / "elsewhere").exists()


def test_the_command_knows_every_role() -> None:
    assert {str(whose) for whose in Whose} == {str(role) for role in Role}
