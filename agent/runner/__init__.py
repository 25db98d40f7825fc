"""The runner: one run in a process of its own, which holds the instrument and nothing else.

The service starts it, speaks with it over its stdin and stdout, and is not needed for the light to
go off: when the pipe ends, the run ends.
"""
