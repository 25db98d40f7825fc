"""The mind: plan, schedule, loop, journal, report, and the command line."""
