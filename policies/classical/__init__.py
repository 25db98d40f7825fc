"""The classical judge: no learning, no GPU, the deterministic fallback of every model."""
