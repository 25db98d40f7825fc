"""LangGraph's checkpoints in the run's journal: the policy's memory lives there."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from langgraph.checkpoint.sqlite import SqliteSaver

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata

    from agent.journal.database import Database


class JournalSaver(SqliteSaver):
    """A SqliteSaver on the journal's connection and lock that keeps only the last checkpoint.

    A night has thousands of laps; what came before the last one is in the journal's own tables.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database.connection)
        self.lock = database.lock  # type: ignore[assignment]  # an RLock does what a Lock does
        self._database = database
        with self.lock:
            self.setup()  # commits, which must not happen inside a transaction

    @contextlib.contextmanager
    def cursor(self, transaction: bool = True) -> Iterator[sqlite3.Cursor]:
        """A cursor inside a transaction of the journal: the stock one commits even on failure."""
        with self._database.transaction() as db, contextlib.closing(db.cursor()) as cursor:
            yield cursor

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store and forget the thread's earlier ones: both or neither."""
        thread = str(config["configurable"]["thread_id"])
        with self._database.transaction() as connection:
            for table in ("checkpoints", "writes"):
                connection.execute(f"DELETE FROM {table} WHERE thread_id=?", (thread,))
            return super().put(config, checkpoint, metadata, new_versions)
