"""The service's home: where everything of it lies."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from agent.finding import config_error

VARIABLE = "MICROSCOUT_HOME"


@dataclass(frozen=True, slots=True)
class Home:
    """Paths of one service. `create` makes the folders, readable by its user only."""

    path: Path

    @property
    def database(self) -> Path:
        """Queue and conversations' plans."""
        return self.path / "service.sqlite"

    @property
    def messages(self) -> Path:
        """The outbox."""
        return self.path / "messages.sqlite"

    @property
    def runs(self) -> Path:
        """A folder for each run."""
        return self.path / "runs"

    @property
    def plans(self) -> Path:
        """The plans of the queue, one YAML each."""
        return self.path / "plans"

    @property
    def logs(self) -> Path:
        """Logs of service and runners."""
        return self.path / "logs"

    @property
    def lock(self) -> Path:
        """Folder whose lock says that a service runs here."""
        return self.path / "lock"

    @property
    def address(self) -> Path:
        """Where the service listens: written while it runs; no secret."""
        return self.path / "service.json"

    def create(self) -> None:
        """Make the folders. Raises ConfigError."""
        try:
            for folder in (self.path, self.runs, self.plans, self.logs, self.lock):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise config_error(
                self.path, f"cannot be created ({error.strerror})", "choose another --home"
            ) from None


def default_home() -> Path:
    """MICROSCOUT_HOME, or the system's place for such things."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("microscout", appauthor=False) / "service"
