"""The page: server-rendered, works without script, and asks the same service as every door."""
