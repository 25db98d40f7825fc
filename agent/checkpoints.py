"""LangGraph's checkpoints in the run's journal: the policy's memory lives there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langgraph.checkpoint.sqlite import SqliteSaver

if TYPE_CHECKING:
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

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store and forget the thread's earlier ones, in one commit."""
        thread = str(config["configurable"]["thread_id"])
        with self.lock:
            for table in ("checkpoints", "writes"):
                self.conn.execute(f"DELETE FROM {table} WHERE thread_id=?", (thread,))
            return super().put(config, checkpoint, metadata, new_versions)
