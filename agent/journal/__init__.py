"""The journal: one SQLite file per run, the truth for resume, report and replay."""
